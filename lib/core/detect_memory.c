/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* memory_leak: memory grows along a straight line, of a process or a cgroup. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

enum { P_GROWTH, P_WINDOW, P_R2, P_POINTS };
enum { JUDGED = 1024 };		/* times in a window, at most */
enum { LATE = 8 };		/* part of the window in which it goes on */

struct leak {
	struct line	line;
	uint64_t	now;		/* bytes */
	uint64_t	judged;		/* when */
};

static uint64_t
length(const struct rule *r)
{
	return r->p[P_WINDOW];
}

static void
feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	int cgroup = rec->kind == EV_cgroup;
	uint64_t bytes = rec_num(rec, cgroup ? K_memory_bytes : K_rss_bytes,
	    UINT64_MAX);
	enum by by = cgroup ? BY_CGROUP : BY_PROCESS;
	struct leak *k;
	struct subject s;
	struct group *g;

	/* What is small has not grown by much. */
	if (bytes == UINT64_MAX || !(r->by >> by & 1) ||
	    (bytes < r->p[P_GROWTH] && !group_may(l, r)) ||
	    !lane_subject(l, r, by, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && bytes < r->p[P_GROWTH]))
		return;
	if ((g = group_get(l, r, &s)) == NULL)
		return;
	k = (void *)g->state;
	k->now = bytes;
	line_put(&k->line, r->p[P_WINDOW], l->now, bytes);
	group_seen(l, g, rec);
	/* A line of hours is not another one now. */
	if (!g->inc.open && l->now - k->judged < length(r) / JUDGED)
		return;
	k->judged = l->now;
	group_settle(l, g);
}

/* A rule of a shorter window told of that growth, or does. */
static int
told(struct lane *l, const struct group *g)
{
	const struct rules *rs = l->e->rules;
	const struct group *o;

	for (size_t i = 0; i < rs->n; i++) {
		const struct rule *r = rs->all[i];

		if (r->det == g->rule->det && !r->off &&
		    length(r) < length(g->rule) &&
		    (o = group_find(l, r, &g->s)) != NULL && (o->inc.open ||
		    (o->inc.until != 0 &&
		    l->now < o->inc.until + length(g->rule))))
			return 1;
	}
	return 0;
}

/* A program that starts grows, too, and is done: it must go on, half as fast. */
static int
goes_on(struct lane *l, const struct group *g, const struct fit *f)
{
	const struct leak *k = (const void *)g->state;
	struct fit late = line_fit(&k->line, length(g->rule) / LATE, l->now);

	return late.n < 2 || late.slope >= f->slope / 2;
}

static enum verdict
judge(struct lane *l, struct group *g)
{
	struct leak *k = (void *)g->state;
	const struct rule *r = g->rule;
	struct fit f = line_fit(&k->line, r->p[P_WINDOW], l->now);
	double growth = round(f.slope * f.span / 1e9);

	g->inc.value = growth;
	if (f.slope <= 0 || growth < r->p[P_GROWTH] * CLEAR)
		return CALM;
	if (growth < r->p[P_GROWTH] || f.n < r->p[P_POINTS] ||
	    f.r2 < r->p[P_R2] || f.span < r->p[P_WINDOW] / 2 ||
	    (!g->inc.open && (told(l, g) || !goes_on(l, g, &f))))
		return STAY;
	return FIRE;
}

static void
tell_end(struct lane *l, struct report *r, const struct leak *k, double slope,
    char *buf, size_t size)
{
	const char *cgroup = r->subject.cgroup;
	const struct limit *m = cgroup != NULL ? lane_limit(l, cgroup) : NULL;
	char text[VALUE_TEXT];
	double left;

	buf[0] = '\0';
	if (m != NULL)
		left = limit_left(m);
	else if (l->mem_total > k->now)
		left = l->mem_total - k->now;
	else {
		report_why(r, r->confidence, "no limit is known: when memory runs "
		    "out cannot be told");
		return;
	}
	if (slope <= 0)
		return;
	report_value(r, "time_to_oom", UNIT_TIME, left / slope * 1e9, NAN);
	if (left <= 0)
		snprintf(buf, size, "; %s is full", m->cgroup);
	else
		snprintf(buf, size, "; at this rate %s is full in %s",
		    m != NULL ? m->cgroup : "the host",
		    value_text(text, UNIT_TIME, left / slope * 1e9));
}

static void
tell(struct lane *l, struct group *g, struct report *r)
{
	struct leak *k = (void *)g->state;
	const struct rule *rule = g->rule;
	struct fit f = line_fit(&k->line, rule->p[P_WINDOW], l->now);
	char who[100], by[VALUE_TEXT], len[VALUE_TEXT], rate[VALUE_TEXT];
	char now[VALUE_TEXT], end[160];

	incident_subject(l, g, &r->subject);
	report_value(r, "growth", UNIT_SIZE, f.slope * f.span / 1e9,
	    rule->p[P_GROWTH]);
	report_value(r, "slope", UNIT_RATE, f.slope, NAN);
	report_value(r, "r2", UNIT_TEXT, f.r2, rule->p[P_R2]);
	report_value(r, "points", UNIT_COUNT, f.n, rule->p[P_POINTS]);
	report_value(r, "memory", UNIT_SIZE, k->now, NAN);
	r->resource = "memory";
	r->method = "estimated";
	report_why(r, f.r2, "a line fits its memory with R2 %.2f", f.r2);
	if (g->s.by == BY_CGROUP)
		report_why(r, r->confidence, "what a cgroup uses includes caches that "
		    "the kernel can take back");
	tell_end(l, r, k, f.slope, end, sizeof(end));
	snprintf(r->summary, sizeof(r->summary), "memory of %s grew by %s in %s "
	    "(%s/s, R2 %.2f) to %s%s", party_text(&r->subject, who, sizeof(who)),
	    value_text(by, UNIT_SIZE, f.slope * f.span / 1e9),
	    value_text(len, UNIT_TIME, f.span),
	    value_text(rate, UNIT_SIZE, f.slope), f.r2,
	    value_text(now, UNIT_SIZE, k->now), end);
}

/* The memory of a cgroup grows with each file that is written, too. */
static int
severity(const struct group *g)
{
	return g->s.by == BY_CGROUP && g->rule->severity > SEV_LOW ? SEV_LOW :
	    g->rule->severity;
}

static const uint8_t keys[] = { K_rss_bytes, K_memory_bytes, K_NONE };

static const struct param params[] = {
	[P_GROWTH] = { "growth", UNIT_SIZE, "64MiB", "1", 0 },
	[P_WINDOW] = { "window", UNIT_TIME, "10m", NULL, 0 },
	[P_R2] = { "r2", UNIT_ANY, "0.9", "0 1", 0 },
	[P_POINTS] = { "points", UNIT_COUNT, "10", "2 32", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_memory_leak = {
	.name = "memory_leak", .kinds = KIND(sample) | KIND(cgroup),
	.by = BY(PROCESS) | BY(CGROUP), .by_def = BY(PROCESS) | BY(CGROUP),
	.severity = SEV_HIGH, .state = sizeof(struct leak), .keys = keys,
	.params = params, .feed = feed, .judge = judge, .graver = severity, .tell = tell,
	.window = length,
};
