/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/in.h"
#include "base/out.h"

#include "tap.h"

static volatile int stopped;

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* A stream of these bytes. */
static struct in *
stream(const char *s, size_t n, int *fd)
{
	char path[] = "/tmp/lnx-in.XXXXXX";

	*fd = mkstemp(path);
	if (*fd == -1 || write(*fd, s, n) != (ssize_t)n)
		exit(99);
	lseek(*fd, 0, SEEK_SET);
	unlink(path);
	return in_fd(*fd, NULL);
}

static void
lines(void)
{
	static const char text[] = "one\n\nthr\0ee\nhalf";
	char *line;
	size_t len;
	int fd;
	struct in *in = stream(text, sizeof(text) - 1, &fd);

	ok(in_line(in, &line, &len) == IN_LINE && len == 3 &&
	    strcmp(line, "one") == 0, "a line ends with a NUL for its newline");
	ok(in_line(in, &line, &len) == IN_LINE && len == 0, "an empty line is one");
	ok(in_line(in, &line, &len) == IN_LINE && len == 6 &&
	    memcmp(line, "thr\0ee", 7) == 0, "a NUL may stand in it");
	ok(in_lineno(in) == 3, "lines are counted");
	ok(in_line(in, &line, &len) == IN_HALF, "a tail without newline is told");
	ok(in_lineno(in) == 4, "with its number");
	ok(in_line(in, &line, &len) == IN_END, "then comes the end");
	ok(in_line(in, &line, &len) == IN_END, "and it stays");
	in_close(in);
	ok(fcntl(fd, F_GETFD) != -1, "a lent descriptor stays open");
	close(fd);
}

static enum in_status
one_line(size_t n, int newline, enum in_status *next)
{
	char *s = malloc(n + 4), *line;
	size_t len;
	int fd;
	struct in *in;
	enum in_status st;

	memset(s, 'a', n);
	memcpy(s + n, "\nb\n", 4);
	in = stream(s, newline ? n + 3 : n, &fd);
	st = in_line(in, &line, &len);
	if (st == IN_LINE && len != n)
		st = IN_READ;
	*next = in_line(in, &line, &len);
	if (*next == IN_LINE && (len != 1 || in_lineno(in) != 2))
		*next = IN_READ;
	in_close(in);
	close(fd);
	free(s);
	return st;
}

static void
limits(void)
{
	enum in_status next;

	ok(one_line(IN_MAX, 1, &next) == IN_LINE && next == IN_LINE,
	    "a line of IN_MAX bytes is one");
	ok(one_line(IN_MAX + 1, 1, &next) == IN_LONG && next == IN_LINE,
	    "one byte more is told, and the next line is good");
	ok(one_line(5 * IN_MAX, 1, &next) == IN_LONG && next == IN_LINE,
	    "so is five times as much");
	ok(one_line(IN_MAX, 0, &next) == IN_HALF && next == IN_END,
	    "IN_MAX bytes without newline are half a line");
	ok(one_line(3 * IN_MAX, 0, &next) == IN_LONG && next == IN_END,
	    "more of them are a long line");
}

static void
flushes(void)
{
	int a[2], b[2];
	struct out *o;
	struct in *in;
	char *line, got[8] = "";
	size_t len;

	if (pipe(a) == -1 || pipe(b) == -1)
		exit(99);
	o = out_fd(b[1]);
	in = in_fd(a[0], o);
	if (write(a[1], "x\ny\n", 4) != 4)
		exit(99);
	in_line(in, &line, &len);
	out_line(o, "x\n", 2);
	in_line(in, &line, &len);
	ok(!out_empty(o), "a line at hand does not flush");
	close(a[1]);
	ok(in_line(in, &line, &len) == IN_END && out_empty(o),
	    "what is written is out before the stream waits");
	ok(read(b[0], got, sizeof(got)) == 2 && got[0] == 'x', "and arrives");
	in_close(in);
	out_close(o);
	close(a[0]);
	close(b[0]);
	close(b[1]);

	o = out_open("/dev/full");
	in = in_open("/dev/null", o);
	out_line(o, "x\n", 2);
	ok(in_line(in, &line, &len) == IN_WRITE && out_error(o) == ENOSPC,
	    "a failure to flush is not a fault of the input");
	in_close(in);
	out_close(o);
}

static void
idle(void *arg)
{
	int *fd = arg;

	if (write(fd[1], "late\n", 5) != 5)
		exit(99);
	fd[2]++;
}

static void
idles(void)
{
	int p[3] = { 0 };
	struct in *in;
	char *line;
	size_t len;

	if (pipe(p) == -1 || write(p[1], "early\n", 6) != 6)
		exit(99);
	in = in_fd(p[0], NULL);
	in_idle(in, idle, p);
	in_line(in, &line, &len);
	ok(len == 5 && p[2] == 0, "nobody is idle while there is input");
	in_line(in, &line, &len);
	ok(len == 4 && p[2] == 1, "idle is called before the stream waits");
	in_close(in);
	close(p[0]);
	close(p[1]);
}

/* A child that signals us again and again would hide a missed one: one shot. */
static void
signals(void)
{
	struct sigaction sa = { .sa_handler = stop };
	char *line;
	size_t len;
	int p[2];
	pid_t kid;
	struct in *in;

	sigaction(SIGUSR1, &sa, NULL);
	if (pipe(p) == -1)
		exit(99);
	if ((kid = fork()) == 0) {
		poll(NULL, 0, 50);
		kill(getppid(), SIGUSR1);
		poll(NULL, 0, 200);
		if (write(p[1], "on\n", 3) != 3)
			_exit(1);
		_exit(0);
	}
	in = in_fd(p[0], NULL);
	ok(in_line(in, &line, &len) == IN_LINE && stopped == 1,
	    "a signal does not disturb");
	in_stop(in, &stopped);
	ok(in_line(in, &line, &len) == IN_STOP, "unless that was asked");
	stopped = 0;
	if ((kid = fork()) == 0) {
		poll(NULL, 0, 50);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	ok(in_line(in, &line, &len) == IN_STOP, "while it waits, too");
	in_close(in);
	close(p[0]);
	close(p[1]);
}

static void
opens(void)
{
	struct in *in;
	char *line;
	size_t len;

	ok(in_open("/no/such/file", NULL) == NULL && errno == ENOENT, "no file");
	in = in_open("/", NULL);
	ok(in_line(in, &line, &len) == IN_READ && errno == EISDIR,
	    "a directory cannot be read");
	in_close(in);
	in_close(NULL);
	in = in_open("-", NULL);
	ok(in != NULL, "- is standard input");
	in_close(in);
	ok(fcntl(0, F_GETFD) != -1, "which stays open");
}

int
main(void)
{
	alarm(60);
	lines();
	limits();
	flushes();
	idles();
	signals();
	opens();
	return tap_done();
}
