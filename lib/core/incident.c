/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The life of an incident: opened, updated, closed. */
#include <stdio.h>
#include <math.h>
#include <string.h>

#include "core/detect.h"

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;

	while (n-- > 0)
		h = (h ^ *s++) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
mix_num(uint64_t h, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		h = (h ^ (v & 255)) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
mix_id(uint64_t h, const struct tree_id *id)
{
	return mix_num(mix_num(h, id->start),
	    (uint64_t)id->boot << 32 | id->pid);
}

/* FNV-1a of rule, subject and opening record. */
static uint64_t
name(const struct lane *l, const struct group *g)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const struct subject *s = &g->s;

	h = mix(h, g->rule->name, strlen(g->rule->name) + 1);
	h = mix(h, l->host, strlen(l->host) + 1);
	h = mix_id(mix_num(h, s->by), &s->id);
	for (int i = 0; i < 2; i++)
		if (s->s[i] != NULL)
			h = mix(h, s->s[i], strlen(s->s[i]) + 1);
	h = mix_num(h, s->n);
	return mix_id(mix_num(mix_num(h, g->last.t), g->last.kind), &g->last.id);
}

/* What is not known from the detector. */
static void
complete(struct lane *l, struct group *g, struct report *r)
{
	struct loss lost = lane_lost(l, g->inc.from, g->rule->kinds);
	double part = g->inc.hits / ((double)g->inc.hits + lost.n);
	unsigned long long n = lost.n;

	if (lost.unknown)
		report_why(r, r->confidence * (part < 0.8 ? part : 0.8),
		    n > 0 ? "%llu records and an unknown number more were lost in "
		    "this time" : "an unknown number of records was lost in this "
		    "time", n);
	else if (n > 0)
		report_why(r, r->confidence * part,
		    "%llu records were lost in this time", n);
	for (uint32_t i = 0; i < l->lacks.n; i++)
		if (lack_touches(l->e->rules, g->rule, &l->lacks.all[i],
		    r->resource))
			report_why(r, 0.8, "degraded: %s", l->lacks.all[i].why);
	if (r->nfacts > 0)
		r->facts[0].peak = g->inc.peak;
}

/* The first fact, if it were v. */
static const char *
fact_text(char *p, const struct report *r, double v)
{
	if (r->facts[0].each == UNIT_COUNT)
		return value_text(p, r->facts[0].unit, v);
	value_text(p, r->facts[0].each, v);
	return strcat(p, " a second");
}

/* What there was is over, so the sentence of now does not fit. */
static void
over(struct lane *l, struct group *g, struct report *r)
{
	char who[100], by[100], len[VALUE_TEXT], peak[VALUE_TEXT];
	char limit[VALUE_TEXT];
	size_t n;

	incident_subject(l, g, &r->subject);
	n = snprintf(r->summary, sizeof(r->summary), "%s: %s is over after %s",
	    party_text(&r->subject, who, sizeof(who)), g->rule->name,
	    value_text(len, UNIT_TIME, l->now - g->inc.opened));
	if (r->nfacts > 0 && !isnan(r->facts[0].threshold))
		n += snprintf(r->summary + n, sizeof(r->summary) - n,
		    "; %s was %s %s", r->facts[0].name,
		    g->rule->down ? "down to" : "up to",
		    fact_text(peak, r, g->inc.peak));
	/* Some detectors have more than one reason. */
	if (r->nfacts > 0 && n < sizeof(r->summary) && (g->rule->down ?
	    g->inc.peak <= r->facts[0].threshold :
	    g->inc.peak >= r->facts[0].threshold))
		snprintf(r->summary + n, sizeof(r->summary) - n,
		    ", the limit is %s",
		    fact_text(limit, r, r->facts[0].threshold));
	n = strlen(r->summary);
	if (r->culprit.kind != NULL)
		snprintf(r->summary + n, sizeof(r->summary) - n, "; culprit: %s",
		    party_text(&r->culprit, by, sizeof(by)));
}

