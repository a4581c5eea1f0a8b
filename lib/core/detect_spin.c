/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* cpu_spin: it runs all the time and gets nothing done that can be seen. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

/* A share of the time since the sample before. */
static double
percent(const struct rec *rec, enum key k, uint64_t interval)
{
	uint64_t ns = rec_num(rec, k, UINT64_MAX);

	return ns == UINT64_MAX || interval == 0 ? NAN : 100.0 * ns / interval;
}

enum { S_CPU, S_FOR, S_VOLUNTARY };

struct spin {
	struct sustain	s;
	double		cpu;
	uint64_t	voluntary;	/* since it began */
	uint64_t	progress;	/* when it last forked or the like */
	uint64_t	begun, interval;	/* tree: the round of samples under way */
	uint64_t	last;		/* tree: sample */
	uint64_t	ns, yields;	/* of all its processes in that round */
};

static uint64_t
spin_length(const struct rule *r)
{
	return r->p[S_FOR];
}

static void
calm(struct lane *l, const struct rule *r, const struct subject *s)
{
	struct group *g = group_find(l, r, s);
	struct spin *p;

	if (g == NULL)
		return;
	p = (void *)g->state;
	p->s.since = 0;
	p->s.value = 0;
	p->progress = l->now;
	group_settle(l, g);
}

/* It made or became something: that is progress, of its tree too. */
static void
progress(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_PROCESS };
	struct kin *k;

	if (!group_any(l, r) || (rec->kind == EV_exec ? !rec_self(rec, &s.id) :
	    !rec_maker(rec, &s.id)))
		return;
	if (r->by & BY(PROCESS))
		calm(l, r, &s);
	if (!(r->by & BY(TREE)) || (k = kin_find(l->kins, &s.id)) == NULL)
		return;
	s.by = BY_TREE;
	s.id = kin_root(l->kins, k)->id;
	calm(l, r, &s);
}

/* What was seen of the interval that ends at t. */
static void
ran(struct lane *l, struct group *g, uint64_t t, uint64_t interval, double cpu,
    uint64_t yields)
{
	struct spin *p = (void *)g->state;
	const struct rule *r = g->rule;
	/* Whether it forked before it was followed nobody looked. */
	int followed = p->s.last != 0 && t - p->s.last <= interval +
	    SUSTAIN_SLACK;

	if (yields * 1e9 > r->p[S_VOLUNTARY] * interval)
		cpu = 0;
	if (followed)
		sustain_put(&p->s, t, interval, cpu, r->p[S_CPU]);
	else
		sustain_see(&p->s, t, interval, cpu, r->p[S_CPU]);
	if (p->s.since != 0 && p->s.since < p->progress)
		p->s.since = p->progress <= t ? p->progress : 0;
	p->voluntary = p->s.since == 0 ? 0 : p->voluntary + yields;
	p->cpu = cpu;
	group_settle(l, g);
}

/* Each process of a tree has its sample: all of one round are summed, and known
 * when the next begins. */
static void
spin_tree(struct lane *l, const struct rule *r, const struct rec *rec,
    uint64_t interval)
{
	uint64_t ns = rec_num(rec, K_cpu_ns, 0);
	struct subject s;
	struct group *g;
	struct spin *p;

	if ((ns * 100 < interval && !group_any(l, r)) ||
	    !lane_subject(l, r, BY_TREE, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && ns * 100 < interval) ||
	    (g = group_get(l, r, &s)) == NULL)
		return;
	p = (void *)g->state;
	group_seen(l, g, rec);
	if (round_begins(&p->last, l->now, interval)) {
		if (p->begun != 0)
			ran(l, g, p->begun, p->interval,
			    100.0 * p->ns / p->interval, p->yields);
		p->begun = l->now;
		p->interval = p->ns = p->yields = 0;
	}
	/* One that is younger than the round tells less. */
	if (interval > p->interval)
		p->interval = interval;
	p->ns += ns;
	p->yields += rec_num(rec, K_voluntary, 0);
}

static void
spin_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t interval, yields;
	struct subject s;
	struct group *g;
	double cpu;

	if (rec->kind != EV_sample) {
		progress(l, r, rec);
		return;
	}
	interval = rec_num(rec, K_interval_ns, 0);
	yields = rec_num(rec, K_voluntary, UINT64_MAX);
	cpu = percent(rec, K_cpu_ns, interval);
	/* Not told how often it gave way: nothing can be said. */
	if (isnan(cpu) || yields == UINT64_MAX)
		return;
	if (r->by & BY(TREE))
		spin_tree(l, r, rec, interval);
	if (!(r->by & BY(PROCESS)) || (!(cpu > r->p[S_CPU]) && !group_may(l, r)) ||
	    !lane_subject(l, r, BY_PROCESS, rec, &s))
		return;
	if ((!(cpu > r->p[S_CPU]) || yields * 1e9 > r->p[S_VOLUNTARY] * interval) &&
	    group_find(l, r, &s) == NULL)
		return;
	if ((g = group_get(l, r, &s)) == NULL)
		return;
	group_seen(l, g, rec);
	ran(l, g, l->now, interval, cpu, yields);
}

static enum verdict
spin_judge(struct lane *l, struct group *g)
{
	struct spin *p = (void *)g->state;

	g->inc.value = p->cpu;
	return sustain_judge(&p->s, l->now, g->rule->p[S_FOR],
	    g->rule->p[S_CPU]);
}

static void
spin_tell(struct lane *l, struct group *g, struct report *r)
{
	struct spin *p = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t since = p->s.since != 0 ? p->s.since : g->inc.opened;
	char who[100], held[VALUE_TEXT], cpu[VALUE_TEXT];

	incident_subject(l, g, &r->subject);
	report_value(r, "cpu", UNIT_PCT, p->cpu, rule->p[S_CPU]);
	report_value(r, "for", UNIT_TIME, l->now - since, rule->p[S_FOR]);
	report_value(r, "voluntary", UNIT_COUNT, p->voluntary, NAN);
	r->resource = "cpu";
	report_why(r, 0.7, "long sums look the same as a loop without end");
	snprintf(r->summary, sizeof(r->summary), "%s%s ran for %s at %s of a "
	    "processor, gave way %llu times and started nothing",
	    party_text(&r->subject, who, sizeof(who)),
	    g->s.by == BY_TREE ? " and its descendants" : "",
	    value_text(held, UNIT_TIME, l->now - since),
	    value_text(cpu, UNIT_PCT, p->cpu), (unsigned long long)p->voluntary);
}

static const uint8_t spin_keys[] = { K_id, K_parent_id, K_creator_id,
	K_interval_ns, K_cpu_ns, K_voluntary, K_NONE };

static const struct param spin_params[] = {
	[S_CPU] = { "cpu", UNIT_PCT, "90%", "0%", 0 },
	[S_FOR] = { "for", UNIT_TIME, "1m", "1ms 7d", 0 },
	[S_VOLUNTARY] = { "voluntary", UNIT_RATE, "0/s", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_cpu_spin = {
	.name = "cpu_spin", .kinds = KIND(sample) | KIND(exec) | KIND(fork),
	.by = BY(PROCESS) | BY(TREE), .by_def = BY(PROCESS), .severity = SEV_LOW,
	.state = sizeof(struct spin), .keys = spin_keys, .params = spin_params,
	.feed = spin_feed, .judge = spin_judge, .tell = spin_tell,
	.window = spin_length,
};
