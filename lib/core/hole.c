/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What is missing of a host, and when. */
#include <string.h>

#include "base/num.h"

#include "core/detect.h"

/* How much less is known of when, if b is put to a, for how long ago it was: of
 * what is long past a day is as good as a second of now. */
static double
blur(const struct hole *a, const struct hole *b, uint64_t now)
{
	uint64_t from = a->from < b->from ? a->from : b->from;

	return (double)(b->to - from) / (double)(now - from + 1);
}

/* Two become one, that spans both: no count is forgotten. */
static void
make_room(struct lane *l)
{
	struct hole *a = &l->holes[0], *b;
	double least = blur(&a[0], &a[1], l->now), x;

	for (uint32_t i = 1; i < HOLES - 1; i++)
		if ((x = blur(&l->holes[i], &l->holes[i + 1], l->now)) < least) {
			least = x;
			a = &l->holes[i];
		}
	b = a + 1;
	a->to = b->to;
	if (b->from < a->from)
		a->from = b->from;
	for (int k = 0; k < 6; k++)
		a->by[k] += b->by[k];
	a->unknown |= b->unknown;
	l->nholes--;
	memmove(b, b + 1, (&l->holes[HOLES] - (b + 1)) * sizeof(*b));
}

void
hole_learn(struct lane *l, const struct rec *r)
{
	const struct scan_val *from = rec_val(r, K_from), *to = rec_val(r, K_to);
	static const enum key kinds[] = { K_forks, K_execs, K_exits, K_reparents,
	    K_ooms };
	uint64_t count = rec_num(r, K_count, UINT64_MAX), a, b;
	struct hole *h;

	if (l->nholes == HOLES)
		make_room(l);
	h = &l->holes[l->nholes++];
	h->to = h->from = l->now;
	h->unknown = count == UINT64_MAX;
	h->by[5] = h->unknown ? 0 : count;
	l->e->count.lost += h->by[5];
	for (int k = 0; k < 5; k++) {
		h->by[k] = rec_num(r, kinds[k], 0);
		h->by[5] -= h->by[k] < h->by[5] ? h->by[k] : h->by[5];
	}
	if (from->type == SCAN_STR && num_time(from->p, from->len, &a) == 0 &&
	    to->type == SCAN_STR && num_time(to->p, to->len, &b) == 0 &&
	    b > a && b - a < l->now)
		h->from = l->now - (b - a);
}

struct loss
lane_lost(const struct lane *l, uint64_t from, uint64_t kinds)
{
	static const uint64_t of[] = { KIND(fork), KIND(exec), KIND(exit),
	    KIND(reparent), KIND(oom) };
	struct loss sum = { 0, 0 };

	for (uint32_t i = 0; i < l->nholes; i++) {
		const struct hole *h = &l->holes[i];

		if (h->to < from)
			continue;
		sum.unknown |= h->unknown;
		sum.n += h->by[5];
		for (int k = 0; k < 5; k++)
			if (kinds & of[k])
				sum.n += h->by[k];
	}
	return sum;
}
