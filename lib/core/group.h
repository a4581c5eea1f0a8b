/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is followed: for each rule the subjects that records were about, and how
 * their incidents stand.  They are bounded in number and in bytes; when there
 * is no room, those go first that are worth least.  For lib/core alone.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "core/heap.h"
#include "core/record.h"
#include "core/ruleset.h"
#include "core/window.h"

struct lane;

/* An open incident is looked at each so many ns of stream time. */
#define GROUP_LOOK	UINT64_C(1000000000)

/* What an incident is about.  Unused parts are 0; strings are interned. */
struct subject {
	struct tree_id	 id;		/* BY_PROCESS, BY_TREE */
	const char	*s[2];		/* cgroup, pod and namespace, value; and
					   what else tells two subjects apart */
	uint32_t	 n;
	uint8_t		 by;
};

/* A record that counted. */
struct seen {
	uint64_t	t;
	struct tree_id	id;		/* pid 0 is none */
	uint16_t	kind;
};

struct incident {
	uint64_t	ahead;		/* real time less boot_ns when it opened;
					 * REAL_UNTOLD: nobody told */
	uint64_t	id, opened;
	uint64_t	held;		/* when its condition held last */
	uint64_t	told;		/* when it was last written */
	uint64_t	until;		/* not again before */
	uint64_t	from;		/* the evidence begins */
	uint64_t	hits;		/* records that counted, since from: while open */
	struct window	recent;		/* the same, before it opens */
	uint64_t	hits_told;
	double		value, peak;	/* what is compared, see judge(); the most while open */
	uint32_t	quiet;		/* times that it would have opened */
	const char	*class;		/* when it was last told */
	uint8_t		open, severity;
	uint8_t		hushed;		/* it would be open, but for the cooldown */
	struct seen	first;
};

struct group {
	struct subject	 s;
	const struct rule *rule;
	struct group	*chain, *newer, *older;
	uint64_t	 touched;	/* which touch of a group was the last of it */
	uint32_t	 number, bytes;
	uint8_t		 worth, near;	/* see enum worth; near its threshold */
	struct seen	 last;
	struct incident	 inc;
	max_align_t	 state[];
};

/* How much is lost if it is forgotten. */
enum worth {
	WORTH_LITTLE,	/* it was seen once, or long ago */
	WORTH_MORE,	/* seen again within the window of its rule */
	WORTH_MOST,	/* near its threshold, or its incident is open */
	WORTHS,
};

struct groups {
	struct group	**slots, **all;		/* all: by number */
	struct heap	*due;
	uint32_t	*free;
	uint32_t	 nfree, used;
	size_t		 max, mask, bytes;
	struct {
		struct group	*newest, *oldest;
	} lists[WORTHS];		/* by worth, in the order of touch */
	uint64_t	 touched, before;	/* before: this record came */
	uint64_t	 evicted, missed;	/* of these, worth more than little */
};

/* 0, or -1 with errno; either way groups_free() it. */
int groups_init(struct groups *, size_t max);
void groups_free(struct groups *);

/* Group of that subject; with make, made if missing.  NULL: none, or no
 * memory.  Made, others may have been forgotten. */
struct group *group_find(struct lane *, const struct rule *,
    const struct subject *);
struct group *group_get(struct lane *, const struct rule *,
    const struct subject *);

/* Forget all, first those that were silent for longest. */
void groups_forget(struct lane *);

/* The record counts for the group. */
void group_seen(struct lane *, struct group *, const struct rec *);

/* Work out what follows from what the group knows now: after each feed. */
void group_settle(struct lane *, struct group *);

#endif
