/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One host: what its records tell that any detector may ask for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "core/detect.h"

/* ---- a record's fields ---- */

const char *
lane_sym(struct lane *l, const struct rec *r, enum key key)
{
	const struct scan_val *v = rec_val(r, key);
	char buf[WHERE_TEXT];

	if (rec_interned(r, key))
		return v->p;
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
	case BY_CULPRIT:
		break;
	case BY_HOST:
		return 1;
	}
	return s->s[0] != NULL;
}

/* ---- time ---- */

size_t
lane_time(const struct lane *l, uint64_t boot_ns, char *p)
{
	if (l->real_ns >= REAL_UNTOLD)
		return 0;
	num_put_time(p, boot_ns + (l->real_ns - l->time_ns));
	return NUM_TIME;
}

/* ---- the lane ---- */

struct lane *
lane_new(struct engine *e, const char *host, size_t len)
{
	struct lane *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->e = e;
	l->real_ns = REAL_UNTOLD;
	snprintf(l->host, sizeof(l->host), "%.*s", (int)len, host);
	l->hostlen = strlen(l->host);
	l->hold = hold_new(ENGINE_HELD, e->conf.reorder_ns, record_order);
	l->strings = intern_new();
	l->tally = calloc(RULE_MAX, sizeof(*l->tally));
	l->limits = calloc(LIMITS, sizeof(*l->limits));
	accuse_init(&l->accuse, l->strings, e->rules);
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
	accuse_free(&l->accuse);
	kin_free(l->kins);
	hold_free(l->hold);
	past_free(&l->past);
	intern_free(l->strings);
	free(l->limits);
	free(l->tally);
	free(l);
}

void
lane_boot(struct lane *l)
{
	struct kins *kins = kin_new(ENGINE_PROCS, l->strings);

	if (kins == NULL) {
		l->nomem = 1;
		return;
	}
	l->forgotten += kin_evicted(l->kins);
	kin_free(l->kins);
	l->kins = kins;
	for (int i = 0; i < LIMITS; i++)
		intern_put(l->strings, l->limits[i].cgroup);
	memset(l->limits, 0, LIMITS * sizeof(*l->limits));
	lacks_forget(l);
	l->cpus = l->cpus_said = 0;
	l->mem_total = 0;
	l->real_ns = REAL_UNTOLD;
}

uint64_t
lane_forgotten(const struct lane *l)
{
	return l->forgotten + kin_evicted(l->kins);
}

void
lane_until(struct lane *l, uint64_t t)
{
	struct groups *gs = &l->groups;
	struct group *g;

	/* No record is of the end of time: see take(). */
	while (heap_first(gs->due) <= t) {
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
lane_feed(struct lane *l, const struct rec *r)
{
	const struct kindset *set = r->set;

	lane_until(l, r->t);
	if (r->t > l->now)
		l->now = r->t;
	l->self = NULL;
	l->groups.before = l->groups.touched;
	lane_learn(l, r);
	for (unsigned i = 0; i < set->nrules; i++)
		if (set->rules[i]->where == NULL ||
		    set->rules[i]->det->whole >> r->kind & 1 ||
		    where_met(set->rules[i]->where, look, r))
			set->rules[i]->det->feed(l, set->rules[i], r);
	if (r->kind == EV_exit)
		lane_learn_end(l, r);
	while (l->nsyms > 0) {
		unsigned k = l->syms[--l->nsyms];

		intern_put(l->strings, l->sym[k]);
		l->sym[k] = NULL;
	}
}
