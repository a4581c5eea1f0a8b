/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/table.h"

static uint32_t
number(const struct table *t, const struct node *n)
{
	return n - t->nodes;
}

int
table_init(struct table *t, size_t max)
{
	size_t slots = 1;

	memset(t, 0, sizeof(*t));
	while (slots < max + max / 2)
		slots *= 2;
	t->max = max;
	t->mask = slots - 1;
	t->nodes = calloc(max, sizeof(*t->nodes));
	t->slots = calloc(slots, sizeof(*t->slots));
	t->heap = heap_new(max);
	t->strings = intern_new();
	return t->nodes == NULL || t->slots == NULL || t->heap == NULL ||
	    t->strings == NULL ? -1 : 0;
}

void
table_free(struct table *t)
{
	for (uint32_t i = 0; i < t->used; i++) {
		free(t->nodes[i].told);
		free(t->nodes[i].wait);
	}
	for (uint32_t i = 0; i < t->nboots; i++)
		free(t->boots[i]);
	intern_free(t->strings);
	heap_free(t->heap);
	free(t->slots);
	free(t->nodes);
}

static uint32_t *
slot(const struct table *t, const struct tree_id *id)
{
	uint64_t h = id->start ^ (uint64_t)id->pid << 40 ^ id->boot;

	h = (h ^ h >> 29) * 0x9e3779b97f4a7c15ULL;
	return &t->slots[(h ^ h >> 32) & t->mask];
}

static int
same(const struct tree_id *a, const struct tree_id *b)
{
	return a->start == b->start && a->pid == b->pid && a->boot == b->boot;
}

struct node *
table_find(const struct table *t, const struct tree_id *id)
{
	struct node *n;

	for (uint32_t i = *slot(t, id); i != 0; i = n->chain) {
		n = &t->nodes[i - 1];
		if (same(&n->p.id, id))
			return n;
	}
	return NULL;
}

struct node *
table_next(const struct table *t, uint32_t *i)
{
	while (*i < t->used) {
		struct node *n = &t->nodes[(*i)++];

		if (n->boot != NULL)
			return n;
	}
	return NULL;
}

void
table_link(struct table *t, struct node *n, enum tree_how by, struct node *up)
{
	struct node *old = (struct node *)n->p.up[by];

	if (old == up)
		return;
	if (n->next[by] != NULL)
		n->next[by]->prev[by] = n->prev[by];
	if (n->prev[by] != NULL)
		n->prev[by]->next[by] = n->next[by];
	else if (old != NULL)
		old->kid[by] = n->next[by];
	n->prev[by] = n->next[by] = NULL;
	n->p.up[by] = up != NULL ? &up->p : NULL;
	if (up != NULL) {
		if ((n->next[by] = up->kid[by]) != NULL)
			n->next[by]->prev[by] = n;
		up->kid[by] = n;
	}
	if (old != NULL)
		table_settle(t, old);
}

static void
forget(struct table *t, struct node *n)
{
	uint32_t *at = slot(t, &n->p.id), i = number(t, n) + 1;

	for (int by = 0; by < 2; by++) {
		while (n->kid[by] != NULL) {
			n->kid[by]->p.cut[by] = 1;
			table_link(t, n->kid[by], by, NULL);
		}
		table_link(t, n, by, NULL);
	}
	while (*at != i)
		at = &t->nodes[*at - 1].chain;
	*at = n->chain;
	heap_drop(t->heap, i - 1);
	intern_put(t->strings, n->p.comm);
	intern_put(t->strings, n->p.cmd);
	intern_put(t->strings, n->p.cgroup);
	intern_put(t->strings, n->p.place);
	free(n->told);
	free(n->wait);
	memset(n, 0, sizeof(*n));
	n->chain = t->free;
	t->free = i;
	t->count.processes--;
	t->count.evicted++;
}

