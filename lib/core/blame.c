/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/blame_impl.h"

uint64_t
blame_sum(uint64_t a, uint64_t b)
{
	return a > BLAME_MOST || b > BLAME_MOST - a ? BLAME_MOST : a + b;
}

uint64_t
blame_part(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 v;

	if (c == 0)
		return WIRE_UNKNOWN_64;
	v = (unsigned __int128)a * b / c;
	return v > BLAME_MOST ? BLAME_MOST : v;
}

enum stall_kind
blame_kind(const struct stall_edge *e)
{
	return e->kind == STALL_CGROUP && e->culprit == e->victim ?
	    STALL_SELF : e->kind;
}

static int
order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
by_party(const struct stall_party *a, const struct stall_party *b)
{
	int c;

	if ((c = order(a->cgroup_id, b->cgroup_id)) != 0 ||
	    (c = order(a->cgroup_v1_id, b->cgroup_v1_id)) != 0)
		return c;
	return order((uintptr_t)a, (uintptr_t)b);
}

static int
by_victim(const void *pa, const void *pb)
{
	const struct stall_edge *a = *(const struct stall_edge *const *)pa,
	    *b = *(const struct stall_edge *const *)pb;
	int c;

	if ((c = order(a->victim, b->victim)) != 0 ||
	    (c = order(b->ns, a->ns)) != 0 ||
	    (c = order(a->kind, b->kind)) != 0 ||
	    (c = order(a->culprit, b->culprit)) != 0 ||
	    (c = order(a->pid, b->pid)) != 0 ||
	    (c = memcmp(a->comm, b->comm, sizeof(a->comm))) != 0)
		return c;
	return order((uintptr_t)a, (uintptr_t)b);
}

static int
by_culprit(const void *pa, const void *pb)
{
	const struct stall_edge *a = *(const struct stall_edge *const *)pa,
	    *b = *(const struct stall_edge *const *)pb;
	int c;

	if ((c = order(a->culprit, b->culprit)) != 0 ||
	    (c = order(a->victim, b->victim)) != 0)
		return c;
	return order((uintptr_t)a, (uintptr_t)b);
}

static int
by_total(const void *pa, const void *pb)
{
	const struct blame_total *a = pa, *b = pb;
	int c = order(b->ns, a->ns);

	return c != 0 ? c : by_party(a->party, b->party);
}

static int
by_harm(const void *pa, const void *pb)
{
	const struct blame_harm *a = pa, *b = pb;
	int c = order(b->ns, a->ns);

	return c != 0 ? c : by_party(a->party, b->party);
}

static int
valid(const struct stall_window *w)
{
	const struct stall_edge *e;

	if (w->resource >= STALL_RESOURCES || w->nparty >= STALL_NOBODY ||
	    w->to < w->from)
		return 0;
	for (size_t i = 0; i < w->nedge; i++) {
		e = &w->edge[i];
		if (e->victim >= w->nparty || e->kind >= STALL_KINDS ||
		    e->method > STALL_ESTIMATED ||
		    (e->culprit >= w->nparty && e->culprit != STALL_NOBODY))
			return 0;
	}
	return 1;
}

/* By party; the order of the edges is the same. */
static void
add_totals(struct blame_job *j)
{
	const struct stall_edge *e;
	struct blame_total *t;
	size_t first = 0;

	for (size_t i = 0; i < j->w->nedge; i++) {
		e = j->edge[i];
		t = &j->total[e->victim];
		t->n++;
		t->ns = blame_sum(t->ns, e->ns);
		t->by[blame_kind(e)] = blame_sum(t->by[blame_kind(e)], e->ns);
	}
	for (size_t i = 0; i < j->w->nparty; i++) {
		j->total[i].party = j->harm[i].party = &j->w->party[i];
		j->total[i].first = first;
		first += j->total[i].n;
	}
}

static int
is_some(uint64_t ns)
{
	return ns > 0 && ns != WIRE_UNKNOWN_64;
}

