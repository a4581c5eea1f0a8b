/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One host: what its records tell that any detector may ask for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "core/group.h"
#include "core/maker.h"

const char resources[] = "cpu memory io irq";

/* ---- a record's fields ---- */

const struct scan_val rec_none = { .type = SCAN_NONE };

double
rec_double(const struct rec *r, enum key key)
{
	double d;

	return scan_double(rec_val(r, key), &d) == 0 ? d : NAN;
}

int
rec_id(const struct rec *r, enum key key, struct tree_id *id)
{
	const struct scan_val *v = rec_val(r, key);

	*id = (struct tree_id){ 0 };
	return v->type == SCAN_STR && event_id_parse(v->p, v->len, &id->boot,
	    &id->start, &id->pid) == 0 && id->pid != 0;
}

const char *
lane_sym(struct lane *l, const struct rec *r, enum key key)
{
	const struct scan_val *v = rec_val(r, key);
	char buf[WHERE_TEXT];

	if (l->sym[key] != NULL || v->type == SCAN_NONE ||
	    v->type == SCAN_NULL)
		return l->sym[key];
	if (v->type == SCAN_STR && v->escaped) {
		scan_str(v, buf, sizeof(buf));
		l->sym[key] = intern_get(l->strings, buf, strlen(buf));
	} else
		l->sym[key] = intern_get(l->strings, v->p, v->len);
	if (l->sym[key] == NULL)
		l->nomem = 1;
	else
		l->syms[l->nsyms++] = key;
	return l->sym[key];
}

const char *
lane_cgroup(struct lane *l, const struct rec *r, enum key v2, enum key v1)
{
	const char *s = lane_sym(l, r, v2);

	if (s != NULL && strcmp(s, "/") == 0 &&
	    rec_val(r, v1)->type == SCAN_STR)
		s = lane_sym(l, r, v1);
	return s;
}

enum resource
lane_resource(const struct rec *r)
{
	const struct scan_val *v = rec_val(r, K_resource);
	char word[8];
	int n;

	if (scan_str(v, word, sizeof(word)) == -1 ||
	    (n = value_choice(resources, word)) == -1)
		return RES_NONE;
	return n;
}

static int
of_process(struct lane *l, enum by by, const struct rec *r, struct subject *s)
{
	struct kin *k;

	if (!rec_self(r, &s->id))
		return 0;
	if (by == BY_TREE && (k = kin_find(l->kins, &s->id)) != NULL)
		s->id = kin_root(l->kins, k)->id;
	return 1;
}

int
lane_subject(struct lane *l, const struct rule *rule, enum by by,
    const struct rec *r, struct subject *s)
{
	*s = (struct subject){ .by = by };
	switch (by) {
	case BY_PROCESS:
	case BY_TREE:
		return of_process(l, by, r, s);
	case BY_CGROUP:
		s->s[0] = lane_cgroup(l, r, K_cgroup, K_cgroup_v1);
		break;
	case BY_POD:
		s->s[0] = lane_sym(l, r, K_pod);
		s->s[1] = lane_sym(l, r, K_namespace);
		break;
	case BY_NAMESPACE:
		s->s[0] = lane_sym(l, r, K_namespace);
		break;
	case BY_FIELD:
		s->s[0] = lane_sym(l, r, rule->by_key);
		break;
	case BY_HOST:
		return 1;
	}
	return s->s[0] != NULL;
}

/* ---- time and loss ---- */

/* The wall clock minus boot_ns, by the last record that told both. */
static int
offset(const struct lane *l, int64_t *ns)
{
	uint64_t real;

	if (l->timelen == 0 || num_time(l->time, l->timelen, &real) == -1)
		return -1;
	*ns = (int64_t)(real - l->time_ns);
	return 0;
}

size_t
lane_time(const struct lane *l, uint64_t boot_ns, char *p)
{
	int64_t ns;

	if (offset(l, &ns) == -1)
		return 0;
	num_put_time(p, boot_ns + ns);
	return NUM_TIME;
}

