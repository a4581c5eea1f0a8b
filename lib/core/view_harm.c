/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/learn.h"
#include "core/view.h"

enum {
	LINE = 2048,
	PLACE = 640,		/* a path's last names, escaped */
	NAME = 28,		/* bytes of one of them */
	COMM = 24,		/* bytes of a process's name */
};

#define STILL_NS UINT64_C(1000000000)	/* a wait that long is told before its end */

static const char *const on[STALL_RESOURCES] = { "CPU", "I/O", "memory" };

struct pen {
	const struct view *v;
	const struct harm *h;
	view_line	*line;
	void		*arg;
	size_t		 top;
};

__attribute__((format(printf, 2, 3))) static void
say(const struct pen *p, const char *fmt, ...)
{
	char buf[LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	n = n < LINE - 1 ? n : LINE - 2;
	buf[n++] = '\n';
	p->line(p->arg, buf, n);
}

void
view_time(char buf[VIEW_TIME], uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;

	if (ns < 1000)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " ns", ns);
	else if (ms == 0)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " us", ns / 1000);
	else if (ms < 10)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%" PRIu64 " ms", ms,
		    ns / 100000 % 10);
	else if (s == 0)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " ms", ms);
	else if (s < 10)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%02" PRIu64 " s", s,
		    ms / 10 % 100);
	else if (s < 100)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%" PRIu64 " s", s,
		    ms / 100 % 10);
	else
		snprintf(buf, VIEW_TIME, "%" PRIu64 " s", s);
}

/* One name of a path; a long one keeps its beginning. */
static size_t
name(char *p, size_t room, const char *s, size_t len, size_t max, int utf8)
{
	char cut[HARM_NAME];
	size_t n = len < max ? len : max - 2;

	while (n < len && n > 0 && (s[n] & 0xc0) == 0x80)
		n--;
	memcpy(cut, s, n);
	strcpy(cut + n, n < len ? ".." : "");
	return view_escape(p, room, cut, utf8);
}

void
view_comm(char *buf, size_t room, const char *s, int utf8)
{
	buf[name(buf, room - 1, s, strlen(s), COMM, utf8)] = '\0';
}

void
view_place(char *buf, size_t room, const char *path, unsigned n, size_t max,
    int utf8)
{
	const char *s = path + strlen(path), *end;
	size_t len = 0, k;

	*buf = '\0';
	if (strcmp(path, "/") == 0)
		path = s = "root cgroup";
	while (s > path && n > 0)
		if (*--s == '/' && --n == 0)
			s++;
	if (n > 0)
		s = path;
	while (*s == '/')
		s++;
	for (; *s != '\0'; s = *end == '/' ? end + 1 : end) {
		end = strchrnul(s, '/');
		/* Room for a name that is nothing but escapes, or none of it. */
		if (len + 6 * (max + 2) + 2 > room)
			break;
		if (len > 0)
			buf[len++] = '/';
		k = end - s < HARM_NAME - 3 ? end - s : HARM_NAME - 3;
		len += name(buf + len, room - len - 1, s, k, max, utf8);
		buf[len] = '\0';
	}
}

/* A cgroup, with its host where there are more. */
static void
place(const struct pen *p, const struct harm_party *c, char buf[PLACE])
{
	size_t n = 0;

	if (p->h->hosts > 1) {
		n = view_escape(buf, 200, p->h->host[c->host].name,
		    p->v->opts.utf8);
		buf[n++] = ':';
	}
	view_place(buf + n, PLACE - n, c->name, 2, NAME, p->v->opts.utf8);
}

/* "300 ms of the last 1.00 s on CPU" */
static void
how_long(const struct pen *p, const struct harm_party *c, uint64_t ns,
    char buf[96])
{
	char a[VIEW_TIME], b[VIEW_TIME];

	view_time(a, ns);
	view_time(b, harm_span(p->h, c, p->v->last));
	snprintf(buf, 96, "%s of %s%s on %s", a, p->v->last ? "the last " : "",
	    b, on[c->resource]);
}

