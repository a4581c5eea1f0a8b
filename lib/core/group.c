/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The subjects that rules follow, and who is forgotten when there are many. */
#include <stdlib.h>
#include <string.h>

#include "core/detect.h"

enum {
	FIRST = 256,	/* slots; as few as do, so that they stay at hand */
	LOOK = 64,	/* open incidents that are passed over for one that is not */
};

/* So long after its window a group is worth little again. */
#define GROUP_STALE	UINT64_C(10000000000)

int
groups_init(struct groups *g, size_t max)
{
	g->max = max;
	g->mask = FIRST - 1;
	g->slots = calloc(FIRST, sizeof(struct group *));
	g->all = calloc(max, sizeof(struct group *));
	g->free = calloc(max, sizeof(*g->free));
	g->due = heap_new(max);
	return g->slots == NULL || g->all == NULL || g->free == NULL ||
	    g->due == NULL ? -1 : 0;
}

void
groups_free(struct groups *g)
{
	for (uint32_t i = 0; g->all != NULL && i < g->used; i++)
		free(g->all[i]);
	free(g->slots);
	free(g->all);
	free(g->free);
	heap_free(g->due);
}

/* The parts are mixed side by side, as there are many to look for. */
static inline struct group **
slot(const struct groups *g, const struct rule *r, const struct subject *s)
{
	uint64_t a = s->id.start ^ (uint64_t)s->id.boot << 32 ^
	    (uint64_t)s->id.pid << 40;
	uint64_t b = (uintptr_t)s->s[0], c = (uintptr_t)s->s[1] + s->n;
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15);

	h ^= b * UINT64_C(0xc2b2ae3d27d4eb4f);
	h ^= c * UINT64_C(0x165667b19e3779f9);
	h ^= (r->index + 1u + s->by * 257u) * UINT64_C(0xff51afd7ed558ccd);
	return &g->slots[(h >> 40 ^ h >> 20) & g->mask];
}

/* Twice the slots.  Without memory the chains only get longer. */
static void
widen(struct groups *gs)
{
	size_t n = 2 * (gs->mask + 1);
	struct group **slots, **at, *g;

	if ((slots = calloc(n, sizeof(struct group *))) == NULL)
		return;
	free(gs->slots);
	gs->slots = slots;
	gs->mask = n - 1;
	for (uint32_t i = 0; i < gs->used; i++)
		if ((g = gs->all[i]) != NULL) {
			at = slot(gs, g->rule, &g->s);
			g->chain = *at;
			*at = g;
		}
}

static int
same(const struct subject *a, const struct subject *b)
{
	return a->id.start == b->id.start && a->id.pid == b->id.pid &&
	    a->id.boot == b->id.boot && a->s[0] == b->s[0] &&
	    a->s[1] == b->s[1] && a->n == b->n && a->by == b->by;
}

struct group *
group_find(struct lane *l, const struct rule *r, const struct subject *s)
{
	struct group *g;

	if (s->by == BY_HOST && s->n == 0)
		return l->tally[r->index].host;
	g = *slot(&l->groups, r, s);
	while (g != NULL && (g->rule != r || !same(&g->s, s)))
		g = g->chain;
	return g;
}

static void
unlist(struct groups *gs, struct group *g)
{
	if (g->newer != NULL)
		g->newer->older = g->older;
	else
		gs->lists[g->worth].newest = g->older;
	if (g->older != NULL)
		g->older->newer = g->newer;
	else
		gs->lists[g->worth].oldest = g->newer;
}

static void
enlist(struct groups *gs, struct group *g)
{
	g->touched = ++gs->touched;
	g->newer = NULL;
	if ((g->older = gs->lists[g->worth].newest) != NULL)
		g->older->newer = g;
	else
		gs->lists[g->worth].oldest = g;
	gs->lists[g->worth].newest = g;
}

/* A record is about it again. */
static void
touch(struct lane *l, struct group *g)
{
	struct groups *gs = &l->groups;
	uint8_t worth = g->near || g->inc.open ? WORTH_MOST :
	    l->now - g->last.t <= g->rule->window ?
	    WORTH_MORE : WORTH_LITTLE;

	if (worth == g->worth && g->newer == NULL) {
		g->touched = ++gs->touched;
		return;
	}
	unlist(gs, g);
	g->worth = worth;
	enlist(gs, g);
}

/* Note with the process how many groups are about it. */
static void
followed(struct lane *l, const struct subject *s, int more)
{
	struct kin *k;

	if (s->id.pid == 0 || (k = kin_find(l->kins, &s->id)) == NULL ||
	    k->followed == UINT8_MAX)
		return;
	if (more)
		k->followed++;
	else if (k->followed > 0)
		k->followed--;
}

static void
forget(struct lane *l, struct group *g)
{
	struct groups *gs = &l->groups;
	struct group **at = slot(gs, g->rule, &g->s);

	incident_drop(l, g);
	l->tally[g->rule->index].groups--;
	followed(l, &g->s, 0);
	if (l->tally[g->rule->index].host == g)
		l->tally[g->rule->index].host = NULL;
	while (*at != g)
		at = &(*at)->chain;
	*at = g->chain;
	unlist(gs, g);
	heap_drop(gs->due, g->number);
	gs->all[g->number] = NULL;
	gs->free[gs->nfree++] = g->number;
	gs->bytes -= g->bytes;
	for (int i = 0; i < 2; i++)
		intern_put(l->strings, g->s.s[i]);
	free(g);
}

