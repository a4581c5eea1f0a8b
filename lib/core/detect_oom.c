/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* oom_kill: the kernel killed for memory.  oom_risk: a cgroup nears its limit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

/* ---- oom_kill ---- */

enum { O_KILLS, O_WINDOW };

struct kills {
	struct window	told, extra;	/* by oom records; by the cgroup alone */
	struct window	had;		/* counted by the cgroup, but known before */
	struct tree_id	victim, trigger;	/* of the last; pid 0 is not told */
	uint64_t	rss;
	char		comm[24], trigger_comm[24], scope[8];
};

static uint64_t
kills_length(const struct rule *r)
{
	return r->p[O_WINDOW];
}

static void
kill_of(struct kills *k, const struct rec *rec)
{
	rec_self(rec, &k->victim);
	rec_id(rec, K_trigger_id, &k->trigger);
	k->comm[0] = k->trigger_comm[0] = k->scope[0] = '\0';
	scan_str(rec_val(rec, K_comm), k->comm, sizeof(k->comm));
	scan_str(rec_val(rec, K_trigger_comm), k->trigger_comm,
	    sizeof(k->trigger_comm));
	scan_str(rec_val(rec, K_scope), k->scope, sizeof(k->scope));
	k->rss = rec_num(rec, K_rss_bytes, 0);
}

static uint64_t
kills_sum(struct lane *l, struct group *g)
{
	struct kills *k = (void *)g->state;

	return window_sum(&k->told, g->rule->p[O_WINDOW], l->now) +
	    window_sum(&k->extra, g->rule->p[O_WINDOW], l->now);
}

/* What is known of the cgroups in it so far: they count for it, too.  Kills are
 * rare. */
static uint64_t
kills_below(struct lane *l, const struct group *g)
{
	size_t len = strlen(g->s.s[0]);
	uint64_t n = 0;

	if (len == 1)
		len = 0;
	for (uint32_t i = 0; i < l->groups.used; i++) {
		struct group *in = l->groups.all[i];

		if (in != NULL && in != g && in->rule == g->rule &&
		    in->s.by == BY_CGROUP && in->s.s[0] != NULL &&
		    strncmp(in->s.s[0], g->s.s[0], len) == 0 &&
		    in->s.s[0][len] == '/')
			n += kills_sum(l, in);
	}
	return n;
}

/* How many of the n kills that a cgroup record counts nobody told. */
static uint64_t
kills_more(struct lane *l, struct group *g, uint64_t n)
{
	struct kills *k = (void *)g->state;
	uint64_t len = g->rule->p[O_WINDOW];
	uint64_t known = window_sum(&k->told, len, l->now);
	uint64_t had = window_sum(&k->had, len, l->now), old;

	if (g->s.by == BY_CGROUP)
		known += kills_below(l, g);
	old = known > had ? known - had : 0;
	old = old < n ? old : n;
	window_add(&k->had, len, l->now, old);
	window_add(&k->extra, len, l->now, n - old);
	return n - old;
}

static void
kills_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t n = rec->kind == EV_oom ? 1 : rec_num(rec, K_oom_kills, 0);
	struct subject s;
	struct kills *k;
	struct group *g;

	if (n == 0)
		return;
	for (int by = 0; by < BY_FIELD; by++) {
		if (!(r->by >> by & 1) || !lane_subject(l, r, by, rec, &s) ||
		    (g = group_get(l, r, &s)) == NULL)
			continue;
		k = (void *)g->state;
		if (rec->kind == EV_oom) {
			window_add(&k->told, r->p[O_WINDOW], l->now, n);
			kill_of(k, rec);
		} else if (kills_more(l, g, n) == 0)
			continue;
		group_seen(l, g, rec);
		group_settle(l, g);
	}
}

static enum verdict
kills_judge(struct lane *l, struct group *g)
{
	g->inc.value = kills_sum(l, g);
	return detect_reached(g->inc.value, g->rule->p[O_KILLS]);
}

static void
kills_tell(struct lane *l, struct group *g, struct report *r)
{
	struct kills *k = (void *)g->state;
	const struct rule *rule = g->rule;
	char who[100], by[100], where[100], rss[VALUE_TEXT];

	incident_subject(l, g, &r->subject);
	report_value(r, "kills", UNIT_COUNT, g->inc.value, rule->p[O_KILLS]);
	r->resource = "memory";
	if (k->victim.pid == 0) {
		report_why(r, 0.9, "no oom record: only the cgroup's count tells");
		snprintf(r->summary, sizeof(r->summary),
		    "the kernel killed in %s because memory ran out",
		    party_text(&r->subject, where, sizeof(where)));
		return;
	}
	report_process(l, &r->victim, "process", &k->victim);
	r->victim.comm = k->comm;
	if (k->rss > 0)
		report_value(r, "rss", UNIT_SIZE, k->rss, NAN);
	if (k->trigger.pid != 0) {
		report_process(l, &r->culprit, "process", &k->trigger);
		r->culprit.comm = k->trigger_comm;
		report_why(r, r->confidence, "culprit asked for the memory that was "
		    "not there: not always the cause");
	}
	snprintf(r->summary, sizeof(r->summary), "the kernel killed %s (%s) in %s "
	    "because %s ran out%s%s%s",
	    party_text(&r->victim, who, sizeof(who)),
	    value_text(rss, UNIT_SIZE, k->rss),
	    party_text(&r->subject, where, sizeof(where)),
	    strcmp(k->scope, "limit") == 0 ? "the cgroup's memory" :
	    "the memory of the host",
	    r->culprit.kind != NULL ? ", when " : "", r->culprit.kind != NULL ?
	    party_text(&r->culprit, by, sizeof(by)) : "",
	    r->culprit.kind != NULL ? " asked for more" : "");
}

