/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/harm_name.h"
#include "core/learn.h"
#include "core/view.h"

enum { WHOM = 24 };	/* bytes of a name */

const char view_wait_head[] = "WAITED/s  HARMED/s  ";
const char view_some_head[] = "  SOME  ";

/* A time for each second, in at most 7 bytes: "300ms", "2.1s". */
static void
rate(char *buf, size_t size, uint64_t ns, uint64_t span)
{
	uint64_t v = span > 0 ? (unsigned __int128)ns * 1000000000 / span : 0;

	if (v > UINT64_C(99999) * 1000000000)
		v = UINT64_C(99999) * 1000000000;
	if (v < 1000)
		snprintf(buf, size, "%s", ns > 0 ? "<1us" : "-");
	else if (v < 1000000)
		snprintf(buf, size, "%" PRIu64 "us", v / 1000);
	else if (v < 1000000000)
		snprintf(buf, size, "%" PRIu64 "ms", v / 1000000);
	else
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "s", v / 1000000000,
		    v / 100000000 % 10);
}

/* A time in a span, or none, of the process itself or of its whole cgroup. */
struct part {
	uint64_t	ns, span;
	int		whole;
};

static void
put(char *buf, size_t size, const struct part *p)
{
	rate(buf, size - 1, p->ns, p->span);
	if (p->whole && p->ns > 0)
		strcat(buf, "*");
}

static int
more(const struct part *a, const struct part *b)
{
	if (a->ns == 0 || a->span == 0)
		return 0;
	return b->span == 0 || (unsigned __int128)a->ns * b->span >
	    (unsigned __int128)b->ns * a->span;
}

/* Its samples; of one that is not in the last of them nothing changed. */
static struct part
own_wait(const struct view *v, const struct node *n)
{
	const struct node_wait *w = n->wait;

	if (w == NULL || w->interval.sum == 0)
		return (struct part){ 0 };
	if (!v->last)
		return (struct part){ .ns = w->waited.sum,
		    .span = w->interval.sum };
	if (w->interval.at + w->interval.last / 2 < n->boot->sampled_ns)
		return (struct part){ .span = 1 };
	return (struct part){ .ns = w->waited.last, .span = w->interval.last };
}

static struct part
own_harm(const struct view *v, const struct node *n)
{
	const struct harm *h = v->tree->harm;
	const struct harm_party *p;

	if (n->wait == NULL || n->wait->harmed.sum == 0 || n->p.place == NULL ||
	    (p = harm_find(h, n->boot->host, n->p.place, STALL_CPU)) == NULL)
		return (struct part){ 0 };
	if (!v->last)
		return (struct part){ .ns = n->wait->harmed.sum,
		    .span = harm_span(h, p, 0) };
	return (struct part){ .span = harm_span(h, p, 1),
	    .ns = n->wait->harmed.at == harm_end(h, n->boot->host, STALL_CPU) ?
	    n->wait->harmed.last : 0 };
}

/* "  (93% for batch/etl-2)", "  (~40% of I/O for pg)": estimated. */
static void
whom(const struct view *v, const struct harm_party *p, char *buf)
{
	static const char *const kind[STALL_KINDS] = {
		[STALL_SELF] = "for itself",
		[STALL_THROTTLE] = "for its own cpu.max",
		[STALL_LIMIT] = "for its own memory limit",
		[STALL_IRQ] = "for interrupts",
		[STALL_STEAL] = "for the hypervisor",
		[STALL_IDLE] = "for a wake-up",
		[STALL_UNKNOWN] = "unknown", [STALL_OLDER] = "unknown",
	};
	static const char *const of[] = { "", "of I/O ", "of memory " };
	const struct harm_pair *top = p->now.top;
	char name[VIEW_WAIT / 2] = "", tag[HARM_TAG];

	if (top == NULL || p->now.waited == 0)
		return;
	if (top->kind == STALL_CGROUP)
		view_place(name, sizeof(name), harm_path(
		    v->tree->harm->party[top->culprit].name, tag), 2, WHOM,
		    v->opts.utf8);
	else if (top->kind == STALL_KTHREAD)
		view_comm(name, sizeof(name), top->comm != NULL ? top->comm :
		    "the kernel", v->opts.utf8);
	snprintf(buf, VIEW_WAIT, "  (%s%u%% %s%s%s)", top->estimated ? "~" : "",
	    (unsigned)((unsigned __int128)top->now * 100 / p->now.waited),
	    of[p->resource], kind[top->kind] != NULL ? kind[top->kind] : "for ",
	    name);
}

void
view_wait(const struct view *v, const struct node *n, char buf[VIEW_WAIT],
    char why[VIEW_WAIT])
{
	const struct harm *h = v->tree->harm;
	const struct harm_party *p, *worst = NULL;
	struct part waited = own_wait(v, n), harmed = own_harm(v, n), part;
	int own = waited.span > 0;
	char wait[24], harm[24];

	/* Who has ended has no part in what its cgroup does. */
	for (int r = 0; r < STALL_RESOURCES && n->p.place != NULL &&
	    n->p.state <= TREE_ALIVE; r++) {
		if ((p = harm_find(h, n->boot->host, n->p.place, r)) == NULL)
			continue;
		part = (struct part){ .ns = p->now.waited, .whole = 1,
		    .span = harm_span(h, p, v->last) };
		if (r == STALL_CPU ? !own : more(&part, &waited)) {
			waited = part;
			worst = p;
		} else if (r == STALL_CPU) {
			worst = p;
		}
		part.ns = p->now.induced;
		if (r == STALL_CPU && harmed.span == 0 && !p->estimated)
			harmed = part;
	}
	*why = '\0';
	if (worst != NULL && waited.ns > 0)
		whom(v, worst, why);
	put(wait, sizeof(wait), &waited);
	put(harm, sizeof(harm), &harmed);
	snprintf(buf, VIEW_WAIT, "%8s %9s  ", wait, harm);
}

void
view_some(const struct view *v, const struct node *n, char buf[VIEW_SOME])
{
	const struct harm *h = v->tree->harm;
	const struct harm_party *p = NULL;
	uint64_t span = 0, tenth;

	if (n->p.place != NULL && n->p.state <= TREE_ALIVE)
		p = harm_find(h, n->boot->host, n->p.place, STALL_CPU);
	if (p != NULL)
		span = harm_looked(h, p, v->last);
	if (span == 0) {
		snprintf(buf, VIEW_SOME, "%6s  ", "-");
		return;
	}
	tenth = (unsigned __int128)p->now.some * 1000 / span;
	if (tenth > 9999)
		tenth = 9999;
	snprintf(buf, VIEW_SOME, "%3" PRIu64 ".%" PRIu64 "%%  ", tenth / 10,
	    tenth % 10);
}
