/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* crash_loop: one command fails again and again, under one parent. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/detect_impl.h"
#include "core/maker.h"

/* ---- how it ended ---- */

/* Exit status, or -signal. */
int
ended_how(const struct rec *rec)
{
	uint64_t sig = rec_num(rec, K_signal, 0);
	uint64_t code = rec_num(rec, K_exit_code, 0);

	return sig > 0 && sig < 128 ? -(int)sig : (int)(code & 0xff);
}

int
ended_told(const struct rec *rec)
{
	return rec_val(rec, K_exit_code)->type == SCAN_NUM ||
	    rec_val(rec, K_signal)->type == SCAN_NUM;
}

enum { TIMEOUT = 124, SSH = 255 };	/* what these have for "no" */
enum { SSH_GRACE = 3, SSH_TRIED = 5, SSH_REFUSED };	/* and sshd-session */

/* A signal that people and scripts send, to end what they started. */
static int
sent(int sig)
{
	return sig == SIGHUP || sig == SIGINT || sig == SIGKILL || sig == SIGPIPE ||
	    sig == SIGALRM || sig == SIGTERM;
}

/* A server's child, for one peer, that had enough of it: as sshd's, which has a name
 * of its own from OpenSSH 9.8 on, and there tells in its status why. */
static int
refused(struct lane *l, const struct kin *up, const struct rec *rec, int s)
{
	const char *comm = lane_sym(l, rec, K_comm);
	size_t n = up->comm != NULL ? strlen(up->comm) : 0;

	if (n == 0 || comm == NULL || strncmp(comm, up->comm, n) != 0)
		return 0;
	if (comm[n] == '\0')
		return s == SSH;
	return strcmp(comm + n, "-session") == 0 && (s == SSH ||
	    s == SSH_GRACE || s == SSH_TRIED || s == SSH_REFUSED);
}

int
ended_answer(struct lane *l, const struct rec *rec)
{
	const struct kin *up = kin_find(l->kins, &rec->parent);
	enum maker maker = up != NULL ? up->maker : MAKER_OTHER;
	int s = ended_how(rec);

	/* An init was asked to stop or to restart it. */
	if (maker == MAKER_SUPERVISOR || maker == MAKER_SHIM)
		return s == -SIGTERM || s == -SIGINT || s == -SIGHUP;
	if (maker == MAKER_OTHER && s >= 0)
		return up != NULL && refused(l, up, rec, s);
	/* If it was the kernel that killed, oom_kill tells. */
	if (s < 0)
		return sent(-s);
	if (s == TIMEOUT)
		return 1;
	/* From 64 on stand sysexits.h, and what shells say of their commands. */
	return ((s >= 1 && s < 64) || s == SSH) &&
	    rec_num(rec, K_duration_ns, UINT64_MAX) < ENDED_QUICK;
}

/* ---- crash_loop ---- */

enum { C_DEATHS, C_WINDOW, C_FAILED, C_FOR, C_LIFE, C_EVERY };
enum { DEATHS = 16 };		/* whose times are kept */

#define SHIM_YOUNG	UINT64_C(2000000000)	/* when it makes what it is for */

struct crashes {
	struct window	failed, all;
	struct window	asked;		/* of the failed, see ended_answer() */
	struct window	again;		/* of these, started after one had failed */
	uint8_t		supervised;	/* its parent is there to start it again */
	uint8_t		crashed;	/* since it opened: they were no answers */
	uint64_t	t[DEATHS];	/* of the last deaths */
	int16_t		how[DEATHS];	/* and exit status, or -signal */
	uint32_t	n;
	uint32_t	place;		/* hash of the last one's cgroup, under a shim */
};

static uint64_t
crash_length(const struct rule *r)
{
	return r->p[C_WINDOW];
}

/* It starts it again: it did not just get it when another ended. */
static int
supervises(struct lane *l, const struct rec *rec)
{
	const struct kin *k = l->self;
	const struct kin *up = kin_find(l->kins, &rec->parent);

	if (up == NULL || up->maker != MAKER_SUPERVISOR)
		return up != NULL && up->maker == MAKER_SHIM;
	return k == NULL || k->up.pid == 0 || (k->up.pid == rec->parent.pid &&
	    k->up.start == rec->parent.start);
}

/* Of a program that ends at once, status 1 is an answer: grep, test.  Nobody
 * asks but who waits for it: not an init. */
static int
failed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	int s = ended_how(rec);

	return s != 0 && (s != 1 || supervises(l, rec) ||
	    rec_num(rec, K_duration_ns, UINT64_MAX) >= r->p[C_LIFE]);
}

/* It began after one of its kind had failed, of those in the window: of many that
 * end side by side none is the next. */
