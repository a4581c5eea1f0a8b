/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/detect.h"

/* ---- what stall records say ---- */

/* How far back a rule's incident looks: until it is closed, to the time in which
 * its condition held last. */
static uint64_t
span(const struct rule *r)
{
	uint64_t ns = r->det->window(r);

	return ns > ACCUSE_LEAST ? ns : ACCUSE_LEAST;
}

static unsigned
level(const struct rule *r)
{
	uint64_t close = r->close < UINT64_C(1) << 60 ? r->close : 0;

	return sums_level(span(r) + close + GROUP_LOOK);
}

void
accuse_init(struct accuse *a, struct intern *strings, const struct rules *rs)
{
	struct sums *all[] = { &a->whole, &a->culprits, &a->victims, &a->pairs };
	uint32_t levels = 0;

	for (size_t i = 0; i < rs->n; i++)
		if (!rs->all[i]->off && (rs->all[i]->det->also & KIND(stall)))
			levels |= UINT32_C(1) << level(rs->all[i]);
	for (int i = 0; i < 4; i++)
		*all[i] = (struct sums){ .levels = levels, .strings = strings,
		    .max = i == 0 ? 8 : i == 3 ? ACCUSE_PAIRS : ACCUSE_ONE };
}

static void
forget_names(struct accuse *a)
{
	sums_forget(&a->culprits);
	sums_forget(&a->victims);
	sums_forget(&a->pairs);
}

void
accuse_forget(struct accuse *a)
{
	sums_forget(&a->whole);
	forget_names(a);
}

void
accuse_free(struct accuse *a)
{
	sums_free(&a->whole);
	sums_free(&a->culprits);
	sums_free(&a->victims);
	sums_free(&a->pairs);
}

/* The culprit, if it is a cgroup, by the root of its tree where a process is told;
 * all else is nobody. */
static void
culprit(struct lane *l, const struct rec *r, struct sum *k)
{
	struct kin *kin;

	if (!scan_is(rec_val(r, K_culprit_kind), "cgroup"))
		return;
	k->culprit = lane_cgroup(l, r, K_culprit_cgroup, K_culprit_cgroup_v1);
	rec_id(r, K_culprit_id, &k->id);
	if ((kin = kin_find(l->kins, &k->id)) != NULL)
		k->id = kin_root(l->kins, kin)->id;
}

void
accuse_learn(struct lane *l, const struct rec *r)
{
	struct accuse *a = &l->accuse;
	struct sum none = { .resource = lane_resource(r) }, by = none, of, pair;
	uint64_t ns = rec_num(r, K_stall_ns, 0);
	int measured = scan_is(rec_val(r, K_method), "measured");

	if (a->whole.levels == 0 || ns == 0 || none.resource == RES_NONE ||
	    scan_is(rec_val(r, K_method), "open"))	/* in no sum yet */
		return;
	/* Names without end: better none than no bound, and it is told. */
	if (intern_bytes(l->strings) > 2 * (size_t)ENGINE_STRINGS)
		forget_names(a);
	culprit(l, r, &by);
	of = none;
	of.victim = lane_cgroup(l, r, K_victim_cgroup, K_victim_cgroup_v1);
	pair = by;
	pair.victim = of.victim;
	if (sums_add(&a->whole, &none, l->now, ns, measured) == -1 ||
	    sums_add(&a->culprits, &by, l->now, ns, measured) == -1 ||
	    sums_add(&a->victims, &of, l->now, ns, measured) == -1 ||
	    sums_add(&a->pairs, &pair, l->now, ns, measured) == -1)
		l->nomem = 1;
}

/* ---- whom that names ---- */

struct blamed {
	const char	*cgroup;	/* NULL, and id: nobody */
	struct tree_id	 id;
	uint64_t	 ns;
};

/* The sums of a resource in a time; victim NULL is any. */
struct query {
	const char	*victim;
	uint64_t	 from, to;
	unsigned	 level;
	uint8_t		 resource;
};

struct answer {
	struct blamed	*all;		/* greatest first, without nobody */
	size_t		 n;
	double		 ns;		/* of all, nobody too */
	int		 guessed;	/* some of it was not measured */
};

static int
below(const char *cgroup, const char *top)
{
	size_t n = strlen(top);

	if (cgroup == NULL)
		return 0;
	return strcmp(top, "/") == 0 || (strncmp(cgroup, top, n) == 0 &&
	    (cgroup[n] == '/' || cgroup[n] == '\0'));
}

static int
by_name(const void *pa, const void *pb)
{
	const struct blamed *a = pa, *b = pb;
	int d = strcmp(a->cgroup != NULL ? a->cgroup : "",
	    b->cgroup != NULL ? b->cgroup : "");

	if (d != 0)
		return d;
	if (a->id.start != b->id.start)
		return a->id.start < b->id.start ? -1 : 1;
	return (a->id.pid > b->id.pid) - (a->id.pid < b->id.pid);
}

