/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/kin.h"

enum { FIRST = 1024, DEPTH = 64, LINE = 64 };

/* In the order of being forgotten: first the dead, then the living. */
struct list {
	uint32_t	oldest, newest;
};

struct kins {
	struct intern	*strings;
	struct kin	*all;
	uint32_t	*slots;		/* from 1 */
	size_t		 max, room, mask;
	uint32_t	 used, free;
	size_t		 count;
	uint64_t	 evicted;
	struct list	 lists[2];	/* by dead */
};

static size_t
hash(const struct tree_id *id)
{
	uint64_t h = id->start ^ (uint64_t)id->pid << 40 ^ id->boot;

	h = (h ^ h >> 29) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static int
same(const struct tree_id *a, const struct tree_id *b)
{
	return a->start == b->start && a->pid == b->pid && a->boot == b->boot;
}

/* Twice the room, as far as max allows. */
static int
grow(struct kins *k)
{
	size_t room = k->room == 0 ? FIRST : k->room * 2, nslots = 2;
	uint32_t *slots;
	struct kin *all;

	if (room > k->max)
		room = k->max;
	while (nslots < room + room / 2)
		nslots *= 2;
	_Static_assert(sizeof(*all) == LINE, "one line of the cache each");
	if ((all = aligned_alloc(LINE, room * sizeof(*all))) == NULL)
		return -1;
	if (k->used > 0)
		memcpy(all, k->all, k->used * sizeof(*all));
	free(k->all);
	k->all = all;
	if ((slots = calloc(nslots, sizeof(*slots))) == NULL)
		return -1;
	free(k->slots);
	k->slots = slots;
	k->mask = nslots - 1;
	k->room = room;
	for (uint32_t i = 0; i < k->used; i++) {
		uint32_t *at = &slots[hash(&all[i].id) & k->mask];

		if (all[i].id.pid == 0)		/* free */
			continue;
		all[i].chain = *at;
		*at = i + 1;
	}
	return 0;
}

struct kins *
kin_new(size_t max, struct intern *strings)
{
	struct kins *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return NULL;
	k->max = max;
	k->strings = strings;
	if (grow(k) == -1) {
		kin_free(k);
		return NULL;
	}
	return k;
}

static void
drop_strings(struct kins *k, struct kin *n)
{
	intern_put(k->strings, n->comm);
	intern_put(k->strings, n->cgroup);
}

void
kin_free(struct kins *k)
{
	if (k == NULL)
		return;
	for (uint32_t i = 0; i < k->used; i++)
		if (k->all[i].id.pid != 0)
			drop_strings(k, &k->all[i]);
	free(k->slots);
	free(k->all);
	free(k);
}

struct kin *
kin_find(const struct kins *k, const struct tree_id *id)
{
	uint32_t i = id->pid == 0 ? 0 : k->slots[hash(id) & k->mask];

	for (; i != 0; i = k->all[i - 1].chain)
		if (same(&k->all[i - 1].id, id))
			return &k->all[i - 1];
	return NULL;
}

void
kin_fetch_slot(const struct kins *k, const struct tree_id *id)
{
	__builtin_prefetch(&k->slots[hash(id) & k->mask]);
}

void
kin_fetch(const struct kins *k, const struct tree_id *id)
{
	uint32_t i = k->slots[hash(id) & k->mask];

	if (i != 0)
		__builtin_prefetch(&k->all[i - 1]);
}

static void
unlist(struct kins *k, struct kin *n)
{
	struct list *l = &k->lists[n->dead];

	if (n->newer != 0)
		k->all[n->newer - 1].older = n->older;
	else
		l->newest = n->older;
	if (n->older != 0)
		k->all[n->older - 1].newer = n->newer;
	else
		l->oldest = n->newer;
}

static void
enlist(struct kins *k, struct kin *n)
{
	struct list *l = &k->lists[n->dead];
	uint32_t i = n - k->all + 1;

	n->newer = 0;
	n->older = l->newest;
	if (l->newest != 0)
		k->all[l->newest - 1].newer = i;
	else
		l->oldest = i;
	l->newest = i;
}

/* The one that goes next: it was not touched for long. */
static void
fetch_next(const struct kins *k)
{
	uint32_t i = k->lists[1].oldest;

	if (i == 0)
		return;
	kin_fetch_slot(k, &k->all[i - 1].id);
	if (k->all[i - 1].newer != 0)
		__builtin_prefetch(&k->all[k->all[i - 1].newer - 1]);
}

static void
forget(struct kins *k, uint32_t i)
{
	struct kin *n = &k->all[i - 1];
	uint32_t *at = &k->slots[hash(&n->id) & k->mask];

	k->evicted += !n->dead;
	unlist(k, n);
	while (*at != i)
		at = &k->all[*at - 1].chain;
	*at = n->chain;
	drop_strings(k, n);
	memset(n, 0, sizeof(*n));
	n->chain = k->free;
	k->free = i;
	k->count--;
}

int
kin_forget(struct kins *k, const struct kin *but)
{
	uint32_t i = k->lists[1].oldest;

	if (i == 0 || &k->all[i - 1] == but)
		i = k->lists[0].oldest;
	if (i == 0 || &k->all[i - 1] == but)
		return 0;
	forget(k, i);
	fetch_next(k);
	return 1;
}

struct kin *
kin_get(struct kins *k, const struct tree_id *id)
{
	struct kin *n = kin_find(k, id);
	uint32_t *at, i;

	if (n != NULL)
		return n;
	if (k->free == 0 && k->used == k->room && k->room < k->max &&
	    grow(k) == -1)
		return NULL;
	if (k->free == 0 && k->used == k->max)
		kin_forget(k, NULL);
	if ((i = k->free) != 0)
		k->free = k->all[i - 1].chain;
	else
		i = ++k->used;
	n = &k->all[i - 1];
	*n = (struct kin){ .id = *id };
	/* It may have been here before, and be followed still. */
	if (k->evicted > 0)
		n->followed = UINT8_MAX;
	at = &k->slots[hash(id) & k->mask];
	n->chain = *at;
	*at = i;
	k->count++;
	enlist(k, n);
	return n;
}

static void
move(struct kins *k, struct kin *n, int dead)
{
	unlist(k, n);
	n->dead = dead;
	enlist(k, n);
}

void
kin_heard(struct kins *k, struct kin *n, uint64_t t)
{
	uint8_t age = t >> KIN_AGE;

	if (age == n->age || n->dead)
		return;
	n->age = age;
	if (n->newer != 0)
		move(k, n, 0);
}

void
kin_ended(struct kins *k, struct kin *n)
{
	if (!n->dead)
		move(k, n, 1);
}

void
kin_named(struct kins *k, struct kin *n, const char *comm, const char *cgroup)
{
	if (comm != NULL && comm != n->comm) {
		intern_put(k->strings, n->comm);
		n->comm = intern_hold(comm);
	}
	if (cgroup != NULL && cgroup != n->cgroup) {
		intern_put(k->strings, n->cgroup);
		n->cgroup = intern_hold(cgroup);
	}
}

struct kin *
kin_up(const struct kins *k, const struct kin *n)
{
	return kin_find(k, &n->up);
}

struct kin *
kin_root(const struct kins *k, struct kin *n)
{
	struct kin *up;

	for (int i = 0; i < DEPTH && (up = kin_up(k, n)) != NULL; i++) {
		if (up->id.pid == 1 || up->cgroup != n->cgroup)
			break;
		n = up;
	}
	return n;
}

size_t
kin_count(const struct kins *k)
{
	return k->count;
}

uint64_t
kin_evicted(const struct kins *k)
{
	return k->evicted;
}
