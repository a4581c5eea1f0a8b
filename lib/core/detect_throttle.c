/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* throttled: who waits for its own quota, which is nobody else's fault. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

enum { T_ABOVE, T_WINDOW };

struct throttle {
	struct wide	own, stall;	/* by cgroup records; by stall records */
	uint64_t	quota, period;	/* ns; 0 is unknown */
	uint8_t		above;		/* the last record told no local time */
};

static uint64_t
throttle_length(const struct rule *r)
{
	return r->p[T_WINDOW];
}

static int
throttle_subject(struct lane *l, const struct rec *rec, struct subject *s)
{
	*s = (struct subject){ .by = BY_CGROUP };
	s->s[0] = rec->kind == EV_stall ?
	    lane_cgroup(l, rec, K_victim_cgroup, K_victim_cgroup_v1) :
	    lane_cgroup(l, rec, K_cgroup, K_cgroup_v1);
	return s->s[0] != NULL;
}

/* The time that this record tells; 0 is none. */
static uint64_t
throttled(const struct rec *rec)
{
	if (rec->kind == EV_stall)
		return scan_is(rec_val(rec, K_culprit_kind), "throttle") &&
		    !scan_is(rec_val(rec, K_method), "open") ?
		    rec_num(rec, K_stall_ns, 0) : 0;
	return rec_num(rec, K_throttled_local_ns,
	    rec_num(rec, K_throttled_ns, 0));
}

static void
throttle_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t ns = throttled(rec);
	struct throttle *t;
	struct subject s;
	struct group *g;

	if ((ns == 0 && !group_any(l, r)) || !throttle_subject(l, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && ns == 0) ||
	    (g = group_get(l, r, &s)) == NULL)
		return;
	t = (void *)g->state;
	wide_add(rec->kind == EV_stall ? &t->stall : &t->own,
	    r->p[T_WINDOW], l->now, ns);
	if (rec->kind == EV_cgroup) {
		t->quota = rec_num(rec, K_cpu_quota_ns, 0);
		t->period = rec_num(rec, K_cpu_period_ns, 0);
		if (ns > 0)
			t->above = rec_num(rec, K_throttled_local_ns,
			    UINT64_MAX) == UINT64_MAX;
	}
	if (ns > 0)
		group_seen(l, g, rec);
	group_settle(l, g);
}

/* Of the stall records: each task's wait counts. */
static int
by_tasks(struct lane *l, struct group *g)
{
	struct throttle *t = (void *)g->state;

	return wide_sum(&t->stall, g->rule->p[T_WINDOW], l->now) >
	    wide_sum(&t->own, g->rule->p[T_WINDOW], l->now);
}

/* The greater: one may not be there. */
static double
throttle_ns(struct lane *l, struct group *g)
{
	struct throttle *t = (void *)g->state;
	uint64_t a = wide_sum(&t->own, g->rule->p[T_WINDOW], l->now);
	uint64_t b = wide_sum(&t->stall, g->rule->p[T_WINDOW], l->now);

	return by_tasks(l, g) ? b : a;
}

static enum verdict
throttle_judge(struct lane *l, struct group *g)
{
	g->inc.value = throttle_ns(l, g);
	return detect_above(g->inc.value, g->rule->p[T_ABOVE]);
}

static void
throttle_tell(struct lane *l, struct group *g, struct report *r)
{
	struct throttle *t = (void *)g->state;
	const struct rule *rule = g->rule;
	double ns = throttle_ns(l, g);
	int tasks = by_tasks(l, g), above = t->above && !tasks;
	char who[100], time[VALUE_TEXT], len[VALUE_TEXT], quota[100] = "";

	r->subject.kind = "cgroup";
	r->subject.cgroup = g->s.s[0];
	report_value(r, "throttled", UNIT_TIME, ns, rule->p[T_ABOVE]);
	if (t->quota > 0 && t->period > 0) {
		report_value(r, "quota", UNIT_TIME, t->quota, NAN);
		report_value(r, "period", UNIT_TIME, t->period, NAN);
		snprintf(quota, sizeof(quota), " of %.4g processors",
		    (double)t->quota / t->period);
	} else
		report_why(r, r->confidence, "no cgroup record told the quota");
	if (above)
		report_why(r, 0.7, "no throttled_local_ns: the quota may be that of a "
		    "cgroup above it");
	r->resource = "cpu";
	r->method = "measured";
	snprintf(r->summary, sizeof(r->summary), "%s %s %s in %s%s by %s%s",
	    party_text(&r->subject, who, sizeof(who)),
	    tasks ? "was throttled: its tasks waited" : "was throttled for",
	    value_text(time, UNIT_TIME, ns),
	    value_text(len, UNIT_TIME, rule->p[T_WINDOW]),
	    tasks ? ", added up," : "", above ?
	    "its own quota or one above it" : "its own quota", quota);
}

static const uint8_t throttle_keys[] = { K_throttled_ns, K_throttled_local_ns,
	K_cpu_quota_ns, K_cpu_period_ns, K_victim_cgroup, K_victim_cgroup_v1,
	K_culprit_kind, K_stall_ns, K_method, K_NONE };

static const struct param throttle_params[] = {
	[T_ABOVE] = { "throttled", UNIT_TIME, "1s", NULL, 0 },
	[T_WINDOW] = { "window", UNIT_TIME, "10s", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_throttled = {
	.name = "throttled", .kinds = KIND(stall) | KIND(cgroup),
	.by = BY(CGROUP), .by_def = BY(CGROUP), .severity = SEV_LOW,
	.state = sizeof(struct throttle), .keys = throttle_keys,
	.params = throttle_params, .feed = throttle_feed,
	.judge = throttle_judge, .tell = throttle_tell,
	.window = throttle_length,
};
