/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "core/line.h"

static uint32_t
at(const struct line *l, uint32_t i)
{
	return (l->first + i) % LINE_POINTS;
}

void
line_put(struct line *l, uint64_t len, uint64_t t, double v)
{
	uint64_t step = len / LINE_POINTS + 1;
	uint32_t i;

	/* The first of a step stays until the step is over, as its last. */
	if (l->n > 1 && l->p[at(l, l->n - 1)].t / step == t / step)
		i = at(l, l->n - 1);
	else if (l->n < LINE_POINTS)
		i = at(l, l->n++);
	else {
		i = l->first;
		l->first = (l->first + 1) % LINE_POINTS;
	}
	l->p[i].t = t;
	l->p[i].v = v;
}

struct fit
line_fit(const struct line *l, uint64_t len, uint64_t now)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0, dx, dy, x, y;
	struct fit f = { 0 };
	uint64_t t0 = 0, t1 = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		uint64_t t = l->p[at(l, i)].t;

		if (now - t > len)
			continue;
		if (f.n == 0) {
			t0 = t;
			f.from = l->p[at(l, i)].v;
		}
		/* From the first on, so that little is lost to rounding. */
		x = (t - t0) / 1e9;
		y = l->p[at(l, i)].v - f.from;
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
		syy += y * y;
		f.to = l->p[at(l, i)].v;
		t1 = t;
		f.n++;
	}
	f.span = t1 - t0;
	dx = f.n * sxx - sx * sx;
	dy = f.n * syy - sy * sy;
	if (f.n < 2 || dx <= 0)
		return f;
	f.slope = (f.n * sxy - sx * sy) / dx;
	if (dy > 0)
		f.r2 = (f.n * sxy - sx * sy) * (f.n * sxy - sx * sy) / (dx * dy);
	return f;
}