void
groups_forget(struct lane *l)
{
	struct groups *gs = &l->groups;
	struct group *first, *g;

	for (;;) {
		first = NULL;
		for (int i = 0; i < WORTHS; i++)
			if ((g = gs->lists[i].oldest) != NULL &&
			    (first == NULL || g->touched < first->touched))
				first = g;
		if (first == NULL)
			return;
		forget(l, first);
	}
}

/* What it once was worth is past. */
static int
stale(const struct lane *l, const struct group *g)
{
	return !g->inc.open && l->now - g->last.t >
	    g->rule->window + GROUP_STALE;
}

/* Somebody may have it at hand.  Then also those after it in the list. */
static int
in_use(const struct groups *gs, const struct group *g)
{
	return g == NULL || g->touched > gs->before;
}

/* The first in the list without an incident, as far as one looks; or NULL. */
static struct group *
first_calm(const struct groups *gs, enum worth worth)
{
	struct group *g = gs->lists[worth].oldest;

	for (int i = 0; i < LOOK && !in_use(gs, g) && g->inc.open; i++)
		g = g->newer;
	return in_use(gs, g) || g->inc.open ? NULL : g;
}

/* Who goes next: a flood of new subjects must not drive out those that matter;
 * nor these, for ever, those that are new. */
static struct group *
least(const struct lane *l)
{
	const struct groups *gs = &l->groups;
	struct group *g;

	for (int i = WORTH_MOST; i > WORTH_LITTLE; i--)
		if ((g = first_calm(gs, i)) != NULL && stale(l, g))
			return g;
	for (int i = 0; i < WORTHS; i++)
		if ((g = first_calm(gs, i)) != NULL)
			return g;
	for (int i = 0; i < WORTHS; i++)
		if (!in_use(gs, g = gs->lists[i].oldest))
			return g;
	return NULL;
}

/* One that takes so many bytes must fit. */
static void
make_room(struct lane *l, size_t bytes)
{
	struct groups *gs = &l->groups;
	struct group *g;

	while (((gs->nfree == 0 && gs->used == gs->max) ||
	    gs->bytes + bytes > ENGINE_FOLLOWED) && (g = least(l)) != NULL) {
		gs->evicted++;
		gs->missed += g->worth > WORTH_LITTLE && !stale(l, g);
		if (!l->said_full) {
			l->said_full = 1;
			lane_say(l, "degraded", "evicted: no room to follow more "
			    "subjects, those seen once and silent for longest "
			    "are forgotten");
		}
		forget(l, g);
	}
}

/* What a group of that subject takes. */
static size_t
size_of(const struct rule *r, const struct subject *s)
{
	size_t n = sizeof(struct group) + r->det->state;

	for (int i = 0; i < 2; i++)
		n += s->s[i] != NULL ? strlen(s->s[i]) : 0;
	return n;
}

static struct group *
make(struct lane *l, const struct rule *r, const struct subject *s)
{
	struct groups *gs = &l->groups;
	size_t bytes = size_of(r, s);
	struct group *g, **at;

	make_room(l, bytes);
	if (gs->nfree == 0 && gs->used == gs->max)
		return NULL;
	if ((g = calloc(1, sizeof(*g) + r->det->state)) == NULL) {
		l->nomem = 1;
		return NULL;
	}
	g->rule = r;
	g->s = *s;
	g->bytes = bytes;
	gs->bytes += bytes;
	l->tally[r->index].groups++;
	followed(l, s, 1);
	if (s->by == BY_HOST && s->n == 0)
		l->tally[r->index].host = g;
	for (int i = 0; i < 2; i++)
		if (s->s[i] != NULL)
			intern_hold(s->s[i]);
	if (gs->nfree == 0 && gs->used > gs->mask)
		widen(gs);
	g->number = gs->nfree > 0 ? gs->free[--gs->nfree] : gs->used++;
	gs->all[g->number] = g;
	at = slot(gs, r, s);
	g->chain = *at;
	*at = g;
	enlist(gs, g);
	return g;
}

struct group *
group_get(struct lane *l, const struct rule *r, const struct subject *s)
{
	struct group *g = group_find(l, r, s);

	if (g == NULL)
		return make(l, r, s);
	touch(l, g);
	return g;
}

void
group_seen(struct lane *l, struct group *g, const struct rec *rec)
{
	struct incident *in = &g->inc;

	g->last = (struct seen){ .t = l->now, .kind = rec->kind };
	g->last.id = rec->self;
	if (in->open)
		in->hits++;
	else
		window_add(&in->recent, g->rule->window, l->now, 1);
}

/* While an incident is open, or would be, look again each second: what it rests
 * on may have ended, and then no record tells. */
static void
look_again(struct lane *l, struct group *g)
{
	if (!g->inc.open && !g->inc.hushed) {
		heap_drop(l->groups.due, g->number);
		return;
	}
	heap_set(l->groups.due, g->number,
	    (l->now / GROUP_LOOK + 1) * GROUP_LOOK);
}

void
group_settle(struct lane *l, struct group *g)
{
	enum verdict v = g->rule->det->judge(l, g);

	g->near = v != CALM;
	incident_step(l, g, v);
	look_again(l, g);
}
