/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* noisy_neighbor: who made whom wait, as stall records measured it; never from
 * who used how much. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/noise.h"

enum { ANY_RESOURCE = 4 };

static uint64_t
noise_length(const struct rule *r)
{
	return r->p[N_WINDOW];
}

/* By what culprits and victims are named. */
static unsigned
noise_by(const struct rule *r)
{
	unsigned by = r->by & ~BY(CULPRIT);

	return by != 0 ? by : BY(CGROUP);
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

uint32_t
noise_space(const struct rec *rec, enum key key, uint32_t h)
{
	const struct scan_val *v = rec_val(rec, key);

	for (size_t k = 0; v->type == SCAN_STR && k < v->len; k++)
		h = (h ^ (unsigned char)v->p[k]) * 16777619u;
	return (h ^ '/') * 16777619u;
}

static uint32_t
spaces(const struct rec *rec)
{
	return noise_space(rec, K_culprit_namespace,
	    noise_space(rec, K_victim_namespace, NOISE_SPACE));
}

void
noise_add(struct lane *l, const struct rule *r, struct noise *n, int open,
    const struct rec *rec, uint64_t ns)
{
	double confidence = rec_double(rec, K_confidence);

	if (wide_sum(&n->stall, r->p[N_WINDOW], l->now) == 0)
		n->since = 0;
	/* How sure it was before it was above the limit does not matter now. */
	if (n->since == 0 && !open) {
		n->confidence = 1;
		n->estimated = 0;
	}
	wide_add(&n->stall, r->p[N_WINDOW], l->now, ns);
	if (confidence < n->confidence)
		n->confidence = confidence;
	n->estimated |= !scan_is(rec_val(rec, K_method), "measured");
	n->resource = lane_resource(rec);
}

static void
noise_of(struct lane *l, const struct rule *r, const struct rec *rec,
    const struct subject *s)
{
	struct group *g = group_get(l, r, s);
	struct noise *n;

	if (g == NULL)
		return;
	n = (void *)g->state;
	noise_add(l, r, n, g->inc.open, rec, rec_num(rec, K_stall_ns, 0));
	if (wide_sum(&n->stall, r->p[N_WINDOW], l->now) <= r->p[N_STALL])
		n->since = 0;
	else if (n->since == 0)
		n->since = l->now;
	n->share = rec_double(rec, K_share);
	scan_str(rec_val(rec, K_victim_namespace), n->space[0],
	    sizeof(n->space[0]));
	scan_str(rec_val(rec, K_culprit_namespace), n->space[1],
	    sizeof(n->space[1]));
	group_seen(l, g, rec);
	if (r->by & BY(CULPRIT))
		noise_many_feed(l, r, rec, g);
	group_settle(l, g);
}

enum resource
noise_resource(const struct rule *r, const struct rec *rec)
{
	enum resource res = lane_resource(rec);

	return (r->p[N_RESOURCE] != ANY_RESOURCE && r->p[N_RESOURCE] != res) ||
	    !scan_is(rec_val(rec, K_culprit_kind), "cgroup") ||
	    scan_is(rec_val(rec, K_method), "open") ?	/* in no sum yet */
	    RES_NONE : res;
}

static void
noise_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	enum resource res = noise_resource(r, rec);
	unsigned all = noise_by(r);
	struct subject s;

	if (res == RES_NONE)
		return;
	if (rec->kind == EV_stall_culprit) {
		noise_many_told(l, r, rec);
		return;
	}
	for (int by = 0; by < BY_CULPRIT; by++)
		if (all >> by & 1 && pair(l, by, rec, &s)) {
			s.n = res + 8 * (by == BY_POD ? spaces(rec) : 0);
			noise_of(l, r, rec, &s);
		}
}

