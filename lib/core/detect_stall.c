/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * noisy_neighbor: who made whom wait, as stall records measured it; never from
 * who used how much.  throttled: who waits for its own quota, which is nobody
 * else's fault.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

/* ---- noisy_neighbor ---- */

enum { N_STALL, N_WINDOW, N_SHARE, N_RESOURCE, N_MEDIUM, N_HIGH, N_FOR };
enum { ANY_RESOURCE = 4 };

struct noise {
	struct wide	stall;
	double		share;		/* of the last record */
	double		confidence;	/* the least */
	uint64_t	since;		/* above the limit without a break; 0 is not */
	char		space[2][64];	/* pods: namespaces of victim and culprit */
	uint8_t		resource, estimated;
};

static uint64_t
noise_length(const struct rule *r)
{
	return r->p[N_WINDOW];
}

/* Victim and culprit, each by that.  1, or 0 if one is not told. */
static int
pair(struct lane *l, enum by by, const struct rec *rec, struct subject *s)
{
	*s = (struct subject){ .by = by };
	switch (by) {
	case BY_POD:
		s->s[0] = lane_sym(l, rec, K_victim_pod);
		s->s[1] = lane_sym(l, rec, K_culprit_pod);
		break;
	case BY_NAMESPACE:
		s->s[0] = lane_sym(l, rec, K_victim_namespace);
		s->s[1] = lane_sym(l, rec, K_culprit_namespace);
		break;
	default:
		s->s[0] = lane_cgroup(l, rec, K_victim_cgroup, K_victim_cgroup_v1);
		s->s[1] = lane_cgroup(l, rec, K_culprit_cgroup,
		    K_culprit_cgroup_v1);
	}
	return s->s[0] != NULL && s->s[1] != NULL && s->s[0] != s->s[1];
}

/* Pods of one name in two namespaces are two: FNV-1a of both namespaces. */
static uint32_t
spaces(const struct rec *rec)
{
	const struct scan_val *v[] = { rec_val(rec, K_victim_namespace),
	    rec_val(rec, K_culprit_namespace) };
	uint32_t h = 2166136261u;

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; v[i]->type == SCAN_STR && k < v[i]->len; k++)
			h = (h ^ (unsigned char)v[i]->p[k]) * 16777619u;
		h = (h ^ '/') * 16777619u;
	}
	return h;
}

static void
noise_of(struct lane *l, const struct rule *r, const struct rec *rec,
    const struct subject *s, enum resource res)
{
	struct group *g = group_get(l, r, s);
	double confidence = rec_double(rec, K_confidence);
	struct noise *n;

	if (g == NULL)
		return;
	n = (void *)g->state;
	if (wide_sum(&n->stall, r->p[N_WINDOW], l->now) == 0) {
		n->confidence = 1;
		n->estimated = 0;
		n->since = 0;
	}
	wide_add(&n->stall, r->p[N_WINDOW], l->now,
	    rec_num(rec, K_stall_ns, 0));
	if (wide_sum(&n->stall, r->p[N_WINDOW], l->now) <= r->p[N_STALL])
		n->since = 0;
	else if (n->since == 0)
		n->since = l->now;
	n->share = rec_double(rec, K_share);
	scan_str(rec_val(rec, K_victim_namespace), n->space[0],
	    sizeof(n->space[0]));
	scan_str(rec_val(rec, K_culprit_namespace), n->space[1],
	    sizeof(n->space[1]));
	if (confidence < n->confidence)
		n->confidence = confidence;
	n->estimated |= !scan_is(rec_val(rec, K_method), "measured");
	n->resource = res;
	group_seen(l, g, rec);
	group_settle(l, g);
}

static void
noise_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	enum resource res = lane_resource(rec);
	struct subject s;

	if (res == RES_NONE || (r->p[N_RESOURCE] != ANY_RESOURCE &&
	    r->p[N_RESOURCE] != res) ||
	    !scan_is(rec_val(rec, K_culprit_kind), "cgroup") ||
	    scan_is(rec_val(rec, K_method), "open"))	/* in no sum yet */
		return;
	for (int by = 0; by < BY_FIELD; by++)
		if (r->by >> by & 1 && pair(l, by, rec, &s)) {
			s.n = res + 8 * (by == BY_POD ? spaces(rec) : 0);
			noise_of(l, r, rec, &s, res);
		}
}

static enum verdict
noise_judge(struct lane *l, struct group *g)
{
	struct noise *n = (void *)g->state;
	double ns = wide_sum(&n->stall, g->rule->p[N_WINDOW], l->now);
	enum verdict v = detect_above(ns, g->rule->p[N_STALL]);

	g->inc.value = ns;
	/* A share that is not told is not small. */
	return v == FIRE && (n->share * 100 < g->rule->p[N_SHARE] ||
	    l->now - n->since < g->rule->p[N_FOR]) ? STAY : v;
}

