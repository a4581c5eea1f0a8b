/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The set of keys behind scan.h.  For lib/rec/scan*.c alone. */
#ifndef REC_SCAN_IMPL_H
#define REC_SCAN_IMPL_H

#include "rec/scan.h"
#include "rec/wide.h"

enum {
	SCAN_SLOTS = 512,
	SCAN_ENTRIES = 250,	/* an index is a byte */
	SCAN_NO = 255,
	SCAN_STEPS = 128,	/* from 1 */
	SCAN_STEP = 2 * WIDE,	/* longest text of a step */
	SCAN_GUESSES = 2,
};

/* One name of a key: "victim" and "cgroup" of "victim.cgroup". */
struct scan_entry {
	const char	*name;
	uint64_t	 below;		/* bit i: key i is in this object */
	uint32_t	 len;
	uint8_t		 inside;	/* object it is in; 0 is the line */
	uint8_t		 object;	/* number of the one that it is, or SCAN_NO */
	uint8_t		 key;		/* where its value goes, or SCAN_NO */
};

/* What came next, the last time and the time before; the first of all steps is
 * not known. */
struct scan_link {
	struct scan_step *step[SCAN_GUESSES];
};

/*
 * A key as it stood in a line, wanted or not.  Sources write their fields in
 * one order, so what came behind it will most likely come again: that is
 * compared first, and only if it is something else the key is looked up.
 */
struct scan_step {
	char		 text[SCAN_STEP];	/* "key": */
	uint32_t	 behind[2];	/* bits of the bytes that are not of it */
	uint8_t		 len;
	uint8_t		 inside;
	uint8_t		 entry;
	uint8_t		 key;		/* of the entry */
	uint8_t		 plain;		/* as inside; SCAN_NO: the entry is an object,
					   with keys in it */
	struct scan_link next;
} __attribute__((aligned(64)));	/* as lines of a cache are */

struct scan {
	size_t		 nkeys, nentries, nobjects, nsteps;
	uint8_t		 twice;			/* a key is there twice */
	uint8_t		 same[SCAN_KEYS];	/* this key as it came first */
	uint8_t		 slot[SCAN_SLOTS];	/* of entries, or SCAN_NO */
	uint8_t		 seen[SCAN_SLOTS];	/* of steps; 0 is none */
	struct scan_entry entries[SCAN_ENTRIES + 1];	/* the last wants nothing */
	struct scan_link first[SCAN_ENTRIES + 1];	/* in each object */
	struct scan_step steps[SCAN_STEPS + 1];
};

/* The entry of a key as it stands in the line, in that object; NULL if nobody
 * wants it. */
const struct scan_entry *scan_entry(const struct scan *,
    const struct scan_val *key, unsigned inside);

/* That key came, behind what at belongs to.  Where what comes next is to be
 * noted; NULL if nothing can be. */
struct scan_link *scan_learn(struct scan *, struct scan_link *at,
    const struct scan_val *key, const struct scan_entry *, unsigned inside);

/* A value that ends at or before end; NULL if it is none. */
const char *scan_value(const char *p, const char *end, struct scan_val *);

#endif
