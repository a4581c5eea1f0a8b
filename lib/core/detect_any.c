/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* count, rate, gauge, slope: any numeric field of any kind, by any field. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

static const uint8_t keys[] = { K_interval_ns, K_NONE };

/* The groups that the record counts for: each that `by` names. */
static struct group *
next(struct lane *l, const struct rule *r, const struct rec *rec, int *by)
{
	struct subject s;

	while (++*by <= BY_FIELD)
		if (r->by >> *by & 1 && lane_subject(l, r, *by, rec, &s))
			return group_get(l, r, &s);
	return NULL;
}

static const char *
who(struct lane *l, struct group *g, char *buf, size_t size)
{
	struct party p = { 0 };

	incident_subject(l, g, &p);
	return party_text(&p, buf, size);
}

static const char *
kind_name(const struct rule *r)
{
	return event_desc(__builtin_ctzll(r->kinds))->name;
}

#define ALL_BY	(BY(PROCESS) | BY(TREE) | BY(CGROUP) | BY(POD) |	\
		BY(NAMESPACE) | BY(HOST) | BY(FIELD))

/* ---- count, rate ---- */

enum { C_ABOVE, C_WINDOW, C_FIELD };

static uint64_t
count_length(const struct rule *r)
{
	return r->p[C_WINDOW];
}

static double
sum(struct lane *l, struct group *g)
{
	return total_sum((void *)g->state, g->rule->p[C_WINDOW], l->now);
}

static void
count_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	double d = r->field_key == K_NONE ? 1 : rec_double(rec, r->field_key);
	struct group *g;

	if (!(d >= 0) || d > 0x1p52)
		return;
	for (int by = -1; (g = next(l, r, rec, &by)) != NULL;) {
		total_add((void *)g->state, r->p[C_WINDOW], l->now, d);
		group_seen(l, g, rec);
		group_settle(l, g);
	}
}

static enum verdict
count_judge(struct lane *l, struct group *g)
{
	g->inc.value = sum(l, g);
	return detect_above(g->inc.value, g->rule->p[C_ABOVE]);
}

static enum verdict
rate_judge(struct lane *l, struct group *g)
{
	g->inc.value = sum(l, g) / g->rule->p[C_WINDOW] * 1e9;
	return detect_above(g->inc.value, g->rule->p[C_ABOVE]);
}

static void
count_tell(struct lane *l, struct group *g, struct report *r)
{
	const struct rule *rule = g->rule;
	int rate = rule->det == &detect_rate;
	double v = sum(l, g) / (rate ? rule->p[C_WINDOW] / 1e9 : 1);
	char by[100], len[VALUE_TEXT], num[VALUE_TEXT];

	if (rate)
		report_rate(r, "rate", value_unit_of(rule->field), v, rule->p[C_ABOVE]);
	else
		report_value(r, "count", value_unit_of(rule->field), v,
		    rule->p[C_ABOVE]);
	snprintf(r->summary, sizeof(r->summary), "%s: %s%s of %s%s%s in %s",
	    who(l, g, by, sizeof(by)), value_text(num, value_unit_of(rule->field), v),
	    rate ? " a second" : "", kind_name(rule),
	    rule->field_key != K_NONE ? " " : "", rule->field,
	    value_text(len, UNIT_TIME, rule->p[C_WINDOW]));
}

