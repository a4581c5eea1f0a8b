/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * noisy_neighbor, by = culprit: one that makes many wait a little each, of which no
 * pair is above its limit.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/noise.h"

static struct noise *
of(const struct group *g)
{
	return (struct noise *)(uintptr_t)g->state;
}

/* The culprit, named by that.  1, or 0 if it is not told. */
static int
subject(struct lane *l, enum by by, const struct rec *rec, struct subject *s)
{
	*s = (struct subject){ .by = BY_CULPRIT,
	    .n = lane_resource(rec) | by << 4 };
	switch (by) {
	case BY_POD:
		s->s[0] = lane_sym(l, rec, K_culprit_pod);
		s->n |= noise_space(rec, K_culprit_namespace,
		    NOISE_SPACE) << 8;
		break;
	case BY_NAMESPACE:
		s->s[0] = lane_sym(l, rec, K_culprit_namespace);
		break;
	default:
		s->s[0] = lane_cgroup(l, rec, K_culprit_cgroup,
		    K_culprit_cgroup_v1);
	}
	return s->s[0] != NULL;
}

/* As many as would have waited so long if all had waited alike. */
static double
alike(const struct noise *m)
{
	return m->squares > 0 ? m->sum * m->sum / m->squares : 0;
}

/* In this round, of which more may come, or the one before. */
static double
told_alike(const struct noise *m)
{
	double now = alike(m);

	return now > m->alike ? now : m->alike;
}

static int
few(const struct rule *r, const struct noise *m)
{
	return told_alike(m) + 1e-6 < r->p[N_VICTIMS];
}

/* The records of one window come together: it is another one.  A sum is whole with
 * the last of them. */
static struct noise *
begin(struct lane *l, struct group *g, const struct rec *rec)
{
	uint64_t len = rec_num(rec, K_window_ns, 0);
	uint64_t gap = len > 0 ? 2 * len + SUSTAIN_SLACK : SUSTAIN_SILENT / 2;
	struct noise *m = of(g);

	if (l->now - m->round > len / 2) {
		m->alike = alike(m);
		if (m->whole <= g->rule->p[N_TOTAL] || few(g->rule, m) ||
		    l->now - m->round > gap)
			m->since = 0;
		m->round = l->now;
		m->ns = 0;
		m->sum = m->squares = 0;
	}
	return m;
}

static void
settle(struct lane *l, struct group *g, const struct rec *rec)
{
	const struct rule *r = g->rule;
	struct noise *m = of(g);
	double ns = wide_sum(&m->stall, r->p[N_WINDOW], l->now);

	m->whole = ns;
	if (m->since == 0 && ns > r->p[N_TOTAL] && !few(r, m))
		m->since = l->now;
	if (m->since == 0 && !g->inc.open)
		m->worst = 0;
	group_seen(l, g, rec);
	/* Most are far from it. */
	if (g->near || g->inc.open || g->inc.hushed || ns > CLEAR * r->p[N_TOTAL])
		group_settle(l, g);
}

void
noise_many_feed(struct lane *l, const struct rule *r, const struct rec *rec,
    struct group *pair)
{
	struct noise *n = of(pair), *m;
	uint64_t ns = rec_num(rec, K_stall_ns, 0);
	double x = ns / 1e6, was, most;
	struct subject s;
	struct group *g;

	if (!subject(l, pair->s.by, rec, &s) ||
	    (g = group_get(l, r, &s)) == NULL)
		return;
	m = begin(l, g, rec);
	m->by = pair->s.by;
	memcpy(m->space[1], n->space[1], sizeof(m->space[1]));
	n->many = s.n;
	if (n->round != m->round)
		n->ns = 0;
	n->round = m->round;
	was = n->ns / 1e6;
	n->ns += ns;
	m->ns += ns;
	if (pair->inc.open)	/* it is told already */
		return;
	m->sum += x;
	m->squares += (was + x) * (was + x) - was * was;
	most = wide_sum(&n->stall, r->p[N_WINDOW], l->now);
	if (most > m->worst)
		m->worst = most;
	noise_add(l, r, m, g->inc.open, rec, ns);
	settle(l, g, rec);
}

static void
told(struct lane *l, struct group *g, const struct rec *rec)
{
	struct noise *m = begin(l, g, rec);
	uint64_t ns = rec_num(rec, K_induced_ns, 0);
	uint64_t more = ns > m->ns ? ns - m->ns : 0;
	double victims = rec_num(rec, K_victims, 0);

	m->told = 1;
	m->victims = victims;
	m->share = rec_double(rec, K_harm_ratio);
	m->psi = rec_double(rec, K_psi_contribution);
	/* Without stall records nobody knows how it is divided. */
	if (m->ns == 0 && victims > 0) {
		m->sum = ns / 1e6;
		m->squares = m->sum * m->sum / victims;
	}
	m->ns += more;
	noise_add(l, g->rule, m, g->inc.open, rec, more);
	settle(l, g, rec);
}

void
noise_many_told(struct lane *l, const struct rule *r, const struct rec *rec)
{
	unsigned all = r->by & ~BY(CULPRIT);
	struct subject s;
	struct group *g;

	if (all == 0)
		all = BY(CGROUP);
	for (int by = 0; by < BY_CULPRIT; by++) {
		if (!(all >> by & 1) || !subject(l, by, rec, &s) ||
		    (g = group_get(l, r, &s)) == NULL)
			continue;
		of(g)->by = by;
		told(l, g, rec);
	}
}