uint64_t
lane_lost(const struct lane *l, uint64_t from, uint64_t kinds)
{
	static const uint64_t of[] = { KIND(fork), KIND(exec), KIND(exit),
	    KIND(reparent), KIND(oom) };
	uint64_t sum = 0;

	for (uint32_t i = 0; i < HOLES && i < l->nholes; i++) {
		if (l->holes[i].to < from)
			continue;
		sum += l->holes[i].by[5];
		for (int k = 0; k < 5; k++)
			if (kinds & of[k])
				sum += l->holes[i].by[k];
	}
	return sum;
}

static void
learn_lost(struct lane *l, const struct rec *r)
{
	const struct scan_val *from = rec_val(r, K_from), *to = rec_val(r, K_to);
	static const enum key kinds[] = { K_forks, K_execs, K_exits, K_reparents,
	    K_ooms };
	struct hole *h = &l->holes[l->nholes++ % HOLES];
	uint64_t a, b;

	h->to = h->from = l->now;
	h->by[5] = rec_num(r, K_count, 1);
	l->e->count.lost += h->by[5];
	for (int k = 0; k < 5; k++) {
		h->by[k] = rec_num(r, kinds[k], 0);
		h->by[5] -= h->by[k] < h->by[5] ? h->by[k] : h->by[5];
	}
	if (from->type == SCAN_STR && num_time(from->p, from->len, &a) == 0 &&
	    to->type == SCAN_STR && num_time(to->p, to->len, &b) == 0 &&
	    b > a && b - a < l->now)
		h->from = l->now - (b - a);
}

static void
learn_source(struct lane *l, const struct rec *r)
{
	uint64_t n;

	if ((n = rec_num(r, K_cpus, 0)) > 0 && n < 65536) {
		l->cpus = n;
		l->cpus_said = 1;
	}
	l->mem_total = rec_num(r, K_memory_total, l->mem_total);
	lack_learn(l, r);
}

/* ---- processes and stalls ---- */

/* The field as a string that is kept: what old is, if it is the same. */
static const char *
keep(struct lane *l, const struct rec *r, enum key key, const char *old)
{
	const struct scan_val *v = rec_val(r, key);

	if (v->type != SCAN_STR || v->len == 0)
		return NULL;
	if (old != NULL && !v->escaped && strncmp(old, v->p, v->len) == 0 &&
	    old[v->len] == '\0')
		return old;
	return lane_sym(l, r, key);
}

/* What it is to those that it makes; a child is what its maker is until it runs
 * another program. */
static enum maker
learn_maker(struct lane *l, const struct rec *r, const struct kin *k)
{
	const struct scan_val *exe = rec_val(r, K_exe);
	const char *base, *slash;
	const struct kin *up;

	if (r->kind == EV_fork && (up = kin_up(l->kins, k)) != NULL)
		return up->maker;
	if (exe->type != SCAN_STR)
		return maker_of(k->comm, NULL, 0);
	slash = memrchr(exe->p, '/', exe->len);
	base = slash != NULL ? slash + 1 : exe->p;
	return maker_of(k->comm, base, exe->p + exe->len - base);
}

static void
learn_process(struct lane *l, const struct rec *r)
{
	struct tree_id id, up;
	struct kin *k;

	if (!rec_self(r, &id))
		return;
	if ((k = kin_get(l->kins, &id)) == NULL) {
		l->nomem = 1;
		return;
	}
	if (k->up.pid == 0 || r->kind == EV_fork) {
		rec_maker(r, &up);
		if (up.pid != 0 && up.boot == id.boot &&
		    (up.start < id.start || (up.start == id.start &&
		    up.pid < id.pid)))
			k->up = up;
	}
	/* What samples tell anew and anew is looked at now and then. */
	if (r->kind != EV_sample || k->comm == NULL ||
	    k->age != (uint8_t)(l->now >> KIN_AGE))
		kin_named(l->kins, k, keep(l, r, K_comm, k->comm),
		    keep(l, r, K_cgroup, k->cgroup));
	if (r->kind == EV_exec || r->kind == EV_snap || r->kind == EV_fork)
		k->maker = learn_maker(l, r, k);
	if (r->kind != EV_exit)
		kin_heard(l->kins, k, l->now);
	l->self = k;
}

