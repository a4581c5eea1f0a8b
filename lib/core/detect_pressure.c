/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* psi_saturation, circuit_breaker: the kernel's pressure stays high. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/detect_impl.h"

enum { P_RESOURCE, P_LINE, P_ABOVE, P_FOR, P_CPU };
enum { LINE_SOME, LINE_FULL };

static const char resource_words[] = "cpu memory io irq any";
enum { ANY_RESOURCE = 4 };

/* CPU time used on the host, by rounds of samples: one is whole when the next
 * begins. */
struct busy {
	uint64_t	begun, sum, interval;	/* of the round under way */
	uint64_t	last;			/* sample */
	uint64_t	t;			/* when pct was known */
	double		pct;			/* NAN: not known yet */
	uint8_t		root;			/* the root cgroup tells it */
};

struct pressure {
	struct sustain	s;
	struct busy	busy;		/* circuit_breaker */
	double		pct, peak;
	uint8_t		resource;
};

const char *
resource_text(enum resource r)
{
	static const char *const text[] = { "cpu", "memory", "io", "irq", NULL };

	return text[r];
}

static uint64_t
length(const struct rule *r)
{
	return r->p[P_FOR];
}

/* The line that the rule looks at, and the time it speaks of.  1, or 0 if that
 * is unknown: which is not calm. */
static int
line_of(const struct rule *r, const struct rec *rec, double *pct,
    uint64_t *interval)
{
	*pct = rec_double(rec, r->p[P_LINE] == LINE_FULL ? K_full_pct :
	    K_some_pct);
	*interval = rec_num(rec, K_interval_ns, 0);
	return !isnan(*pct) && *interval > 0;
}

static void
saturation(struct lane *l, const struct rule *r, const struct rec *rec)
{
	enum resource res = lane_resource(rec);
	int host = rec_val(rec, K_cgroup)->type == SCAN_NONE;
	struct pressure *p;
	struct subject s;
	struct group *g;
	uint64_t interval;
	double pct;

	if (res == RES_NONE || (r->p[P_RESOURCE] != ANY_RESOURCE &&
	    r->p[P_RESOURCE] != res) || !line_of(r, rec, &pct, &interval) ||
	    (pct <= r->p[P_ABOVE] && !group_any(l, r)))
		return;
	for (int b = 0; b < BY_FIELD; b++) {
		if (!(r->by >> b & 1) || host != (b == BY_HOST) ||
		    !lane_subject(l, r, b, rec, &s))
			continue;
		s.n = res;
		/* Most are calm: nothing need be known of those. */
		if ((g = group_find(l, r, &s)) == NULL && pct <= r->p[P_ABOVE])
			continue;
		if ((g = group_get(l, r, &s)) == NULL)
			return;
		p = (void *)g->state;
		p->resource = res;
		p->pct = pct;
		sustain_put(&p->s, l->now, interval, pct, r->p[P_ABOVE]);
		group_seen(l, g, rec);
		group_settle(l, g);
	}
}

static enum verdict
judge(struct lane *l, struct group *g)
{
	struct pressure *p = (void *)g->state;

	g->inc.value = p->pct;
	return sustain_judge(&p->s, l->now, g->rule->p[P_FOR],
	    g->rule->p[P_ABOVE]);
}

/* How long it has been above, or that it is so no more. */
static void
held_tell(const struct lane *l, const struct group *g, struct report *r,
    const char *limit, char *text, size_t size)
{
	const struct pressure *p = (const void *)g->state;
	double held = p->s.since != 0 ? l->now - p->s.since : 0;
	char len[VALUE_TEXT];

	report_value(r, "for", UNIT_TIME, held, g->rule->p[P_FOR]);
	if (p->s.since != 0)
		snprintf(text, size, " for %s", value_text(len, UNIT_TIME, held));
	else
		snprintf(text, size, ", no longer above %s", limit);
}

