/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * short_lived: many processes that live for a moment.  crash_loop: one command
 * fails again and again.  Both look at who made them, and how they ended.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/detect_impl.h"

/* Exit status, or -signal. */
static int
status(const struct rec *rec)
{
	uint64_t sig = rec_num(rec, K_signal, 0);
	uint64_t code = rec_num(rec, K_exit_code, 0);

	return sig > 0 && sig < 128 ? -(int)sig : (int)(code & 0xff);
}

static int
ended(const struct rec *rec)
{
	return rec_val(rec, K_exit_code)->type == SCAN_NUM ||
	    rec_val(rec, K_signal)->type == SCAN_NUM;
}

/* ---- short_lived ---- */

enum { L_COUNT, L_WINDOW, L_LIFE };
enum { LIVES = 32 };

struct lives {
	struct window	all, failed;
	struct top	commands[TOP], statuses[TOP];
	uint32_t	us[LIVES];	/* how long the last ones lived */
	uint32_t	n;
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
	uint64_t len = g->rule->p[L_WINDOW];

	if (!g->inc.open && window_sum(&s->all, len, l->now) == 0) {
		memset(s->commands, 0, sizeof(s->commands));
		memset(s->statuses, 0, sizeof(s->statuses));
		s->n = 0;
	}
	window_add(&s->all, len, l->now, 1);
	if (status(rec) != 0)
		window_add(&s->failed, len, l->now, 1);
	top_add(s->commands, NULL, comm != NULL ? comm : "?", 0);
	top_add(s->statuses, NULL, "", status(rec));
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

