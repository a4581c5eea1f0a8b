/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "core/heap.h"

struct heap {
	uint64_t	*key;		/* by place */
	uint32_t	*at;		/* number, by place */
	uint32_t	*place;		/* by number, from 1; 0 is not in */
	uint32_t	 count;		/* places are 1 .. count */
};

struct heap *
heap_new(size_t max)
{
	struct heap *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->key = calloc(max + 1, sizeof(*h->key));
	h->at = calloc(max + 1, sizeof(*h->at));
	h->place = calloc(max, sizeof(*h->place));
	if (h->key == NULL || h->at == NULL || h->place == NULL) {
		heap_free(h);
		return NULL;
	}
	return h;
}

void
heap_free(struct heap *h)
{
	if (h == NULL)
		return;
	free(h->key);
	free(h->at);
	free(h->place);
	free(h);
}

static void
put(struct heap *h, uint32_t i, uint32_t n, uint64_t key)
{
	h->key[i] = key;
	h->at[i] = n;
	h->place[n] = i;
}

/* Bring n to its place, from place i, which is free. */
static void
sift(struct heap *h, uint32_t i, uint32_t n, uint64_t key)
{
	uint32_t kid;

	for (; i > 1 && h->key[i / 2] > key; i /= 2)
		put(h, i, h->at[i / 2], h->key[i / 2]);
	for (; (kid = i * 2) <= h->count; i = kid) {
		if (kid < h->count && h->key[kid + 1] < h->key[kid])
			kid++;
		if (h->key[kid] >= key)
			break;
		put(h, i, h->at[kid], h->key[kid]);
	}
	put(h, i, n, key);
}

void
heap_set(struct heap *h, uint32_t n, uint64_t key)
{
	uint32_t i = h->place[n];

	if (i == 0)
		sift(h, ++h->count, n, key);
	else if (h->key[i] != key)
		sift(h, i, n, key);
}

void
heap_drop(struct heap *h, uint32_t n)
{
	uint32_t i = h->place[n], last = h->count;

	if (i == 0)
		return;
	h->place[n] = 0;
	h->count--;
	if (i != last)
		sift(h, i, h->at[last], h->key[last]);
}

uint32_t
heap_min(const struct heap *h)
{
	return h->at[1];
}

uint64_t
heap_first(const struct heap *h)
{
	return h->count > 0 ? h->key[1] : UINT64_MAX;
}
