/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Recordings: records in wire form in a file, as lnx-trace -w writes and -r
 * reads.  For the machine that made them, or one of its byte order; a file
 * header says what each line of JSON needs besides the record.
 */
#ifndef REC_WIREFILE_H
#define REC_WIREFILE_H

#include <stddef.h>
#include <stdint.h>

#include "rec/event.h"
#include "rec/wire.h"

enum {
	WIREFILE_RECORD = 1 << 20,	/* largest record */
	WIREFILE_CLOCK = 0,		/* kind of struct wirefile_clock */
};

struct wirefile_head {
	char	magic[8];		/* "LNXWIRE\n" */
	__u32	version;		/* 1 */
	__u32	host_len;
	__s64	real_ns;		/* as in struct event_ctx */
	char	boot[16];
	char	host[64];
};

/* The wall clock was set: from here on real_ns is this. */
struct wirefile_clock {
	struct wire_head head;
	__s64	real_ns;
};

void wirefile_head(struct wirefile_head *, const struct event_ctx *);
void wirefile_clock(struct wirefile_clock *, const struct event_ctx *);

struct wirefile;

enum wirefile_status {
	WIREFILE_OK,		/* here is a record */
	WIREFILE_END,		/* there are no more */
	WIREFILE_HALF,		/* the file ends inside a record */
	WIREFILE_BAD,		/* this is no recording, or from here on damaged */
	WIREFILE_READ,		/* read(2) failed; errno says why: EINTR, a signal came */
};

struct out;

/*
 * Read from fd, which stays the caller's.  Before it waits for input it flushes
 * out, unless that is NULL.  NULL, with errno, on failure.
 */
struct wirefile *wirefile_new(int fd, struct out *out);
void wirefile_free(struct wirefile *);

/*
 * The next record, which belongs to the file and lasts until the next call.  One
 * that an older build made is as this one would have made it, with what that did
 * not know unknown.
 * ctx gets boot, host and real_ns as they were; clocks are not handed out.
 * *offset, for messages, is where in the file the record begins.
 */
enum wirefile_status wirefile_next(struct wirefile *, struct event_ctx *ctx,
    const void **rec, size_t *size, uint64_t *offset);

#endif
