/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* An incident as a record, see event.def. */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "rec/json.h"

#include "core/detect.h"

/* Bytes at most: of strings as JSON, and of what must have room behind it. */
enum {
	NAME_MAX_JSON = 128, CGROUP_MAX = 300, SUMMARY_MAX = 420, WHY_MAX = 140,
	PARTY_MAX = 900,	/* with all of its fields */
	REST_MAX = 1900,	/* evidence and values, each with all of theirs */
	ITEM_MAX = 700,
	END_MAX = 64,		/* "cut" and what closes the line */
};

/* A line that is being written.  What does not fit is left out whole. */
struct pen {
	char		*p, *end;
	const char	*cut;		/* the first field that was left out */
};

static void
put(struct pen *w, const char *s)
{
	size_t n = strlen(s);

	if (n > (size_t)(w->end - w->p))
		n = 0;
	w->p = mempcpy(w->p, s, n);
}

/* ,"name": without the comma at the begin of an object. */
static void
key(struct pen *w, const char *name)
{
	if (w->p[-1] != '{' && w->p[-1] != '[')
		put(w, ",");
	put(w, "\"");
	put(w, name);
	put(w, "\":");
}

static void
put_num(struct pen *w, uint64_t v)
{
	char buf[24];

	buf[num_put(buf, v)] = '\0';
	put(w, buf);
}

static void
put_str(struct pen *w, const char *s, size_t max)
{
	size_t room = w->end - w->p;

	if (room < 2)
		return;
	*w->p++ = '"';
	room -= 2;
	w->p += json_escape(w->p, room < max ? room : max, s, strlen(s), NULL,
	    NULL);
	*w->p++ = '"';
}

static void
num(struct pen *w, const char *name, uint64_t v)
{
	key(w, name);
	put_num(w, v);
}

static void
real(struct pen *w, const char *name, double v)
{
	char buf[VALUE_TEXT];

	key(w, name);
	put(w, value_json(buf, v));
}

static void
text(struct pen *w, const char *name, const char *s, size_t max)
{
	if (s == NULL)
		return;
	key(w, name);
	put_str(w, s, max);
}

static void
str(struct pen *w, const char *name, const char *s)
{
	text(w, name, s, NAME_MAX_JSON);
}

static void
id(struct pen *w, const char *name, const struct tree_id *id)
{
	char buf[EVENT_ID];

	buf[tree_id(buf, id)] = '\0';
	str(w, name, buf);
}

static void
when(struct pen *w, const struct lane *l, const char *name, uint64_t t)
{
	char buf[NUM_TIME + 1];
	size_t n = lane_time(l, t, buf);

	buf[n] = '\0';
	if (n > 0)
		str(w, name, buf);
}

/* The same of when it opened or before: the clock may have been set since. */
static void
begun(struct pen *w, const struct lane *l, const struct incident *in,
    const char *name, uint64_t t)
{
	char buf[NUM_TIME + 1];

	if (in->ahead == REAL_UNTOLD) {
		when(w, l, name, t);
		return;
	}
	num_put_time(buf, t + in->ahead);
	buf[NUM_TIME] = '\0';
	str(w, name, buf);
}

static void
party(struct pen *w, const char *name, const struct party *p)
{
	if (p->kind == NULL)
		return;
	if (w->end - w->p < PARTY_MAX + REST_MAX) {
		if (w->cut == NULL)
			w->cut = name;
		return;
	}
	key(w, name);
	put(w, "{");
	str(w, "kind", p->kind);
	if (p->id.pid != 0) {
		id(w, "id", &p->id);
		num(w, "pid", p->id.pid);
	}
	str(w, "comm", p->comm);
	text(w, "cgroup", p->cgroup, CGROUP_MAX);
	str(w, "pod", p->pod);
	str(w, "namespace", p->namespace);
	str(w, "field", p->field);
	str(w, "value", p->value);
	if (p->ns != 0)
		num(w, "stall_ns", p->ns);
	if (p->count != 0)
		num(w, "count", p->count);
	if (p->share > 0)
		real(w, "share", p->share);
	put(w, "}");
}

static void
values(struct pen *w, const struct report *r)
{
	static const char *const units[] = {
		[UNIT_TIME] = "ns", [UNIT_SIZE] = "bytes", [UNIT_PCT] = "%",
		[UNIT_RATE] = "/s", [UNIT_TEXT] = NULL,
	};

	key(w, "values");
	put(w, "{");
	for (size_t i = 0; i < r->nfacts; i++) {
		key(w, r->facts[i].name);
		put(w, "{");
		real(w, "value", r->facts[i].value);
		if (!isnan(r->facts[i].threshold))
			real(w, "threshold", r->facts[i].threshold);
		if (!isnan(r->facts[i].peak))
			real(w, "peak", r->facts[i].peak);
		str(w, "unit", units[r->facts[i].unit]);
		put(w, "}");
	}
	put(w, "}");
}

static void
item(struct pen *w, const struct item *it)
{
	if (w->p[-1] != '[')
		put(w, ",");
	put(w, "{");
	if (it->id.pid != 0) {
		id(w, "id", &it->id);
		num(w, "pid", it->id.pid);
	}
	str(w, "comm", it->comm);
	text(w, "cgroup", it->cgroup, CGROUP_MAX);
	if (it->exit_code != -1)
		num(w, "exit_code", it->exit_code);
	if (it->signal != -1)
		num(w, "signal", it->signal);
	if (it->ns != 0)
		num(w, "stall_ns", it->ns);
	if (it->count != 0)
		num(w, "count", it->count);
	put(w, "}");
}

