/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/in.h"
#include "base/out.h"

enum { IN_CHUNK = 1 << 16 };	/* size of the buffer at first; a pipe's */

struct in {
	struct out	*out;
	void		(*idle)(void *);
	void		*idle_arg;
	void		(*silent)(void *);
	void		*silent_arg;
	int		 silent_ms;
	const volatile int *stop;
	char		*buf;
	size_t		 pos, len, cap;
	size_t		 seen;	/* no newline between pos and this */
	unsigned long	 lineno;
	int		 fd;
	int		 own;	/* close fd */
	int		 drop;	/* until the end of a line that is too long */
};

struct in *
in_fd(int fd, struct out *out)
{
	struct in *in;

	if ((in = calloc(1, sizeof(*in))) == NULL)
		return NULL;
	in->fd = fd;
	in->out = out;
	in->cap = IN_CHUNK;
	if ((in->buf = malloc(in->cap)) == NULL) {
		in_close(in);
		return NULL;
	}
	return in;
}

struct in *
in_open(const char *path, struct out *out)
{
	struct in *in;
	int fd, e;

	if (strcmp(path, "-") == 0)
		return in_fd(STDIN_FILENO, out);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	if ((in = in_fd(fd, out)) == NULL) {
		e = errno;
		close(fd);
		errno = e;
		return NULL;
	}
	in->own = 1;
	return in;
}

void
in_close(struct in *in)
{
	if (in == NULL)
		return;
	if (in->own)
		close(in->fd);
	free(in->buf);
	free(in);
}

void
in_idle(struct in *in, void (*idle)(void *), void *arg)
{
	in->idle = idle;
	in->idle_arg = arg;
}

void
in_silent(struct in *in, int ms, void (*silent)(void *), void *arg)
{
	in->silent = silent;
	in->silent_arg = arg;
	in->silent_ms = ms;
}

void
in_stop(struct in *in, const volatile int *stop)
{
	in->stop = stop;
}

/* Make room at the end of the buffer. */
static int
grow(struct in *in)
{
	char *p;

	memmove(in->buf, in->buf + in->pos, in->len - in->pos);
	in->len -= in->pos;
	in->seen -= in->pos;
	in->pos = 0;
	if (in->len < in->cap)
		return 0;
	if ((p = realloc(in->buf, in->cap * 2)) == NULL)
		return -1;
	in->buf = p;
	in->cap *= 2;
	return 0;
}

/*
 * Wait until there is something to read.  A signal that comes after a look at
 * *stop and before read(2) would be noticed only with the next input, so
 * signals are let in by ppoll(2) alone.
 */
static enum in_status
await(struct in *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	sigset_t all, old;
	int n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!*in->stop && (n = ppoll(&p, 1, NULL, &old)) == -1 &&
	    (errno == EINTR || errno == EAGAIN))
		;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (*in->stop)
		return IN_STOP;
	return n == -1 ? IN_READ : IN_LINE;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Wait for input for as long as silence is none. */
static enum in_status
listen(struct in *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	int64_t end = now_ms() + in->silent_ms, left;
	int n;

	do {
		left = end - now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (in->stop != NULL && *in->stop)
			return IN_LINE;
	} while (n == -1 && errno == EINTR);
	if (n != 0)
		return IN_LINE;
	in->silent(in->silent_arg);
	return in->out != NULL && out_flush(in->out) == -1 ? IN_WRITE : IN_LINE;
}

/* All that is to be done before read(2) may put us to sleep. */
static enum in_status
before(struct in *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	if (in->out != NULL && out_flush(in->out) == -1)
		return IN_WRITE;
	if (in->idle != NULL && poll(&p, 1, 0) == 0)
		in->idle(in->idle_arg);
	if (in->silent != NULL && listen(in) == IN_WRITE)
		return IN_WRITE;
	return in->stop != NULL ? await(in) : IN_LINE;
}

/* Read more.  IN_LINE only means that there is some. */
static enum in_status
fill(struct in *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	enum in_status s;
	ssize_t n;

	if ((s = before(in)) != IN_LINE)
		return s;
	if (grow(in) == -1)
		return IN_READ;
	while ((n = read(in->fd, in->buf + in->len, in->cap - in->len)) == -1) {
		if (errno == EAGAIN)	/* somebody made it O_NONBLOCK */
			poll(&p, 1, -1);
		else if (errno != EINTR)
			return IN_READ;
		if (in->stop != NULL && *in->stop)
			return IN_STOP;
	}
	in->len += n;
	return n > 0 ? IN_LINE : IN_END;
}

/* The newline at nl ends the line. */
static enum in_status
ended(struct in *in, char *nl, char **line, size_t *len)
{
	char *start = in->buf + in->pos;
	int toolong = in->drop || nl - start > IN_MAX;

	in->pos = in->seen = nl + 1 - in->buf;
	in->drop = 0;
	in->lineno++;
	if (toolong)
		return IN_LONG;
	*nl = '\0';
	*line = start;
	*len = nl - start;
	return IN_LINE;
}

/* The input ended; what is left has no newline. */
static enum in_status
tail(struct in *in)
{
	int toolong = in->drop;

	if (in->pos == in->len && !in->drop)
		return IN_END;
	in->pos = in->seen = in->len;
	in->drop = 0;
	in->lineno++;
	return toolong ? IN_LONG : IN_HALF;
}

enum in_status
in_line(struct in *in, char **line, size_t *len)
{
	enum in_status s;
	char *nl;

	for (;;) {
		nl = memchr(in->buf + in->seen, '\n', in->len - in->seen);
		if (nl != NULL)
			return ended(in, nl, line, len);
		in->seen = in->len;
		if (in->len - in->pos > IN_MAX)
			in->drop = 1;
		if (in->drop)
			in->pos = in->len;
		if ((s = fill(in)) != IN_LINE)
			return s == IN_END ? tail(in) : s;
	}
}

unsigned long
in_lineno(const struct in *in)
{
	return in->lineno;
}
