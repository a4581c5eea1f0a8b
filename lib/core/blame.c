/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rec/wire.h"

#include "core/blame.h"

/* All ones would be read as unknown. */
#define MOST (WIRE_UNKNOWN_64 - 1)

static const char *const resources[STALL_RESOURCES] = { "cpu", "io", "memory" };
static const char *const kinds[STALL_KINDS] = {
	"cgroup", "self", "throttle", "limit", "kthread", "irq", "steal",
	"idle", "unknown", "older",
};
static const char *const methods[] = { "measured", "sampled", "estimated" };

/* What one party waited: its edges are n of edge[] from first on. */
struct total {
	const struct stall_party *party;
	size_t		 first, n;
	uint64_t	 ns, by[STALL_KINDS];
};

/* What others waited because of one party. */
struct harm {
	const struct stall_party *party;
	uint64_t	 ns, psi_ns, victims;
	uint8_t		 method;	/* the weakest of its edges */
	uint8_t		 psi;		/* psi_ns is known */
};

struct job {
	const struct blame_conf	*conf;
	const struct stall_window *w;
	const struct stall_edge	**edge;
	struct total		*total;	/* one for each party */
	struct harm		*harm;	/* likewise */
	void			*rec;	/* room for any record of the window */
	blame_fn		*fn;
	void			*arg;
};

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > MOST || b > MOST - a ? MOST : a + b;
}

/* a * b / c, rounded down: nothing becomes all by rounding. */
static uint64_t
part(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 v;

	if (c == 0)
		return WIRE_UNKNOWN_64;
	v = (unsigned __int128)a * b / c;
	return v > MOST ? MOST : v;
}

static uint64_t
micro(uint64_t a, uint64_t b)
{
	return part(a, 1000000, b);
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
	const struct total *a = pa, *b = pb;
	int c = order(b->ns, a->ns);

	return c != 0 ? c : by_party(a->party, b->party);
}

static int
by_harm(const void *pa, const void *pb)
{
	const struct harm *a = pa, *b = pb;
	int c = order(b->ns, a->ns);

	return c != 0 ? c : by_party(a->party, b->party);
}

/* Whose ends are one cgroup says that its own tasks did it. */
static enum stall_kind
kind(const struct stall_edge *e)
{
	return e->kind == STALL_CGROUP && e->culprit == e->victim ?
	    STALL_SELF : e->kind;
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

static char *
tail(char *p, __u32 *len, const char *s, size_t n)
{
	*len = s != NULL ? n : 0;
	if (*len > 0)
		memcpy(p, s, n);
	return p + *len;
}

static char *
word(char *p, __u32 *len, const char *s)
{
	return tail(p, len, s, strlen(s));
}

/* Both paths of a party, which stand one behind the other in each kind. */
#define PARTY(p, r, who, c) do {					\
	(r)->who##_cgroup_id = (c)->cgroup_id;				\
	(r)->who##_cgroup_v1_id = (c)->cgroup_v1_id;			\
	(p) = tail((p), &(r)->len_##who##_cgroup, (c)->cgroup,		\
	    (c)->cgroup_len);						\
	(p) = tail((p), &(r)->len_##who##_cgroup_v1, (c)->cgroup_v1,	\
	    (c)->cgroup_v1_len);					\
} while (0)

static int
hand(const struct job *j, struct wire_head *h, int ev, const char *end)
{
	*h = (struct wire_head){ .kind = ev, .boot_ns = j->w->to,
	    .size = end - (const char *)h };
	return j->fn(j->arg, h, h->size);
}

/* The part of the wait that is explained. */
static uint64_t
coverage(const struct total *t)
{
	uint64_t dark = sum(t->by[STALL_UNKNOWN], t->by[STALL_OLDER]);

	return micro(dark < t->ns ? t->ns - dark : 0, t->ns);
}

static int
tell_edge(const struct job *j, const struct total *t, const struct stall_edge *e)
{
	struct wire_stall *r = j->rec;
	const struct stall_party *c = e->culprit != STALL_NOBODY ?
	    &j->w->party[e->culprit] : NULL;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = r->pad1 = r->culprit_id_pad = 0;
	r->len_culprit_cgroup = r->len_culprit_cgroup_v1 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	PARTY(p, r, victim, t->party);
	p = word(p, &r->len_culprit_kind, kinds[kind(e)]);
	p = tail(p, &r->len_culprit_comm, e->comm,
	    strnlen(e->comm, sizeof(e->comm)));
	if (c != NULL)
		PARTY(p, r, culprit, c);
	r->culprit_id_start = e->start;
	r->culprit_pid = e->pid;
	r->window_ns = j->w->to - j->w->from;
	r->stall_ns = e->ns < MOST ? e->ns : MOST;
	r->waits = e->waits;
	r->share = micro(r->stall_ns, t->ns);
	p = word(p, &r->len_method, methods[e->method]);
	r->confidence = e->method != STALL_ESTIMATED ? coverage(t) :
	    e->confidence < 1000 ? e->confidence * UINT64_C(1000) : 1000000;
	return hand(j, &r->head, EV_stall, p);
}

