/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Of the records of blame.h, those of some cgroups and what is below these.
 * Kept are each stall of which the victim or the culprit is among them, the
 * stall_total of each victim that is or that has such a stall, and the
 * stall_culprit of each that is.  They are not changed: sums stay whole.
 */
#ifndef CORE_BLAME_PICK_H
#define CORE_BLAME_PICK_H

#include <stddef.h>
#include <stdint.h>

#include "core/blame.h"

enum { PICK_MAX = 8, PICK_PATH = 4096 };

struct pick_cgroup {
	uint64_t	id;
	size_t		len;
	char		path[PICK_PATH];	/* as on the wire */
};

/* Zeroed; then pick_add() for each. */
struct pick {
	struct pick_cgroup cgroup[PICK_MAX];
	size_t		 n;		/* 0: all records are kept */
	int		 v1;		/* they are of the v1 hierarchy beside v2 */
	blame_fn	*fn;		/* takes what is kept */
	void		*arg;
	uint64_t	*held;		/* a stall_total that may yet be kept */
	size_t		 size, cap;	/* size 0: there is none */
};

/* One more: its id and its path, "/a/b".  0, or -1: there is no room. */
int pick_add(struct pick *, uint64_t id, const char *path);
void pick_free(struct pick *);

/* A blame_fn; self is the pick. */
int pick_record(void *self, const void *rec, size_t size);

#endif