static void
learn_end(struct lane *l, const struct rec *r)
{
	struct tree_id id;
	struct kin *k;

	if (rec_self(r, &id) && (k = kin_find(l->kins, &id)) != NULL)
		kin_ended(l->kins, k);
}

static const char *
hold_again(const char *s)
{
	return s != NULL ? intern_hold(s) : NULL;
}

static void
learn_stall(struct lane *l, const struct rec *r)
{
	struct edge *e = &l->edges[l->nedges++ % EDGES];

	intern_put(l->strings, e->victim);
	intern_put(l->strings, e->culprit);
	intern_put(l->strings, e->comm);
	intern_put(l->strings, e->kind);
	*e = (struct edge){ .t = l->now, .ns = rec_num(r, K_stall_ns, 0),
	    .resource = lane_resource(r),
	    .measured = scan_is(rec_val(r, K_method), "measured") };
	if (scan_is(rec_val(r, K_method), "open"))
		e->ns = 0;	/* in no sum yet */
	e->victim = hold_again(lane_cgroup(l, r, K_victim_cgroup,
	    K_victim_cgroup_v1));
	e->culprit = hold_again(lane_cgroup(l, r, K_culprit_cgroup,
	    K_culprit_cgroup_v1));
	e->comm = hold_again(lane_sym(l, r, K_culprit_comm));
	e->kind = hold_again(lane_sym(l, r, K_culprit_kind));
	rec_id(r, K_culprit_id, &e->id);
}

static struct limit *
limit_slot(struct lane *l, const char *cgroup)
{
	uint64_t h = (uintptr_t)cgroup * UINT64_C(0x9e3779b97f4a7c15);

	for (unsigned i = 0; i < 8; i++) {
		struct limit *m = &l->limits[((h >> 32) + i) % LIMITS];

		if (m->cgroup == cgroup || m->cgroup == NULL)
			return m;
	}
	return NULL;
}

static void
learn_limit(struct lane *l, const struct rec *r)
{
	const char *s = lane_cgroup(l, r, K_cgroup, K_cgroup_v1);
	uint64_t max = rec_num(r, K_memory_max_bytes, 0);
	struct limit *m;

	if (s == NULL || (m = limit_slot(l, s)) == NULL ||
	    (m->cgroup == NULL && max == 0))
		return;
	if (m->cgroup == NULL)
		m->cgroup = intern_hold(s);
	m->memory_max = max;
	m->memory = rec_num(r, K_memory_bytes, 0);
	m->t = l->now;
}

const struct limit *
lane_limit(struct lane *l, const char *cgroup)
{
	const struct limit *least = NULL;
	char path[WHERE_TEXT];
	const char *s, *slash;

	for (size_t n = strlen(cgroup); n > 0 && n < sizeof(path);
	    n = (slash = memrchr(path, '/', n)) != NULL ? slash - path : 0) {
		struct limit *m;

		memcpy(path, cgroup, n);
		if ((s = intern_get(l->strings, cgroup, n)) == NULL)
			break;
		m = limit_slot(l, s);
		if (m != NULL && m->cgroup == s && m->memory_max > 0 &&
		    (least == NULL || m->memory_max - m->memory <
		    least->memory_max - least->memory))
			least = m;
		intern_put(l->strings, s);
	}
	return least;
}

