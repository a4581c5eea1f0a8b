/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/harm_table.h"

static uint64_t
now(const struct harm *h, const struct harm_party *p,
    const struct harm_amount *a, int last)
{
	const struct harm_host *host = &h->host[p->host];

	if (!last)
		return a->sum;
	return a->at == harm_host_end(host, p->resource) ? a->last : 0;
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Who is not in the last look, half an interval before the latest record of one
 * and more, has none any more. */
static uint64_t
pressure(const struct harm *h, const struct harm_party *p, int last)
{
	if (!last)
		return p->some.sum;
	return p->looked.at + p->looked.last / 2 < h->host[p->host].psi_to ? 0 :
	    p->some.last;
}

/* Records of one of the two kinds may be missing, and those of a stall that is
 * too small are: what is greater is nearer the truth. */
static void
sum_party(const struct harm *h, struct harm_party *p, int last)
{
	p->now.waited = greater(now(h, p, &p->waited, last),
	    now(h, p, &p->told, last));
	p->now.dark = greater(now(h, p, &p->dark, last),
	    now(h, p, &p->told_dark, last));
	/* What was open in one window is in a sum of a later one. */
	p->now.open = now(h, p, &p->open, 1);
	p->now.cpu = now(h, p, &p->cpu, last);
	p->now.some = pressure(h, p, last);
	p->now.induced = 0;
	p->now.victims = 0;
	p->now.top = NULL;
}

static void
sum_pair(struct harm *h, const struct harm_pair *p)
{
	struct harm_party *v = &h->party[p->victim], *c;

	if (p->now == 0)
		return;
	if (v->now.top == NULL)
		v->now.top = p;
	if (p->culprit == STALL_NOBODY)
		return;
	c = &h->party[p->culprit];
	c->now.induced = harm_plus(c->now.induced, p->now);
	c->now.victims++;
	c->estimated |= p->estimated;
}

static const char *
culprit(const struct harm *h, const struct harm_pair *p)
{
	if (p->culprit != STALL_NOBODY)
		return h->party[p->culprit].name;
	return p->comm != NULL ? p->comm : "";
}

/* By what they say, not by their places: these depend on who came first. */
static int
by_now(const void *a, const void *b, void *arg)
{
	const struct harm_pair *x = *(const struct harm_pair *const *)a;
	const struct harm_pair *y = *(const struct harm_pair *const *)b;
	const struct harm *h = arg;
	const struct harm_party *v = &h->party[x->victim];
	const struct harm_party *w = &h->party[y->victim];
	int c;

	if (x->now != y->now)
		return x->now > y->now ? -1 : 1;
	if ((c = strcmp(v->name, w->name)) != 0 ||
	    (c = strcmp(h->host[v->host].name, h->host[w->host].name)) != 0 ||
	    (c = v->resource - w->resource) != 0 || (c = x->kind - y->kind) != 0 ||
	    (c = strcmp(culprit(h, x), culprit(h, y))) != 0)
		return c;
	return x->estimated - y->estimated;
}

void
harm_sum(struct harm *h, int last)
{
	struct harm_party *p;

	for (size_t i = 0; i < h->parties; i++)
		sum_party(h, &h->party[i], last);
	for (size_t i = 0; i < h->pairs; i++) {
		h->pair[i].now = now(h, &h->party[h->pair[i].victim],
		    &h->pair[i].ns, last);
		h->rank[i] = &h->pair[i];
	}
	if (h->pairs > 0)
		qsort_r(h->rank, h->pairs, sizeof(*h->rank), by_now, h);
	for (size_t i = 0; i < h->pairs; i++)
		sum_pair(h, h->rank[i]);
	for (size_t i = 0; h->depth == 0 && i < h->parties; i++) {
		p = &h->party[i];
		p->now.induced = greater(p->now.induced,
		    now(h, p, &p->induced, last));
	}
}
