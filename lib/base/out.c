/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"

enum { OUT_CHUNK = 1 << 16 };	/* written when this much is buffered */

struct out {
	char		*buf;
	size_t		 len, cap;
	int		 fd;
	int		 own;	/* close fd */
	int		 fifo;
	int		 error;	/* the first */
};

struct out *
out_fd(int fd)
{
	struct stat st;
	struct out *o;

	if (fstat(fd, &st) == -1 || (o = calloc(1, sizeof(*o))) == NULL)
		return NULL;
	o->fd = fd;
	o->fifo = S_ISFIFO(st.st_mode);
	o->cap = OUT_CHUNK + (1 << 12);
	if ((o->buf = malloc(o->cap)) == NULL) {
		free(o);
		return NULL;
	}
	return o;
}

struct out *
out_open(const char *path)
{
	struct out *o;
	int fd, e;

	if (strcmp(path, "-") == 0)
		return out_fd(STDOUT_FILENO);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd == -1)
		return NULL;
	if ((o = out_fd(fd)) == NULL) {
		e = errno;
		close(fd);
		errno = e;
		return NULL;
	}
	o->own = 1;
	return o;
}

static int
put(struct out *o, const char *p, size_t n)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };
	ssize_t w;

	while (n > 0) {
		if ((w = write(o->fd, p, n)) >= 0) {
			p += w;
			n -= w;
		} else if (errno == EAGAIN) { /* somebody set O_NONBLOCK */
			poll(&pfd, 1, -1);
		} else if (errno != EINTR) {
			o->error = errno;
			return -1;
		}
	}
	return 0;
}

/* How much of p may go out in one write(2) without tearing a line. */
static size_t
whole(const char *p, size_t n)
{
	const char *nl;

	if (n <= PIPE_BUF)
		return n;
	if ((nl = memrchr(p, '\n', PIPE_BUF)) == NULL)
		nl = memchr(p + PIPE_BUF, '\n', n - PIPE_BUF);
	return nl != NULL ? (size_t)(nl + 1 - p) : n;
}

int
out_flush(struct out *o)
{
	size_t pos, n;

	for (pos = 0; pos < o->len && o->error == 0; pos += n) {
		n = o->fifo ? whole(o->buf + pos, o->len - pos) : o->len - pos;
		put(o, o->buf + pos, n);
	}
	o->len = 0;
	return o->error != 0 ? -1 : 0;
}

char *
out_room(struct out *o, size_t n)
{
	char *p;

	if (o->len > 0 && o->len + n > o->cap)
		out_flush(o);
	if (n > o->cap) {
		if ((p = realloc(o->buf, n)) == NULL) {
			if (o->error == 0)
				o->error = ENOMEM;
			return NULL;
		}
		o->buf = p;
		o->cap = n;
	}
	return o->buf + o->len;
}

void
out_took(struct out *o, size_t n)
{
	if (o->error != 0)
		return;
	o->len += n;
	if (o->len >= OUT_CHUNK)
		out_flush(o);
}

void
out_line(struct out *o, const char *line, size_t n)
{
	char *p;

	if (o->error != 0 || (p = out_room(o, n)) == NULL)
		return;
	memcpy(p, line, n);
	out_took(o, n);
}

int
out_error(const struct out *o)
{
	return o->error;
}

int
out_empty(const struct out *o)
{
	return o->len == 0;
}

int
out_close(struct out *o)
{
	int e;

	if (o == NULL)
		return 0;
	out_flush(o);
	if (o->own && close(o->fd) == -1 && o->error == 0)
		o->error = errno;
	e = o->error;
	free(o->buf);
	free(o);
	if (e == 0)
		return 0;
	errno = e;
	return -1;
}