static void
write_line(struct lane *l, struct group *g, const char *state)
{
	char line[EVENT_LINE_MIN];
	struct report r = { .confidence = 1, .severity = -1 };
	size_t n;

	g->rule->det->tell(l, g, &r);
	complete(l, g, &r);
	if (g->rule->det->graver != NULL)
		r.severity = g->rule->det->graver(g);
	g->inc.severity = r.severity != -1 ? r.severity : g->rule->severity;
	if (state[0] == 'c')
		over(l, g, &r);
	n = incident_line(l, g, state, &r, line);
	l->e->conf.out(l->e->conf.arg, line, n);
	g->inc.told = l->now;
	g->inc.hits_told = g->inc.hits;
}

static void
open_it(struct lane *l, struct group *g)
{
	struct tally *t = &l->tally[g->rule->index];
	struct incident *in = &g->inc;
	uint64_t back = g->rule->window;

	if (t->open >= g->rule->limit) {
		if (t->dropped++ == 0) {
			char why[160];

			snprintf(why, sizeof(why), "%s: %u incidents are open, "
			    "more are not told", g->rule->name, g->rule->limit);
			lane_say(l, "degraded", why);
		}
		l->dropped++;
		l->e->count.dropped++;
		/* Not again at once: it is counted by subject and cooldown. */
		in->until = l->now + g->rule->cooldown;
		in->held = l->now;
		in->hushed = 1;
		return;
	}
	t->open++;
	in->open = 1;
	in->hushed = 0;
	in->opened = in->held = l->now;
	in->ahead = l->real_ns >= REAL_UNTOLD ? REAL_UNTOLD :
	    l->real_ns - l->time_ns;
	in->peak = in->value;
	in->hits = window_sum(&in->recent, back, l->now);
	in->first = g->last;
	in->id = name(l, g);
	in->from = l->now > back ? l->now - back : 0;
	l->e->count.opened++;
	l->e->count.open++;
	write_line(l, g, "opened");
	in->quiet = 0;
}

static void
close_it(struct lane *l, struct group *g)
{
	write_line(l, g, "closed");
	l->tally[g->rule->index].open--;
	l->e->count.open--;
	l->e->count.closed++;
	g->inc.open = 0;
	g->inc.until = l->now + g->rule->cooldown;
	memset(&g->inc.recent, 0, sizeof(g->inc.recent));
}

/* It got worse than was told: that does not wait. */
static int
worse(const struct group *g)
{
	return g->rule->det->graver != NULL &&
	    g->rule->det->graver(g) > g->inc.severity;
}

/* While it cools down: would it be open?  Once it would, it stays so until it would
 * be closed. */
static void
hushed(const struct lane *l, struct group *g, enum verdict v)
{
	struct incident *in = &g->inc;

	if (!in->hushed && v == FIRE) {
		in->hushed = 1;
		in->quiet++;
	}
	if (v != CALM)
		in->held = l->now;
	else if (in->hushed && l->now - in->held >= g->rule->close)
		in->hushed = 0;
}

void
incident_step(struct lane *l, struct group *g, enum verdict v)
{
	struct incident *in = &g->inc;

	if (!in->open) {
		if (l->now < in->until)
			hushed(l, g, v);
		else if (v == FIRE)
			open_it(l, g);
		else
			in->hushed = 0;
		return;
	}
	if (g->rule->down ? in->value < in->peak : in->value > in->peak)
		in->peak = in->value;
	if (v != CALM)
		in->held = l->now;
	else if (l->now - in->held >= g->rule->close) {
		close_it(l, g);
		return;
	}
	if (v != CALM && in->hits > in->hits_told &&
	    (l->now - in->told >= g->rule->update || worse(g))) {
		l->e->count.updated++;
		write_line(l, g, "updated");
	}
}

void
incident_drop(struct lane *l, struct group *g)
{
	if (g->inc.open)
		close_it(l, g);
}
