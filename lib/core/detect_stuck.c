/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* d_state: it sleeps and cannot be woken.  zombie: nobody asks how its children
 * ended. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

/* ---- d_state ---- */

enum { D_FOR };

struct stuck {
	struct sustain	s;
	char		wchan[64];	/* "": not told */
};

static uint64_t
stuck_length(const struct rule *r)
{
	return r->p[D_FOR];
}

/* It sleeps, and in one place until it was awake: a sample that does not say
 * where changes nothing. */
static void
where_put(struct stuck *p, const struct rec *rec)
{
	const struct scan_val *v = rec_val(rec, K_wchan);

	if (v->type == SCAN_STR)
		scan_str(v, p->wchan, sizeof(p->wchan));
	else if (p->s.since == 0)
		p->wchan[0] = '\0';
}

/* Who is in it now and neither gave up the processor in the interval nor used it
 * was in it before, and all the time.  Who used it may just have come: other
 * threads use it, too. */
static void
stuck_see(struct lane *l, struct stuck *p, const struct rec *rec)
{
	uint64_t interval = rec_num(rec, K_interval_ns, 0);
	uint64_t voluntary = rec_num(rec, K_voluntary, UINT64_MAX);
	int in = scan_is(rec_val(rec, K_state), "D");

	if (in && voluntary == 0)
		where_put(p, rec);
	if (in && voluntary == UINT64_MAX) {
		p->s.since = 0;		/* it may have been awake: begin anew */
		return;
	}
	in = in && voluntary == 0;
	if (rec_num(rec, K_cpu_ns, 1) == 0)
		sustain_put(&p->s, l->now, interval, in, 0.5);
	else
		sustain_see(&p->s, l->now, interval, in, 0.5);
}

static void
stuck_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	int stuck = scan_is(rec_val(rec, K_state), "D") &&
	    rec_num(rec, K_voluntary, UINT64_MAX) == 0;
	struct subject s;
	struct stuck *p;
	struct group *g;

	if (rec_val(rec, K_state)->type != SCAN_STR ||
	    (!stuck && !group_may(l, r)) || !lane_subject(l, r, BY_PROCESS, rec, &s) ||
	    ((g = group_find(l, r, &s)) == NULL && !stuck))
		return;
	if ((g = group_get(l, r, &s)) == NULL)
		return;
	p = (void *)g->state;
	stuck_see(l, p, rec);
	group_seen(l, g, rec);
	group_settle(l, g);
}

/* It was, and nobody has told whether it is. */
static int
stuck_perhaps(const struct stuck *p)
{
	return p->s.since == 0 && p->s.value > 0;
}

static enum verdict
stuck_judge(struct lane *l, struct group *g)
{
	struct stuck *p = (void *)g->state;

	/* If nobody tells it is what was known last. */
	if (!stuck_perhaps(p))
		g->inc.value = p->s.since != 0 ? l->now - p->s.since : 0;
	return sustain_judge(&p->s, l->now, g->rule->p[D_FOR], 0.5);
}

/* The other is stuck now in the same place. */
static int
beside(const struct lane *l, const struct group *g, const struct group *other)
{
	const struct stuck *p = (const void *)g->state, *o;

	if (other == NULL || other == g || other->rule != g->rule)
		return 0;
	o = (const void *)other->state;
	return o->s.since != 0 &&
	    l->now - o->s.last <= o->s.interval + SUSTAIN_SLACK &&
	    strcmp(o->wchan, p->wchan) == 0;
}

/* How many others are stuck in the same place; the first of them are listed. */
static unsigned
others_tell(struct lane *l, struct group *g, struct report *r)
{
	unsigned n = 0;
	size_t list = r->nlists;

	for (uint32_t i = 0; i < l->groups.used; i++) {
		struct group *o = l->groups.all[i];
		struct party who = { 0 };

		if (!beside(l, g, o) || n++ >= ITEMS)
			continue;
		report_process(l, &who, "process", &o->s.id);
		r->lists[list].items[n - 1] = (struct item){ .id = who.id,
		    .comm = who.comm, .cgroup = who.cgroup,
		    .exit_code = -1, .signal = -1 };
	}
	if (n == 0)
		return 0;
	r->lists[list].name = "beside";
	r->lists[list].n = n < ITEMS ? n : ITEMS;
	r->nlists++;
	report_value(r, "beside", UNIT_COUNT, n, NAN);
	return n;
}

