/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* short_lived: many processes that live for a moment, by who made them and how
 * they ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/detect_impl.h"
#include "core/maker.h"

enum { L_COUNT, L_WINDOW, L_LIFE };
enum { LIVES = 32 };

struct lives {
	struct window	all, failed;	/* failed: by status or signal */
	struct window	asked;		/* of these, see ended_answer() */
	struct top	commands[TOP], statuses[TOP];
	uint32_t	us[LIVES];	/* how long the last ones lived */
	uint32_t	n;
	uint64_t	fresh;		/* since then commands and statuses count */
};

static uint64_t
lives_length(const struct rule *r)
{
	return r->p[L_WINDOW];
}

static int
lives_subject(struct lane *l, const struct rule *r, enum by by,
    const struct rec *rec, struct subject *s)
{
	if (by != BY_PROCESS)
		return lane_subject(l, r, by, rec, s);
	*s = (struct subject){ .by = BY_PROCESS };
	return rec_parent(rec, &s->id);
}

static void
lived(struct lane *l, struct group *g, const struct rec *rec, uint64_t ns)
{
	const char *comm = lane_sym(l, rec, K_comm);
	struct lives *s = (void *)g->state;
	uint64_t len = g->rule->p[L_WINDOW], sum = window_sum(&s->all, len, l->now);

	/* What ended long ago is not what ends now. */
	if (!g->inc.open && (sum == 0 || (l->now - s->fresh >= len &&
	    sum < g->rule->p[L_COUNT] * CLEAR))) {
		s->fresh = l->now;
		top_fade(s->commands, sum == 0);
		top_fade(s->statuses, sum == 0);
		s->n = sum == 0 ? 0 : s->n;
	}
	window_add(&s->all, len, l->now, 1);
	if (ended_how(rec) != 0)
		window_add(&s->failed, len, l->now, 1);
	if (ended_answer(l, rec))
		window_add(&s->asked, len, l->now, 1);
	top_add(s->commands, NULL, comm != NULL ? comm : "?", 0);
	top_add(s->statuses, NULL, "", ended_how(rec));
	s->us[s->n++ % LIVES] = ns / 1000;
	group_seen(l, g, rec);
	group_settle(l, g);
}

static void
lives_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	uint64_t ns = rec_num(rec, K_duration_ns, UINT64_MAX);
	struct subject s;
	struct group *g;

	if (ns >= r->p[L_LIFE] || !ended_told(rec))
		return;
	for (int by = 0; by < BY_FIELD; by++)
		if (r->by >> by & 1 && lives_subject(l, r, by, rec, &s) &&
		    (g = group_get(l, r, &s)) != NULL)
			lived(l, g, rec, ns);
}

static enum verdict
lives_judge(struct lane *l, struct group *g)
{
	struct lives *s = (void *)g->state;

	g->inc.value = window_sum(&s->all, g->rule->p[L_WINDOW], l->now);
	return detect_reached(g->inc.value, g->rule->p[L_COUNT]);
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
median(const struct lives *s)
{
	uint32_t us[LIVES], n = s->n < LIVES ? s->n : LIVES;

	memcpy(us, s->us, sizeof(us));
	qsort(us, n, sizeof(us[0]), by_number);
	return n > 0 ? us[n / 2] * 1e3 : 0;
}

/* They succeed: somebody's work.  They fail: somebody's trouble, unless a script
 * asks and the answer is no. */
static const char *
class_of(const struct lives *s, const char *maker, double failed, double asked)
{
	if (failed - asked >= 50)
		return "crash_loop";
	if (failed >= 50)
		return "retry";
	if (maker_builds(maker))
		return "build";
	for (size_t i = 0; i < TOP; i++)
		if (s->commands[i].n > 0 && maker_builds(s->commands[i].comm))
			return "build";
	return "jobs";
}

static void
lives_tell(struct lane *l, struct group *g, struct report *r)
{
	struct lives *s = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t all = window_sum(&s->all, rule->p[L_WINDOW], l->now);
	uint64_t bad = window_sum(&s->failed, rule->p[L_WINDOW], l->now);
	uint64_t no = window_sum(&s->asked, rule->p[L_WINDOW], l->now);
	double failed = all > 0 ? 100.0 * bad / all : 0;
	double asked = all > 0 ? 100.0 * no / all : 0;
	char who[100], len[VALUE_TEXT], life[VALUE_TEXT];

	incident_subject(l, g, &r->subject);
	report_value(r, "processes", UNIT_COUNT, all, rule->p[L_COUNT]);
	report_value(r, "median_life", UNIT_TIME, median(s), rule->p[L_LIFE]);
	report_value(r, "failed", UNIT_PCT, failed, NAN);
	if (all > 0 || g->inc.class == NULL)
		g->inc.class = class_of(s, r->subject.comm, failed, asked);
	r->class = g->inc.class;
	if (strcmp(r->class, "crash_loop") != 0)
		r->severity = SEV_INFO;
	top_tell_status(r, "exits", s->statuses);
	top_tell(l, r, "commands", s->commands);
	snprintf(r->summary, sizeof(r->summary), "%s had %llu processes in %s "
	    "that lived %s (median), most of them %s; %.0f %% failed: %s",
	    party_text(&r->subject, who, sizeof(who)), (unsigned long long)all,
	    value_text(len, UNIT_TIME, rule->p[L_WINDOW]),
	    value_text(life, UNIT_TIME, median(s)), top_first(s->commands)->comm,
	    failed, r->class[0] == 'c' ? "a crash loop" :
	    r->class[0] == 'r' ? "a command that is tried again" :
	    r->class[0] == 'b' ? "a build" : "short jobs");
}

static const uint8_t keys[] = { K_id, K_parent_id, K_comm, K_exit_code,
	K_signal, K_duration_ns, K_NONE };

static const struct param lives_params[] = {
	[L_COUNT] = { "processes", UNIT_COUNT, "50", NULL, 0 },
	[L_WINDOW] = { "window", UNIT_TIME, "10s", NULL, 0 },
	[L_LIFE] = { "life", UNIT_TIME, "1s", "1us 1h", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_short_lived = {
	.name = "short_lived", .kinds = KIND(exit),
	.by = BY(PROCESS) | BY(CGROUP) | BY(POD) | BY(NAMESPACE) | BY(HOST),
	.by_def = BY(PROCESS), .severity = SEV_MEDIUM,
	.state = sizeof(struct lives), .keys = keys, .params = lives_params,
	.feed = lives_feed, .judge = lives_judge, .tell = lives_tell,
	.window = lives_length,
};

