/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A waiting room that hands records out in the order of time, though they came
 * in a little out of order.  What a record is, only its owner knows.
 */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include <stddef.h>
#include <stdint.h>

struct hold;

/* The head of each record; the rest is its owner's. */
struct held {
	uint64_t	 t;		/* ns */
};

/* Which of two records of one moment is first: < 0, 0, > 0. */
typedef int hold_order(const struct held *a, const struct held *b);

/* At most max records wait.  NULL, with errno, on failure. */
struct hold *hold_new(size_t max, uint64_t window_ns, hold_order *order);
void hold_free(struct hold *);

/* A record of that time came: take what is due before it is put. */
void hold_time(struct hold *, uint64_t t);

/* Room for a record of that size and time, which waits from now on; to be
 * filled before anything is taken.  NULL without memory. */
struct held *hold_put(struct hold *, uint64_t t, size_t size);

/* The record that was put last needs only that size. */
void hold_trim(struct hold *, struct held *, size_t size);

/* The first record whose time has come, or with all the first; it is there
 * until the next is taken.  NULL if there is none. */
const struct held *hold_take(struct hold *, int all);

/* The n-th to be taken after that one, as far as that is known yet, or NULL. */
const struct held *hold_next(const struct hold *, size_t n);

/* All were taken, and no earlier ones than the latest are awaited. */
void hold_settled(struct hold *);

/* Nothing earlier than this comes out any more. */
uint64_t hold_since(const struct hold *);

/* The latest t that was put; 0 is none. */
uint64_t hold_latest(const struct hold *);

/* A record was there. */
int hold_begun(const struct hold *);

/* Forget what time it is: all must have been taken. */
void hold_restart(struct hold *);

#endif