static void
stuck_tell(struct lane *l, struct group *g, struct report *r)
{
	struct stuck *p = (void *)g->state;
	char who[100], held[VALUE_TEXT], many[48] = "";
	unsigned n;

	incident_subject(l, g, &r->subject);
	report_value(r, "stuck", UNIT_TIME, g->inc.value, g->rule->p[D_FOR]);
	if (stuck_perhaps(p))
		report_why(r, 0.5, "how often it was awake since is not told");
	if (p->wchan[0] == '\0') {
		report_why(r, r->confidence, "where it waits is not told");
	} else {
		r->class = p->wchan;
		if ((n = others_tell(l, g, r)) > 0)
			snprintf(many, sizeof(many), ", as %u other%s", n,
			    n == 1 ? " is" : "s are");
	}
	snprintf(r->summary, sizeof(r->summary), "%s is in uninterruptible sleep "
	    "for %s%s%s%s", party_text(&r->subject, who, sizeof(who)),
	    value_text(held, UNIT_TIME, g->inc.value),
	    p->wchan[0] != '\0' ? ", in " : "", p->wchan, many);
}

static const uint8_t stuck_keys[] = { K_state, K_interval_ns, K_voluntary,
	K_cpu_ns, K_wchan, K_NONE };

static const struct param stuck_params[] = {
	[D_FOR] = { "for", UNIT_TIME, "10s", "1ms 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_d_state = {
	.name = "d_state", .kinds = KIND(sample), .by = BY(PROCESS),
	.by_def = BY(PROCESS), .severity = SEV_MEDIUM,
	.state = sizeof(struct stuck), .keys = stuck_keys,
	.params = stuck_params, .feed = stuck_feed, .judge = stuck_judge,
	.tell = stuck_tell, .window = stuck_length,
};

/* ---- zombie ---- */

enum { Z_COUNT, Z_FOR };

/* Zombies are counted by rounds of samples. */
struct zombies {
	struct sustain	s;
	uint64_t	seen, n;	/* last; in the round under way */
	uint64_t	last;		/* in the one before */
	struct top	commands[TOP];
};

static uint64_t
zombie_length(const struct rule *r)
{
	return r->p[Z_FOR];
}

static void
zombie_feed(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct subject s = { .by = BY_PROCESS };
	struct zombies *z;
	struct group *g;
	const char *comm;
	uint64_t interval;

	if (!scan_is(rec_val(rec, K_state), "Z") ||
	    !rec_parent(rec, &s.id) || (g = group_get(l, r, &s)) == NULL)
		return;
	z = (void *)g->state;
	interval = rec_num(rec, K_interval_ns, 1000000000);
	if (round_begins(&z->seen, l->now, interval)) {
		if (z->n < r->p[Z_COUNT])
			sustain_see(&z->s, l->now, interval, z->n,
			    r->p[Z_COUNT] - 0.5);
		z->last = z->n;
		z->n = 0;
		memset(z->commands, 0, sizeof(z->commands));
	}
	comm = lane_sym(l, rec, K_comm);
	top_add(z->commands, NULL, comm != NULL ? comm : "?", 0);
	if (++z->n >= r->p[Z_COUNT])
		sustain_see(&z->s, l->now, interval, z->n, r->p[Z_COUNT] - 0.5);
	group_seen(l, g, rec);
	group_settle(l, g);
}

static enum verdict
zombie_judge(struct lane *l, struct group *g)
{
	struct zombies *z = (void *)g->state;

	g->inc.value = z->n > z->last ? z->n : z->last;
	return sustain_judge(&z->s, l->now, g->rule->p[Z_FOR],
	    g->rule->p[Z_COUNT] - 0.5);
}

static void
zombie_tell(struct lane *l, struct group *g, struct report *r)
{
	struct zombies *z = (void *)g->state;
	char who[100];

	incident_subject(l, g, &r->subject);
	report_value(r, "zombies", UNIT_COUNT, g->inc.value,
	    g->rule->p[Z_COUNT]);
	top_tell(l, r, "commands", z->commands);
	snprintf(r->summary, sizeof(r->summary), "%s has left %.0f zombies, most of "
	    "them %s: it does not wait for its children",
	    party_text(&r->subject, who, sizeof(who)), g->inc.value,
	    top_first(z->commands)->comm);
}

static const uint8_t zombie_keys[] = { K_state, K_parent_id, K_comm,
	K_interval_ns, K_NONE };

static const struct param zombie_params[] = {
	[Z_COUNT] = { "zombies", UNIT_COUNT, "20", NULL, 0 },
	[Z_FOR] = { "for", UNIT_TIME, "30s", "1ms 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_zombie = {
	.name = "zombie", .kinds = KIND(sample), .by = BY(PROCESS),
	.by_def = BY(PROCESS), .severity = SEV_LOW,
	.state = sizeof(struct zombies), .keys = zombie_keys,
	.params = zombie_params, .feed = zombie_feed, .judge = zombie_judge,
	.tell = zombie_tell, .window = zombie_length,
};