/* A wait that has not ended is one. */
static int
waited(const struct blame_total *t)
{
	return t->ns > 0 || is_some(t->party->open_ns) ||
	    is_some(t->party->slept_ns);
}

/* What one victim waited for one culprit, in n edges. */
static void
add_pair(struct blame_job *j, const struct stall_edge *const *edge, size_t n)
{
	struct blame_harm *h = &j->harm[edge[0]->culprit];
	const struct blame_total *t = &j->total[edge[0]->victim];
	uint64_t ns = 0, psi = t->party->psi_some_ns;

	for (size_t i = 0; i < n; i++) {
		if (blame_kind(edge[i]) != STALL_CGROUP || edge[i]->ns == 0)
			continue;
		ns = blame_sum(ns, edge[i]->ns);
		if (h->method < edge[i]->method)
			h->method = edge[i]->method;
	}
	if (ns == 0)
		return;
	h->ns = blame_sum(h->ns, ns);
	h->victims++;
	if (psi == WIRE_UNKNOWN_64)
		return;
	h->psi = 1;
	h->psi_ns = blame_sum(h->psi_ns, blame_part(psi, ns, t->ns));
}

static void
add_harm(struct blame_job *j)
{
	size_t n = j->w->nedge, k;

	qsort(j->edge, n, sizeof(*j->edge), by_culprit);
	for (size_t i = 0; i < n && j->edge[i]->culprit != STALL_NOBODY; i = k) {
		for (k = i + 1; k < n && j->edge[k]->victim ==
		    j->edge[i]->victim && j->edge[k]->culprit ==
		    j->edge[i]->culprit; k++)
			;
		add_pair(j, &j->edge[i], k - i);
	}
}

static int
tell_victims(struct blame_job *j)
{
	const struct stall_edge *e;
	const struct blame_total *t;
	int rc;

	qsort(j->edge, j->w->nedge, sizeof(*j->edge), by_victim);
	qsort(j->total, j->w->nparty, sizeof(*j->total), by_total);
	for (size_t i = 0; i < j->w->nparty; i++) {
		t = &j->total[i];
		if (!waited(t))
			continue;
		if ((rc = blame_tell_total(j, t)) != 0)
			return rc;
		for (size_t k = t->first; k < t->first + t->n; k++) {
			e = j->edge[k];
			if (e->ns > 0 && e->ns >= j->conf->min_ns &&
			    (rc = blame_tell_edge(j, t, e)) != 0)
				return rc;
		}
	}
	return 0;
}

static int
tell_culprits(struct blame_job *j)
{
	int rc;

	qsort(j->harm, j->w->nparty, sizeof(*j->harm), by_harm);
	for (size_t i = 0; i < j->w->nparty && j->harm[i].ns > 0; i++)
		if ((rc = blame_tell_harm(j, &j->harm[i])) != 0)
			return rc;
	return 0;
}

int
blame(const struct blame_conf *conf, const struct stall_window *w, blame_fn *fn,
    void *arg)
{
	struct blame_job j = { .conf = conf, .w = w, .fn = fn, .arg = arg };
	int rc = -1;

	if (!valid(w)) {
		errno = EINVAL;
		return -1;
	}
	j.edge = calloc(w->nedge + 1, sizeof(*j.edge));
	j.total = calloc(w->nparty + 1, sizeof(*j.total));
	j.harm = calloc(w->nparty + 1, sizeof(*j.harm));
	j.rec = malloc(blame_room(w));
	if (j.edge == NULL || j.total == NULL || j.harm == NULL || j.rec == NULL)
		goto out;
	for (size_t i = 0; i < w->nedge; i++)
		j.edge[i] = &w->edge[i];
	add_totals(&j);
	add_harm(&j);
	if ((rc = tell_victims(&j)) == 0)
		rc = tell_culprits(&j);
out:
	free(j.edge);
	free(j.total);
	free(j.harm);
	free(j.rec);
	return rc;
}