static int
tell_total(const struct job *j, const struct total *t)
{
	struct wire_stall_total *r = j->rec;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = r->pad1 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	PARTY(p, r, victim, t->party);
	r->window_ns = j->w->to - j->w->from;
	r->stall_ns = t->ns;
	/* Time was waited, so some wait ended: 0 is not known. */
	if (t->party->waits > 0)
		r->waits = t->party->waits;
	r->by_neighbour = t->by[STALL_CGROUP];
	r->by_self = t->by[STALL_SELF];
	r->by_throttle = t->by[STALL_THROTTLE];
	r->by_limit = t->by[STALL_LIMIT];
	r->by_kthread = t->by[STALL_KTHREAD];
	r->by_irq = t->by[STALL_IRQ];
	r->by_steal = t->by[STALL_STEAL];
	r->by_idle = t->by[STALL_IDLE];
	r->by_unknown = t->by[STALL_UNKNOWN];
	r->by_older = t->by[STALL_OLDER];
	r->coverage = coverage(t);
	r->psi_some_ns = t->party->psi_some_ns;
	r->psi_full_ns = t->party->psi_full_ns;
	r->wait_max_ns = t->party->wait_max_ns;
	r->open_ns = t->party->open_ns;
	if (t->party->slept_ns > 0)
		r->slept_ns = t->party->slept_ns;
	/* However the wait is divided, its length is what the kernel says. */
	p = word(p, &r->len_method, methods[STALL_MEASURED]);
	return hand(j, &r->head, EV_stall_total, p);
}

static int
tell_harm(const struct job *j, const struct harm *h)
{
	struct wire_stall_culprit *r = j->rec;
	char *p = (char *)(r + 1);

	memset(r, 0xff, sizeof(*r));
	r->pad0 = 0;
	p = word(p, &r->len_resource, resources[j->w->resource]);
	p = word(p, &r->len_culprit_kind, kinds[STALL_CGROUP]);
	PARTY(p, r, culprit, h->party);
	r->window_ns = j->w->to - j->w->from;
	r->induced_ns = h->ns;
	r->victims = h->victims;
	r->cpu_ns = h->party->cpu_ns;
	if (r->cpu_ns != WIRE_UNKNOWN_64)
		r->harm_ratio = micro(h->ns, r->cpu_ns);
	if (h->psi)
		r->psi_contribution = micro(h->psi_ns, r->window_ns);
	p = word(p, &r->len_method, methods[h->method]);
	return hand(j, &r->head, EV_stall_culprit, p);
}

/* By party; the order of the edges is the same. */
static void
add_totals(struct job *j)
{
	const struct stall_edge *e;
	struct total *t;
	size_t first = 0;

	for (size_t i = 0; i < j->w->nedge; i++) {
		e = j->edge[i];
		t = &j->total[e->victim];
		t->n++;
		t->ns = sum(t->ns, e->ns);
		t->by[kind(e)] = sum(t->by[kind(e)], e->ns);
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
waited(const struct total *t)
{
	return t->ns > 0 || is_some(t->party->open_ns) ||
	    is_some(t->party->slept_ns);
}

/* What one victim waited for one culprit, in n edges. */
static void
add_pair(struct job *j, const struct stall_edge *const *edge, size_t n)
{
	struct harm *h = &j->harm[edge[0]->culprit];
	const struct total *t = &j->total[edge[0]->victim];
	uint64_t ns = 0, psi = t->party->psi_some_ns;

	for (size_t i = 0; i < n; i++) {
		if (kind(edge[i]) != STALL_CGROUP || edge[i]->ns == 0)
			continue;
		ns = sum(ns, edge[i]->ns);
		if (h->method < edge[i]->method)
			h->method = edge[i]->method;
	}
	if (ns == 0)
		return;
	h->ns = sum(h->ns, ns);
	h->victims++;
	if (psi == WIRE_UNKNOWN_64)
		return;
	h->psi = 1;
	h->psi_ns = sum(h->psi_ns, part(psi, ns, t->ns));
}

static void
add_harm(struct job *j)
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
tell_victims(struct job *j)
{
	const struct stall_edge *e;
	const struct total *t;
	int rc;

	qsort(j->edge, j->w->nedge, sizeof(*j->edge), by_victim);
	qsort(j->total, j->w->nparty, sizeof(*j->total), by_total);
	for (size_t i = 0; i < j->w->nparty; i++) {
		t = &j->total[i];
		if (!waited(t))
			continue;
		if ((rc = tell_total(j, t)) != 0)
			return rc;
		for (size_t k = t->first; k < t->first + t->n; k++) {
			e = j->edge[k];
			if (e->ns > 0 && e->ns >= j->conf->min_ns &&
			    (rc = tell_edge(j, t, e)) != 0)
				return rc;
		}
	}
	return 0;
}

static int
tell_culprits(struct job *j)
{
	int rc;

	qsort(j->harm, j->w->nparty, sizeof(*j->harm), by_harm);
	for (size_t i = 0; i < j->w->nparty && j->harm[i].ns > 0; i++)
		if ((rc = tell_harm(j, &j->harm[i])) != 0)
			return rc;
	return 0;
}

/* The greatest record that the window can make. */
static size_t
room(const struct stall_window *w)
{
	size_t n, most = 0;

	for (size_t i = 0; i < w->nparty; i++) {
		n = (size_t)w->party[i].cgroup_len + w->party[i].cgroup_v1_len;
		most = n > most ? n : most;
	}
	return sizeof(struct wire_stall_total) + sizeof(struct wire_stall) +
	    2 * most + 64;
}

int
blame(const struct blame_conf *conf, const struct stall_window *w, blame_fn *fn,
    void *arg)
{
	struct job j = { .conf = conf, .w = w, .fn = fn, .arg = arg };
	int rc = -1;

	if (!valid(w)) {
		errno = EINVAL;
		return -1;
	}
	j.edge = calloc(w->nedge + 1, sizeof(*j.edge));
	j.total = calloc(w->nparty + 1, sizeof(*j.total));
	j.harm = calloc(w->nparty + 1, sizeof(*j.harm));
	j.rec = malloc(room(w));
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
