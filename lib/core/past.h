/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lines of records that came far too late, until it is known whether they are just
 * that or the first of another time.
 */
#ifndef CORE_PAST_H
#define CORE_PAST_H

#include <stddef.h>
#include <stdint.h>

enum { PAST_BYTES = 256 * 1024 };	/* kept at most */

struct past_line {
	uint64_t	t;		/* ns */
	size_t		len;
};

/* Zeros are none.  Each line stands behind its struct past_line. */
struct past {
	char	*bytes;
	size_t	 len, room;
};

/* Keep a copy, if there is room for it. */
void past_keep(struct past *, uint64_t t, const char *line, size_t len);

/* The next line, and what is known of it; NULL: there is no more.  *at begins as
 * 0. */
const char *past_next(const struct past *, size_t *at, struct past_line *);

/* Forget all. */
void past_free(struct past *);

#endif
