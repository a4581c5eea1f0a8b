/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fork_storm, fork_burst: processes are made faster than is good, and faster
 * than they end.  Each fork counts for who made it and for all its ancestors, for its
 * cgroup and for the host; the narrowest of these that is above the limit gets
 * the incident, and what it made counts no more for the wider ones.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fork_look.h"

enum { P_LIMIT, P_WINDOW, P_GROWTH };
enum { DEPTH = 48, CHAIN = DEPTH + 2 };

/* A wider group waits for a narrower one that has this part of its forks. */
#define MOST	0.9

enum { WAITS = 8 };		/* but not longer than this part of the window */

/* Below a tree with an incident, one is told for itself if a single process made
 * this part of its forks: what a bomb is made of is all the bomb. */
#define ALONE	0.5

/* Where so many stay, in seconds of the limit, their part does not matter. */
#define STAY_S	10

struct chain {
	struct group	*g[CHAIN];
	size_t		 n, trees;
};

static uint64_t
window(const struct rule *r)
{
	return r->p[P_WINDOW];
}

static uint64_t
length(const struct rule *r)
{
	return r->window;
}

static void
link_add(struct chain *c, struct lane *l, const struct rule *r,
    const struct subject *s, int make)
{
	struct group *g = make ? group_get(l, r, s) : group_find(l, r, s);

	if (g != NULL)
		c->g[c->n++] = g;
}

/* All groups that a process made by id counts for, narrowest first. */
static void
chain_of(struct chain *c, struct lane *l, const struct rule *r,
    const struct rec *rec, struct tree_id id, int make)
{
	struct subject s = { .by = BY_TREE };
	struct kin *k;
	int i;

	c->n = 0;
	for (i = 0; r->by & BY(TREE) && i < DEPTH && id.pid > 2; i++) {
		s.id = id;
		link_add(c, l, r, &s, make);
		if ((k = kin_find(l->kins, &id)) == NULL)
			break;
		id = k->up;
	}
	/* A line as long as this, where each makes the next, is no tree: its
	 * root is not reached any more. */
	if (i == DEPTH)
		c->n = 0;
	c->trees = c->n;
	if (r->by & BY(CGROUP) && lane_subject(l, r, BY_CGROUP, rec, &s))
		link_add(c, l, r, &s, make);
	if (r->by & BY(HOST) && lane_subject(l, r, BY_HOST, rec, &s))
		link_add(c, l, r, &s, make);
}

static void
count(struct lane *l, struct group *g, const struct rec *rec,
    const struct tree_id *maker)
{
	struct forks *f = (void *)g->state;
	uint64_t len = length(g->rule);
	int gone;

	/* Who forked much long ago has nothing to do with what begins now. */
	gone = !g->inc.open && window_sum(&f->made, len, l->now) == 0;
	if (gone || (!g->inc.open && f->rise == 0 && l->now - f->fresh >= len)) {
		f->fresh = l->now;
		top_fade(f->parents, gone);
		top_fade(f->commands, gone);
	}
	window_add(&f->made, len, l->now, 1);
	f->last = l->now;
	f->stay++;
	top_add(f->parents, maker, "", 0);
	group_seen(l, g, rec);
}

/* Does a narrower group have nearly all that g has?  Then that will be above the
 * limit in a moment; or never, where each process makes just the next. */
static int
deferred(struct lane *l, const struct chain *c, size_t i)
{
	struct forks *f = (void *)c->g[i]->state, *below;
	uint64_t len = length(c->g[i]->rule);
	uint64_t all = window_sum(&f->made, len, l->now);

	for (size_t k = 0; k < i; k++) {
		below = (void *)c->g[k]->state;
		if (window_sum(&below->made, len, l->now) < MOST * all)
			continue;
		if (c->g[k]->inc.open)
			return 1;
		if (f->waits == 0)
			f->waits = l->now;
		return l->now - f->waits <= len / WAITS;
	}
	return 0;
}

/* It is above the limit, and it is the one to tell. */
static int
fires(struct lane *l, const struct chain *c, size_t i)
{
	struct forks *f = (void *)c->g[i]->state;

	if (c->g[i]->rule->det->judge(l, c->g[i]) != FIRE)
		f->took = f->waits = 0;
	else if (!deferred(l, c, i))
		return 1;
	else
		f->took = 0;
	return 0;
}

/* What group i made is no more that of those from there to end. */
static void
take(struct lane *l, const struct chain *c, size_t i, size_t end)
{
	struct forks *f = (void *)c->g[i]->state, *wide;
	uint64_t len = length(c->g[i]->rule);

	if (f->took)
		return;
	f->took = 1;
	for (size_t k = i + 1; k < end; k++) {
		wide = (void *)c->g[k]->state;
		window_less(&wide->made, &f->made, len, l->now);
		window_less(&wide->ended, &f->ended, len, l->now);
	}
}

