/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* oom_risk: a cgroup nears its memory limit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"
#include "core/waited.h"

enum { R_HEADROOM, R_WINDOW, R_POINTS };

/* What tells that it is not just caches. */
enum cause { CAUSE_NONE, CAUSE_RSS, CAUSE_WAITS, CAUSE_OOM };

#define RISK_WAITS	5	/* % of the last quarter of the window */
#define RISK_RSS	50	/* % of what the cgroup uses */
enum { LATE = WINDOW_SLOTS / 4 };

struct risk {
	struct line	line;
	struct waited	waited;
	struct window	ooms;		/* times that it could not get below its limit */
	uint64_t	memory, max;
	uint64_t	last, sum, rss;	/* sample; in its round, and the one before */
	uint8_t		rounds, cause;
};

static uint64_t
risk_length(const struct rule *r)
{
	return r->p[R_WINDOW];
}

static void
risk_cgroup(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t max = rec_num(rec, K_memory_max_bytes, 0);
	uint64_t now = rec_num(rec, K_memory_bytes, UINT64_MAX);
	struct subject s;
	struct risk *k;
	struct group *g;

	if (max == 0 || now == UINT64_MAX ||
	    !lane_subject(l, r, BY_CGROUP, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL &&
	    100.0 * (max - (now < max ? now : max)) > 2 * r->p[R_HEADROOM] * max))
		return;
	if ((g = group_get(l, r, &s)) == NULL)
		return;
	k = (void *)g->state;
	k->memory = now;
	k->max = max;
	line_put(&k->line, r->p[R_WINDOW], l->now, now);
	window_add(&k->ooms, r->p[R_WINDOW], l->now,
	    rec_num(rec, K_oom_events, 0));
	group_seen(l, g, rec);
	group_settle(l, g);
}

/* All samples of one round are summed, and known when the next begins. */
static void
risk_sample(struct lane *l, struct risk *k, const struct rec *rec)
{
	uint64_t interval = rec_num(rec, K_interval_ns, 0);
	uint64_t rss = rec_num(rec, K_rss_bytes, UINT64_MAX);

	if (interval == 0 || rss == UINT64_MAX)
		return;
	if (round_begins(&k->last, l->now, interval)) {
		k->rss = k->sum;
		k->rounds += k->rounds < 2;
		k->sum = 0;
	}
	k->sum += rss;
}

/* A process counts for its cgroup and those above. */
static void
risk_samples(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_CGROUP };
	const char *path = lane_cgroup(l, rec, K_cgroup, K_cgroup_v1), *slash;
	struct group *g;

	if (path == NULL)
		return;
	for (size_t n = strlen(path); n > 0;
	    n = (slash = memrchr(path, '/', n)) != NULL ? slash - path : 0) {
		if ((s.s[0] = intern_get(l->strings, path, n)) == NULL)
			return;
		if ((g = group_find(l, r, &s)) != NULL)
			risk_sample(l, (void *)g->state, rec);
		intern_put(l->strings, s.s[0]);
	}
}

static void
risk_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct group *g;
	struct risk *k;
	uint64_t us;

	if (rec->kind == EV_cgroup)
		risk_cgroup(l, r, rec);
	else if (!group_any(l, r))
		return;
	else if (rec->kind == EV_sample)
		risk_samples(l, r, rec);
	else if (waited_us(rec, r->p[R_WINDOW], &us) == 0 &&
	    (g = waited_group(l, r, rec)) != NULL) {
		k = (void *)g->state;
		waited_put(&k->waited, r->p[R_WINDOW], rec, us, l->now);
	}
}

static double
used(const struct risk *k)
{
	return k->max > 0 ? 100.0 * k->memory / k->max : 0;
}

/* The first round may have begun before the cgroup was followed. */
static int
rss_known(const struct risk *k)
{
	return k->rounds > 1;
}

static enum cause
cause_of(struct lane *l, const struct group *g)
{
	struct risk *k = (void *)g->state;
	uint64_t len = g->rule->p[R_WINDOW];

	if (window_sum(&k->ooms, len, l->now) > 0)
		return CAUSE_OOM;
	if (waited_pct(&k->waited, len, l->now, LATE) > RISK_WAITS)
		return CAUSE_WAITS;
	return rss_known(k) && 100.0 * k->rss >= RISK_RSS * (double)k->memory ?
	    CAUSE_RSS : CAUSE_NONE;
}