/* By the part of the window that the victim waited, at the worst moment so far:
 * what is over was not harmless. */
static int
noise_severity(const struct group *g)
{
	const struct rule *r = g->rule;
	double part = 100 * g->inc.peak / r->p[N_WINDOW];

	if (r->given_severity)
		return r->severity;
	return part > r->p[N_HIGH] ? SEV_HIGH : part >= r->p[N_MEDIUM] ?
	    SEV_MEDIUM : SEV_LOW;
}

static int
noise_check(struct rule *r, char *why)
{
	if (r->p[N_RESOURCE] == RES_IRQ) {
		snprintf(why, RULE_WHY, "[%s]: resource: no stall record is about irq: "
		    "want cpu, memory, io or any", r->name);
		return -1;
	}
	if (r->p[N_MEDIUM] <= r->p[N_HIGH])
		return 0;
	snprintf(why, RULE_WHY, "[%s]: medium: want no more than high", r->name);
	return -1;
}

static void
name(struct party *p, enum by by, const char *s)
{
	p->kind = by == BY_POD ? "pod" : by == BY_NAMESPACE ? "namespace" :
	    "cgroup";
	if (by == BY_POD)
		p->pod = s;
	else if (by == BY_NAMESPACE)
		p->namespace = s;
	else
		p->cgroup = s;
}

static void
noise_tell(struct lane *l, struct group *g, struct report *r)
{
	struct noise *n = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t ns = wide_sum(&n->stall, rule->p[N_WINDOW], l->now);
	char by[100], who[100], stall[VALUE_TEXT], len[VALUE_TEXT];

	name(&r->victim, g->s.by, g->s.s[0]);
	name(&r->culprit, g->s.by, g->s.s[1]);
	if (g->s.by == BY_POD) {
		r->victim.namespace = n->space[0][0] != '\0' ? n->space[0] : NULL;
		r->culprit.namespace = n->space[1][0] != '\0' ? n->space[1] : NULL;
	}
	r->subject = r->victim;
	r->culprit.ns = ns;
	report_value(r, "stall", UNIT_TIME, ns, rule->p[N_STALL]);
	if (!isnan(n->share)) {
		report_value(r, "share", UNIT_PCT, n->share * 100,
		    rule->p[N_SHARE]);
		r->culprit.share = n->share;
	}
	r->resource = resource_text(n->resource);
	r->method = n->estimated ? "estimated" : "measured";
	if (n->confidence < 1)
		report_why(r, n->confidence, "by the stall records: a part of the "
		    "wait is not explained");
	if (n->estimated)
		report_why(r, r->confidence, "not all of it was measured");
	snprintf(r->summary, sizeof(r->summary), "%s made %s wait %s for %s in %s",
	    party_text(&r->culprit, by, sizeof(by)),
	    party_text(&r->victim, who, sizeof(who)),
	    value_text(stall, UNIT_TIME, ns), r->resource,
	    value_text(len, UNIT_TIME, rule->p[N_WINDOW]));
}

static const uint8_t noise_keys[] = { K_resource, K_method, K_stall_ns,
	K_share, K_confidence, K_victim_cgroup, K_victim_cgroup_v1,
	K_victim_pod, K_victim_namespace, K_culprit_kind, K_culprit_cgroup,
	K_culprit_cgroup_v1, K_culprit_pod, K_culprit_namespace, K_NONE };

static const struct param noise_params[] = {
	[N_STALL] = { "stall", UNIT_TIME, "500ms", NULL, 0 },
	[N_WINDOW] = { "window", UNIT_TIME, "5s", NULL, 0 },
	[N_SHARE] = { "share", UNIT_PCT, "0%", NULL, 0 },
	[N_RESOURCE] = { "resource", UNIT_CHOICE, "any", "cpu memory io irq any",
	    0 },
	[N_MEDIUM] = { "medium", UNIT_PCT, "50%", "0%", 0 },
	[N_HIGH] = { "high", UNIT_PCT, "200%", "0%", 0 },
	[N_FOR] = { "for", UNIT_TIME, "15s", "0s 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_noisy_neighbor = {
	.name = "noisy_neighbor", .kinds = KIND(stall),
	.by = BY(CGROUP) | BY(POD) | BY(NAMESPACE), .by_def = BY(CGROUP),
	.severity = SEV_LOW, .state = sizeof(struct noise),
	.keys = noise_keys, .params = noise_params, .check = noise_check,
	.feed = noise_feed, .judge = noise_judge, .graver = noise_severity,
	.tell = noise_tell, .window = noise_length,
};

/* ---- throttled ---- */

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

	name(&r->subject, BY_CGROUP, g->s.s[0]);
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