	if (ns >= r->p[L_LIFE] || !ended(rec))
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

/* Names of programs that run others to build something. */
static int
builds(const char *comm)
{
	static const char *const names[] = { "make", "gmake", "ninja", "cc1",
	    "cc1plus", "gcc", "g++", "cc", "c++", "clang", "clang++", "as", "ld",
	    "collect2", "rustc", "cargo", "go", "compile", "javac", "cmake" };

	for (size_t i = 0; comm != NULL && i < sizeof(names) / sizeof(names[0]);
	    i++)
		if (strcmp(names[i], comm) == 0)
			return 1;
	return 0;
}

/* They succeed: somebody's work.  They fail: somebody's trouble. */
static const char *
class_of(const struct lives *s, const char *maker, double failed)
{
	if (failed >= 50)
		return "crash_loop";
	if (builds(maker))
		return "build";
	for (size_t i = 0; i < TOP; i++)
		if (s->commands[i].n > 0 && builds(s->commands[i].comm))
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
	double failed = all > 0 ? 100.0 * bad / all : 0;
	char who[100], len[VALUE_TEXT], life[VALUE_TEXT];

	incident_subject(l, g, &r->subject);
	report_value(r, "processes", UNIT_COUNT, all, rule->p[L_COUNT]);
	report_value(r, "median_life", UNIT_TIME, median(s), rule->p[L_LIFE]);
	report_value(r, "failed", UNIT_PCT, failed, NAN);
	if (all > 0 || g->inc.class == NULL)
		g->inc.class = class_of(s, r->subject.comm, failed);
	r->class = g->inc.class;
	if (strcmp(r->class, "crash_loop") != 0)
		r->severity = SEV_INFO;
	top_tell_status(r, "exits", s->statuses);
	top_tell(l, r, "commands", s->commands);
	snprintf(r->summary, sizeof(r->summary), "%s made %llu processes in %s "
	    "that lived %s (median), most of them %s; %.0f %% failed: %s",
	    party_text(&r->subject, who, sizeof(who)), (unsigned long long)all,
	    value_text(len, UNIT_TIME, rule->p[L_WINDOW]),
	    value_text(life, UNIT_TIME, median(s)), top_first(s->commands)->comm,
	    failed, r->class[0] == 'c' ? "a crash loop" :
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

/* ---- crash_loop ---- */

enum { C_DEATHS, C_WINDOW, C_FAILED, C_FOR, C_LIFE };
enum { DEATHS = 16 };		/* whose times are kept */

struct crashes {
	struct window	failed, all;
	struct top	statuses[TOP];
	uint64_t	t[DEATHS];	/* of the last deaths */
	uint32_t	n;
};

static uint64_t
crash_length(const struct rule *r)
{
	return r->p[C_WINDOW];
}

/* Of a program that ends at once, status 1 is an answer: grep, test. */
static int
failed(const struct rule *r, const struct rec *rec)
{
	int s = status(rec);

	return s != 0 && (s != 1 ||
	    rec_num(rec, K_duration_ns, UINT64_MAX) >= r->p[C_LIFE]);
}

static void
crash_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_PROCESS };
	struct crashes *c;
	struct group *g;
	int bad = failed(r, rec);

	if ((!bad && !group_any(l, r)) || !ended(rec) ||
	    !rec_parent(rec, &s.id) ||
	    (s.s[0] = lane_sym(l, rec, K_comm)) == NULL)
		return;
	if ((g = bad ? group_get(l, r, &s) : group_find(l, r, &s)) == NULL)
		return;
	c = (void *)g->state;
	window_add(&c->all, r->p[C_WINDOW], l->now, 1);
	if (bad) {
		if (window_sum(&c->failed, r->p[C_WINDOW], l->now) == 0)
			memset(c->statuses, 0, sizeof(c->statuses));
		window_add(&c->failed, r->p[C_WINDOW], l->now, 1);
		top_add(c->statuses, NULL, "", status(rec));
		c->t[c->n++ % DEATHS] = l->now;
		group_seen(l, g, rec);
	}
	group_settle(l, g);
}

/* How long the deaths in the window, of those kept, were spread. */
static uint64_t
spread(const struct crashes *c, uint64_t window, uint64_t now, uint32_t *n)
{
	uint64_t first = now, last = 0;

	*n = 0;
	for (uint32_t i = 0; i < c->n && i < DEATHS; i++) {
		if (now - c->t[i] > window)
			continue;
		if (c->t[i] < first)
			first = c->t[i];
		if (c->t[i] > last)
			last = c->t[i];
		++*n;
	}
	return last > first ? last - first : 0;
}

static enum verdict
crash_judge(struct lane *l, struct group *g)
{
	struct crashes *c = (void *)g->state;
	const struct rule *r = g->rule;
	uint64_t bad = window_sum(&c->failed, r->p[C_WINDOW], l->now);
	uint64_t all = window_sum(&c->all, r->p[C_WINDOW], l->now);
	uint32_t n;

	g->inc.value = bad;
	if (bad < r->p[C_DEATHS])
		return detect_reached(bad, r->p[C_DEATHS]);
	/* A program whose answer is now and then "no" does not crash. */
	if (100.0 * bad < r->p[C_FAILED] * all ||
	    spread(c, r->p[C_WINDOW], l->now, &n) < r->p[C_FOR])
		return STAY;
	return FIRE;
}

static void
crash_tell(struct lane *l, struct group *g, struct report *r)
{
	struct crashes *c = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t bad = window_sum(&c->failed, rule->p[C_WINDOW], l->now);
	uint64_t all = window_sum(&c->all, rule->p[C_WINDOW], l->now), span;
	const struct top *most = top_first(c->statuses);
	char who[100], len[VALUE_TEXT], each[VALUE_TEXT];
	uint32_t n;

	span = spread(c, rule->p[C_WINDOW], l->now, &n);
	report_process(l, &r->subject, "process", &g->s.id);
	r->culprit.kind = "command";
	r->culprit.comm = g->s.s[0];
	r->culprit.count = bad;
	report_value(r, "deaths", UNIT_COUNT, bad, rule->p[C_DEATHS]);
	report_value(r, "failed", UNIT_PCT, all > 0 ? 100.0 * bad / all : 0,
	    rule->p[C_FAILED]);
	if (n > 1)
		report_value(r, "interval", UNIT_TIME, (double)span / (n - 1), NAN);
	top_tell_status(r, "exits", c->statuses);
	snprintf(r->summary, sizeof(r->summary), "%s failed %llu times in %s under "
	    "%s, by %s %d%s%s", g->s.s[0], (unsigned long long)bad,
	    value_text(len, UNIT_TIME, rule->p[C_WINDOW]),
	    party_text(&r->subject, who, sizeof(who)),
	    most->status < 0 ? "signal" : "exit status", abs(most->status),
	    n > 1 ? ", each " : "",
	    n > 1 ? value_text(each, UNIT_TIME, (double)span / (n - 1)) : "");
}

static const struct param crash_params[] = {
	[C_DEATHS] = { "deaths", UNIT_COUNT, "5", NULL, 0 },
	[C_WINDOW] = { "window", UNIT_TIME, "1m", NULL, 0 },
	[C_FAILED] = { "failed", UNIT_PCT, "90%", NULL, 0 },
	[C_FOR] = { "for", UNIT_TIME, "2s", "0s 7d", 0 },
	[C_LIFE] = { "life", UNIT_TIME, "50ms", "0s 1h", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

static int
crash_check(struct rule *r, char *why)
{
	if (r->p[C_FOR] < r->p[C_WINDOW])
		return 0;
	snprintf(why, RULE_WHY, "[%s]: for: want less than window", r->name);
	return -1;
}

const struct detector detect_crash_loop = {
	.name = "crash_loop", .kinds = KIND(exit), .by = BY(PROCESS),
	.by_def = BY(PROCESS), .severity = SEV_HIGH,
	.state = sizeof(struct crashes), .keys = keys, .params = crash_params,
	.check = crash_check,
	.feed = crash_feed, .judge = crash_judge, .tell = crash_tell,
	.window = crash_length,
};