static const struct param count_params[] = {
	[C_ABOVE] = { "above", UNIT_ANY, NULL, "0", 0 },
	[C_WINDOW] = { "window", UNIT_TIME, "10s", NULL, 0 },
	[C_FIELD] = { "field", UNIT_TEXT, NULL, NULL, 1 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_count = {
	.name = "count", .by = ALL_BY, .by_def = BY(HOST), .severity = SEV_LOW,
	.state = sizeof(struct total), .keys = keys, .params = count_params,
	.feed = count_feed, .judge = count_judge, .tell = count_tell,
	.window = count_length,
};

const struct detector detect_rate = {
	.name = "rate", .by = ALL_BY, .by_def = BY(HOST), .severity = SEV_LOW,
	.state = sizeof(struct total), .keys = keys, .params = count_params,
	.feed = count_feed, .judge = rate_judge, .tell = count_tell,
	.window = count_length,
};

/* ---- gauge ---- */

enum { G_FIELD, G_ABOVE, G_BELOW, G_FOR };

struct gauge {
	struct sustain	s;
	double		v;
};

static uint64_t
gauge_length(const struct rule *r)
{
	return r->p[G_FOR];
}

static int
gauge_check(struct rule *r, char *why)
{
	r->down = r->given[G_BELOW];
	if (r->given[G_ABOVE] != r->given[G_BELOW])
		return 0;
	snprintf(why, RULE_WHY, "[%s]: want above or below, and not both",
	    r->name);
	return -1;
}

/* So that only one way need be looked at: above is positive. */
static double
upward(const struct rule *r, double v)
{
	return r->given[G_ABOVE] ? v : -v;
}

static double
gauge_limit(const struct rule *r)
{
	return r->given[G_ABOVE] ? r->p[G_ABOVE] : -r->p[G_BELOW];
}

static void
gauge_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t interval = rec_num(rec, K_interval_ns, 0);
	double v = rec_double(rec, r->field_key);
	struct gauge *p;
	struct group *g;

	if (isnan(v))
		return;
	for (int by = -1; (g = next(l, r, rec, &by)) != NULL;) {
		p = (void *)g->state;
		p->v = v;
		sustain_see(&p->s, l->now, interval, upward(r, v),
		    gauge_limit(r));
		group_seen(l, g, rec);
		group_settle(l, g);
	}
}

static enum verdict
gauge_judge(struct lane *l, struct group *g)
{
	struct gauge *p = (void *)g->state;

	g->inc.value = p->v;
	return sustain_judge(&p->s, l->now, g->rule->p[G_FOR],
	    gauge_limit(g->rule));
}

static void
gauge_tell(struct lane *l, struct group *g, struct report *r)
{
	struct gauge *p = (void *)g->state;
	const struct rule *rule = g->rule;
	char by[100], num[VALUE_TEXT], limit[VALUE_TEXT];
	double x = rule->given[G_ABOVE] ? rule->p[G_ABOVE] : rule->p[G_BELOW];

	report_value(r, rule->field, value_unit_of(rule->field), p->v, x);
	snprintf(r->summary, sizeof(r->summary), "%s: %s is %s, %s%s %s",
	    who(l, g, by, sizeof(by)), rule->field,
	    value_text(num, value_unit_of(rule->field), p->v),
	    upward(rule, p->v) > gauge_limit(rule) ? "" : "no longer ",
	    rule->given[G_ABOVE] ? "above" : "below",
	    value_text(limit, value_unit_of(rule->field), x));
}

static const struct param gauge_params[] = {
	[G_FIELD] = { "field", UNIT_TEXT, NULL, NULL, 0 },
	[G_ABOVE] = { "above", UNIT_ANY, NULL, "0", 1 },
	[G_BELOW] = { "below", UNIT_ANY, NULL, "0.001", 1 },
	[G_FOR] = { "for", UNIT_TIME, "0s", "0s 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_gauge = {
	.name = "gauge", .by = ALL_BY, .by_def = BY(HOST), .severity = SEV_LOW,
	.state = sizeof(struct gauge), .keys = keys, .params = gauge_params,
	.check = gauge_check, .feed = gauge_feed, .judge = gauge_judge,
	.tell = gauge_tell, .window = gauge_length,
};

/* ---- slope ---- */

enum { S_FIELD, S_ABOVE, S_WINDOW, S_R2, S_POINTS };

struct sloped {
	struct line	line;
};

static uint64_t
slope_length(const struct rule *r)
{
	return r->p[S_WINDOW];
}

static void
slope_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	double v = rec_double(rec, r->field_key);
	struct group *g;

	if (isnan(v))
		return;
	for (int by = -1; (g = next(l, r, rec, &by)) != NULL;) {
		line_put((void *)g->state, r->p[S_WINDOW], l->now, v);
		group_seen(l, g, rec);
		group_settle(l, g);
	}
}

static enum verdict
slope_judge(struct lane *l, struct group *g)
{
	const struct rule *r = g->rule;
	struct fit f = line_fit((void *)g->state, r->p[S_WINDOW], l->now);
	enum verdict v = detect_above(f.slope, r->p[S_ABOVE]);

	g->inc.value = f.slope;
	if (f.n < 2)
		return CALM;
	return v == FIRE && (f.n < r->p[S_POINTS] || f.r2 < r->p[S_R2]) ?
	    STAY : v;
}

static void
slope_tell(struct lane *l, struct group *g, struct report *r)
{
	const struct rule *rule = g->rule;
	struct fit f = line_fit((void *)g->state, rule->p[S_WINDOW], l->now);
	char by[100], num[VALUE_TEXT], len[VALUE_TEXT];

	report_rate(r, "slope", value_unit_of(rule->field), f.slope,
	    rule->p[S_ABOVE]);
	report_value(r, "r2", UNIT_TEXT, f.r2, rule->p[S_R2]);
	report_value(r, "points", UNIT_COUNT, f.n, rule->p[S_POINTS]);
	snprintf(r->summary, sizeof(r->summary),
	    "%s: %s grows by %s a second over %s (R2 %.2f)",
	    who(l, g, by, sizeof(by)), rule->field,
	    value_text(num, value_unit_of(rule->field), f.slope),
	    value_text(len, UNIT_TIME, f.span), f.r2);
}

static const struct param slope_params[] = {
	[S_FIELD] = { "field", UNIT_TEXT, NULL, NULL, 0 },
	[S_ABOVE] = { "above", UNIT_ANY, NULL, "0", 0 },
	[S_WINDOW] = { "window", UNIT_TIME, "5m", NULL, 0 },
	[S_R2] = { "r2", UNIT_ANY, "0.8", "0 1", 0 },
	[S_POINTS] = { "points", UNIT_COUNT, "10", "2 32", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_slope = {
	.name = "slope", .by = ALL_BY, .by_def = BY(HOST), .severity = SEV_LOW,
	.state = sizeof(struct sloped), .keys = keys, .params = slope_params,
	.feed = slope_feed, .judge = slope_judge, .tell = slope_tell,
	.window = slope_length,
};