static struct node *
make(struct table *t, const struct tree_id *id)
{
	struct origin *b = table_origin(t, id->boot, 1);
	uint32_t *at = slot(t, id), i = t->free;
	struct node *n;

	if (b == NULL)
		return NULL;
	if (i != 0)
		t->free = t->nodes[i - 1].chain;
	else
		i = ++t->used;
	n = &t->nodes[i - 1];
	n->p.id = *id;
	n->p.uid = UINT32_MAX;
	n->p.exit_code = n->p.signal = -1;
	n->boot = b;
	n->seq = t->seq;
	n->chain = *at;
	*at = i;
	t->count.processes++;
	return n;
}

/* One place free; none of the n nodes goes for it. */
static void
make_room(struct table *t, struct node **nodes, size_t n)
{
	while (t->count.processes >= t->max) {
		uint32_t i = heap_min(t->heap);
		size_t k = 0;

		while (k < n && nodes[k] != &t->nodes[i])
			k++;
		if (k == n)
			forget(t, &t->nodes[i]);
		else	/* until it is settled */
			heap_set(t->heap, i, UINT64_MAX);
	}
}

void
table_need(struct table *t, const struct tree_id *ids, size_t n,
    struct node **nodes)
{
	for (size_t i = 0; i < n; i++)
		nodes[i] = table_find(t, &ids[i]);
	for (size_t i = 0; i < n; i++) {
		if (nodes[i] != NULL)
			continue;
		make_room(t, nodes, n);
		/* Two of the ids may be the same one. */
		if ((nodes[i] = table_find(t, &ids[i])) == NULL)
			nodes[i] = make(t, &ids[i]);
	}
}

/* Forget the boot that was silent for longest. */
static struct origin *
reuse(struct table *t)
{
	struct origin *old = t->boots[0];
	struct node *n;

	for (uint32_t i = 1; i < t->nboots; i++)
		if (t->boots[i]->fed < old->fed)
			old = t->boots[i];
	for (uint32_t i = 0; (n = table_next(t, &i)) != NULL;)
		if (n->boot == old)
			forget(t, n);
	return old;
}

struct origin *
table_origin(struct table *t, uint32_t id, int make)
{
	struct origin *b = t->boot;

	if (b != NULL && b->id == id)
		return b;
	for (uint32_t i = 0; i < t->nboots; i++)
		if (t->boots[i]->id == id)
			return t->boot = t->boots[i];
	if (!make)
		return NULL;
	if (t->nboots == TREE_BOOTS)
		b = reuse(t);
	else if ((b = malloc(sizeof(*b))) != NULL)
		t->boots[t->nboots++] = b;
	else
		return NULL;
	*b = (struct origin){ .id = id, .fed = t->seq };
	return t->boot = b;
}

static enum tree_state
state(const struct node *n)
{
	if (n->p.died_ns != 0 || n->zombie)
		return TREE_DEAD;
	if (n->left || n->p.last_ns < n->boot->synced_ns)
		return TREE_GONE;
	return n->seen ? TREE_ALIVE : TREE_NAMED;
}

/* Who is forgotten first: the dead, then the living; in each those that nobody
 * descends from; in these those that were silent for longest. */
void
table_settle(struct table *t, struct node *n)
{
	int leaf = n->kid[0] == NULL && n->kid[1] == NULL;
	uint64_t class;

	n->p.state = state(n);
	switch ((enum tree_state)n->p.state) {
	case TREE_DEAD:
	case TREE_GONE:
		class = leaf ? 0 : 1;
		break;
	case TREE_NAMED:	/* that is nobody's parent says nothing */
		class = leaf ? 0 : 3;
		break;
	case TREE_ALIVE:
	default:
		class = leaf ? 2 : 3;
	}
	heap_set(t->heap, number(t, n), class << 62 | n->seq);
}

void
table_settle_origin(struct table *t, const struct origin *b)
{
	struct node *n;

	for (uint32_t i = 0; (n = table_next(t, &i)) != NULL;)
		if (n->boot == b)
			table_settle(t, n);
}