/* These come last: as much as there is room for. */
static void
lists(struct pen *w, const struct report *r)
{
	if (r->nlists == 0 || w->end - w->p < ITEM_MAX)
		return;
	key(w, "top");
	put(w, "{");
	for (size_t i = 0; i < r->nlists; i++) {
		if (w->end - w->p < ITEM_MAX / 2)
			break;
		key(w, r->lists[i].name);
		put(w, "[");
		for (size_t k = 0; k < r->lists[i].n; k++)
			if (w->end - w->p > ITEM_MAX)
				item(w, &r->lists[i].items[k]);
		put(w, "]");
	}
	put(w, "}");
}

/* KIND@boot_ns, and of which process; of what is known. */
static void
record(struct pen *w, const char *name, const struct seen *s)
{
	const struct event_desc *d = event_desc(s->kind);
	char buf[128], *p = buf;

	if (d == NULL)
		return;
	p = stpcpy(p, d->name);
	if (s->t > 0) {
		*p++ = '@';
		p += num_put(p, s->t);
	}
	if (s->id.pid != 0) {
		*p++ = ':';
		p += tree_id(p, &s->id);
	}
	*p = '\0';
	str(w, name, buf);
}

static void
evidence(struct pen *w, const struct lane *l, const struct group *g,
    const struct report *r)
{
	struct loss lost = lane_lost(l, g->inc.from, g->rule->kinds);

	key(w, "evidence");
	put(w, "{");
	begun(w, l, &g->inc, "from", g->inc.from);
	when(w, l, "to", l->now);
	num(w, "records", g->inc.hits);
	record(w, "first", &g->inc.first);
	record(w, "last", &g->last);
	if (!lost.unknown)
		num(w, "lost", lost.n);
	if (g->inc.quiet > 0)
		num(w, "suppressed", g->inc.quiet);
	if (l->tally[g->rule->index].dropped > 0)
		num(w, "dropped", l->tally[g->rule->index].dropped);
	str(w, "method", r->method);
	real(w, "confidence", r->confidence);
	if (r->nwhy > 0) {
		key(w, "why");
		put(w, "[");
	}
	for (size_t i = 0; i < r->nwhy; i++) {
		if (i > 0)
			put(w, ",");
		put_str(w, r->why[i], WHY_MAX);
	}
	put(w, r->nwhy > 0 ? "]}" : "}");
}

static void
hex(struct pen *w, const char *name, uint64_t v)
{
	char buf[17];

	for (int i = 15; i >= 0; i--, v >>= 4)
		buf[i] = "0123456789abcdef"[v & 15];
	buf[16] = '\0';
	str(w, name, buf);
}

static void
head(struct pen *w, const struct lane *l)
{
	put(w, "{\"v\":1,\"event\":\"incident\"");
	when(w, l, "time", l->now);
	if (l->now > 0)
		num(w, "boot_ns", l->now);
	str(w, "host", l->host[0] != '\0' ? l->host : NULL);
}

/* By what it was grouped. */
void
incident_subject(struct lane *l, const struct group *g, struct party *p)
{
	static const char *const kinds[] = { "process", "tree", "cgroup", "pod",
	    "namespace", "host", "cgroup", "field" };
	const struct subject *s = &g->s;

	if (p->kind != NULL)
		return;
	p->kind = kinds[s->by];
	switch ((enum by)s->by) {
	case BY_PROCESS:
	case BY_TREE:
		report_process(l, p, kinds[s->by], &s->id);
		break;
	case BY_CGROUP:
		p->cgroup = s->s[0];
		break;
	case BY_POD:
		p->pod = s->s[0];
		p->namespace = s->s[1];
		break;
	case BY_NAMESPACE:
		p->namespace = s->s[0];
		break;
	case BY_FIELD:
		p->field = g->rule->by_field;
		p->value = s->s[0];
		break;
	case BY_CULPRIT:
		p->cgroup = s->s[0];
		break;
	case BY_HOST:
		break;
	}
}

size_t
incident_line(struct lane *l, struct group *g, const char *state,
    struct report *r, char *p)
{
	struct pen w = { p, p + EVENT_LINE_MIN - END_MAX, NULL };
	const char *sev = severities;

	incident_subject(l, g, &r->subject);
	for (int i = 0; i < g->inc.severity; i++)
		sev = strchr(sev, ' ') + 1;
	head(&w, l);
	hex(&w, "id", g->inc.id);
	str(&w, "rule", g->rule->name);
	str(&w, "detector", g->rule->det->name);
	key(&w, "severity");
	put(&w, "\"");
	for (; *sev != ' ' && *sev != '\0'; sev++)
		*w.p++ = *sev;
	put(&w, "\"");
	str(&w, "state", state);
	str(&w, "class", r->class);
	str(&w, "resource", r->resource);
	begun(&w, l, &g->inc, "opened", g->inc.opened);
	if (state[0] == 'c')
		when(&w, l, "closed", l->now);
	if (l->now > 0)
		num(&w, "duration_ns", l->now - g->inc.opened);
	text(&w, "summary", r->summary, SUMMARY_MAX);
	party(&w, "subject", &r->subject);
	party(&w, "culprit", &r->culprit);
	party(&w, "victim", &r->victim);
	values(&w, r);
	evidence(&w, l, g, r);
	lists(&w, r);
	w.end += END_MAX - 3;
	if (w.cut != NULL) {
		key(&w, "cut");
		put(&w, "[");
		put_str(&w, w.cut, NAME_MAX_JSON);
		put(&w, "]");
	}
	return stpcpy(w.p, "}\n") - p;
}
