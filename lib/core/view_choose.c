/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which sentences are told, where there are more than have a place.  The longest
 * waits are those of who has most tasks.  A small cgroup that can do nothing but
 * wait has its trouble all the same, and so has another resource.
 */
#include "core/view_say.h"

int
view_of_sort(const struct harm_pair *e, int estimated)
{
	return e->now > 0 && e->estimated == estimated &&
	    e->kind != STALL_UNKNOWN && e->kind != STALL_OLDER;
}

int
view_chosen(const struct view_choice *c, const struct harm_pair *e)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->e[i] == e)
			return 1;
	return 0;
}

static void
take(const struct view_pen *p, struct view_choice *c, const struct harm_pair *e)
{
	if (c->n < p->top && c->n < VIEW_TOP && !view_chosen(c, e))
		c->e[c->n++] = e;
}

/* The greatest of all, or of one resource, until there are max. */
static void
greatest(const struct view_pen *p, int estimated, int resource, size_t max,
    struct view_choice *c)
{
	const struct harm_pair *e;

	for (size_t i = 0; i < p->h->pairs && c->n < max; i++) {
		e = p->h->rank[i];
		if (view_of_sort(e, estimated) && (resource == -1 ||
		    p->h->party[e->victim].resource == resource))
			take(p, c, e);
	}
}

/* What a wait took of the time in which its victim had something to do: waited,
 * or ran, as far as that is known. */
static double
weight(const struct view_pen *p, const struct harm_pair *e)
{
	const struct harm_party *v = &p->h->party[e->victim], *cpu;
	uint64_t span = harm_span(p->h, v, p->v->last), ran = 0;

	/* A hundredth of the time, or it is none that anybody would miss. */
	if (span == 0 || e->now < span / 100)
		return 0;
	cpu = harm_find(p->h, p->h->host[v->host].name, v->name, STALL_CPU);
	if (cpu != NULL)
		ran = cpu->now.cpu;
	return (double)e->now / ((double)v->now.waited + (ran > 0 ? ran : span));
}

/* Of the worst that each victim has, the heaviest one that has no place yet. */
static const struct harm_pair *
heaviest(const struct view_pen *p, int estimated, const struct view_choice *c)
{
	const struct harm_pair *e, *best = NULL;
	double w, most = 0;

	for (size_t i = 0; i < p->h->pairs; i++) {
		e = p->h->rank[i];
		if (p->h->party[e->victim].now.top != e ||
		    !view_of_sort(e, estimated) || view_chosen(c, e))
			continue;
		w = weight(p, e);
		if (w > most) {
			most = w;
			best = e;
		}
	}
	return best;
}

void
view_choose(const struct view_pen *p, int estimated, struct view_choice *c)
{
	const struct harm_pair *e;

	c->n = 0;
	for (int r = 0; r < STALL_RESOURCES; r++)
		greatest(p, estimated, r, c->n + 1, c);
	greatest(p, estimated, -1, (p->top + 1) / 2, c);
	while (c->n < p->top && c->n < VIEW_TOP &&
	    (e = heaviest(p, estimated, c)) != NULL)
		take(p, c, e);
	greatest(p, estimated, -1, p->top, c);
}
