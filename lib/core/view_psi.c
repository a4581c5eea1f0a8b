/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the kernel's pressure says, beside what was waited: tasks that wait side
 * by side count once in it, and of one that roams over processors only a part.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/view_say.h"

#define SECOND	UINT64_C(1000000000)

/* In each second. */
static uint64_t
rate(uint64_t ns, uint64_t span)
{
	unsigned __int128 v = span > 0 ? (unsigned __int128)ns * SECOND / span : 0;

	return v < UINT64_MAX ? v : UINT64_MAX;
}

static uint64_t
waited(const struct view_pen *p, const struct harm_party *c)
{
	return rate(c->now.waited, harm_span(p->h, c, p->v->last));
}

/* By what they say, not by their places. */
static int
before(const struct view_pen *p, const struct harm_party *a,
    const struct harm_party *b)
{
	uint64_t x = waited(p, a), y = waited(p, b);
	int c;

	if (x != y)
		return x > y;
	if ((c = strcmp(a->name, b->name)) != 0 || (c = strcmp(
	    p->h->host[a->host].name, p->h->host[b->host].name)) != 0)
		return c < 0;
	return a->resource < b->resource;
}

/* Of those that waited and whose pressure is known, who comes next. */
static const struct harm_party *
next(const struct view_pen *p, const struct harm_party *last)
{
	const struct harm_party *c, *best = NULL;

	for (size_t i = 0; i < p->h->parties; i++) {
		c = &p->h->party[i];
		if (c->now.waited == 0 || harm_looked(p->h, c, p->v->last) == 0)
			continue;
		if ((last == NULL || before(p, last, c)) &&
		    (best == NULL || before(p, c, best)))
			best = c;
	}
	return best;
}

void
view_psi(const struct view_pen *p)
{
	char who[VIEW_PLACE], pct[VIEW_PCT], time[VIEW_TIME], more[48];
	const struct harm_party *c = NULL;
	uint64_t some, ns;

	for (size_t i = 0; i < p->top / 2 + 1 && (c = next(p, c)) != NULL; i++) {
		some = rate(c->now.some, harm_looked(p->h, c, p->v->last));
		ns = waited(p, c);
		view_party(p, c, who);
		view_percent(pct, some, SECOND);
		view_time(time, ns);
		*more = '\0';
		if (some > 0 && ns / 11 * 10 > some)
			snprintf(more, sizeof(more), ", %" PRIu64 ".%" PRIu64
			    " times as long", ns / some, ns % some * 10 / some);
		view_say(p, "  %s: pressure says %s on %s (some); its tasks "
		    "waited %s in each second%s", who, pct,
		    view_on[c->resource], time, more);
	}
}
