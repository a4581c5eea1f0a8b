/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef BASE_IN_H
#define BASE_IN_H

#include <stddef.h>

struct out;

/* A stream of lines.  How it buffers is its own business. */
struct in;

enum in_status {
	IN_LINE,	/* here is a line */
	IN_END,		/* there are no more */
	IN_LONG,	/* a line passed IN_MAX and was dropped; call again */
	IN_HALF,	/* the input ended inside a line, dropped; call again */
	IN_READ,	/* read(2) failed; errno says why */
	IN_WRITE,	/* flushing out failed; out_error() says why */
	IN_STOP,	/* *stop is set, see in_stop() */
};

enum { IN_MAX = 1 << 20 };	/* longest line without its newline, in bytes */

/*
 * Open path; "-" is standard input.  NULL, with errno, on failure.
 *
 * Before the stream waits for input it flushes out, unless that is NULL: a
 * record must not sit in our buffer while we sleep, and flushing every line
 * costs a system call each.
 */
struct in *in_open(const char *path, struct out *out);

/* The same for an open descriptor, which in_close() does not close. */
struct in *in_fd(int fd, struct out *out);

/* Free the stream.  NULL is fine. */
void in_close(struct in *);

/*
 * Call idle(arg) each time there is no input to be had without waiting, after
 * flushing out.  For screens that are redrawn when there is time.
 */
void in_idle(struct in *, void (*idle)(void *arg), void *arg);

/*
 * Call silent(arg), once, when the stream has waited for input for ms milliseconds;
 * out is flushed after it.  At the end of a file nobody waits.
 */
void in_silent(struct in *, int ms, void (*silent)(void *arg), void *arg);

/*
 * Return IN_STOP, once the buffered lines are used up, when *stop is not 0:
 * at once if a signal handler sets it while the stream waits.  Without this,
 * interrupted reads are taken up again.
 */
void in_stop(struct in *, const volatile int *stop);

/*
 * Fetch a line.  *line is not terminated by a newline but by a NUL (it may
 * hold others), holds *len bytes, belongs to the stream, and lasts until the
 * next call.  The caller may write to these bytes.
 */
enum in_status in_line(struct in *, char **line, size_t *len);

/* The number of the line last fetched, for messages.  The first is 1. */
unsigned long in_lineno(const struct in *);

#endif