static void
learn(struct lane *l, const struct rec *r)
{
	const struct scan_val *time = rec_val(r, K_time);
	uint64_t cpu;

	if (time->type == SCAN_STR && time->len <= sizeof(l->time)) {
		memcpy(l->time, time->p, time->len);
		l->timelen = time->len;
		l->time_ns = r->held.t;
	}
	if (!l->cpus_said && (cpu = rec_num(r, K_cpu, UINT64_MAX)) < 65536 &&
	    cpu >= l->cpus)
		l->cpus = cpu + 1;
	switch (r->kind) {
	case EV_source:
		learn_source(l, r);
		break;
	case EV_lost:
		learn_lost(l, r);
		break;
	case EV_stall:
		learn_stall(l, r);
		break;
	case EV_cgroup:
		learn_limit(l, r);
		break;
	case EV_snap:
	case EV_fork:
	case EV_exec:
	case EV_exit:
	case EV_reparent:
	case EV_sample:
		learn_process(l, r);
	}
}

/* ---- the lane ---- */

static int
in_order(const struct held *x, const struct held *y)
{
	const struct rec *a = (const void *)x, *b = (const void *)y;
	int d;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	/* Of those who made others wait, the worst first. */
	if (a->kind == EV_stall) {
		uint64_t m = rec_num(a, K_stall_ns, 0), n = rec_num(b, K_stall_ns, 0);

		if (m != n)
			return m > n ? -1 : 1;
	}
	d = memcmp(&a->v[a->n], &b->v[b->n], a->len < b->len ? a->len : b->len);
	return d != 0 ? d : (a->len > b->len) - (a->len < b->len);
}

struct lane *
lane_new(struct engine *e, const char *host, size_t len)
{
	struct lane *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->e = e;
	snprintf(l->host, sizeof(l->host), "%.*s", (int)len, host);
	l->hold = hold_new(ENGINE_HELD, e->conf.reorder_ns, in_order);
	l->strings = intern_new();
	l->tally = calloc(RULE_MAX, sizeof(*l->tally));
	l->limits = calloc(LIMITS, sizeof(*l->limits));
	if (l->strings != NULL)
		l->kins = kin_new(ENGINE_PROCS, l->strings);
	if (groups_init(&l->groups, ENGINE_GROUPS) == -1 || l->hold == NULL ||
	    l->strings == NULL || l->kins == NULL || l->tally == NULL ||
	    l->limits == NULL) {
		lane_free(l);
		return NULL;
	}
	return l;
}

void
lane_free(struct lane *l)
{
	if (l == NULL)
		return;
	groups_free(&l->groups);
	kin_free(l->kins);
	hold_free(l->hold);
	intern_free(l->strings);
	free(l->limits);
	free(l->tally);
	free(l);
}

void
lane_until(struct lane *l, uint64_t t)
{
	struct groups *gs = &l->groups;
	struct group *g;

	while (heap_count(gs->due) > 0 && heap_first(gs->due) <= t) {
		g = gs->all[heap_min(gs->due)];
		if (heap_first(gs->due) > l->now)
			l->now = heap_first(gs->due);
		group_settle(l, g);
	}
}

static const struct scan_val *
look(const struct rec *r, unsigned key)
{
	return rec_val(r, key);
}

void
lane_feed(struct lane *l, struct rec *r)
{
	const struct kindset *set = r->set;

	lane_until(l, r->held.t);
	if (r->held.t > l->now)
		l->now = r->held.t;
	l->self = NULL;
	rec_id(r, K_id, &r->self);
	rec_id(r, K_parent_id, &r->parent);
	rec_id(r, K_creator_id, &r->creator);
	learn(l, r);
	for (unsigned i = 0; i < set->nrules; i++)
		if (set->rules[i]->where == NULL ||
		    where_met(set->rules[i]->where, look, r))
			set->rules[i]->det->feed(l, set->rules[i], r);
	if (r->kind == EV_exit)
		learn_end(l, r);
	while (l->nsyms > 0) {
		unsigned k = l->syms[--l->nsyms];

		intern_put(l->strings, l->sym[k]);
		l->sym[k] = NULL;
	}
}
