/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is limited by number nears its limit.  fd_exhaustion: the files that a
 * process has open.  pids_exhaustion: the tasks of a cgroup.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

enum { P_USED, P_WITHIN, P_WINDOW, P_R2, P_POINTS };

/* Below this part of the limit nobody is looked at. */
#define LOOK	0.25

struct fill {
	struct line	line;
	uint64_t	n, max;
};

static uint64_t
length(const struct rule *r)
{
	return r->p[P_WINDOW];
}

static int
pids(const struct rule *r)
{
	return r->det == &detect_pids_exhaustion;
}

static void
feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t max = rec_num(rec, pids(r) ? K_pids_max : K_fds_max, 0);
	uint64_t now = rec_num(rec, pids(r) ? K_pids : K_fds, UINT64_MAX);
	struct subject s;
	struct fill *k;
	struct group *g;

	if (max == 0 || now == UINT64_MAX ||
	    (now < LOOK * max && !group_may(l, r)) ||
	    !lane_subject(l, r, pids(r) ? BY_CGROUP : BY_PROCESS, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && now < LOOK * max))
		return;
	if ((g = group_get(l, r, &s)) == NULL)
		return;
	k = (void *)g->state;
	k->n = now;
	k->max = max;
	line_put(&k->line, r->p[P_WINDOW], l->now, now);
	group_seen(l, g, rec);
	group_settle(l, g);
}

/* ns until the limit is reached along the line; INFINITY is never. */
static double
left(const struct fill *k, const struct rule *r, const struct fit *f)
{
	if (f->n < r->p[P_POINTS] || f->r2 < r->p[P_R2] || f->slope <= 0)
		return INFINITY;
	return k->max > k->n ? (k->max - k->n) / f->slope * 1e9 : 0;
}

/* It grew for half of the window, and still does, half as fast or more: what was
 * opened when it began is no leak. */
static int
goes_on(const struct fill *k, const struct rule *r, const struct fit *f,
    uint64_t now)
{
	struct fit late = line_fit(&k->line, r->p[P_WINDOW] / 4, now);

	return f->span >= r->p[P_WINDOW] / 2 &&
	    (late.n < 2 || late.slope >= f->slope / 2);
}

static double
used(const struct fill *k)
{
	return 100.0 * k->n / k->max;
}

static enum verdict
judge(struct lane *l, struct group *g)
{
	struct fill *k = (void *)g->state;
	const struct rule *r = g->rule;
	struct fit f = line_fit(&k->line, r->p[P_WINDOW], l->now);
	double end = left(k, r, &f);

	/* Nobody looked for long: it is not there any more. */
	if (f.n == 0)
		return CALM;
	g->inc.value = used(k);
	if (used(k) > r->p[P_USED] ||
	    (end < r->p[P_WITHIN] && k->n >= LOOK * k->max &&
	    (g->inc.open || goes_on(k, r, &f, l->now))))
		return FIRE;
	return used(k) > r->p[P_USED] * CLEAR ||
	    end < r->p[P_WITHIN] / CLEAR ? STAY : CALM;
}

static void
tell(struct lane *l, struct group *g, struct report *r)
{
	struct fill *k = (void *)g->state;
	const struct rule *rule = g->rule;
	struct fit f = line_fit(&k->line, rule->p[P_WINDOW], l->now);
	double end = left(k, rule, &f);
	char who[100], text[VALUE_TEXT], rate[VALUE_TEXT];
	size_t n;

	incident_subject(l, g, &r->subject);
	report_value(r, "used", UNIT_PCT, used(k), rule->p[P_USED]);
	report_value(r, pids(rule) ? "pids" : "fds", UNIT_COUNT, k->n, NAN);
	report_value(r, "limit", UNIT_COUNT, k->max, NAN);
	report_value(r, "slope", UNIT_RATE, f.slope, NAN);
	if (isfinite(end))
		report_value(r, "time_to_limit", UNIT_TIME, end,
		    rule->p[P_WITHIN]);
	n = snprintf(r->summary, sizeof(r->summary), "%s has %llu of %llu %s, "
	    "%.0f %%", party_text(&r->subject, who, sizeof(who)),
	    (unsigned long long)k->n, (unsigned long long)k->max,
	    pids(rule) ? "processes and threads" : "files open", used(k));
	if (isfinite(end))
		snprintf(r->summary + n, sizeof(r->summary) - n,
		    ", %s more: the limit is reached in %s",
		    value_text(rate, UNIT_RATE, f.slope),
		    value_text(text, UNIT_TIME, end));
}

static const uint8_t fd_keys[] = { K_fds, K_fds_max, K_NONE };
static const uint8_t pid_keys[] = { K_pids, K_pids_max, K_NONE };

#define PARAMS_WITHIN(within) {						\
	[P_USED] = { "used", UNIT_PCT, "80%", NULL, 0 },		\
	[P_WITHIN] = { "within", UNIT_TIME, within, "0s 7d", 0 },	\
	[P_WINDOW] = { "window", UNIT_TIME, "1m", NULL, 0 },		\
	[P_R2] = { "r2", UNIT_ANY, "0.8", "0 1", 0 },			\
	[P_POINTS] = { "points", UNIT_COUNT, "10", "2 32", 0 },		\
	{ NULL, 0, NULL, NULL, 0 },					\
}

static const struct param fd_params[] = PARAMS_WITHIN("10m");
static const struct param pid_params[] = PARAMS_WITHIN("0s");

const struct detector detect_fd_exhaustion = {
	.name = "fd_exhaustion", .kinds = KIND(sample), .by = BY(PROCESS),
	.by_def = BY(PROCESS), .severity = SEV_HIGH,
	.state = sizeof(struct fill), .keys = fd_keys, .params = fd_params,
	.feed = feed, .judge = judge, .tell = tell, .window = length,
};

/* A service that starts makes threads along a line, too: by default only how near
 * the limit is counts. */
const struct detector detect_pids_exhaustion = {
	.name = "pids_exhaustion", .kinds = KIND(cgroup), .by = BY(CGROUP),
	.by_def = BY(CGROUP), .severity = SEV_HIGH,
	.state = sizeof(struct fill), .keys = pid_keys, .params = pid_params,
	.feed = feed, .judge = judge, .tell = tell, .window = length,
};