static int
by_ns(const void *pa, const void *pb)
{
	const struct blamed *a = pa, *b = pb;

	return a->ns != b->ns ? (a->ns < b->ns ? 1 : -1) : by_name(a, b);
}

/* What each had, by the name in its key that is asked for. */
static void
take(const struct query *q, const struct sums *s, int victims,
    struct answer *x)
{
	for (size_t i = 0; s->all != NULL && i < s->max; i++) {
		const struct sum *e = &s->all[i];
		struct blamed b = { victims ? e->victim : e->culprit, e->id, 0 };

		if (e->t == 0 || e->resource != q->resource ||
		    (q->victim != NULL && !below(e->victim, q->victim)) ||
		    (b.ns = sums_get(s, e, q->level, q->from, q->to)) == 0)
			continue;
		x->ns += b.ns;
		x->guessed |= e->guessed > q->from;
		if (b.cgroup != NULL || b.id.pid != 0)
			x->all[x->n++] = b;
	}
}

/* One for each, the greatest first.  0, or -1 without memory; free x->all. */
static int
ask(const struct query *q, const struct sums *s, int victims,
    struct answer *x)
{
	size_t n = 0;

	*x = (struct answer){ .all = calloc(s->max, sizeof(*x->all)) };
	if (x->all == NULL)
		return -1;
	take(q, s, victims, x);
	qsort(x->all, x->n, sizeof(*x->all), by_name);
	for (size_t i = 0; i < x->n; i++)
		if (n > 0 && by_name(&x->all[n - 1], &x->all[i]) == 0)
			x->all[n - 1].ns += x->all[i].ns;
		else
			x->all[n++] = x->all[i];
	x->n = n;
	qsort(x->all, x->n, sizeof(*x->all), by_ns);
	return 0;
}

/* All that was waited, whoever was told apart. */
static double
whole(const struct lane *l, const struct query *q)
{
	const struct sums *s = &l->accuse.whole;
	double ns = 0;

	for (size_t i = 0; s->all != NULL && i < s->max; i++)
		if (s->all[i].resource == q->resource)
			ns += sums_get(s, &s->all[i], q->level, q->from, q->to);
	return ns;
}

static void
list(struct lane *l, struct report *r, const char *name, const struct answer *x)
{
	size_t n = r->nlists;

	if (n == LISTS || x->n == 0)
		return;
	r->lists[n].name = name;
	for (size_t i = 0; i < x->n && i < ITEMS; i++) {
		const struct kin *k = kin_find(l->kins, &x->all[i].id);

		r->lists[n].items[r->lists[n].n++] = (struct item){
		    .id = x->all[i].id, .cgroup = x->all[i].cgroup,
		    .comm = k != NULL ? k->comm : NULL,
		    .ns = x->all[i].ns, .exit_code = -1, .signal = -1 };
	}
	r->nlists++;
}

/* The worst of them, who had that part of so much. */
static void
name(struct lane *l, struct report *r, const struct answer *x, double of)
{
	const struct blamed *b = x->all;

	if (x->n == 0) {
		report_why(r, r->confidence, x->ns > 0 ?
		    "no other cgroup caused the stalls that were measured" :
		    "no stall records in this time: nobody can be named");
		return;
	}
	report_process(l, &r->culprit, b->id.pid != 0 ? "tree" : "cgroup",
	    &b->id);
	r->culprit.cgroup = b->cgroup;
	r->culprit.ns = b->ns;
	r->culprit.share = b->ns / of;
	r->method = x->guessed ? "estimated" : "measured";
}

void
accuse_tell(struct lane *l, const struct group *g, struct report *r,
    unsigned resource, const char *victim)
{
	const struct accuse *a = &l->accuse;
	uint64_t to = g->inc.held, back = span(g->rule);
	struct query q = { .victim = victim, .to = to, .resource = resource,
	    .from = to > back ? to - back : 0, .level = level(g->rule) };
	struct answer by = { 0 }, all = { 0 }, of = { 0 };
	double ns, part;

	if (ask(&q, victim != NULL ? &a->pairs : &a->culprits, 0, &by) == -1 ||
	    ask(&q, &a->victims, 1, &of) == -1)
		l->nomem = 1;
	q.victim = NULL;
	ns = whole(l, &q);
	if (victim != NULL && ask(&q, &a->victims, 1, &all) == 0)
		ns = of.ns + (ns > all.ns ? ns - all.ns : 0);
	list(l, r, "culprits", &by);
	if (victim == NULL)
		list(l, r, "victims", &of);
	name(l, r, &by, ns > by.ns ? ns : by.ns);
	part = ns > 0 ? by.ns / ns : 1;
	if (by.n > 0 && part < 0.995)
		report_why(r, r->confidence * part, "the sums cover %.0f %% of the "
		    "waiting: more cgroups than can be told apart", 100 * part);
	free(by.all);
	free(of.all);
	free(all.all);
}
