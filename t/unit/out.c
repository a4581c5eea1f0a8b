/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"

#include "tap.h"

static char big[1 << 17];

/* What one read(2) gives of a packet pipe is what one write(2) gave. */
static void
pipes(void)
{
	int p[2];
	char got[1 << 16], line[1000] = "";
	struct out *o;
	ssize_t n;
	size_t sum = 0, torn = 0, large = 0;

	memset(line, 'x', sizeof(line));
	if (pipe2(p, O_DIRECT | O_NONBLOCK) == -1)
		exit(99);
	o = out_fd(p[1]);
	for (size_t len = 300; len <= sizeof(line); len += 50) {
		line[len - 1] = '\n';
		out_line(o, line, len);
		line[len - 1] = 'x';
	}
	ok(!out_empty(o), "lines wait in the buffer");
	ok(out_flush(o) == 0 && out_empty(o), "until they are flushed");
	while ((n = read(p[0], got, sizeof(got))) > 0) {
		torn += got[n - 1] != '\n';
		large += n > PIPE_BUF;
		sum += n;
	}
	ok(torn == 0, "each write to a pipe ends with a line");
	ok(large == 0, "and is at most PIPE_BUF");
	ok(sum == 15 * 300 + 105 * 50, "and nothing is missing");
	ok(out_close(o) == 0, "the end is good");
	ok(fcntl(p[1], F_GETFD) != -1, "a lent descriptor stays open");
	close(p[0]);
	close(p[1]);
}

/* Read p from a child so that a full pipe drains. */
static size_t
drain(int fd, size_t *torn)
{
	static char got[1 << 20];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, got + len, sizeof(got) - len)) > 0)
		len += n;
	*torn = 0;
	for (size_t i = 0; i < len; i++)
		*torn += got[i] != (i % sizeof(big) == sizeof(big) - 1 ? '\n' : 'y');
	return len;
}

static void
long_lines(void)
{
	size_t len, torn;
	int p[2];
	struct out *o;

	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\n';
	if (pipe2(p, O_NONBLOCK) == -1)
		exit(99);
	fcntl(p[0], F_SETFL, 0);
	if (fork() == 0) {
		close(p[0]);
		o = out_fd(p[1]);
		out_line(o, big, sizeof(big));
		out_line(o, big, sizeof(big));
		_exit(out_close(o) != 0);
	}
	close(p[1]);
	len = drain(p[0], &torn);
	ok(len == 2 * sizeof(big) && torn == 0,
	    "lines longer than pipe and buffer go out whole, also without blocking");
	close(p[0]);
}

static void
errors(void)
{
	struct out *o = out_open("/dev/full");
	char *p;

	ok(o != NULL && out_error(o) == 0, "a full disk opens well");
	out_line(o, "a\n", 2);
	ok(out_error(o) == 0, "takes a line");
	ok(out_flush(o) == -1 && out_error(o) == ENOSPC, "and tells when flushed");
	out_line(o, "b\n", 2);
	ok(out_empty(o) && out_error(o) == ENOSPC, "the error sticks");
	ok((p = out_room(o, 100)) != NULL, "there is room all the same");
	out_took(o, 100);
	errno = 0;
	ok(out_close(o) == -1 && errno == ENOSPC, "closing tells the first error");
	ok(out_open("/no/such/dir/file") == NULL && errno == ENOENT,
	    "a file that cannot be made");
	ok(out_fd(-1) == NULL && errno == EBADF, "no descriptor");
	ok(out_close(NULL) == 0, "closing nothing is fine");
}

static void
files(void)
{
	char path[] = "/tmp/lnx-out.XXXXXX";
	int fd = mkstemp(path);
	struct out *o = out_open(path);
	struct stat st;
	char *p;

	for (int i = 0; i < 1000; i++) {
		p = out_room(o, 4096);
		memset(p, 'z', 4096);
		p[i] = '\n';
		out_took(o, i + 1);
	}
	out_room(o, 10);
	out_took(o, 0);
	ok(out_close(o) == 0 && fstat(fd, &st) == 0 && st.st_size == 500500,
	    "a file gets exactly what was taken");
	close(fd);
	unlink(path);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(60);
	pipes();
	long_lines();
	errors();
	files();
	return tap_done();
}