/* As a percentage with a digit behind the point, never rounded up to all. */
static void
percent(char buf[16], uint64_t ns, uint64_t all)
{
	unsigned tenth = ns < all ? (unsigned __int128)ns * 1000 / all : 1000;

	snprintf(buf, 16, tenth == 1000 ? "%u %%" : "%u.%u %%", tenth / 10,
	    tenth % 10);
}

/* The process that did it, where records tell. */
static void
process(const struct pen *p, const struct harm_pair *e, char buf[256])
{
	char comm[160] = "";

	*buf = '\0';
	if (e->pid == UINT32_MAX)
		return;
	if (e->process != NULL)
		view_comm(comm, sizeof(comm), e->process, p->v->opts.utf8);
	snprintf(buf, 256, " (%s%spid %" PRIu32 "%s)", comm,
	    *comm != '\0' ? ", " : "", e->pid, e->many ? " and others" : "");
}

/* Another did it: who. */
static void
other(const struct pen *p, const struct harm_pair *e, char buf[PLACE])
{
	char comm[256];

	if (e->kind == STALL_CGROUP)
		place(p, &p->h->party[e->culprit], buf);
	else if (e->kind == STALL_KTHREAD) {
		view_comm(comm, sizeof(comm), e->comm != NULL ? e->comm : "?",
		    p->v->opts.utf8);
		snprintf(buf, PLACE, "kernel thread %s", comm);
	} else
		strcpy(buf, e->kind == STALL_IRQ ? "interrupts" :
		    "the hypervisor");
}

/* Confidence in all that is estimated of it, 0 to 1. */
static double
trust(const struct harm_pair *e)
{
	return e->ns.sum > 0 ? e->trust / e->ns.sum : 0;
}

static void
by_other(const struct pen *p, const struct harm_pair *e)
{
	const struct harm_party *v = &p->h->party[e->victim];
	char who[PLACE], whom[PLACE], time[96], pct[16], proc[256];

	other(p, e, who);
	place(p, v, whom);
	process(p, e, proc);
	how_long(p, v, e->now, time);
	if (e->estimated) {
		say(p, "  %s%s kept %s waiting %s (estimated, confidence "
		    "%.2f)", who, proc, whom, time, trust(e));
		return;
	}
	percent(pct, v->now.waited - (v->now.dark < v->now.waited ?
	    v->now.dark : v->now.waited), v->now.waited);
	say(p, "  %s%s kept %s waiting %s (measured, %s of its wait explained)",
	    who, proc, whom, time, pct);
}

/* Nobody else did it: whose tasks or limits it was. */
static void
by_none(const struct pen *p, const struct harm_pair *e)
{
	static const char *const why[STALL_KINDS] = {
		[STALL_SELF] = "the turns of its own tasks",
		[STALL_THROTTLE] = "its own cpu.max",
		[STALL_LIMIT] = "its own memory limit",
		[STALL_IDLE] = "a processor to wake up",
	};
	const struct harm_party *v = &p->h->party[e->victim];
	char whom[PLACE], time[96], pct[16], how[48] = "";

	place(p, v, whom);
	how_long(p, v, e->now, time);
	percent(pct, e->now, v->now.waited);
	if (e->estimated)
		snprintf(how, sizeof(how), "; estimated, confidence %.2f",
		    trust(e));
	say(p, "  %s waited %s for %s: no neighbour did this (%s of its "
	    "wait%s)", whom, time, why[e->kind], pct, how);
}

/* Those of one sort that are to be told, greatest first. */
static int
of_sort(const struct harm_pair *e, int estimated)
{
	return e->now > 0 && e->estimated == estimated &&
	    e->kind != STALL_UNKNOWN && e->kind != STALL_OLDER;
}