static int
restarted(const struct crashes *c, const struct rec *rec, uint64_t window,
    uint64_t now)
{
	struct tree_id id;

	if (!rec_self(rec, &id))
		return 0;
	for (uint32_t i = 0; i < c->n && i < DEATHS; i++)
		if (now - c->t[i] <= window && c->t[i] <= id.start)
			return 1;
	return 0;
}

/* A container that is started again gets a new shim each time: who made that, and
 * the cgroup, stay. */
static void
above_shim(struct lane *l, const struct rec *rec, struct subject *s)
{
	const struct kin *up = kin_find(l->kins, &s->id);
	uint64_t life = rec_num(rec, K_duration_ns, UINT64_MAX);

	if (up == NULL || up->up.pid == 0 || (up->maker != MAKER_SHIM &&
	    maker_of(up->comm, NULL, 0) != MAKER_SHIM) ||
	    life > l->now || up->id.start + SHIM_YOUNG < l->now - life)
		return;
	s->s[1] = lane_cgroup(l, rec, K_cgroup, K_cgroup_v1);
	if (s->s[1] != NULL)
		s->id = up->up;
}

/* A shim that goes on gives a container that it starts again another cgroup.  What
 * fails in the same one was run in a container that lives: a probe that asks. */
static int
probed(struct lane *l, struct crashes *c, const struct rec *rec,
    const struct subject *s)
{
	const struct kin *up = kin_find(l->kins, &rec->parent);
	const char *cgroup;
	uint32_t was = c->place;

	if (up == NULL || up->maker != MAKER_SHIM || s->s[1] != NULL ||
	    (cgroup = lane_cgroup(l, rec, K_cgroup, K_cgroup_v1)) == NULL)
		return 0;
	c->place = intern_hash(cgroup);
	return c->place == was;
}

