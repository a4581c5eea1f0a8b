/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "host/iomem_split.h"

/* a * b / c, for a b of at most c. */
static uint64_t
part_of(uint64_t a, uint64_t b, uint64_t c)
{
	return c == 0 ? 0 : (unsigned __int128)a * b / c;
}

/* How far two measures of the same agree: entirely, if both say nothing. */
static uint16_t
agreement(uint64_t a, uint64_t b)
{
	if (a == b)
		return 1000;
	return a < b ? part_of(1000, a, b) : part_of(1000, b, a);
}

struct io_parts
io_split(const struct io_sums *s, size_t n, const uint64_t *blamed,
    uint64_t *part)
{
	struct io_parts r = { .confidence = agreement(s->blame, s->foreign) };
	uint64_t whole = s->latency + s->plain, named = 0;
	uint64_t covered = s->stall < whole ? s->stall : whole;
	int late = s->base > 0 && s->latency / 2 >= s->base;

	r.unknown = s->stall - covered + part_of(covered, s->plain, whole);
	r.self = s->stall - r.unknown;
	for (size_t i = 0; i < n; i++) {
		/* What is blamed may be of a request of the window before. */
		uint64_t b = late ? blamed[i] : 0;

		if (b > s->latency - named)
			b = s->latency - named;
		named += b;
		part[i] = part_of(covered, b, whole);
		r.self -= part[i];
	}
	return r;
}

void
share_out(uint64_t total, size_t n, const uint64_t *weight, uint64_t *part)
{
	uint64_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += weight[i];
	for (size_t i = 0; i < n; i++) {
		part[i] = part_of(total, weight[i], left);
		total -= part[i];
		left -= weight[i];
	}
}

/* Sums are of bytes and of wake-ups, in the window: far from overflow. */
uint16_t
reclaim_split(size_t n, const uint64_t *wakes, const uint64_t *grown,
    uint64_t *weight)
{
	uint64_t all = 0, theirs = 0, bytes = 0, apart = 0, w, g, told;

	for (size_t i = 0; i < n; i++) {
		all += wakes[i];
		if (grown[i] == UINT64_MAX)
			continue;
		theirs += wakes[i];
		bytes += grown[i];
	}
	/* The part that growth divides anew. */
	told = bytes == 0 ? 0 : all == 0 ? RECLAIM_ALL :
	    part_of(RECLAIM_ALL, theirs, all);
	for (size_t i = 0; i < n; i++) {
		w = part_of(RECLAIM_ALL, wakes[i], all);
		weight[i] = w;
		if (bytes == 0 || grown[i] == UINT64_MAX)
			continue;
		g = part_of(told, grown[i], bytes);
		weight[i] = all == 0 ? g : (w + g) / 2;
		apart += w > g ? w - g : g - w;
	}
	if (all == 0 || told == 0)
		return RECLAIM_ONE;
	/* apart is twice what one of them puts elsewhere. */
	apart = apart / 2 < told ? apart / 2 : told;
	return RECLAIM_ONE + part_of(RECLAIM_BOTH - RECLAIM_ONE, told - apart,
	    RECLAIM_ALL);
}
