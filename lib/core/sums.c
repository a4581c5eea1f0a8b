/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/sums.h"

enum { SET = 8 };	/* of which the least is forgotten */

#define SECOND		UINT64_C(1000000000)
#define SLOT_MAX	(UINT64_MAX / SUMS_SLOTS)

unsigned
sums_level(uint64_t ns)
{
	unsigned k = 0;

	/* One slot is under way. */
	while (k < SUMS_LEVELS - 1 && ((SUMS_SLOTS - 1) * SECOND) << k < ns)
		k++;
	return k;
}

static uint64_t
slot(uint64_t t, unsigned level)
{
	return t / (SECOND << level);
}

static unsigned
nlevels(const struct sums *s)
{
	return __builtin_popcount(s->levels);
}

/* The slots of one level of it. */
static uint64_t *
cells(const struct sums *s, const struct sum *e, unsigned level)
{
	size_t before = __builtin_popcount(s->levels &
	    ((UINT32_C(1) << level) - 1));

	return &s->cells[((e - s->all) * nlevels(s) + before) * SUMS_SLOTS];
}

static int
same(const struct sum *a, const struct sum *b)
{
	return a->victim == b->victim && a->culprit == b->culprit &&
	    a->resource == b->resource && a->id.start == b->id.start &&
	    a->id.boot == b->id.boot && a->id.pid == b->id.pid;
}

/* By the text, so that it is the same in each run. */
static size_t
hash(const struct sum *k)
{
	uint64_t h = k->resource + k->id.start * 31 + k->id.pid;

	h = (h ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	if (k->victim != NULL)
		h ^= intern_hash(k->victim) * UINT64_C(0xc2b2ae3d27d4eb4f);
	if (k->culprit != NULL)
		h ^= intern_hash(k->culprit) * UINT64_C(0x165667b19e3779f9);
	return (h ^ h >> 32) * UINT64_C(0xff51afd7ed558ccd) >> 32;
}

/* What it still has. */
static uint64_t
most(const struct sums *s, const struct sum *e, uint64_t t)
{
	unsigned level = 31 - __builtin_clz(s->levels);

	return slot(t, level) - slot(e->t, level) < SUMS_SLOTS ? e->most : 0;
}

static void
forget(struct sums *s, struct sum *e)
{
	intern_put(s->strings, e->victim);
	intern_put(s->strings, e->culprit);
	memset(cells(s, e, __builtin_ctz(s->levels)), 0,
	    nlevels(s) * SUMS_SLOTS * sizeof(*s->cells));
	*e = (struct sum){ 0 };
}

static struct sum *
make(struct sums *s, struct sum *set, const struct sum *key, uint64_t t)
{
	struct sum *least = NULL, *e;
	uint64_t ns = 0, n;

	for (e = set; e < set + SET; e++)
		if (e->t == 0) {
			least = e;
			break;
		} else if ((n = most(s, e, t)) < ns || least == NULL) {
			least = e;
			ns = n;
		}
	forget(s, least);
	*least = *key;
	least->t = least->most = least->guessed = 0;
	if (key->victim != NULL)
		intern_hold(key->victim);
	if (key->culprit != NULL)
		intern_hold(key->culprit);
	return least;
}

static struct sum *
get(struct sums *s, const struct sum *key, uint64_t t)
{
	struct sum *set = &s->all[hash(key) % (s->max / SET) * SET];

	for (struct sum *e = set; e < set + SET; e++)
		if (e->t != 0 && same(e, key))
			return e;
	return make(s, set, key, t);
}

/* Time went on from when it grew last: what is of long ago makes room.  How much. */
static uint64_t
move(uint64_t *n, uint64_t was, uint64_t now)
{
	uint64_t gone = 0;

	for (uint64_t i = 0; i < SUMS_SLOTS && i < now - was; i++) {
		gone += n[(now - i) % SUMS_SLOTS];
		n[(now - i) % SUMS_SLOTS] = 0;
	}
	return gone;
}

/* ns more in a level; how much less or more that level has. */
static uint64_t
grow(const struct sums *s, const struct sum *e, unsigned level, uint64_t t,
    uint64_t ns)
{
	uint64_t *n = cells(s, e, level), now = slot(t, level), gone = 0;
	uint64_t *at = &n[now % SUMS_SLOTS];

	if (e->t != 0)
		gone = move(n, slot(e->t, level), now);
	if (ns > SLOT_MAX - *at)
		ns = SLOT_MAX - *at;
	*at += ns;
	return ns - gone;
}

static int
begin(struct sums *s)
{
	s->all = calloc(s->max, sizeof(*s->all));
	s->cells = calloc(s->max, nlevels(s) * SUMS_SLOTS * sizeof(*s->cells));
	if (s->all != NULL && s->cells != NULL)
		return 0;
	sums_free(s);
	return -1;
}

int
sums_add(struct sums *s, const struct sum *key, uint64_t t, uint64_t ns,
    int measured)
{
	struct sum *e;
	uint64_t more = 0;

	if (s->all == NULL && begin(s) == -1)
		return -1;
	t = t > 0 ? t : 1;
	e = get(s, key, t);
	for (uint32_t left = s->levels; left != 0; left &= left - 1)
		more = grow(s, e, __builtin_ctz(left), t, ns);
	e->most += more;
	e->t = t;
	if (!measured)
		e->guessed = t;
	return 0;
}

uint64_t
sums_get(const struct sums *s, const struct sum *e, unsigned level,
    uint64_t from, uint64_t to)
{
	const uint64_t *n = cells(s, e, level);
	uint64_t last = slot(e->t, level), i = slot(from, level) + 1, sum = 0;

	if (e->t == 0)
		return 0;
	if (last >= SUMS_SLOTS && i <= last - SUMS_SLOTS)
		i = last - SUMS_SLOTS + 1;
	for (; i <= last && i <= slot(to, level); i++)
		sum += n[i % SUMS_SLOTS];
	return sum;
}

void
sums_forget(struct sums *s)
{
	for (size_t i = 0; s->all != NULL && i < s->max; i++)
		if (s->all[i].t != 0)
			forget(s, &s->all[i]);
}

void
sums_free(struct sums *s)
{
	free(s->all);
	free(s->cells);
	s->all = NULL;
	s->cells = NULL;
}