static void
crash_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_PROCESS };
	struct crashes *c;
	struct group *g;
	int bad = failed(l, r, rec);

	if ((!bad && !group_any(l, r)) || !ended_told(rec) ||
	    !rec_parent(rec, &s.id) ||
	    (s.s[0] = lane_sym(l, rec, K_comm)) == NULL)
		return;
	above_shim(l, rec, &s);
	if ((g = bad ? group_get(l, r, &s) : group_find(l, r, &s)) == NULL)
		return;
	c = (void *)g->state;
	window_add(&c->all, r->p[C_WINDOW], l->now, 1);
	if (bad) {
		window_add(&c->failed, r->p[C_WINDOW], l->now, 1);
		if (probed(l, c, rec, &s) || ended_answer(l, rec))
			window_add(&c->asked, r->p[C_WINDOW], l->now, 1);
		if (restarted(c, rec, r->p[C_WINDOW], l->now))
			window_add(&c->again, r->p[C_WINDOW], l->now, 1);
		c->supervised = supervises(l, rec);
		c->how[c->n % DEATHS] = ended_how(rec);
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

/* How those in the window ended, of those kept; all of them, if none is in it. */
static void
statuses(const struct crashes *c, uint64_t window, uint64_t now, struct top *t)
{
	uint32_t n = c->n < DEATHS ? c->n : DEATHS;

	memset(t, 0, TOP * sizeof(*t));
	if (now - c->t[(c->n - 1) % DEATHS] >= window)
		window = UINT64_MAX;
	for (uint32_t i = c->n - n; i != c->n; i++)
		if (now - c->t[i % DEATHS] < window)
			top_add(t, NULL, "", c->how[i % DEATHS]);
}

/* More of them crashed than may have answered; while it is open, at any time. */
static void
classify(struct lane *l, struct group *g, uint64_t bad)
{
	struct crashes *c = (void *)g->state;
	uint64_t no = window_sum(&c->asked, g->rule->p[C_WINDOW], l->now);

	c->crashed = (g->inc.open && c->crashed) || 2 * no < bad;
}

/* Who starts it again waits longer and longer: the next death may be due yet.  So
 * long after the last one it is over, in times of what was between these. */
#define AGAIN	5 / 2

static int
goes_on(const struct crashes *c, uint64_t window, uint64_t now)
{
	uint64_t last, before;

	if (c->n < 2)
		return 0;
	last = c->t[(c->n - 1) % DEATHS];
	before = c->t[(c->n - 2) % DEATHS];
	return now - last <= window && now - last <= (last - before) * AGAIN;
}

static enum verdict
crash_judge(struct lane *l, struct group *g)
{
	struct crashes *c = (void *)g->state;
	const struct rule *r = g->rule;
	uint64_t bad = window_sum(&c->failed, r->p[C_WINDOW], l->now);
	uint64_t all = window_sum(&c->all, r->p[C_WINDOW], l->now), span;
	uint32_t n;

	g->inc.value = bad;
	classify(l, g, bad);
	if (bad < r->p[C_DEATHS]) {
		enum verdict v = detect_reached(bad, r->p[C_DEATHS]);

		return v == CALM && g->inc.open && 100.0 * bad >=
		    r->p[C_FAILED] * all &&
		    goes_on(c, r->p[C_WINDOW], l->now) ? STAY : v;
	}
	span = spread(c, r->p[C_WINDOW], l->now, &n);
	/* A program whose answer is now and then "no" does not crash. */
	if (100.0 * bad < r->p[C_FAILED] * all ||
	    2 * window_sum(&c->again, r->p[C_WINDOW], l->now) + 1 < bad ||
	    (span < r->p[C_FOR] && !c->supervised) ||
	    (n > 1 && (double)span / (n - 1) < r->p[C_EVERY]))
		return STAY;
	return FIRE;
}

static int
crash_severity(const struct group *g)
{
	const struct crashes *c = (const void *)g->state;

	return !c->crashed && g->rule->severity > SEV_LOW ? SEV_LOW :
	    g->rule->severity;
}

static void
crash_tell(struct lane *l, struct group *g, struct report *r)
{
	struct crashes *c = (void *)g->state;
	const struct rule *rule = g->rule;
	uint64_t bad = window_sum(&c->failed, rule->p[C_WINDOW], l->now);
	uint64_t all = window_sum(&c->all, rule->p[C_WINDOW], l->now), span;
	struct top ends[TOP];
	const struct top *most;
	char who[100], len[VALUE_TEXT], each[VALUE_TEXT];
	uint32_t n;

	span = spread(c, rule->p[C_WINDOW], l->now, &n);
	statuses(c, rule->p[C_WINDOW], l->now, ends);
	most = top_first(ends);
	report_process(l, &r->subject, "process", &g->s.id);
	r->culprit.kind = "command";
	r->culprit.comm = g->s.s[0];
	r->culprit.count = bad;
	report_value(r, "deaths", UNIT_COUNT, bad, rule->p[C_DEATHS]);
	report_value(r, "failed", UNIT_PCT, all > 0 ? 100.0 * bad / all : 0,
	    rule->p[C_FAILED]);
	if (n > 1)
		report_value(r, "interval", UNIT_TIME, (double)span / (n - 1),
		    rule->p[C_EVERY] > 0 ? rule->p[C_EVERY] : NAN);
	r->class = c->crashed ? "crash_loop" : "retry";
	top_tell_status(r, "exits", ends);
	snprintf(r->summary, sizeof(r->summary), "%s failed %llu times in %s under "
	    "%s%s, by %s %d%s%s", g->s.s[0], (unsigned long long)bad,
	    value_text(len, UNIT_TIME, rule->p[C_WINDOW]),
	    party_text(&r->subject, who, sizeof(who)),
	    c->crashed ? "" : ", which tries it again",
	    most->status < 0 ? "signal" : "exit status", abs(most->status),
	    n > 1 ? ", each " : "",
	    n > 1 ? value_text(each, UNIT_TIME, (double)span / (n - 1)) : "");
}

static const uint8_t crash_keys[] = { K_id, K_parent_id, K_comm, K_exit_code,
	K_signal, K_duration_ns, K_cgroup, K_cgroup_v1, K_NONE };

static const struct param crash_params[] = {
	[C_DEATHS] = { "deaths", UNIT_COUNT, "5", NULL, 0 },
	[C_WINDOW] = { "window", UNIT_TIME, "1m", NULL, 0 },
	[C_FAILED] = { "failed", UNIT_PCT, "90%", NULL, 0 },
	[C_FOR] = { "for", UNIT_TIME, "2s", "0s 7d", 0 },
	[C_LIFE] = { "life", UNIT_TIME, "50ms", "0s 1h", 0 },
	[C_EVERY] = { "every", UNIT_TIME, "0s", "0s 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

static int
crash_check(struct rule *r, char *why)
{
	if (r->p[C_FOR] >= r->p[C_WINDOW])
		snprintf(why, RULE_WHY, "[%s]: for: want less than window", r->name);
	else if (r->p[C_EVERY] * (r->p[C_DEATHS] - 1) >= r->p[C_WINDOW])
		snprintf(why, RULE_WHY, "[%s]: every: so many deaths are not in one "
		    "window", r->name);
	else
		return 0;
	return -1;
}

const struct detector detect_crash_loop = {
	.name = "crash_loop", .kinds = KIND(exit), .by = BY(PROCESS),
	.by_def = BY(PROCESS), .severity = SEV_HIGH,
	.state = sizeof(struct crashes), .keys = crash_keys, .params = crash_params,
	.check = crash_check,
	.feed = crash_feed, .judge = crash_judge, .graver = crash_severity,
	.tell = crash_tell,
	.window = crash_length,
};
