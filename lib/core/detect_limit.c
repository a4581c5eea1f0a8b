/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* memory_limit: a cgroup is at its memory limit, and though nobody is killed, its
 * tasks wait until the kernel has taken back what they need. */
#include <math.h>
#include <stdio.h>

#include "core/detect_impl.h"
#include "core/waited.h"

enum { P_STALLED, P_EVENTS, P_WINDOW };
enum { PARTS = 3 };		/* of the window, and in each it came to the limit */

struct limited {
	struct waited	waited;
	struct window	max, high;	/* times that it came to memory.max, memory.high */
	uint64_t	memory, memory_max, memory_high;	/* 0 is unknown */
};

static uint64_t
length(const struct rule *r)
{
	return r->p[P_WINDOW];
}

static void
at_limit(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t max = rec_num(rec, K_memory_max_events, 0);
	uint64_t high = rec_num(rec, K_memory_high_events, 0);
	struct limited *k;
	struct subject s;
	struct group *g;

	if ((max + high == 0 && !group_any(l, r)) ||
	    !lane_subject(l, r, BY_CGROUP, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && max + high == 0) ||
	    (g = group_get(l, r, &s)) == NULL)
		return;
	k = (void *)g->state;
	window_add(&k->max, length(r), l->now, max);
	window_add(&k->high, length(r), l->now, high);
	k->memory = rec_num(rec, K_memory_bytes, 0);
	k->memory_max = rec_num(rec, K_memory_max_bytes, 0);
	k->memory_high = rec_num(rec, K_memory_high_bytes, 0);
	if (max + high > 0)
		group_seen(l, g, rec);
	group_settle(l, g);
}

static void
feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct limited *k;
	struct group *g;
	uint64_t us;

	if (rec->kind == EV_cgroup) {
		at_limit(l, r, rec);
		return;
	}
	if (!group_any(l, r) || waited_us(rec, length(r), &us) == -1 ||
	    (g = waited_group(l, r, rec)) == NULL)
		return;
	k = (void *)g->state;
	waited_put(&k->waited, length(r), rec, us, l->now);
	group_settle(l, g);
}

/* Which of the two limits it came to more often. */
static struct window *
which(struct lane *l, struct group *g)
{
	struct limited *k = (void *)g->state;
	uint64_t len = length(g->rule);

	return window_sum(&k->high, len, l->now) >
	    window_sum(&k->max, len, l->now) ? &k->high : &k->max;
}

static double
rate(struct lane *l, struct group *g)
{
	uint64_t len = length(g->rule);

	return window_sum(which(l, g), len, l->now) / (len / 1e9);
}

static enum verdict
judge(struct lane *l, struct group *g)
{
	struct limited *k = (void *)g->state;
	const struct rule *r = g->rule;
	uint64_t len = length(r);
	double pct = waited_pct(&k->waited, len, l->now, WINDOW_SLOTS);
	double events = rate(l, g);

	g->inc.value = pct;
	if (pct > r->p[P_STALLED] && events > r->p[P_EVENTS] &&
	    window_least(which(l, g), len, l->now, PARTS) > 0)
		return FIRE;
	return pct > r->p[P_STALLED] * CLEAR &&
	    events > r->p[P_EVENTS] * CLEAR ? STAY : CALM;
}

static void
tell(struct lane *l, struct group *g, struct report *r)
{
	struct limited *k = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t len = length(rule);
	int psi = waited_by_psi(&k->waited, len, l->now);
	int high = which(l, g) == &k->high;
	uint64_t limit = high ? k->memory_high : k->memory_max;
	char who[100], most[VALUE_TEXT], often[VALUE_TEXT], span[VALUE_TEXT];

	incident_subject(l, g, &r->subject);
	report_value(r, "stalled", UNIT_PCT, g->inc.value, rule->p[P_STALLED]);
	report_value(r, "events", UNIT_RATE, rate(l, g), rule->p[P_EVENTS]);
	if (limit > 0)
		report_value(r, "limit", UNIT_SIZE, limit, NAN);
	if (k->memory > 0)
		report_value(r, "memory", UNIT_SIZE, k->memory, NAN);
	r->resource = "memory";
	r->method = "measured";
	if (!psi)
		report_why(r, r->confidence, "no pressure of the cgroup is known: the "
		    "waits of its tasks are added up");
	snprintf(r->summary, sizeof(r->summary), "%s came to its memory.%s%s%s "
	    "%s, and %s waited %.0f %% of %s until memory was taken back",
	    party_text(&r->subject, who, sizeof(who)), high ? "high" : "max",
	    limit > 0 ? " of " : "",
	    limit > 0 ? value_text(most, UNIT_SIZE, limit) : "",
	    value_text(often, UNIT_RATE, rate(l, g)),
	    psi ? "some of its tasks" : "its tasks, added up,", g->inc.value,
	    value_text(span, UNIT_TIME, len));
}

static const uint8_t keys[] = { K_memory_bytes, K_memory_max_bytes,
	K_memory_high_bytes, K_memory_max_events, K_memory_high_events,
	K_interval_ns, K_resource, K_some_pct, K_victim_cgroup, K_victim_cgroup_v1,
	K_culprit_kind, K_stall_ns, K_method, K_NONE };

static const struct param params[] = {
	[P_STALLED] = { "stalled", UNIT_PCT, "10%", NULL, 0 },
	[P_EVENTS] = { "events", UNIT_RATE, "1/s", NULL, 0 },
	[P_WINDOW] = { "window", UNIT_TIME, "30s", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_memory_limit = {
	.name = "memory_limit",
	.kinds = KIND(cgroup) | KIND(psi) | KIND(stall),
	.by = BY(CGROUP), .by_def = BY(CGROUP), .severity = SEV_MEDIUM,
	.state = sizeof(struct limited), .whole = KIND(psi) | KIND(stall),
	.keys = keys, .params = params, .feed = feed, .judge = judge,
	.tell = tell, .window = length,
};