static enum verdict
risk_judge(struct lane *l, struct group *g)
{
	struct risk *k = (void *)g->state;
	const struct rule *r = g->rule;
	struct fit f = line_fit(&k->line, r->p[R_WINDOW], l->now);
	double limit = 100 - r->p[R_HEADROOM];
	enum cause cause = cause_of(l, g);

	g->inc.value = used(k);
	if (!g->inc.open || cause > k->cause)
		k->cause = cause;
	if (used(k) <= limit)
		return used(k) > limit * 0.95 ? STAY : CALM;
	return f.slope > 0 && f.to > f.from && f.n >= r->p[R_POINTS] ? FIRE : STAY;
}

/* What fills it may be caches, which the kernel takes back before it kills. */
static int
risk_severity(const struct group *g)
{
	const struct risk *k = (const void *)g->state;

	return k->cause == CAUSE_NONE && g->rule->severity > SEV_LOW ? SEV_LOW :
	    g->rule->severity;
}

static void
risk_why(struct lane *l, struct group *g, struct report *r)
{
	struct risk *k = (void *)g->state;
	char rss[VALUE_TEXT];

	if (rss_known(k))
		report_value(r, "rss", UNIT_SIZE, k->rss, NAN);
	if (k->waited.psi_t != 0 || k->cause == CAUSE_WAITS)
		report_value(r, "stalled", UNIT_PCT, waited_pct(&k->waited,
		    g->rule->p[R_WINDOW], l->now, LATE), NAN);
	if (k->cause != CAUSE_NONE)
		return;
	if (rss_known(k))
		report_why(r, 0.5, "its processes have %s: the rest may be caches, "
		    "which the kernel can take back",
		    value_text(rss, UNIT_SIZE, k->rss));
	else
		report_why(r, 0.5, "nothing tells that it is not caches, which the "
		    "kernel can take back");
}

static void
risk_tell(struct lane *l, struct group *g, struct report *r)
{
	struct risk *k = (void *)g->state;
	const struct rule *rule = g->rule;
	struct fit f = line_fit(&k->line, rule->p[R_WINDOW], l->now);
	uint64_t left = k->max > k->memory ? k->max - k->memory : 0;
	char who[100], room[VALUE_TEXT], rate[VALUE_TEXT], end[VALUE_TEXT];
	char grows[3 * VALUE_TEXT + 32] = "it does not grow";

	incident_subject(l, g, &r->subject);
	report_value(r, "used", UNIT_PCT, used(k), 100 - rule->p[R_HEADROOM]);
	report_value(r, "headroom", UNIT_SIZE, left, NAN);
	report_value(r, "limit", UNIT_SIZE, k->max, NAN);
	report_value(r, "slope", UNIT_RATE, f.slope, NAN);
	if (f.slope > 0)
		report_value(r, "time_to_oom", UNIT_TIME, left / f.slope * 1e9, NAN);
	r->resource = "memory";
	risk_why(l, g, r);
	if (f.slope > 0)
		snprintf(grows, sizeof(grows), left > 0 ? "it grows by %s/s: full in %s" :
		    "it grows by %s/s", value_text(rate, UNIT_SIZE, f.slope),
		    value_text(end, UNIT_TIME, left / f.slope * 1e9));
	snprintf(r->summary, sizeof(r->summary), "%s uses %.0f %% of its memory, "
	    "%s are left and %s%s", party_text(&r->subject, who, sizeof(who)),
	    used(k), value_text(room, UNIT_SIZE, left), grows,
	    k->cause == CAUSE_NONE ? ", if it is not caches" : "");
}

static const uint8_t risk_keys[] = { K_memory_bytes, K_memory_max_bytes,
	K_oom_events, K_rss_bytes, K_interval_ns, K_resource, K_some_pct,
	K_victim_cgroup, K_victim_cgroup_v1, K_culprit_kind, K_stall_ns, K_method,
	K_NONE };

static const struct param risk_params[] = {
	[R_HEADROOM] = { "headroom", UNIT_PCT, "10%", NULL, 0 },
	[R_WINDOW] = { "window", UNIT_TIME, "1m", NULL, 0 },
	[R_POINTS] = { "points", UNIT_COUNT, "3", "2 32", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_oom_risk = {
	.name = "oom_risk",
	.kinds = KIND(cgroup) | KIND(psi) | KIND(stall) | KIND(sample),
	.by = BY(CGROUP), .by_def = BY(CGROUP), .severity = SEV_MEDIUM,
	.state = sizeof(struct risk),
	.whole = KIND(psi) | KIND(stall) | KIND(sample), .keys = risk_keys,
	.params = risk_params, .feed = risk_feed, .judge = risk_judge,
	.graver = risk_severity, .tell = risk_tell, .window = risk_length,
};