/* One process made much of what the group has: lower bounds do. */
static int
alone(struct lane *l, struct group *g)
{
	struct forks *f = (void *)g->state;
	const struct top *first = top_first(f->parents);

	return first->n - first->more >=
	    ALONE * window_sum(&f->made, length(g->rule), l->now);
}

/* A tree of the chain has an incident: what it makes counts for it, for those
 * below it, and for none above it. */
static void
forked_inside(struct lane *l, const struct chain *c, size_t open,
    const struct rec *rec, const struct tree_id *maker)
{
	for (size_t i = 0; i < open; i++) {
		count(l, c->g[i], rec, maker);
		if (!fires(l, c, i) || !alone(l, c->g[i]))
			continue;
		group_settle(l, c->g[i]);
		take(l, c, i, open + 1);
		return;
	}
	count(l, c->g[open], rec, maker);
	group_settle(l, c->g[open]);
}

static void
forked(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct tree_id maker;
	struct chain c;

	if (!rec_maker(rec, &maker))
		return;
	chain_of(&c, l, r, rec, maker, 1);
	for (size_t i = 0; i < c.trees; i++)
		if (c.g[i]->inc.open) {
			forked_inside(l, &c, i, rec, &maker);
			return;
		}
	for (size_t i = 0; i < c.n; i++) {
		count(l, c.g[i], rec, &maker);
		if (c.g[i]->inc.open) {
			group_settle(l, c.g[i]);
			continue;
		}
		if (!fires(l, &c, i))
			continue;
		group_settle(l, c.g[i]);
		take(l, &c, i, c.n);
		return;
	}
}

/* A process ended, or a young one runs another program: for those that count
 * it. */
static void
grown(struct lane *l, const struct rule *r, const struct rec *rec)
{
	const char *comm;
	struct tree_id id;
	struct chain c;
	struct kin *k;

	if (!group_any(l, r) || !rec_self(rec, &id) || (rec->kind == EV_exec &&
	    id.start + length(r) <= l->now) ||
	    (k = kin_find(l->kins, &id)) == NULL)
		return;
	chain_of(&c, l, r, rec, k->up, 0);
	comm = rec->kind == EV_exec ? lane_sym(l, rec, K_comm) : NULL;
	for (size_t i = 0; i < c.n; i++) {
		struct forks *f = (void *)c.g[i]->state;

		if (rec->kind == EV_exit) {
			window_add(&f->ended, length(r), l->now, 1);
			f->stay -= f->stay > 0;
		}
		if (comm != NULL)
			top_add(f->commands, NULL, comm, 0);
		if (i < c.trees && c.g[i]->inc.open)
			break;
	}
}

static void
feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	if (rec->kind == EV_fork)
		forked(l, r, rec);
	else
		grown(l, r, rec);
}

/* How many more live now, as a part of those that were made. */
static double
growth(struct lane *l, struct group *g)
{
	struct forks *f = (void *)g->state;
	uint64_t made = window_sum(&f->made, length(g->rule), l->now);
	uint64_t ended = window_sum(&f->ended, length(g->rule), l->now);

	if (made == 0)
		return 100;
	return ended >= made ? 0 : 100.0 * (made - ended) / made;
}

/* The rate must be there in each second, not just in the mean. */
static unsigned
parts(const struct rule *r)
{
	uint64_t n = length(r) / 1000000000;

	return n < 1 ? 1 : n > WINDOW_SLOTS ? WINDOW_SLOTS : n;
}

/* So much of it stays that it matters: by its part or by its number. */
static int
stays(struct lane *l, struct group *g, double number)
{
	struct forks *f = (void *)g->state;
	uint64_t made = window_sum(&f->made, length(g->rule), l->now);
	uint64_t ended = window_sum(&f->ended, length(g->rule), l->now);

	return growth(l, g) >= g->rule->p[P_GROWTH] ||
	    (made > ended && made - ended >= number);
}

/* What lives grows no more, and the worst is long over: others go on making what
 * ends at once. */
static int
abates(struct lane *l, struct group *g, double number)
{
	return g->inc.open && g->inc.value < g->inc.peak / 2 &&
	    growth(l, g) < g->rule->p[P_GROWTH] * CLEAR && !stays(l, g, number);
}

static enum verdict
judge_storm(struct lane *l, struct group *g)
{
	struct forks *f = (void *)g->state;
	const struct rule *r = g->rule;
	unsigned n = parts(r), each = WINDOW_SLOTS / n;
	double s = length(r) / 1e9, limit = r->p[P_LIMIT] * s;
	uint64_t sum = window_sum(&f->made, length(r), l->now);
	int calm = sum <= limit * CLEAR, fires;

	g->inc.value = sum / s;
	fork_risen(l, g, sum, calm);
	if (calm)
		return CALM;
	fires = sum > limit && stays(l, g, r->p[P_LIMIT] * STAY_S) &&
	    window_least(&f->made, length(r), l->now, n) >
	    limit * each / WINDOW_SLOTS;
	/* Nobody is told of it before. */
	if (fires || g->inc.open)
		fork_look(l, g, length(r), limit, sum, fires);
	if (!fires && abates(l, g, r->p[P_LIMIT] * STAY_S))
		return CALM;
	return fires ? FIRE : STAY;
}

