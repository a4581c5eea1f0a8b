/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/view.h"
#include "host/look_record.h"
#include "rec/wire.h"

#include "bars.h"

enum {
	SHOWN = 3,		/* resources */
	NAME = 26, BAR = 5,	/* columns */
	MOST = 4 * NAME,	/* bytes of a name: marks take no column */
	LINE = 512,
};

struct row {
	struct look_at	*at;
	uint64_t	 most;
};

static int
more_pressed(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if ((x->at->cgroup == NULL) != (y->at->cgroup == NULL))
		return x->at->cgroup == NULL ? -1 : 1;
	if (x->most != y->most)
		return x->most < y->most ? 1 : -1;
	return x->at->cgroup == NULL ? 0 :
	    strcmp(x->at->cgroup->path, y->at->cgroup->path);
}

/* The end of a path says more than its beginning.  Its bytes, which take NAME
 * columns. */
static size_t
name(char *p, const struct look_at *a, int utf8)
{
	const char *path = a->cgroup != NULL ? a->cgroup->path : "machine";
	char full[8192];
	size_t n, skip = 0, i = 0, columns;

	n = view_escape(full, sizeof(full), path, utf8);
	columns = view_columns(full, n);
	if (columns > NAME - 1 || n > MOST) {
		do
			skip++;
		while (skip < n && ((full[skip] & 0xc0) == 0x80 || n - skip >
		    MOST || view_columns(full + skip, n - skip) > NAME - 4));
		columns = 3 + view_columns(full + skip, n - skip);
		memcpy(p, "...", 3);
		i = 3;
	}
	memcpy(p + i, full + skip, n - skip);
	i += n - skip;
	memset(p + i, ' ', NAME - columns);
	return i + NAME - columns;
}

static size_t
bar(char *p, uint64_t percent, const struct bars *b)
{
	static const char *const part[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	uint64_t eighths = percent * BAR * 8 / 100000000;
	const char *on = percent >= 50000000 ? "\033[31m" :
	    percent >= 10000000 ? "\033[33m" : "\033[32m";
	size_t n = 0;
	int cells;

	if (!b->utf8)
		eighths += 4;
	if (eighths > BAR * 8)
		eighths = BAR * 8;
	cells = eighths / 8;
	if (b->colour && eighths > 0)
		n += sprintf(p + n, "%s", on);
	for (int i = 0; i < cells; i++)
		n += sprintf(p + n, "%s", b->utf8 ? "█" : "#");
	if (b->utf8 && eighths % 8 > 0) {
		n += sprintf(p + n, "%s", part[eighths % 8]);
		cells++;
	}
	if (b->colour && eighths > 0)
		n += sprintf(p + n, "\033[0m");
	return n + sprintf(p + n, "%*s", BAR - cells, "");
}

/* said: the interval that the head tells of, which avg is not of. */
static uint64_t
share(uint64_t ns, uint64_t interval, uint64_t avg, uint64_t said)
{
	if (interval == WIRE_UNKNOWN_64 || interval == 0)
		return said == WIRE_UNKNOWN_64 ? avg : WIRE_UNKNOWN_64;
	return ns == WIRE_UNKNOWN_64 ? ns :
	    (uint64_t)((unsigned __int128)ns * 100000000 / interval);
}

static size_t
number(char *p, uint64_t micro)
{
	if (micro == WIRE_UNKNOWN_64)
		return sprintf(p, "%6s", "-");
	return sprintf(p, "%6.1f", micro / 1e6);
}

static void
line(const struct bars *b, const struct look_at *a, uint64_t interval)
{
	const struct look_psi *p;
	uint64_t some, full;
	char buf[LINE];
	size_t n = name(buf, a, b->utf8);

	for (int k = 0; k < SHOWN; k++) {
		p = &a->psi[k];
		some = full = WIRE_UNKNOWN_64;
		if (p->fresh) {
			some = share(p->some_ns, p->interval_ns,
			    p->text.some.avg10, interval);
			full = share(p->full_ns, p->interval_ns,
			    p->text.full.avg10, interval);
		}
		buf[n++] = ' ';
		n += bar(buf + n, some == WIRE_UNKNOWN_64 ? 0 : some, b);
		n += number(buf + n, some);
		n += number(buf + n, full);
	}
	buf[n++] = '\n';
	b->line(b->arg, buf, n);
}

/* The interval of the numbers below it, which may be unknown. */
static uint64_t
head(const struct bars *b, struct look *l)
{
	uint64_t interval = WIRE_UNKNOWN_64;
	char buf[LINE], of[32];
	struct look_at *a;
	int n;

	for (size_t i = 0; interval == WIRE_UNKNOWN_64 &&
	    (a = look_at(l, i)) != NULL; i++)
		for (int k = 0; k < SHOWN; k++)
			if (a->psi[k].fresh &&
			    interval == WIRE_UNKNOWN_64)
				interval = a->psi[k].interval_ns;
	if (interval == WIRE_UNKNOWN_64)
		strcpy(of, "% of the last 10 s");
	else
		snprintf(of, sizeof(of), "%% of %.3f s", interval / 1e9);
	n = snprintf(buf, sizeof(buf), "%-*s", NAME, of);
	for (int k = 0; k < SHOWN; k++)
		n += snprintf(buf + n, sizeof(buf) - n, " %-6s%5s%6s",
		    psi_name(k), "some", "full");
	buf[n++] = '\n';
	b->line(b->arg, buf, n);
	return interval;
}

int
bars_show(const struct bars *b, struct look *l)
{
	size_t n = 0, all = 0, shown;
	struct look_at *a;
	uint64_t interval;
	struct row *row;
	char buf[64];

	while (look_at(l, all) != NULL)
		all++;
	if ((row = calloc(all, sizeof(*row))) == NULL)
		return -1;
	for (size_t i = 0; (a = look_at(l, i)) != NULL; i++) {
		if (a->told == 0)
			continue;
		row[n].at = a;
		for (int k = 0; k < SHOWN; k++)
			if (a->psi[k].fresh &&
			    look_pressure(&a->psi[k]) > row[n].most)
				row[n].most = look_pressure(&a->psi[k]);
		n++;
	}
	qsort(row, n, sizeof(*row), more_pressed);
	interval = head(b, l);
	shown = b->rows > 2 && n > b->rows - 1 ? b->rows - 2 : n;
	for (size_t i = 0; i < shown; i++)
		line(b, row[i].at, interval);
	if (shown < n)
		b->line(b->arg, buf, snprintf(buf, sizeof(buf),
		    "and %zu more\n", n - shown));
	free(row);
	return 0;
}