static enum verdict
noise_judge(struct lane *l, struct group *g)
{
	struct noise *n = (void *)g->state;
	const struct rule *r = g->rule;
	double ns = wide_sum(&n->stall, r->p[N_WINDOW], l->now);
	enum verdict v = detect_above(ns, r->p[N_STALL]);

	if (g->s.by == BY_CULPRIT)
		return noise_many_judge(l, g);
	g->inc.value = ns;
	if (!(r->by >> g->s.by & 1))
		return CALM;
	/* A share that is not told is not small. */
	return v == FIRE && (n->share * 100 < r->p[N_SHARE] ||
	    l->now - n->since < r->p[N_FOR] ||
	    (!g->inc.open && noise_many_takes(l, g))) ? STAY : v;
}

int
noise_grade(const struct rule *r, double part)
{
	return part > r->p[N_HIGH] ? SEV_HIGH : part >= r->p[N_MEDIUM] ?
	    SEV_MEDIUM : SEV_LOW;
}

/* By the part of the window that the victim waited, at the worst moment so far:
 * what is over was not harmless. */
static int
noise_severity(const struct group *g)
{
	const struct rule *r = g->rule;

	if (r->given_severity)
		return r->severity;
	return g->s.by == BY_CULPRIT ? noise_many_severity(g) :
	    noise_grade(r, 100 * g->inc.peak / r->p[N_WINDOW]);
}

static int
noise_check(struct rule *r, char *why)
{
	if (r->p[N_RESOURCE] == RES_IRQ) {
		snprintf(why, RULE_WHY, "[%s]: resource: no stall record is about irq: "
		    "want cpu, memory, io or any", r->name);
		return -1;
	}
	if (!(r->by & BY(CULPRIT)))
		r->kinds = KIND(stall);
	if (r->p[N_MEDIUM] <= r->p[N_HIGH])
		return 0;
	snprintf(why, RULE_WHY, "[%s]: medium: want no more than high", r->name);
	return -1;
}

void
noise_name(struct party *p, enum by by, const char *s)
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

/* What it is about, and how sure that is. */
static void
tell_doubt(const struct noise *n, struct report *r)
{
	r->resource = resource_text(n->resource);
	r->method = n->estimated ? "estimated" : "measured";
	if (n->confidence < 1)
		report_why(r, n->confidence, "by the stall records: a part of the "
		    "wait is not explained");
	if (n->estimated)
		report_why(r, r->confidence, "not all of it was measured");
}

static void
noise_tell(struct lane *l, struct group *g, struct report *r)
{
	struct noise *n = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t ns = wide_sum(&n->stall, rule->p[N_WINDOW], l->now);
	char by[100], who[100], stall[VALUE_TEXT], len[VALUE_TEXT];

	if (g->s.by == BY_CULPRIT) {
		noise_many_tell(l, g, r);
		tell_doubt(n, r);
		return;
	}
	noise_name(&r->victim, g->s.by, g->s.s[0]);
	noise_name(&r->culprit, g->s.by, g->s.s[1]);
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
	tell_doubt(n, r);
	snprintf(r->summary, sizeof(r->summary), "%s made %s wait %s for %s in %s",
	    party_text(&r->culprit, by, sizeof(by)),
	    party_text(&r->victim, who, sizeof(who)),
	    value_text(stall, UNIT_TIME, ns), r->resource,
	    value_text(len, UNIT_TIME, rule->p[N_WINDOW]));
}

static const uint8_t noise_keys[] = { K_resource, K_method, K_stall_ns,
	K_window_ns, K_induced_ns, K_victims, K_psi_contribution, K_harm_ratio,
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
	[N_TOTAL] = { "total", UNIT_TIME, "10s", NULL, 0 },
	[N_VICTIMS] = { "victims", UNIT_COUNT, "10", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_noisy_neighbor = {
	.name = "noisy_neighbor", .kinds = KIND(stall) | KIND(stall_culprit),
	.by = BY(CGROUP) | BY(POD) | BY(NAMESPACE) | BY(CULPRIT),
	.by_def = BY(CGROUP) | BY(CULPRIT),
	.severity = SEV_LOW, .state = sizeof(struct noise),
	.keys = noise_keys, .params = noise_params, .check = noise_check,
	.feed = noise_feed, .judge = noise_judge, .graver = noise_severity,
	.tell = noise_tell, .window = noise_length,
};