static enum verdict
judge_burst(struct lane *l, struct group *g)
{
	struct forks *f = (void *)g->state;
	const struct rule *r = g->rule;
	uint64_t sum = window_sum(&f->made, length(r), l->now);
	enum verdict v = detect_reached(sum, r->p[P_LIMIT]);

	g->inc.value = sum;
	fork_risen(l, g, sum, v == CALM);
	if (v == FIRE && growth(l, g) < r->p[P_GROWTH])
		v = STAY;
	if (v == FIRE || (v != CALM && g->inc.open))
		fork_look(l, g, length(r), r->p[P_LIMIT], sum, v == FIRE);
	return v == STAY && abates(l, g, r->p[P_LIMIT]) ? CALM : v;
}

static void
tell(struct lane *l, struct group *g, struct report *r)
{
	struct forks *f = (void *)g->state;
	const struct rule *rule = g->rule;
	const struct top *first = top_first(f->parents);
	const char *made;
	uint64_t sum = window_sum(&f->made, length(rule), l->now);
	double s = length(rule) / 1e9;
	int storm = rule->det == &detect_fork_storm;
	enum look look = f->look;
	char who[100], by[100], rate[VALUE_TEXT], len[VALUE_TEXT];

	if (storm)
		report_value(r, "rate", UNIT_RATE, sum / s, rule->p[P_LIMIT]);
	report_value(r, "forks", UNIT_COUNT, sum,
	    storm ? NAN : rule->p[P_LIMIT]);
	report_value(r, "growth", UNIT_PCT, growth(l, g), rule->p[P_GROWTH]);
	if (first->n > 0)
		report_process(l, &r->culprit, "process", &first->id);
	r->culprit.count = first->n - first->more;
	made = fork_command(f, r->culprit.comm);
	top_tell(l, r, "parents", f->parents);
	top_tell(l, r, "commands", f->commands);
	if (g->s.by == BY_TREE)
		report_process(l, &r->subject, "tree", &g->s.id);
	r->subject.cgroup = g->s.by == BY_CGROUP ? g->s.s[0] : r->subject.cgroup;
	if (g->s.by != BY_TREE)
		r->subject.kind = g->s.by == BY_CGROUP ? "cgroup" : "host";
	r->class = fork_looks[look];
	snprintf(r->summary, sizeof(r->summary), "%s %s %llu times in %s (%s%s), "
	    "most by %s%s%s%s", party_text(&r->subject, who, sizeof(who)),
	    g->s.by == BY_TREE ? "and its descendants forked" : "forked",
	    (unsigned long long)sum,
	    value_text(len, UNIT_TIME, length(rule)),
	    value_text(rate, UNIT_RATE, sum / s),
	    storm ? "" : ", a burst",
	    party_text(&r->culprit, by, sizeof(by)),
	    made[0] != '\0' ? "; command " : "", made, look == BUILD ? ": a build" :
	    look == START ? ": a start, if that was all" : "");
}

static const uint8_t keys[] = { K_id, K_parent_id, K_creator_id, K_comm,
	K_duration_ns, K_NONE };

static const struct param storm_params[] = {
	[P_LIMIT] = { "rate", UNIT_RATE, "10/s", "0.001/s", 0 },
	[P_WINDOW] = { "for", UNIT_TIME, "2s", "1s 1h", 0 },
	[P_GROWTH] = { "growth", UNIT_PCT, "50%", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct param burst_params[] = {
	[P_LIMIT] = { "forks", UNIT_COUNT, "100", NULL, 0 },
	[P_WINDOW] = { "window", UNIT_TIME, "5s", NULL, 0 },
	[P_GROWTH] = { "growth", UNIT_PCT, "50%", NULL, 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_fork_storm = {
	.name = "fork_storm", .kinds = KIND(fork) | KIND(exec) | KIND(exit),
	.by = BY(TREE) | BY(CGROUP) | BY(HOST),
	.by_def = BY(TREE) | BY(CGROUP) | BY(HOST), .severity = SEV_HIGH,
	.state = sizeof(struct forks), .whole = KIND(exit), .keys = keys, .params = storm_params,
	.feed = feed, .judge = judge_storm, .graver = fork_severity,
	.tell = tell, .window = window,
};

const struct detector detect_fork_burst = {
	.name = "fork_burst", .kinds = KIND(fork) | KIND(exec) | KIND(exit),
	.by = BY(TREE) | BY(CGROUP) | BY(HOST),
	.by_def = BY(TREE) | BY(CGROUP) | BY(HOST), .severity = SEV_MEDIUM,
	.state = sizeof(struct forks), .whole = KIND(exit), .keys = keys, .params = burst_params,
	.feed = feed, .judge = judge_burst, .graver = fork_severity,
	.tell = tell, .window = window,
};