int
noise_many_takes(struct lane *l, const struct group *pair)
{
	const struct noise *n = of(pair), *m;
	const struct rule *r = pair->rule;
	struct subject s = { .by = BY_CULPRIT, .s = { pair->s.s[1] },
	    .n = n->many };
	struct group *g;

	if (!(r->by & BY(CULPRIT)) || (g = group_find(l, r, &s)) == NULL)
		return 0;
	if (g->inc.open || g->inc.hushed)
		return 1;
	m = of(g);
	return m->since != 0 && m->since <= n->since + r->p[N_WINDOW] &&
	    l->now >= g->inc.until;
}

enum verdict
noise_many_judge(struct lane *l, struct group *g)
{
	const struct rule *r = g->rule;
	struct noise *m = of(g);
	enum verdict v;

	g->inc.value = wide_sum(&m->stall, r->p[N_WINDOW], l->now);
	v = detect_above(g->inc.value, r->p[N_TOTAL]);
	return v == FIRE && (m->since == 0 ||
	    l->now - m->since < r->p[N_FOR]) ? STAY : v;
}

/* Each of many waits for a part of it only: one less.  But not less than the worst
 * of them would have alone. */
int
noise_many_severity(const struct group *g)
{
	const struct rule *r = g->rule;
	const struct noise *m = of(g);
	double all = 100 * g->inc.peak / r->p[N_WINDOW];
	int sev = all > r->p[N_HIGH] ? SEV_MEDIUM : SEV_LOW;
	int one = noise_grade(r, 100 * m->worst / r->p[N_WINDOW]);

	return one > sev ? one : sev;
}

static uint64_t
waited(struct lane *l, const struct group *pair)
{
	return wide_sum(&of(pair)->stall, pair->rule->p[N_WINDOW], l->now);
}

/* Of two alike, by name. */
static int
less(struct lane *l, const struct group *a, const struct group *b)
{
	uint64_t x = waited(l, a), y = waited(l, b);

	return x < y || (x == y && strcmp(a->s.s[0], b->s.s[0]) > 0);
}

/* Those who wait for it and have no incident of their own: how many, and the worst
 * of them, the first first. */
static size_t
victims(struct lane *l, const struct group *g, const struct group **worst,
    size_t *n)
{
	const struct rule *r = g->rule;
	size_t count = 0, k;

	for (uint32_t i = 0; i < l->groups.used; i++) {
		struct group *p = l->groups.all[i];

		if (p == NULL || p->rule != r || p->s.s[1] != g->s.s[0] ||
		    of(p)->many != g->s.n || p->inc.open || waited(l, p) == 0)
			continue;
		count++;
		for (k = *n; k > 0 && less(l, worst[k - 1], p); k--)
			if (k < ITEMS)
				worst[k] = worst[k - 1];
		if (k < ITEMS)
			worst[k] = p;
		*n += *n < ITEMS;
	}
	return count;
}

static void
list(struct lane *l, struct report *r, const struct group *const *worst,
    size_t n)
{
	r->lists[0].name = "victims";
	r->nlists = 1;
	for (size_t i = 0; i < n; i++)
		r->lists[0].items[r->lists[0].n++] = (struct item){
		    .cgroup = worst[i]->s.s[0], .ns = waited(l, worst[i]),
		    .exit_code = -1, .signal = -1 };
}

void
noise_many_tell(struct lane *l, struct group *g, struct report *r)
{
	static const char *const words[] = { [BY_CGROUP] = "cgroups",
	    [BY_POD] = "pods", [BY_NAMESPACE] = "namespaces" };
	const struct noise *m = of(g);
	const struct rule *rule = g->rule;
	double ns = g->inc.value;
	const struct group *worst[ITEMS];
	char who[100], one[100], all[VALUE_TEXT], len[VALUE_TEXT];
	char most[VALUE_TEXT];
	size_t listed = 0, n = victims(l, g, worst, &listed);

	/* Without stall records they have no names. */
	if (n == 0 && m->told)
		n = m->victims;
	r->class = "many";
	noise_name(&r->culprit, m->by, g->s.s[0]);
	if (m->by == BY_POD && m->space[1][0] != '\0')
		r->culprit.namespace = m->space[1];
	r->subject = r->culprit;
	r->culprit.ns = ns;
	report_value(r, "stall", UNIT_TIME, ns, rule->p[N_TOTAL]);
	report_value(r, "victims", UNIT_COUNT, n, NAN);
	report_value(r, "alike", UNIT_COUNT, told_alike(m), rule->p[N_VICTIMS]);
	if (m->told && !isnan(m->psi))
		report_value(r, "psi_contribution", UNIT_PCT, 100 * m->psi, NAN);
	if (m->told && !isnan(m->share))
		report_value(r, "harm_ratio", UNIT_TEXT, m->share, NAN);
	snprintf(r->summary, sizeof(r->summary), "%s made %zu %s wait %s for %s "
	    "in %s, added up", party_text(&r->culprit, who, sizeof(who)), n,
	    words[m->by], value_text(all, UNIT_TIME, ns),
	    resource_text(m->resource),
	    value_text(len, UNIT_TIME, rule->p[N_WINDOW]));
	if (listed == 0)
		return;
	/* What is listed has a cgroup, or no name. */
	if (m->by == BY_CGROUP)
		list(l, r, worst, listed);
	noise_name(&r->victim, m->by, worst[0]->s.s[0]);
	if (m->by == BY_POD && of(worst[0])->space[0][0] != '\0')
		r->victim.namespace = of(worst[0])->space[0];
	n = strlen(r->summary);
	snprintf(r->summary + n, sizeof(r->summary) - n, "; %s most: %s",
	    party_text(&r->victim, one, sizeof(one)),
	    value_text(most, UNIT_TIME, waited(l, worst[0])));
}
