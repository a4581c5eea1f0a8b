/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How much each of many had in the last while, for whiles of several lengths at
 * one time.  They are bounded in number: when there is no room, the least of a
 * few is forgotten.  So no sum is too great; and what all sums together lack of
 * what was added is what was forgotten.  For lib/core alone.
 */
#ifndef CORE_SUMS_H
#define CORE_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "core/intern.h"
#include "core/tree.h"

enum {
	SUMS_SLOTS = 32,	/* of a level; those of level k have 2^k s each */
	SUMS_LEVELS = 20,
};

/* Of what it is. */
struct sum {
	const char	*victim, *culprit;	/* interned; NULL is none */
	struct tree_id	 id;
	uint64_t	 t;		/* when it grew last; 0: it is free */
	uint64_t	 most;		/* all of the widest level, at t */
	uint64_t	 guessed;	/* when it grew last by what was not measured */
	uint8_t		 resource;
};

/* Zeroed, but for max and levels.  Memory is taken when it is needed. */
struct sums {
	size_t		 max;		/* at most so many; a power of 2, from 8 */
	uint32_t	 levels;	/* that are kept: bits */
	struct sum	*all;		/* NULL: nothing was added */
	uint64_t	*cells;		/* of each its levels, of each its slots */
	struct intern	*strings;
};

/* The level at which so many ns are told. */
unsigned sums_level(uint64_t ns);

/* ns more at t, which never goes back; measured or not.  Of the key
 * t, most and guessed are not looked at, and its strings are held.  0, or -1 without memory. */
int sums_add(struct sums *, const struct sum *key, uint64_t t, uint64_t ns,
    int measured);

/* What it grew by after from, and up to to: by whole slots of the level. */
uint64_t sums_get(const struct sums *, const struct sum *, unsigned level,
    uint64_t from, uint64_t to);

/* Forget all. */
void sums_forget(struct sums *);
void sums_free(struct sums *);

#endif
