/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Making a record in user space, field by field, in any order. */
#ifndef REC_MAKE_H
#define REC_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "rec/event.h"

enum { MAKE_FIELDS = 48 };	/* most rows of a kind that is made here */

struct make {
	const struct event_desc	*desc;
	const char		*text[MAKE_FIELDS];
	size_t			 len[MAKE_FIELDS];
	uint64_t		 num[MAKE_FIELDS];
	uint32_t		 pid[MAKE_FIELDS];
	uint8_t			 slashes[MAKE_FIELDS];	/* a path as people write it */
	size_t			 next;		/* where a name is looked for first */
	int			 bad;
};

/* Begin a record of this kind; all fields are unknown. */
void make_begin(struct make *, int kind);

/*
 * Set a field by its name in event.def.  Texts are not copied and must last
 * until make_end(); NULL is unknown.  A list has a NUL behind each element.
 */
void make_text(struct make *, const char *field, const char *text);
void make_list(struct make *, const char *field, const char *list, size_t len);
void make_num(struct make *, const char *field, uint64_t num);

/* A row of type path, as people write it: "/a/b", or "/" for the root. */
void make_path(struct make *, const char *field, const char *path);

/* A row PROC, by the name of its id. */
void make_proc(struct make *, const char *field, uint64_t start, uint32_t pid);

/*
 * The record in wire form at buf.  Its size; or 0 if it has more than cap
 * bytes, or if a field was set that the kind has not, or has otherwise.
 */
size_t make_end(struct make *, uint64_t boot_ns, void *buf, size_t cap);

#endif
