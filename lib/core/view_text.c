/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/learn.h"
#include "core/view.h"

enum {
	LEVELS = 32,		/* drawn; below that a number says how deep it is */
	LINE = 3072,		/* more than columns, LEVELS and an escaped command take, and why it waited */
};

/* What the branches are drawn with. */
struct ink {
	const char *fork, *end, *pass, *none, *more;
};

static const struct ink ascii = { "|- ", "`- ", "|  ", "   ", "..." };
static const struct ink utf8 = { "├─ ", "└─ ", "│  ", "   ", "…" };

struct pen {
	const struct view *v;
	view_line	*line;
	void		*arg;
	const struct ink *ink;
	uint32_t	 open;		/* levels with more to come, by bit */
	char		 buf[LINE];
	size_t		 len;
};

static void
add(struct pen *p, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof(p->buf) - 1 - p->len)
		n = sizeof(p->buf) - 1 - p->len;
	memcpy(p->buf + p->len, s, n);
	p->len += n;
}

static void
finish(struct pen *p)
{
	p->buf[p->len++] = '\n';
	p->line(p->arg, p->buf, p->len);
	p->len = 0;
}

/* In at most 7 characters. */
static void
duration(char *buf, size_t size, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (ns < 1000000)
		snprintf(buf, size, "%" PRIu64 "us", ns / 1000);
	else if (s < 1)
		snprintf(buf, size, "%" PRIu64 "ms", ns / 1000000);
	else if (s < 60)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "s", s,
		    ns / 100000000 % 10);
	else if (s < 3600)
		snprintf(buf, size, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
		    s / 60 % 60);
	else
		snprintf(buf, size, "%" PRIu64 "d%02" PRIu64 "h", s / 86400,
		    s / 3600 % 24);
}

/* Age of the living, lifetime of the dead; of those whose end was not seen,
 * at least so long. */
static void
age(char *buf, size_t size, const struct node *n)
{
	uint64_t end = n->boot->last_ns, start = n->p.id.start;

	if (n->p.state == TREE_DEAD && n->p.died_ns != 0)
		end = n->p.died_ns;
	else if (n->p.state != TREE_ALIVE)
		end = n->p.last_ns;
	if (n->p.state == TREE_NAMED || end < start)
		snprintf(buf, size, "-");
	else if (n->p.state == TREE_ALIVE || n->p.died_ns != 0)
		duration(buf, size, end - start);
	else {
		*buf = '>';
		duration(buf + 1, size - 1, end - start);
	}
}

static const char *
state_colour(const struct node *n)
{
	if (n->p.signal > 0)
		return "\033[31m";
	return n->p.exit_code > 0 ? "\033[33m" : "";
}

static void
columns(struct pen *p, const struct node *n)
{
	int colour = p->v->opts.colour, dead = n->p.state > TREE_ALIVE;
	const char *tint = colour ? state_colour(n) : "";
	char uid[12] = "-", state[VIEW_STATE], time[24], buf[128];

	if (n->p.uid != UINT32_MAX)
		snprintf(uid, sizeof(uid), "%" PRIu32, n->p.uid);
	view_state(n, state);
	age(time, sizeof(time), n);
	snprintf(buf, sizeof(buf), "%7" PRIu32 " %6s ", n->p.id.pid, uid);
	add(p, colour && dead ? "\033[2m" : "");
	add(p, buf);
	add(p, tint);
	snprintf(buf, sizeof(buf), "%-12s", state);
	add(p, buf);
	add(p, *tint != '\0' ? "\033[0m" : "");
	add(p, *tint != '\0' && dead ? "\033[2m" : "");
	snprintf(buf, sizeof(buf), " %7s  ", time);
	add(p, buf);
}

static void
branches(struct pen *p, const struct view_row *r)
{
	char buf[16];

	for (uint32_t d = 1; d < r->depth && d < LEVELS; d++)
		add(p, p->open >> d & 1 ? p->ink->pass : p->ink->none);
	if (r->depth >= LEVELS) {
		snprintf(buf, sizeof(buf), "(%" PRIu32 ") ", r->depth);
		add(p, buf);
	} else if (r->depth > 0) {
		add(p, r->last ? p->ink->end : p->ink->fork);
		p->open &= ~(1U << r->depth);
		p->open |= (uint32_t)!r->last << r->depth;
	}
}

static void
command(struct pen *p, const struct tree_node *n)
{
	const char *s = n->cmd != NULL ? n->cmd : n->comm != NULL ? n->comm : "?";
	int kthread = n->kthread && n->cmd == NULL;

	add(p, kthread ? "[" : "");
	p->len += view_escape(p->buf + p->len, sizeof(p->buf) - 16 - p->len, s,
	    p->v->opts.utf8);
	add(p, kthread ? "]" : "");
}

static void
row(struct pen *p, const struct view_row *r)
{
	char wait[VIEW_WAIT], why[VIEW_WAIT] = "", some[VIEW_SOME];

	columns(p, r->n);
	if (p->v->waits) {
		view_wait(p->v, r->n, wait, why);
		add(p, wait);
	}
	if (p->v->some) {
		view_some(p->v, r->n, some);
		add(p, some);
	}
	branches(p, r);
	command(p, &r->n->p);
	add(p, why);
	if (p->v->opts.colour && r->n->p.state > TREE_ALIVE)
		add(p, "\033[0m");
	finish(p);
}

static void
host(struct pen *p, const struct origin *b)
{
	char buf[32];

	p->len += view_escape(p->buf, 512, b->host[0] != '\0' ? b->host : "?",
	    p->v->opts.utf8);
	snprintf(buf, sizeof(buf), " (boot %08" PRIx32 ")", b->id);
	add(p, buf);
	finish(p);
}

static void
footer(struct pen *p)
{
	uint64_t evicted = p->v->tree->t.count.evicted;
	char buf[64];

	if (p->v->left > 0) {
		add(p, p->ink->more);
		snprintf(buf, sizeof(buf), " %zu more", p->v->left);
		add(p, buf);
		finish(p);
	}
	if (evicted > 0 && p->v->opts.rows == 0) {
		snprintf(buf, sizeof(buf), "(%" PRIu64 " forgotten)", evicted);
		add(p, buf);
		finish(p);
	}
}

void
view_text(const struct view *v, view_line *line, void *arg)
{
	struct pen p = { .v = v, .line = line, .arg = arg,
	    .ink = v->opts.utf8 ? &utf8 : &ascii };
	const struct origin *boot = NULL;
	size_t n = v->count;
	int many = n > 0 && v->rows[0].n->boot != v->rows[n - 1].n->boot;

	if (v->stalls > 0)
		view_harm(v, VIEW_TOP_LIVE, line, arg);
	add(&p, "    PID    UID STATE           TIME  ");
	add(&p, v->waits ? view_wait_head : "");
	add(&p, v->some ? view_some_head : "");
	add(&p, "COMMAND");
	finish(&p);
	for (size_t i = 0; i < n; i++) {
		if (many && v->rows[i].n->boot != boot) {
			boot = v->rows[i].n->boot;
			host(&p, boot);
		}
		row(&p, &v->rows[i]);
	}
	footer(&p);
	if (!v->last && v->waits)
		view_harm(v, VIEW_TOP, line, arg);
}
