/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "host/look_record.h"
#include "rec/make.h"

#define PERCENT		UINT64_C(100000000)	/* 100 %, in millionths of one */

static uint64_t
share(uint64_t ns, uint64_t interval)
{
	if (ns == WIRE_UNKNOWN_64 || interval == WIRE_UNKNOWN_64 ||
	    interval == 0)
		return WIRE_UNKNOWN_64;
	return ((unsigned __int128)ns * PERCENT + interval / 2) / interval;
}

static void
whose(struct make *m, const struct look_at *a)
{
	if (a->cgroup == NULL)
		return;
	make_num(m, "cgroup_id", a->cgroup->id);
	make_path(m, "cgroup", a->cgroup->path);
}

size_t
look_record_psi(const struct look_at *a, enum psi_resource k,
    const char *reason, void *buf, size_t cap)
{
	const struct look_psi *p = &a->psi[k];
	struct make m;

	make_begin(&m, EV_psi);
	whose(&m, a);
	make_text(&m, "resource", psi_name(k));
	make_text(&m, "reason", reason);
	make_num(&m, "interval_ns", p->interval_ns);
	make_num(&m, "some_ns", p->some_ns);
	make_num(&m, "full_ns", p->full_ns);
	make_num(&m, "some_pct", share(p->some_ns, p->interval_ns));
	make_num(&m, "full_pct", share(p->full_ns, p->interval_ns));
	make_num(&m, "some_total_ns", p->text.some.total_ns);
	make_num(&m, "full_total_ns", p->text.full.total_ns);
	make_num(&m, "avg10", p->text.some.avg10);
	make_num(&m, "avg60", p->text.some.avg60);
	make_num(&m, "avg300", p->text.some.avg300);
	make_num(&m, "full_avg10", p->text.full.avg10);
	make_num(&m, "full_avg60", p->text.full.avg60);
	make_num(&m, "full_avg300", p->text.full.avg300);
	return make_end(&m, p->at, buf, cap);
}

size_t
look_record_stat(const struct look_at *a, void *buf, size_t cap)
{
	const struct look_stat *s = &a->stat;
	struct make m;

	make_begin(&m, EV_cgroup);
	whose(&m, a);
	make_num(&m, "interval_ns", s->interval_ns);
	for (int i = 0; i < CG_VALUES; i++)
		make_num(&m, cgstat_name(i),
		    i < CG_GROWING ? s->grown[i] : s->now.v[i]);
	return make_end(&m, s->at, buf, cap);
}

uint64_t
look_pressure(const struct look_psi *p)
{
	int full = p->text.some.total_ns == WIRE_UNKNOWN_64;
	uint64_t v = share(full ? p->full_ns : p->some_ns, p->interval_ns);

	if (v == WIRE_UNKNOWN_64)
		v = full ? p->text.full.avg10 : p->text.some.avg10;
	return v == WIRE_UNKNOWN_64 ? 0 : v;
}

static int
greater(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The pressure of the last cgroup that is among the top, and how many of just
 * that are. */
static int
bar(struct look *l, enum psi_resource k, size_t top, uint64_t *least,
    size_t *ties)
{
	struct look_at *a;
	size_t n = 0, all;
	uint64_t *v;

	for (all = 1; look_at(l, all) != NULL; all++)
		;
	if ((v = malloc(all * sizeof(*v))) == NULL)
		return -1;
	for (size_t i = 1; (a = look_at(l, i)) != NULL; i++)
		if (a->psi[k].fresh)
			v[n++] = look_pressure(&a->psi[k]);
	qsort(v, n, sizeof(*v), greater);
	if (top > n)
		top = n;
	*least = n > 0 ? v[top - 1] : 0;
	for (*ties = 0; *ties < top && v[top - 1 - *ties] == *least; ++*ties)
		;
	free(v);
	return 0;
}

/* Those of at least min, the machine in any case. */
static void
pick_all(struct look *l, uint64_t min)
{
	struct look_at *a;

	for (size_t i = 0; (a = look_at(l, i)) != NULL; i++) {
		a->told = 0;
		for (int k = 0; k < PSI_RESOURCES; k++)
			if (a->psi[k].fresh && (i == 0 || min == 0 ||
			    look_pressure(&a->psi[k]) >= min))
				a->told |= 1U << k;
	}
}

/* Take away those below the top. */
static int
pick_top(struct look *l, enum psi_resource k, size_t top)
{
	struct look_at *a;
	uint64_t least, p;
	size_t ties;

	if (bar(l, k, top, &least, &ties) == -1)
		return -1;
	for (size_t i = 1; (a = look_at(l, i)) != NULL; i++) {
		if (!a->psi[k].fresh)
			continue;
		p = look_pressure(&a->psi[k]);
		if (p < least || (p == least && ties == 0))
			a->told &= ~(1U << k);
		else
			ties -= p == least;
	}
	return 0;
}

int
look_pick(struct look *l, uint64_t min, size_t top)
{
	pick_all(l, min);
	for (int k = 0; top > 0 && k < PSI_RESOURCES; k++)
		if (pick_top(l, k, top) == -1)
			return -1;
	return 0;
}
