/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What detectors tell of an incident. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/detect.h"

enum verdict
detect_above(double v, double limit)
{
	return v > limit ? FIRE : v > limit * CLEAR ? STAY : CALM;
}

enum verdict
detect_reached(double v, double limit)
{
	return v >= limit ? FIRE : v > limit * CLEAR ? STAY : CALM;
}

void
report_value(struct report *r, const char *name, enum unit unit, double value,
    double threshold)
{
	size_t n = r->nfacts;

	if (n == FACTS)
		return;
	r->facts[n].name = name;
	r->facts[n].unit = unit;
	r->facts[n].each = UNIT_COUNT;
	r->facts[n].value = value;
	r->facts[n].threshold = threshold;
	r->facts[n].peak = __builtin_nan("");
	r->nfacts++;
}

void
report_rate(struct report *r, const char *name, enum unit each, double value,
    double threshold)
{
	report_value(r, name, UNIT_RATE, value, threshold);
	r->facts[r->nfacts - 1].each = each;
}

void
report_why(struct report *r, double confidence, const char *fmt, ...)
{
	va_list ap;

	if (confidence < r->confidence)
		r->confidence = confidence;
	if (r->nwhy == WHYS)
		return;
	va_start(ap, fmt);
	vsnprintf(r->why[r->nwhy++], WHY, fmt, ap);
	va_end(ap);
}

void
report_process(struct lane *l, struct party *p, const char *kind,
    const struct tree_id *id)
{
	const struct kin *k = kin_find(l->kins, id);

	p->kind = kind;
	p->id = *id;
	if (k != NULL) {
		p->comm = k->comm;
		p->cgroup = k->cgroup;
	}
}

const char *
party_text(const struct party *p, char *buf, size_t size)
{
	if (p->kind == NULL)
		snprintf(buf, size, "nobody can be named");
	else if (p->id.pid != 0)
		snprintf(buf, size, "%.40s[%u]", p->comm != NULL ? p->comm : "?",
		    p->id.pid);
	else if (p->pod != NULL)
		snprintf(buf, size, "pod %.30s%s%.40s",
		    p->namespace != NULL ? p->namespace : "",
		    p->namespace != NULL ? "/" : "", p->pod);
	else if (p->cgroup != NULL)
		snprintf(buf, size, "%s%.64s",
		    strlen(p->cgroup) > 64 ? "..." : "", strlen(p->cgroup) > 64 ?
		    p->cgroup + strlen(p->cgroup) - 64 : p->cgroup);
	else if (p->namespace != NULL)
		snprintf(buf, size, "namespace %.60s", p->namespace);
	else if (p->value != NULL)
		snprintf(buf, size, "%s %.60s", p->field, p->value);
	else if (p->comm != NULL)
		snprintf(buf, size, "%.40s", p->comm);
	else
		snprintf(buf, size, "the host");
	return buf;
}
