/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "host/psi.h"
#include "host/word.h"
#include "rec/wire.h"

#define SECOND		UINT64_C(1000000000)
#define WINDOW_MAX	(10 * SECOND)	/* WINDOW_MAX_US of psi.c */
#define WINDOW_STEP	(2 * SECOND)	/* PSI_FREQ */

static const char *const names[PSI_RESOURCES] = { "cpu", "memory", "io", "irq" };

const char *
psi_name(enum psi_resource r)
{
	return names[r];
}

/* One "name=value" of a line.  0, or -1 with why. */
static int
pair(struct psi_line *l, struct word w, const char **why)
{
	uint64_t *to, v = 0;
	int bad;

	if (word_cut(&w, "total="))
		to = &l->total_ns;
	else if (word_cut(&w, "avg10="))
		to = &l->avg10;
	else if (word_cut(&w, "avg60="))
		to = &l->avg60;
	else if (word_cut(&w, "avg300="))
		to = &l->avg300;
	else
		return 0;
	if (*to != WIRE_UNKNOWN_64) {
		*why = "a number is there twice";
		return -1;
	}
	if (to == &l->total_ns) {
		bad = word_u64(w, &v) == -1 || v > UINT64_MAX / 1000 - 1;
		v *= 1000;
	} else {
		bad = word_micro(w, &v) == -1;
	}
	if (bad) {
		*why = "a number is none, or too great";
		return -1;
	}
	*to = v;
	return 0;
}

static int
line(struct psi_line *l, struct word text, const char **why)
{
	struct word w;

	if (l->total_ns != WIRE_UNKNOWN_64) {
		*why = "a line is there twice";
		return -1;
	}
	while (word_next(&text, ' ', &w))
		if (pair(l, w, why) == -1)
			return -1;
	if (l->total_ns == WIRE_UNKNOWN_64) {
		*why = "a line has no total";
		return -1;
	}
	return 0;
}

int
psi_parse(const char *text, size_t len, struct psi_text *t, const char **why)
{
	struct word rest = { text, text + len }, l;

	memset(t, 0xff, sizeof(*t));
	if (len >= PSI_TEXT) {
		*why = "too long for a pressure file";
		return -1;
	}
	if (len == 0 || text[len - 1] != '\n') {
		*why = len == 0 ? "empty" : "its last line has no end";
		return -1;
	}
	if (memchr(text, '\r', len) != NULL) {
		*why = "a carriage return: no kernel writes that";
		return -1;
	}
	while (word_next(&rest, '\n', &l)) {
		if (word_cut(&l, "some ")) {
			if (line(&t->some, l, why) == -1)
				return -1;
		} else if (word_cut(&l, "full ")) {
			if (line(&t->full, l, why) == -1)
				return -1;
		}
	}
	if (t->some.total_ns == WIRE_UNKNOWN_64 &&
	    t->full.total_ns == WIRE_UNKNOWN_64) {
		*why = "neither a line some nor full";
		return -1;
	}
	return 0;
}

/* "150ms/1s" */
static int
times(struct word w, struct psi_ask *a)
{
	char buf[2][32];
	struct word part;

	for (int i = 0; i < 2; i++) {
		if (!word_next(&w, i == 0 ? '/' : ' ', &part) ||
		    part.end - part.p >= (ptrdiff_t)sizeof(buf[i]))
			return -1;
		memcpy(buf[i], part.p, part.end - part.p);
		buf[i][part.end - part.p] = '\0';
	}
	return w.p != w.end || num_duration(buf[0], &a->stall_ns) == -1 ||
	    num_duration(buf[1], &a->window_ns) == -1 ? -1 : 0;
}

int
psi_ask_parse(const char *text, struct psi_ask *a, const char **want)
{
	struct word rest = { text, text + strlen(text) }, w;
	const char *at = strchr(text, '@');

	*want = "'RESOURCE some|full STALL/WINDOW[@CGROUP]', like "
	    "'cpu some 150ms/1s'";
	memset(a, 0, sizeof(*a));
	if (at != NULL) {
		a->cgroup = at + 1;
		rest.end = at;
		if (at[1] != '/') {
			*want = "a cgroup that begins with / behind the @";
			return -1;
		}
	}
	if (!word_next(&rest, ' ', &w))
		return -1;
	for (a->resource = 0; a->resource < PSI_RESOURCES; a->resource++)
		if (word_is(w, names[a->resource]))
			break;
	if (a->resource == PSI_RESOURCES || !word_next(&rest, ' ', &w))
		return -1;
	a->full = word_is(w, "full");
	if (!a->full && !word_is(w, "some"))
		return -1;
	if (times(rest, a) == -1)
		return -1;
	if (a->stall_ns < 1000 || a->stall_ns > a->window_ns ||
	    a->window_ns > WINDOW_MAX) {
		*want = "a stall of 1us or more in a window that is not "
		    "shorter, and at most 10s";
		return -1;
	}
	return 0;
}

int
psi_ask_widen(struct psi_ask *a)
{
	uint64_t to = (a->window_ns + WINDOW_STEP - 1) / WINDOW_STEP *
	    WINDOW_STEP;

	if (to == a->window_ns)
		return 0;
	a->stall_ns = (unsigned __int128)a->stall_ns * to / a->window_ns;
	a->window_ns = to;
	return 1;
}

size_t
psi_ask_text(const struct psi_ask *a, char buf[PSI_ASK])
{
	return 1 + snprintf(buf, PSI_ASK, "%s %" PRIu64 " %" PRIu64,
	    a->full ? "full" : "some", a->stall_ns / 1000, a->window_ns / 1000);
}
