/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Records between wire form (struct wire_KIND and its tail, wire.h) and one
 * line of JSON (lnx-event(5)).  Both follow the rows of event.def.
 */
#ifndef REC_EVENT_H
#define REC_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rec/wire.h"

enum field_type {
	F_proc, F_u64, F_micro, F_u32, F_flag, F_hex64, F_dec64, F_time, F_char, F_comm,
	F_str, F_path, F_list, F_procs, F_object,
	F_id,				/* an id without its pid: where filters add one */
	F_cpu, F_seq,			/* rows of struct wire_head */
	F_open, F_close,		/* around the rows of an object */
};

enum field_from { FROM_wire, FROM_tail, FROM_head, FROM_added, FROM_none };

struct field {
	const char	*name;		/* of F_proc, that of the id */
	const char	*pid;		/* F_proc: name of the pid; else NULL */
	const char	*doc;
	uint16_t	 off;		/* in struct wire_KIND; a tail's length;
					   F_open: how much of its rows' names is the object's */
	uint8_t		 type;		/* enum field_type */
	uint8_t		 from;		/* enum field_from */
	uint8_t		 keylen, pidkeylen;
	char		 key[32];	/* ,"name": */
	char		 pidkey[32];	/* ,"pid": */
};

struct event_desc {
	const char	*name;
	const char	*doc;
	const struct field *fields;	/* in the order of event.def, no pads */
	size_t		 nfields;
	size_t		 size;		/* of struct wire_KIND */
	size_t		 room;		/* longest line with empty tails */
	int		 kind;
	uint8_t		 headlen;
	char		 head[55];	/* {"v":1,"event":"KIND","time":" */
};

enum { EVENT_FIELDS = 64 };		/* no kind has more rows */

/* NULL if there is no such kind. */
const struct event_desc *event_desc(int kind);

/* The kind of that name; 0 if there is none. */
int event_kind(const char *name, size_t len);

/*
 * The description of the record at rec, of size bytes or more; NULL if it is
 * none: wrong kind, size, or tail lengths.
 */
const struct event_desc *event_check(const void *rec, size_t size);

/*
 * A record of this build that says what rec does, which an older one may have made:
 * its struct then ends with the rows that there were, and what came later is
 * unknown.  rec itself; or buf, which has room for size and EVENT_MORE bytes more;
 * NULL if it is no record of an older build either.  *size is its new size.
 */
enum { EVENT_MORE = 2048 };		/* no struct is larger */
const void *event_widen(const void *rec, size_t *size, void *buf);

/* What is the same in every line of one source. */
struct event_ctx {
	char		 boot[9];	/* first 8 digits of it; "" is unknown */
	char		 host[65];	/* "" is unknown */
	int64_t		 real_ns;	/* CLOCK_REALTIME - CLOCK_BOOTTIME */
	size_t		 line_max;	/* EVENT_LINE_MIN .. EVENT_LINE_MAX */
};

enum {
	EVENT_LINE_MIN = 4096,		/* PIPE_BUF of Linux: for shared pipes */
	EVENT_LINE_MAX = 1 << 20,	/* what a reader takes, IN_MAX */
};

/*
 * One whole line with its newline at buf, which has room for ctx->line_max
 * bytes; all of them may be written to.  Its length; or -1 with EINVAL if rec,
 * of size bytes, is no record (whatever bytes, nothing is read outside) or
 * line_max is out of range.  size may be more than the record's own, which may
 * be rounded up for alignment.
 *
 * A line is at most ctx->line_max bytes: where it would be longer, the longest
 * of its strings, paths and lists are cut to one common length.  What was cut
 * is named in "cut", argv by "argv_cut".  Bytes that are not UTF-8 become
 * U+FFFD and the field is named in "replaced".
 */
ssize_t event_encode(const struct event_ctx *ctx, const void *rec, size_t size,
    char *buf);

/*
 * The reverse: the wire record of a line, at buf, of at most cap bytes.  Its
 * size; or -1 with EINVAL if the line is not a record of a known kind, a field
 * has the wrong type, or a path or list has a NUL in it, EOVERFLOW if cap is
 * too small.  Fields that are absent or null are unknown; fields that are
 * unknown to event.def, and those that filters added, are passed over.
 *
 * Sets ctx->real_ns, and ctx->boot and ctx->host if the line tells them.
 */
ssize_t event_decode(struct event_ctx *ctx, const char *line, size_t len,
    void *buf, size_t cap);

/*
 * "9f8e7d6c-1234567890123-4242", at most EVENT_ID bytes with its NUL: first 8
 * digits of the boot id, start time (CLOCK_BOOTTIME ns), pid.  The length
 * without the NUL.
 */
enum { EVENT_ID = 41 };
size_t event_id(char *p, const char boot[9], uint64_t start, uint32_t pid);

/* Take an id apart.  0, or -1 with EINVAL if it is none. */
int event_id_parse(const char *s, size_t len, uint32_t *boot, uint64_t *start,
    uint32_t *pid);

#endif
