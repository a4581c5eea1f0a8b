/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* oom_kill: the kernel killed for memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

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
kills_count(struct lane *l, struct group *g, const struct rec *rec, uint64_t n)
{
	struct kills *k = (void *)g->state;

	if (rec->kind == EV_oom) {
		window_add(&k->told, g->rule->p[O_WINDOW], l->now, n);
		kill_of(k, rec);
	} else if (kills_more(l, g, n) == 0)
		return;
	group_seen(l, g, rec);
	group_settle(l, g);
}

static void
kills_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t n = rec->kind == EV_oom ? 1 : rec_num(rec, K_oom_kills, 0);
	unsigned by = r->by;
	struct subject s;
	struct group *g;

	if (n == 0)
		return;
	/* Of a kill without a cgroup the host is told. */
	if (by & BY(CGROUP) && !lane_subject(l, r, BY_CGROUP, rec, &s))
		by |= BY(HOST);
	for (int i = 0; i < BY_FIELD; i++)
		if (by >> i & 1 && lane_subject(l, r, i, rec, &s) &&
		    (g = group_get(l, r, &s)) != NULL)
			kills_count(l, g, rec, n);
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
	const char *in = g->s.by == BY_HOST ? "on" : "in";
	char who[100], by[100], where[100], rss[VALUE_TEXT] = "";

	incident_subject(l, g, &r->subject);
	report_value(r, "kills", UNIT_COUNT, g->inc.value, rule->p[O_KILLS]);
	r->resource = "memory";
	if (k->victim.pid == 0) {
		report_why(r, 0.9, "no oom record: only the cgroup's count tells");
		snprintf(r->summary, sizeof(r->summary),
		    "the kernel killed %.0f %s %s %s because memory ran out",
		    g->inc.value, g->inc.value == 1 ? "process" : "processes",
		    in, party_text(&r->subject, where, sizeof(where)));
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
	snprintf(r->summary, sizeof(r->summary), "the kernel killed %s%s%s%s %s %s "
	    "because %s ran out%s%s%s",
	    party_text(&r->victim, who, sizeof(who)), k->rss > 0 ? " (" : "",
	    k->rss > 0 ? value_text(rss, UNIT_SIZE, k->rss) : "",
	    k->rss > 0 ? ")" : "", in,
	    party_text(&r->subject, where, sizeof(where)),
	    strcmp(k->scope, "limit") == 0 ? "the cgroup's memory" :
	    strcmp(k->scope, "host") == 0 ? "the memory of the host" : "memory",
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
