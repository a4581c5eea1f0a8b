/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of detectors, and what several of them share. */
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

static const struct detector *const all[] = {
	&detect_fork_storm, &detect_fork_burst, &detect_circuit_breaker,
	&detect_psi_saturation, &detect_noisy_neighbor, &detect_throttled,
	&detect_short_lived, &detect_crash_loop, &detect_memory_leak,
	&detect_oom_kill, &detect_oom_risk, &detect_memory_limit,
	&detect_fd_exhaustion, &detect_pids_exhaustion,
	&detect_cpu_spin, &detect_zombie, &detect_d_state,
	&detect_count, &detect_rate, &detect_gauge, &detect_slope,
};

enum { NALL = sizeof(all) / sizeof(all[0]) };

const struct detector *
detect_named(const char *name)
{
	for (size_t i = 0; i < NALL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

const char *
detect_names(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NALL && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", i > 0 ? " " : "",
		    all[i]->name);
	return buf;
}

/* How long a record may be away before something is missing. */
static uint64_t
patience(uint64_t interval)
{
	return interval == 0 ? SUSTAIN_SILENT / 2 : 2 * interval + SUSTAIN_SLACK;
}

void
sustain_put(struct sustain *s, uint64_t t, uint64_t interval, double value,
    double limit)
{
	/* What was not seen was not above. */
	int hole = s->last == 0 || t - s->last > patience(interval);

	if (!(value > limit))
		s->since = 0;
	else if (s->since == 0 || hole)
		s->since = t > interval ? t - interval : 1;
	s->value = value;
	s->last = t;
	s->interval = interval;
}

enum verdict
sustain_judge(const struct sustain *s, uint64_t now, uint64_t needed,
    double limit)
{
	if (s->last == 0 || (s->since == 0 && !(s->value > limit * CLEAR)))
		return CALM;
	/* Silence is not calm where it was none; but no reason to go on for ever. */
	if (now - s->last > patience(s->interval))
		return now - s->last > SUSTAIN_SILENT ? CALM : STAY;
	if (s->since != 0 && s->last - s->since >= needed)
		return FIRE;
	return s->value > limit * CLEAR ? STAY : CALM;
}

/* ---- whom to blame ---- */

static int
same(const struct blamed *b, const char *cgroup, const char *kind,
    const struct tree_id *id)
{
	return b->cgroup == cgroup && b->kind == kind &&
	    b->id.start == id->start && b->id.pid == id->pid;
}

static void
blame_add(struct blame_sum *sum, const char *cgroup, const char *kind,
    const struct tree_id *id, uint64_t ns)
{
	struct blamed *b = sum->all, *end = b + sum->n;

	while (b < end && !same(b, cgroup, kind, id))
		b++;
	if (b == end) {
		if (sum->n == BLAMED)
			return;
		*b = (struct blamed){ .cgroup = cgroup, .kind = kind, .id = *id };
		sum->n++;
	}
	b->ns += ns;
	/* Greatest first; of two alike, the one that came first. */
	for (; b > sum->all && b[-1].ns < b->ns; b--) {
		struct blamed x = b[-1];

		b[-1] = *b;
		*b = x;
	}
}

void
blame_window(struct lane *l, enum resource res, const char *victim,
    uint64_t from, struct blame_sum *culprits, struct blame_sum *victims)
{
	static const struct tree_id nobody;
	uint32_t n = l->nedges < EDGES ? l->nedges : EDGES;

	memset(culprits, 0, sizeof(*culprits));
	memset(victims, 0, sizeof(*victims));
	for (uint32_t i = l->nedges - n; i != l->nedges; i++) {
		const struct edge *e = &l->edges[i % EDGES];
		struct tree_id id = e->id;
		struct kin *k;

		if (e->t <= from || e->resource != res || e->ns == 0 ||
		    (victim != NULL && e->victim != victim))
			continue;
		culprits->total += e->ns;
		victims->total += e->ns;
		if ((k = kin_find(l->kins, &id)) != NULL)
			id = kin_root(l->kins, k)->id;
		blame_add(victims, e->victim, NULL, &nobody, e->ns);
		if (e->kind != NULL && strcmp(e->kind, "cgroup") == 0)
			blame_add(culprits, e->culprit, e->kind, &id, e->ns);
		culprits->sampled |= !e->measured;
	}
}

static void
list(struct lane *l, struct report *r, const char *name,
    const struct blame_sum *sum)
{
	size_t n = r->nlists;

	if (n == LISTS || sum->n == 0)
		return;
	r->lists[n].name = name;
	for (size_t i = 0; i < sum->n && i < ITEMS; i++) {
		const struct kin *k = kin_find(l->kins, &sum->all[i].id);

		r->lists[n].items[r->lists[n].n++] = (struct item){
		    .id = sum->all[i].id, .cgroup = sum->all[i].cgroup,
		    .comm = k != NULL ? k->comm : NULL,
		    .ns = sum->all[i].ns, .exit_code = -1, .signal = -1 };
	}
	r->nlists++;
}

void
blame_tell(struct lane *l, struct report *r, enum resource res,
    const char *victim, uint64_t from)
{
	struct blame_sum culprits, victims;
	const struct blamed *b = culprits.all;

	blame_window(l, res, victim, from, &culprits, &victims);
	list(l, r, "culprits", &culprits);
	if (victim == NULL)
		list(l, r, "victims", &victims);
	if (culprits.n == 0) {
		report_why(r, r->confidence, victims.total > 0 ?
		    "no other cgroup caused the stalls that were measured" :
		    "no stall records in this time: nobody can be named");
		return;
	}
	report_process(l, &r->culprit, b->id.pid != 0 ? "tree" : "cgroup",
	    &b->id);
	r->culprit.cgroup = b->cgroup;
	r->culprit.ns = b->ns;
	r->culprit.share = (double)b->ns / culprits.total;
	r->method = culprits.sampled ? "estimated" : "measured";
}