static void
tell(struct lane *l, struct group *g, struct report *r)
{
	struct pressure *p = (void *)g->state;
	const struct rule *rule = g->rule;
	const char *line = rule->p[P_LINE] == LINE_FULL ? "full" : "some";
	char who[100], by[100], held[64], pct[VALUE_TEXT], limit[VALUE_TEXT];
	const char *victim = g->s.by == BY_CGROUP ? g->s.s[0] : NULL;

	report_value(r, "pressure", UNIT_PCT, p->pct, rule->p[P_ABOVE]);
	held_tell(l, g, r, value_text(limit, UNIT_PCT, rule->p[P_ABOVE]), held,
	    sizeof(held));
	r->resource = resource_text(p->resource);
	accuse_tell(l, g, r, p->resource, victim);
	if (r->culprit.kind != NULL && (g->s.by == BY_POD ||
	    g->s.by == BY_NAMESPACE))
		report_why(r, 0.5, "stall records are of cgroups: the culprit is that "
		    "of the whole host");
	if (l->now - p->s.last > 2 * p->s.interval + SUSTAIN_SLACK)
		report_why(r, r->confidence, "no record since");
	incident_subject(l, g, &r->subject);
	snprintf(r->summary, sizeof(r->summary), "%s pressure (%s) of %s is %s"
	    "%s; %s%s", r->resource, line,
	    party_text(&r->subject, who, sizeof(who)),
	    value_text(pct, UNIT_PCT, p->pct), held,
	    r->culprit.kind != NULL ? "most stall by " : "",
	    party_text(&r->culprit, by, sizeof(by)));
}

/* ---- circuit breaker ---- */

/* The kernel has no line some for irq. */
static int
saturation_check(struct rule *r, char *why)
{
	if (r->p[P_RESOURCE] != RES_IRQ || r->p[P_LINE] == LINE_FULL)
		return 0;
	snprintf(why, RULE_WHY, "[%s]: resource: irq has no line some: want line = full",
	    r->name);
	return -1;
}

/* Without a limit of its own, how busy the CPU is need not be known. */
static int
breaker_check(struct rule *r, char *why)
{
	if (r->p[P_CPU] == 0)
		r->kinds = KIND(psi);
	return saturation_check(r, why);
}

static void
round_done(struct lane *l, struct busy *b, uint64_t sum, uint64_t interval)
{
	if (l->cpus == 0 || interval == 0)
		return;
	b->pct = 100.0 * sum / interval / l->cpus;
	if (b->pct > 100)
		b->pct = 100;
	b->t = l->now;
	b->interval = interval;
}

static void
used(struct lane *l, struct busy *b, const struct rec *rec)
{
	uint64_t ns = rec_num(rec, K_cpu_ns, UINT64_MAX);
	uint64_t interval = rec_num(rec, K_interval_ns, 0);

	if (ns == UINT64_MAX || interval == 0)
		return;
	if (rec->kind == EV_cgroup) {
		if (!scan_is(rec_val(rec, K_cgroup), "/"))
			return;
		b->root = 1;
		round_done(l, b, ns, interval);
		return;
	}
	if (b->root)
		return;
	if (round_begins(&b->last, l->now, interval)) {
		if (b->begun != 0)
			round_done(l, b, b->sum, l->now - b->begun);
		b->begun = l->now;
		b->sum = 0;
	}
	b->sum += ns;
}

static struct group *
breaker_group(struct lane *l, const struct rule *r)
{
	struct subject s = { .by = BY_HOST };
	struct group *g = group_find(l, r, &s);

	if (g == NULL && (g = group_get(l, r, &s)) != NULL) {
		struct pressure *p = (void *)g->state;

		p->busy.pct = NAN;
		p->resource = r->p[P_RESOURCE];
	}
	return g;
}

static int
fresh(const struct lane *l, const struct busy *b)
{
	return !isnan(b->pct) && l->now - b->t <= 3 * b->interval + SUSTAIN_SLACK;
}

