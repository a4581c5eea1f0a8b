/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sums over the last while.  A window moves in steps of 1/WINDOW_SLOTS of its
 * length: what it holds is never older than its length, and never lacks what is
 * younger than its length less one step.
 */
#ifndef CORE_WINDOW_H
#define CORE_WINDOW_H

#include <stdint.h>

enum { WINDOW_SLOTS = 32 };

struct window {
	uint64_t	head;			/* number of the latest slot */
	uint64_t	sum;
	uint32_t	n[WINDOW_SLOTS];	/* by number; full is UINT32_MAX */
};

/* Most often t is in the slot that is the latest: that takes little. */
static inline int
window_at_head(const struct window *w, uint64_t len, uint64_t t)
{
	uint64_t step = len / WINDOW_SLOTS;

	return t - w->head * step < step;
}

/* n more at t, in a window of len ns; too old is too late. */
void window_put(struct window *, uint64_t len, uint64_t t, uint64_t n);

static inline void
window_add(struct window *w, uint64_t len, uint64_t t, uint64_t n)
{
	uint32_t *at = &w->n[w->head % WINDOW_SLOTS];

	if (!window_at_head(w, len, t) || n > UINT32_MAX - *at) {
		window_put(w, len, t, n);
		return;
	}
	*at += n;
	w->sum += n;
}

/* The slots that are past at t are let go. */
void window_move(struct window *, uint64_t len, uint64_t t);

/* What it holds at t. */
static inline uint64_t
window_sum(struct window *w, uint64_t len, uint64_t t)
{
	if (!window_at_head(w, len, t))
		window_move(w, len, t);
	return w->sum;
}

/* The least of its parts, each of slots slots, the latest first; slots that
 * make no whole part are left out. */
uint64_t window_least(struct window *, uint64_t len, uint64_t t,
    unsigned parts);

/* Of these the latest slots. */
uint64_t window_late(struct window *, uint64_t len, uint64_t t, unsigned slots);

/* When that began which it holds: from there on, more than limit in a whole
 * window was the most above it. */
uint64_t window_begun(struct window *, uint64_t len, uint64_t t, double limit);

/* Take out of w what is also in less. */
void window_less(struct window *w, struct window *less, uint64_t len,
    uint64_t t);

/* The same of ns, which tasks side by side have many of. */
struct wide {
	uint64_t	head;
	uint64_t	n[WINDOW_SLOTS];
};

void wide_add(struct wide *, uint64_t len, uint64_t t, uint64_t n);
uint64_t wide_sum(struct wide *, uint64_t len, uint64_t t);

/* The same of numbers that are large or have fractions: to 1e-9, so that what
 * decimals come to does not hang on their order. */
__extension__ typedef unsigned __int128 total_num;

enum { TOTAL_PARTS = 1000000000 };

struct total {
	uint64_t	head;
	total_num	n[WINDOW_SLOTS];	/* in 1 / TOTAL_PARTS */
};

void total_add(struct total *, uint64_t len, uint64_t t, double n); /* 0 to 2^52 */
double total_sum(struct total *, uint64_t len, uint64_t t);

#endif
