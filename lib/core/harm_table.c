/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/harm_table.h"
#include "core/intern.h"

enum {
	SLOTS_PARTY = HARM_PARTIES * 2, SLOTS_PAIR = HARM_PAIRS * 2,
	FIRST = 64,		/* entries at first */
};

int
harm_table_init(struct harm *h)
{
	h->party_slot = calloc(SLOTS_PARTY, sizeof(*h->party_slot));
	h->pair_slot = calloc(SLOTS_PAIR, sizeof(*h->pair_slot));
	h->strings = intern_new();
	return h->party_slot == NULL || h->pair_slot == NULL ||
	    h->strings == NULL ? -1 : 0;
}

void
harm_table_free(struct harm *h)
{
	intern_free(h->strings);
	free(h->party);
	free(h->pair);
	free(h->rank);
	free(h->party_slot);
	free(h->pair_slot);
}

uint64_t
harm_plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Room for one more than n. */
static void *
grow(void *p, size_t n, size_t size)
{
	if (n != 0 && (n < FIRST || (n & (n - 1)) != 0))
		return p;
	return reallocarray(p, n == 0 ? FIRST : n * 2, size);
}

static uint32_t
mix(uint64_t a, uint64_t b, size_t slots)
{
	uint64_t h = (a ^ a >> 31 ^ b << 32) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29 ^ b) * 0xbf58476d1ce4e5b9ULL;
	return (h ^ h >> 32) & (slots - 1);
}

static uint32_t *
party_at(const struct harm *h, size_t host, const char *name, int resource)
{
	const struct harm_party *p;
	uint64_t hash = host << 8 | resource;
	uint32_t i;

	for (const char *s = name; *s != '\0'; s++)
		hash = (hash ^ (uint8_t)*s) * 0x100000001b3ULL;
	for (i = mix(hash, 0, SLOTS_PARTY); h->party_slot[i] != 0;
	    i = (i + 1) & (SLOTS_PARTY - 1)) {
		p = &h->party[h->party_slot[i] - 1];
		if (p->host == host && p->resource == resource &&
		    strcmp(p->name, name) == 0)
			break;
	}
	return &h->party_slot[i];
}

static uint32_t *
pair_at(const struct harm *h, const struct harm_pair *k)
{
	const struct harm_pair *p;
	uint32_t i = mix((uint64_t)k->victim << 32 | k->culprit,
	    (uintptr_t)k->comm ^ k->kind << 1 ^ k->estimated, SLOTS_PAIR);

	for (; h->pair_slot[i] != 0; i = (i + 1) & (SLOTS_PAIR - 1)) {
		p = &h->pair[h->pair_slot[i] - 1];
		if (p->victim == k->victim && p->culprit == k->culprit &&
		    p->comm == k->comm && p->kind == k->kind &&
		    p->estimated == k->estimated)
			break;
	}
	return &h->pair_slot[i];
}

