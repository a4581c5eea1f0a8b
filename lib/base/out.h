/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stddef.h>

/*
 * Buffered output of whole lines.  Several tools may write to one pipe, and
 * write(2) is atomic there only up to PIPE_BUF: so when the descriptor is a
 * pipe, each write holds whole lines and at most PIPE_BUF bytes (a single
 * longer line goes out by itself).  Other descriptors get large writes.
 *
 * The first error sticks; later calls do nothing.  Ask once, at the end.
 */
struct out;

/* Write to fd, which stays the caller's.  NULL, with errno, on failure. */
struct out *out_fd(int fd);

/* Create or truncate path; "-" is standard output.  NULL, with errno. */
struct out *out_open(const char *path);

/* Append n bytes, which are whole lines: the last byte is a newline. */
void out_line(struct out *, const char *line, size_t n);

/*
 * Room for a line of up to n bytes, to be written in place, then taken by
 * out_took() with the true size (newline included; 0 takes nothing).  NULL
 * when out of memory.  Lasts until the next call.
 */
char *out_room(struct out *, size_t n);
void out_took(struct out *, size_t n);

/* Write what is buffered.  0, or -1 when there was an error, now or before. */
int out_flush(struct out *);

/* errno of the first error; 0 is none. */
int out_error(const struct out *);

/* True if nothing is buffered. */
int out_empty(const struct out *);

/* Flush, close what out_open() opened, free.  0, or -1 with errno set. */
int out_close(struct out *);

#endif
