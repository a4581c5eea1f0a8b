/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a lane learns from records before the rules look at them. */
#include <string.h>

#include "base/num.h"

#include "core/detect.h"
#include "core/maker.h"

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

/* ---- processes ---- */

/* The field as a string that is kept: what old is, if it is the same. */
static const char *
keep(struct lane *l, const struct rec *r, enum key key, const char *old)
{
	const struct scan_val *v = rec_val(r, key);

	if (v->type != SCAN_STR || v->len == 0)
		return NULL;
	if (rec_interned(r, key))
		return v->p;
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
	/* Names that no two share: better fewer processes than no bound.  What
	 * others hold cannot be had this way, so not more than came. */
	for (int i = 0; i < 2 && intern_bytes(l->strings) > ENGINE_STRINGS; i++)
		kin_forget(l->kins, k);
	l->self = k;
}

void
lane_learn_end(struct lane *l, const struct rec *r)
{
	struct tree_id id;
	struct kin *k;

	if (rec_self(r, &id) && (k = kin_find(l->kins, &id)) != NULL)
		kin_ended(l->kins, k);
}

/* By the text, not by where it lies: who shares a set must not change from one
 * run to the next. */
static struct limit *
limit_set(struct lane *l, const char *cgroup)
{
	return &l->limits[intern_hash(cgroup) % (LIMITS / LIMIT_SET) * LIMIT_SET];
}

static struct limit *
limit_find(struct lane *l, const char *cgroup)
{
	struct limit *set = limit_set(l, cgroup);

	for (int i = 0; i < LIMIT_SET; i++)
		if (set[i].cgroup == cgroup)
			return &set[i];
	return NULL;
}

/* A free one; if there is none, of the one that was told of longest ago. */
static struct limit *
limit_room(struct lane *l, const char *cgroup)
{
	struct limit *set = limit_set(l, cgroup), *m = set;

	for (int i = 0; i < LIMIT_SET; i++) {
		if (set[i].cgroup == NULL)
			return &set[i];
		if (set[i].t < m->t)
			m = &set[i];
	}
	return m;
}

static void
limit_forget(struct lane *l, struct limit *m)
{
	intern_put(l->strings, m->cgroup);
	*m = (struct limit){ 0 };
}

static void
learn_limit(struct lane *l, const struct rec *r)
{
	const char *s = lane_cgroup(l, r, K_cgroup, K_cgroup_v1);
	uint64_t max = rec_num(r, K_memory_max_bytes, 0);
	struct limit *m;

	if (s == NULL)
		return;
	m = limit_find(l, s);
	if (max == 0) {
		if (m != NULL)
			limit_forget(l, m);
		return;
	}
	if (m == NULL) {
		m = limit_room(l, s);
		limit_forget(l, m);
		m->cgroup = intern_hold(s);
	}
	m->memory_max = max;
	m->memory = rec_num(r, K_memory_bytes, 0);
	m->t = l->now;
}

uint64_t
limit_left(const struct limit *m)
{
	return m->memory < m->memory_max ? m->memory_max - m->memory : 0;
}

const struct limit *
lane_limit(struct lane *l, const char *cgroup)
{
	const struct limit *least = NULL, *m;
	const char *s, *slash;

	for (size_t n = strlen(cgroup); n > 0;
	    n = (slash = memrchr(cgroup, '/', n)) != NULL ? slash - cgroup : 0) {
		if ((s = intern_get(l->strings, cgroup, n)) == NULL)
			break;
		m = limit_find(l, s);
		if (m != NULL && (least == NULL ||
		    limit_left(m) < limit_left(least)))
			least = m;
		intern_put(l->strings, s);
	}
	return least;
}

void
lane_learn(struct lane *l, const struct rec *r)
{
	uint64_t cpu;

	if (r->real != REAL_UNTOLD) {
		l->real_ns = r->real;
		l->time_ns = r->t;
	}
	if (!l->cpus_said && (cpu = rec_num(r, K_cpu, UINT64_MAX)) < 65536 &&
	    cpu >= l->cpus)
		l->cpus = cpu + 1;
	switch (r->kind) {
	case EV_source:
		learn_source(l, r);
		break;
	case EV_lost:
		hole_learn(l, r);
		break;
	case EV_stall:
		accuse_learn(l, r);
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