/* The pairs and parties that are left, found again. */
static void
reindex(struct harm *h)
{
	memset(h->party_slot, 0, SLOTS_PARTY * sizeof(*h->party_slot));
	memset(h->pair_slot, 0, SLOTS_PAIR * sizeof(*h->pair_slot));
	for (size_t i = 0; i < h->parties; i++)
		*party_at(h, h->party[i].host, h->party[i].name,
		    h->party[i].resource) = i + 1;
	for (size_t i = 0; i < h->pairs; i++)
		*pair_at(h, &h->pair[i]) = i + 1;
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The size below which the smallest quarter of n is. */
static uint64_t
quarter(uint64_t *sizes, size_t n)
{
	qsort(sizes, n, sizeof(*sizes), by_size);
	return sizes[n / 4];
}

static void
drop_pair(struct harm *h, const struct harm_pair *p)
{
	intern_put(h->strings, p->comm);
	intern_put(h->strings, p->process);
	h->evicted++;
}

/* Forget the quarter of the pairs that matters least. */
static int
thin_pairs(struct harm *h)
{
	uint64_t *sizes, least;
	size_t n = 0, gone = 0;

	if ((sizes = calloc(h->pairs, sizeof(*sizes))) == NULL)
		return -1;
	for (size_t i = 0; i < h->pairs; i++)
		sizes[i] = h->pair[i].ns.sum;
	least = quarter(sizes, h->pairs);
	free(sizes);
	for (size_t i = 0; i < h->pairs; i++) {
		if (h->pair[i].ns.sum <= least && gone < h->pairs / 4) {
			drop_pair(h, &h->pair[i]);
			gone++;
		} else {
			h->pair[n++] = h->pair[i];
		}
	}
	h->pairs = n;
	reindex(h);
	return 0;
}

/* What a party waited, and others because of it. */
static void
weigh(const struct harm *h, uint64_t *weight)
{
	const struct harm_party *p;
	uint32_t c;

	for (size_t i = 0; i < h->parties; i++) {
		p = &h->party[i];
		weight[i] = harm_plus(harm_plus(p->waited.sum, p->told.sum),
		    p->induced.sum);
	}
	for (size_t i = 0; i < h->pairs; i++)
		if ((c = h->pair[i].culprit) != STALL_NOBODY)
			weight[c] = harm_plus(weight[c], h->pair[i].ns.sum);
}

/* Forget the quarter of the parties that matters least; in to[] where each
 * goes. */
static void
move_parties(struct harm *h, const uint64_t *weight, uint64_t least, uint32_t *to)
{
	size_t n = 0, gone = 0;

	for (size_t i = 0; i < h->parties; i++) {
		if (weight[i] <= least && gone < h->parties / 4) {
			intern_put(h->strings, h->party[i].name);
			to[i] = STALL_NOBODY;
			gone++;
		} else {
			to[i] = n;
			h->party[n++] = h->party[i];
		}
	}
	h->parties = n;
}

/* The pairs go with their parties. */
static void
move_pairs(struct harm *h, const uint32_t *to)
{
	struct harm_pair p;
	size_t n = 0;

	for (size_t i = 0; i < h->pairs; i++) {
		p = h->pair[i];
		p.victim = to[p.victim];
		if (p.victim == STALL_NOBODY || (p.culprit != STALL_NOBODY &&
		    (p.culprit = to[p.culprit]) == STALL_NOBODY))
			drop_pair(h, &p);
		else
			h->pair[n++] = p;
	}
	h->pairs = n;
}

static int
thin_parties(struct harm *h)
{
	uint32_t *to = calloc(h->parties, sizeof(*to));
	uint64_t *weight = calloc(h->parties, sizeof(*weight));
	uint64_t *sizes = calloc(h->parties, sizeof(*sizes));
	int rc = -1;

	if (to != NULL && weight != NULL && sizes != NULL) {
		weigh(h, weight);
		memcpy(sizes, weight, h->parties * sizeof(*sizes));
		move_parties(h, weight, quarter(sizes, h->parties), to);
		move_pairs(h, to);
		reindex(h);
		rc = 0;
	}
	free(to);
	free(weight);
	free(sizes);
	return rc;
}

int
harm_room(struct harm *h)
{
	if (h->parties + 2 > HARM_PARTIES && thin_parties(h) == -1)
		return -1;
	if (h->pairs + 1 > HARM_PAIRS && thin_pairs(h) == -1)
		return -1;
	return 0;
}

struct harm_party *
harm_party(struct harm *h, size_t host, const char *name, int resource)
{
	uint32_t *at = party_at(h, host, name, resource);
	struct harm_party *p;

	if (*at != 0)
		return &h->party[*at - 1];
	if ((p = grow(h->party, h->parties, sizeof(*p))) == NULL)
		return NULL;
	h->party = p;
	p += h->parties;
	*p = (struct harm_party){ .host = host, .resource = resource };
	if ((p->name = intern_get(h->strings, name, strlen(name))) == NULL)
		return NULL;
	*at = ++h->parties;
	return p;
}

const struct harm_party *
harm_party_find(const struct harm *h, size_t host, const char *name,
    int resource)
{
	uint32_t i = *party_at(h, host, name, resource);

	return i != 0 ? &h->party[i - 1] : NULL;
}

struct harm_pair *
harm_pair(struct harm *h, const struct harm_pair *key)
{
	uint32_t *at = pair_at(h, key);
	const struct harm_pair **rank;
	struct harm_pair *p;

	if (*at != 0)
		return &h->pair[*at - 1];
	if ((rank = grow(h->rank, h->pairs, sizeof(*rank))) == NULL)
		return NULL;
	h->rank = rank;
	if ((p = grow(h->pair, h->pairs, sizeof(*p))) == NULL)
		return NULL;
	h->pair = p;
	p += h->pairs;
	*p = *key;
	p->pid = UINT32_MAX;
	if (p->comm != NULL)
		intern_hold(p->comm);
	*at = ++h->pairs;
	return p;
}