static const uint8_t kills_keys[] = { K_id, K_comm, K_rss_bytes, K_scope,
	K_trigger_id, K_trigger_comm, K_oom_kills, K_NONE };

static const struct param kills_params[] = {
	[O_KILLS] = { "kills", UNIT_COUNT, "1", NULL, 0 },
	[O_WINDOW] = { "window", UNIT_TIME, "10s", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_oom_kill = {
	.name = "oom_kill", .kinds = KIND(oom) | KIND(cgroup),
	.by = BY(CGROUP) | BY(POD) | BY(NAMESPACE) | BY(HOST),
	.by_def = BY(CGROUP), .severity = SEV_HIGH,
	.state = sizeof(struct kills), .keys = kills_keys,
	.params = kills_params, .feed = kills_feed, .judge = kills_judge,
	.tell = kills_tell, .window = kills_length,
};

/* ---- oom_risk ---- */

enum { R_HEADROOM, R_WINDOW, R_POINTS };

struct risk {
	struct line	line;
	uint64_t	memory, max;
};

static uint64_t
risk_length(const struct rule *r)
{
	return r->p[R_WINDOW];
}

static void
risk_feed(struct lane *l, const struct rule *r, const struct rec *rec)
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
	group_seen(l, g, rec);
	group_settle(l, g);
}

static double
used(const struct risk *k)
{
	return k->max > 0 ? 100.0 * k->memory / k->max : 0;
}

static enum verdict
risk_judge(struct lane *l, struct group *g)
{
	struct risk *k = (void *)g->state;
	const struct rule *r = g->rule;
	struct fit f = line_fit(&k->line, r->p[R_WINDOW], l->now);
	double limit = 100 - r->p[R_HEADROOM];

	g->inc.value = used(k);
	if (used(k) <= limit)
		return used(k) > limit * 0.95 ? STAY : CALM;
	return f.slope > 0 && f.to > f.from && f.n >= r->p[R_POINTS] ? FIRE : STAY;
}

static void
risk_tell(struct lane *l, struct group *g, struct report *r)
{
	struct risk *k = (void *)g->state;
	const struct rule *rule = g->rule;
	struct fit f = line_fit(&k->line, rule->p[R_WINDOW], l->now);
	uint64_t left = k->max > k->memory ? k->max - k->memory : 0;
	char who[100], room[VALUE_TEXT], rate[VALUE_TEXT], end[VALUE_TEXT] = "";

	incident_subject(l, g, &r->subject);
	report_value(r, "used", UNIT_PCT, used(k), 100 - rule->p[R_HEADROOM]);
	report_value(r, "headroom", UNIT_SIZE, left, NAN);
	report_value(r, "limit", UNIT_SIZE, k->max, NAN);
	report_value(r, "slope", UNIT_RATE, f.slope, NAN);
	if (f.slope > 0)
		report_value(r, "time_to_oom", UNIT_TIME, left / f.slope * 1e9, NAN);
	r->resource = "memory";
	report_why(r, r->confidence, "what a cgroup uses includes caches that the "
	    "kernel can take back");
	snprintf(r->summary, sizeof(r->summary), "%s uses %.0f %% of its memory, "
	    "%s are left and it grows by %s/s%s%s",
	    party_text(&r->subject, who, sizeof(who)), used(k),
	    value_text(room, UNIT_SIZE, left),
	    value_text(rate, UNIT_SIZE, f.slope),
	    f.slope > 0 ? ": full in " : "",
	    f.slope > 0 ? value_text(end, UNIT_TIME, left / f.slope * 1e9) : "");
}

static const uint8_t risk_keys[] = { K_memory_bytes, K_memory_max_bytes,
	K_NONE };

static const struct param risk_params[] = {
	[R_HEADROOM] = { "headroom", UNIT_PCT, "10%", NULL, 0 },
	[R_WINDOW] = { "window", UNIT_TIME, "1m", NULL, 0 },
	[R_POINTS] = { "points", UNIT_COUNT, "3", "2 32", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_oom_risk = {
	.name = "oom_risk", .kinds = KIND(cgroup), .by = BY(CGROUP),
	.by_def = BY(CGROUP), .severity = SEV_MEDIUM,
	.state = sizeof(struct risk), .keys = risk_keys,
	.params = risk_params, .feed = risk_feed, .judge = risk_judge,
	.tell = risk_tell, .window = risk_length,
};