static void
breaker(struct lane *l, const struct rule *r, const struct rec *rec)
{
	struct group *g = breaker_group(l, r);
	struct pressure *p;
	uint64_t interval;
	double pct;
	int high;

	if (g == NULL)
		return;
	p = (void *)g->state;
	if (rec->kind != EV_psi) {
		used(l, &p->busy, rec);
		return;
	}
	if (rec_val(rec, K_cgroup)->type != SCAN_NONE ||
	    lane_resource(rec) != p->resource ||
	    !line_of(r, rec, &pct, &interval))
		return;
	p->pct = pct;
	/* A CPU that nobody measured is not known to be busy. */
	high = r->p[P_CPU] == 0 || (fresh(l, &p->busy) &&
	    p->busy.pct > r->p[P_CPU]);
	sustain_put(&p->s, l->now, interval, high ? pct : 0, r->p[P_ABOVE]);
	group_seen(l, g, rec);
	group_settle(l, g);
}

static void
breaker_tell(struct lane *l, struct group *g, struct report *r)
{
	struct pressure *p = (void *)g->state;
	const struct rule *rule = g->rule;
	char by[100], held[64], cpu[VALUE_TEXT], pct[VALUE_TEXT];
	int busy = fresh(l, &p->busy);

	report_value(r, "pressure", UNIT_PCT, p->pct, rule->p[P_ABOVE]);
	if (busy)
		report_value(r, "cpu", UNIT_PCT, p->busy.pct, rule->p[P_CPU] > 0 ?
		    rule->p[P_CPU] : NAN);
	held_tell(l, g, r, "its limits", held, sizeof(held));
	r->resource = resource_text(p->resource);
	if (busy && !l->cpus_said)
		report_why(r, 0.9, "%u processors, by the records: no source told",
		    l->cpus);
	accuse_tell(l, g, r, p->resource, NULL);
	snprintf(r->summary, sizeof(r->summary), "%s pressure (%s) of the host is "
	    "%s%s%s%s; %s%s", r->resource,
	    rule->p[P_LINE] == LINE_FULL ? "full" : "some",
	    value_text(pct, UNIT_PCT, p->pct), busy ? ", CPU " : "",
	    busy ? value_text(cpu, UNIT_PCT, p->busy.pct) : "",
	    held, r->culprit.kind != NULL ? "most stall by " : "",
	    party_text(&r->culprit, by, sizeof(by)));
}

static const uint8_t keys[] = { K_resource, K_interval_ns, K_some_pct,
	K_full_pct, K_cpu_ns, K_NONE };

static const struct param psi_params[] = {
	[P_RESOURCE] = { "resource", UNIT_CHOICE, "any", resource_words, 0 },
	[P_LINE] = { "line", UNIT_CHOICE, "some", "some full", 0 },
	[P_ABOVE] = { "above", UNIT_PCT, "60%", "0% 99.9%", 0 },
	[P_FOR] = { "for", UNIT_TIME, "10s", "0s 7d", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct param breaker_params[] = {
	[P_RESOURCE] = { "resource", UNIT_CHOICE, "cpu", "cpu memory io", 0 },
	[P_LINE] = { "line", UNIT_CHOICE, "some", "some full", 0 },
	[P_ABOVE] = { "pressure", UNIT_PCT, "40%", "0% 99.9%", 0 },
	[P_FOR] = { "for", UNIT_TIME, "15s", "0s 7d", 0 },
	[P_CPU] = { "cpu", UNIT_PCT, "90%", "0% 99.9%", 0 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct detector detect_psi_saturation = {
	.name = "psi_saturation", .kinds = KIND(psi), .also = KIND(stall),
	.by = BY(CGROUP) | BY(POD) | BY(NAMESPACE) | BY(HOST),
	.by_def = BY(CGROUP) | BY(HOST), .severity = SEV_MEDIUM,
	.state = sizeof(struct pressure), .keys = keys, .params = psi_params,
	.check = saturation_check,
	.feed = saturation, .judge = judge, .tell = tell, .window = length,
};

const struct detector detect_circuit_breaker = {
	.name = "circuit_breaker",
	.kinds = KIND(psi) | KIND(sample) | KIND(cgroup), .also = KIND(stall),
	.by = BY(HOST), .by_def = BY(HOST), .severity = SEV_CRITICAL,
	.state = sizeof(struct pressure), .keys = keys,
	.params = breaker_params, .check = breaker_check, .feed = breaker, .judge = judge,
	.tell = breaker_tell, .window = length,
};
