/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A straight line through the values of the last while, by least squares. */
#ifndef CORE_LINE_H
#define CORE_LINE_H

#include <stdint.h>

enum { LINE_POINTS = 32 };

/* Of values that come faster than LINE_POINTS in a window, the last of each
 * 1/LINE_POINTS of it stays. */
struct line {
	struct {
		uint64_t	t;
		double		v;
	} p[LINE_POINTS];
	uint32_t	n, first;
};

struct fit {
	double		slope;		/* a second */
	double		r2;		/* 0 to 1: how well the line fits */
	double		from, to;	/* first and last value */
	uint64_t	span;		/* ns between these */
	uint32_t	n;
};

void line_put(struct line *, uint64_t len, uint64_t t, double v);

/* Of what is younger than len. */
struct fit line_fit(const struct line *, uint64_t len, uint64_t now);

#endif
