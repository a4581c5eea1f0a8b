/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* lib/host/iomem_split.h: whatever comes in, the parts add up. */
#include "host/iomem_split.h"
#include "random.h"
#include "tap.h"

#define MS	UINT64_C(1000000)

#define NONE	UINT64_MAX

enum { MOST = 9 };

static uint64_t
sum(size_t n, const uint64_t *part)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += part[i];
	return s;
}

static void
examples(void)
{
	uint64_t blamed[2] = { 600 * MS, 200 * MS }, part[2];
	struct io_sums s = { .stall = 1000 * MS, .latency = 1000 * MS,
	    .base = 100 * MS, .foreign = 1000 * MS, .blame = 800 * MS };
	struct io_parts r = io_split(&s, 2, blamed, part);

	ok(part[0] == 600 * MS && part[1] == 200 * MS && r.self == 200 * MS &&
	    r.unknown == 0, "all of the wait was for its requests");
	ok(r.confidence == 800, "confidence: how far the two measures agree");

	s.stall = 1500 * MS;
	r = io_split(&s, 2, blamed, part);
	ok(part[0] == 600 * MS && part[1] == 200 * MS && r.self == 200 * MS &&
	    r.unknown == 500 * MS, "what is more than its requests is unknown");

	s.stall = 500 * MS;
	r = io_split(&s, 2, blamed, part);
	ok(part[0] == 300 * MS && part[1] == 100 * MS && r.self == 100 * MS &&
	    r.unknown == 0, "requests side by side are waited for once");

	s.stall = 1000 * MS;
	s.plain = 1000 * MS;
	r = io_split(&s, 2, blamed, part);
	ok(part[0] == 300 * MS && part[1] == 100 * MS && r.self == 100 * MS &&
	    r.unknown == 500 * MS, "requests without a baseline are unknown");

	s.plain = 0;
	s.base = 501 * MS;
	r = io_split(&s, 2, blamed, part);
	ok(part[0] == 0 && part[1] == 0 && r.self == 1000 * MS,
	    "not twice as slow as alone: nobody is named");
	s.base = 500 * MS;
	r = io_split(&s, 2, blamed, part);
	ok(part[0] == 600 * MS, "twice as slow: they are");

	s = (struct io_sums){ .stall = 7 };
	r = io_split(&s, 0, NULL, NULL);
	ok(r.self == 0 && r.unknown == 7, "no requests at all: unknown");
	s = (struct io_sums){ .stall = 7, .latency = 7, .base = 7 };
	r = io_split(&s, 0, NULL, NULL);
	ok(r.self == 7 && r.confidence == 1000, "alone: itself, and sure");
}

/* Of all sizes, 0 often. */
static uint64_t
some(uint64_t *r)
{
	uint64_t bits = random_u64(r) % 50;

	return bits < 5 ? 0 : random_u64(r) >> (64 - bits);
}

static void
conserved(uint64_t seed)
{
	uint64_t blamed[MOST], part[MOST], total, parts;
	int bad = 0, bad_share = 0;
	struct io_parts r;
	struct io_sums s;
	size_t n;

	for (int i = 0; i < 100000; i++) {
		n = random_u64(&seed) % (MOST + 1);
		for (size_t k = 0; k < n; k++)
			blamed[k] = some(&seed);
		s = (struct io_sums){ some(&seed), some(&seed), some(&seed),
		    some(&seed), some(&seed), some(&seed) };
		r = io_split(&s, n, blamed, part);
		bad += sum(n, part) + r.self + r.unknown != s.stall ||
		    r.confidence > 1000;
		total = some(&seed);
		share_out(total, n, blamed, part);
		parts = sum(n, part);
		bad_share += parts != (sum(n, blamed) == 0 ? 0 : total);
	}
	ok(bad == 0, "100,000 victims: parts add up to the wait");
	ok(bad_share == 0, "100,000 times shared out: nothing over");
}

static void
shares(void)
{
	uint64_t weight[3] = { 1, 0, 3 }, part[3];

	share_out(1000, 3, weight, part);
	ok(part[0] == 250 && part[1] == 0 && part[2] == 750, "by weight");
	weight[0] = weight[2] = 0;
	share_out(1000, 3, weight, part);
	ok(sum(3, part) == 0, "no weights: nobody");
}

/* weight[i] is so many thousandths of the blame, but for rounding. */
static int
about(uint64_t weight, uint64_t thousandths)
{
	uint64_t is = (weight * 1000 + RECLAIM_ALL / 2) / RECLAIM_ALL;

	return is == thousandths;
}

static void
short_of_memory(void)
{
	static const uint64_t none[3], half[3] = { 50, 50, 0 },
	    all[3] = { 0, 7 << 20, 0 }, nothing[3] = { NONE, NONE, NONE },
	    known_in_part[3] = { NONE, 4 << 20, 1 << 20 },
	    same[3] = { 1 << 20, 1 << 20, 0 };
	uint64_t w[3];
	int trust;

	ok(reclaim_split(3, half, nothing, w) == RECLAIM_ONE &&
	    about(w[0], 500) && about(w[1], 500) && w[2] == 0,
	    "reclaim: growth unknown: by who woke kswapd");
	ok(reclaim_split(3, half, none, w) == RECLAIM_ONE &&
	    about(w[0], 500) && about(w[1], 500),
	    "reclaim: nobody grew: likewise");
	ok(reclaim_split(3, none, all, w) == RECLAIM_ONE && w[0] == 0 &&
	    about(w[1], 1000), "reclaim: nobody woke it: by growth");
	ok(reclaim_split(3, none, none, w) == RECLAIM_ONE &&
	    sum(3, w) == 0, "reclaim: neither: nobody");
	ok(reclaim_split(3, half, all, w) == 450 && about(w[0], 250) &&
	    about(w[1], 750), "reclaim: half by each, and half as sure");
	ok(reclaim_split(3, half, same, w) == RECLAIM_BOTH &&
	    about(w[0], 500) && about(w[1], 500),
	    "reclaim: both say the same: sure as can be");
	trust = reclaim_split(3, half, known_in_part, w);
	ok((trust == 420 || trust == 419) &&
	    about(w[0], 500) && about(w[1], 450) && about(w[2], 50),
	    "reclaim: of whom growth is not known, by who woke it");
}

/* Shares add up, but for rounding; and a trust is one. */
static void
reclaim_holds(uint64_t seed)
{
	uint64_t wakes[MOST], grown[MOST], w[MOST], all, bytes;
	int bad = 0, trust;
	size_t n;

	for (int i = 0; i < 100000; i++) {
		n = random_u64(&seed) % (MOST + 1);
		all = bytes = 0;
		for (size_t k = 0; k < n; k++) {
			wakes[k] = some(&seed) >> 8;
			grown[k] = random_u64(&seed) % 4 == 0 ? NONE :
			    some(&seed) >> 8;
			all += wakes[k];
			bytes += grown[k] == NONE ? 0 : grown[k];
		}
		trust = reclaim_split(n, wakes, grown, w);
		bad += trust < RECLAIM_ONE || trust > RECLAIM_BOTH;
		if (all + bytes == 0)
			bad += sum(n, w) != 0;
		else
			bad += sum(n, w) > RECLAIM_ALL ||
			    sum(n, w) + 4 * MOST < RECLAIM_ALL;
	}
	ok(bad == 0, "100,000 times short of memory: all of the blame, once");
}

int
main(void)
{
	short_of_memory();
	reclaim_holds(random_seed());

	examples();
	shares();
	conserved(random_seed());
	return tap_done();
}