static void
pairs(const struct pen *p, int estimated)
{
	const struct harm_pair *e;
	size_t told = 0, left = 0;

	for (size_t i = 0; i < p->h->pairs; i++) {
		e = p->h->rank[i];
		if (!of_sort(e, estimated))
			continue;
		if (told == p->top) {
			left++;
			continue;
		}
		if (told++ == 0 && estimated)
			say(p, "Estimated, not measured:");
		if (e->kind == STALL_CGROUP || e->kind == STALL_KTHREAD ||
		    e->kind == STALL_IRQ || e->kind == STALL_STEAL)
			by_other(p, e);
		else
			by_none(p, e);
	}
	if (left > 0)
		say(p, "  and %zu smaller", left);
}

/* Of cgroups not told yet, the one that harms most. */
static const struct harm_party *
next_harm(const struct harm *h, const struct harm_party *before)
{
	const struct harm_party *c, *best = NULL;

	for (size_t i = 0; i < h->parties; i++) {
		c = &h->party[i];
		if (c->now.induced == 0 || c->estimated)
			continue;
		if (before != NULL && (c->now.induced > before->now.induced ||
		    (c->now.induced == before->now.induced &&
		    (c == before || strcmp(c->name, before->name) <= 0))))
			continue;
		if (best == NULL || c->now.induced > best->now.induced ||
		    (c->now.induced == best->now.induced &&
		    strcmp(c->name, best->name) < 0))
			best = c;
	}
	return best;
}

/* What a cgroup did to all others, beside what it used. */
static void
culprits(const struct pen *p)
{
	const struct harm_party *c = NULL;
	char who[PLACE], time[96], cpu[VIEW_TIME];
	uint64_t ratio;

	for (size_t i = 0; i < p->top / 2 + 1; i++) {
		if ((c = next_harm(p->h, c)) == NULL)
			return;
		place(p, c, who);
		how_long(p, c, c->now.induced, time);
		if (c->now.cpu == 0 || c->resource != STALL_CPU) {
			say(p, "  %s: others waited %s for it", who, time);
			continue;
		}
		view_time(cpu, c->now.cpu);
		ratio = (unsigned __int128)c->now.induced * 100 / c->now.cpu;
		say(p, "  %s: others waited %s for it; it used %s of CPU, "
		    "harm ratio %" PRIu64 ".%02" PRIu64, who, time, cpu,
		    ratio / 100, ratio % 100);
	}
}

/* Who waits for long, and has not got a turn yet. */
static void
still(const struct pen *p)
{
	const struct harm_party *v;
	char whom[PLACE], time[VIEW_TIME];

	for (size_t i = 0; i < p->h->parties; i++) {
		v = &p->h->party[i];
		if (v->now.open < STILL_NS)
			continue;
		place(p, v, whom);
		view_time(time, v->now.open);
		say(p, "  %s still waits on %s, %s so far: in no sum yet", whom,
		    on[v->resource], time);
	}
}

/* How much of all waiting nobody can explain: always told. */
static void
unknown(const struct pen *p)
{
	uint64_t all, dark;
	char pct[16], time[VIEW_TIME];
	int any = 0;

	for (int r = 0; r < STALL_RESOURCES; r++) {
		all = dark = 0;
		for (size_t i = 0; i < p->h->parties; i++)
			if (p->h->party[i].resource == r) {
				all += p->h->party[i].now.waited;
				dark += p->h->party[i].now.dark;
			}
		if (all == 0)
			continue;
		any = 1;
		percent(pct, dark, all);
		view_time(time, all);
		say(p, "  unknown: %s of %s of waiting on %s", pct, time,
		    on[r]);
	}
	if (!any)
		say(p, "  nobody waited");
	if (p->h->evicted > 0)
		say(p, "  (%" PRIu64 " pairs forgotten)", p->h->evicted);
}

void
view_harm(const struct view *v, size_t top, view_line *line, void *arg)
{
	struct pen p = { .v = v, .h = v->tree->harm, .line = line, .arg = arg,
	    .top = top };

	if (p.h == NULL || p.h->records == 0)
		return;
	if (!v->last)
		line(arg, "\n", 1);
	say(&p, "WHO MAKES WHOM WAIT");
	pairs(&p, 0);
	culprits(&p);
	pairs(&p, 1);
	still(&p);
	unknown(&p);
}
