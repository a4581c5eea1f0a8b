/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/view_say.h"

#define STILL_NS UINT64_C(1000000000)	/* a wait that long is told before its end */

/* "300 ms of the last 1.00 s on CPU".  Of many tasks, or in a wait that began
 * before, it may be more than that. */
static void
how_long(const struct view_pen *p, const struct harm_party *c, uint64_t ns,
    char buf[96])
{
	uint64_t span = harm_span(p->h, c, p->v->last);
	const char *last = p->v->last ? "the last " : "";
	char a[VIEW_TIME], b[VIEW_TIME];

	view_time(a, ns);
	view_time(b, span);
	if (ns > span)
		snprintf(buf, 96, "%s on %s in waits that ended in %s%s", a,
		    view_on[c->resource], last, b);
	else
		snprintf(buf, 96, "%s of %s%s on %s", a, last, b,
		    view_on[c->resource]);
}

/* The process that did it, where records tell. */
static void
process(const struct view_pen *p, const struct harm_pair *e, char buf[256])
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
other(const struct view_pen *p, const struct harm_pair *e, char buf[VIEW_PLACE])
{
	char comm[256];

	if (e->kind == STALL_CGROUP)
		view_party(p, &p->h->party[e->culprit], buf);
	else if (e->kind == STALL_KTHREAD && e->comm == NULL)
		strcpy(buf, "threads of the kernel");
	else if (e->kind == STALL_KTHREAD) {
		view_comm(comm, sizeof(comm), e->comm, p->v->opts.utf8);
		snprintf(buf, VIEW_PLACE, "kernel thread %s", comm);
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
by_other(const struct view_pen *p, const struct harm_pair *e)
{
	const struct harm_party *v = &p->h->party[e->victim];
	char who[VIEW_PLACE], whom[VIEW_PLACE], time[96], pct[VIEW_PCT], proc[256];

	other(p, e, who);
	view_party(p, v, whom);
	process(p, e, proc);
	how_long(p, v, e->now, time);
	if (e->estimated) {
		view_say(p, "  %s%s kept %s waiting %s (estimated, confidence "
		    "%.2f)", who, proc, whom, time, trust(e));
		return;
	}
	view_percent(pct, v->now.waited - (v->now.dark < v->now.waited ?
	    v->now.dark : v->now.waited), v->now.waited);
	view_say(p, "  %s%s kept %s waiting %s (measured, %s of its wait explained)",
	    who, proc, whom, time, pct);
}

/* Nobody else did it: whose tasks or limits it was. */
static void
by_none(const struct view_pen *p, const struct harm_pair *e)
{
	static const char *const own[STALL_RESOURCES] = {
		[STALL_CPU] = "the turns of its own tasks",
		[STALL_IO] = "its own requests",
		[STALL_MEMORY] = "memory that it took itself",
	};
	static const char *const why[STALL_KINDS] = {
		[STALL_THROTTLE] = "its own cpu.max",
		[STALL_LIMIT] = "its own memory limit",
		[STALL_IDLE] = "a processor to wake up",
	};
	const struct harm_party *v = &p->h->party[e->victim];
	char whom[VIEW_PLACE], time[96], pct[VIEW_PCT], how[48] = "";

	view_party(p, v, whom);
	how_long(p, v, e->now, time);
	view_percent(pct, e->now, v->now.waited);
	if (e->estimated)
		snprintf(how, sizeof(how), "; estimated, confidence %.2f",
		    trust(e));
	view_say(p, "  %s waited %s for %s: no neighbour did this (%s of its "
	    "wait%s)", whom, time, e->kind == STALL_SELF ? own[v->resource] :
	    why[e->kind], pct, how);
}

static void
pairs(const struct view_pen *p, int estimated)
{
	struct view_choice c;
	const struct harm_pair *e;
	size_t left = 0;

	view_choose(p, estimated, &c);
	if (estimated && c.n > 0)
		view_say(p, "Estimated, not measured:");
	for (size_t i = 0; i < p->h->pairs; i++) {
		e = p->h->rank[i];
		if (!view_of_sort(e, estimated))
			continue;
		if (!view_chosen(&c, e))
			left++;
		else if (e->kind == STALL_CGROUP || e->kind == STALL_KTHREAD ||
		    e->kind == STALL_IRQ || e->kind == STALL_STEAL)
			by_other(p, e);
		else
			by_none(p, e);
	}
	if (left > 0)
		view_say(p, "  and %zu more", left);
}

/* By what they say, not by their places. */
static int
before(const struct harm *h, const struct harm_party *a,
    const struct harm_party *b)
{
	int c;

	if (a->now.induced != b->now.induced)
		return a->now.induced > b->now.induced;
	if ((c = strcmp(a->name, b->name)) != 0 || (c = strcmp(
	    h->host[a->host].name, h->host[b->host].name)) != 0)
		return c < 0;
	return a->resource < b->resource;
}

/* Of cgroups not told yet, the one that harms most. */
static const struct harm_party *
next_harm(const struct harm *h, const struct harm_party *last)
{
	const struct harm_party *c, *best = NULL;

	for (size_t i = 0; i < h->parties; i++) {
		c = &h->party[i];
		if (c->now.induced == 0 || c->estimated)
			continue;
		if ((last == NULL || before(h, last, c)) &&
		    (best == NULL || before(h, c, best)))
			best = c;
	}
	return best;
}

/* What a cgroup did to all others, beside what it used. */
static void
culprits(const struct view_pen *p)
{
	const struct harm_party *c = NULL;
	char who[VIEW_PLACE], time[96], cpu[VIEW_TIME];
	uint64_t ratio;

	for (size_t i = 0; i < p->top / 2 + 1; i++) {
		if ((c = next_harm(p->h, c)) == NULL)
			return;
		view_party(p, c, who);
		how_long(p, c, c->now.induced, time);
		if (c->now.cpu == 0 || c->resource != STALL_CPU) {
			view_say(p, "  %s: others waited %s for it", who, time);
			continue;
		}
		view_time(cpu, c->now.cpu);
		ratio = (unsigned __int128)c->now.induced * 100 / c->now.cpu;
		view_say(p, "  %s: others waited %s for it; it used %s of CPU, "
		    "harm ratio %" PRIu64 ".%02" PRIu64, who, time, cpu,
		    ratio / 100, ratio % 100);
	}
}

/* Who waits for long, and has not got a turn yet. */
static void
still(const struct view_pen *p)
{
	const struct harm_party *v;
	char whom[VIEW_PLACE], time[VIEW_TIME];

	for (size_t i = 0; i < p->h->parties; i++) {
		v = &p->h->party[i];
		if (v->now.open < STILL_NS)
			continue;
		view_party(p, v, whom);
		view_time(time, v->now.open);
		view_say(p, "  %s still waits on %s, %s so far: in no sum yet", whom,
		    view_on[v->resource], time);
	}
}

/* How much of all waiting nobody can explain: always told. */
static void
unknown(const struct view_pen *p)
{
	uint64_t all, dark;
	char pct[VIEW_PCT], time[VIEW_TIME];
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
		view_percent(pct, dark, all);
		view_time(time, all);
		view_say(p, "  unknown: %s of %s of waiting on %s", pct, time,
		    view_on[r]);
	}
	if (!any)
		view_say(p, "  nobody waited");
	if (p->h->evicted > 0)
		view_say(p, "  (%" PRIu64 " pairs forgotten)", p->h->evicted);
}

void
view_harm(const struct view *v, size_t top, view_line *line, void *arg)
{
	struct view_pen p = { .v = v, .h = v->tree->harm, .line = line, .arg = arg,
	    .top = top };

	if (p.h == NULL || p.h->records == 0)
		return;
	if (!v->last)
		line(arg, "\n", 1);
	view_say(&p, "WHO MAKES WHOM WAIT");
	pairs(&p, 0);
	culprits(&p);
	still(&p);
	view_psi(&p);
	unknown(&p);
	pairs(&p, 1);
}
