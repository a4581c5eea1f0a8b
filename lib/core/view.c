/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/learn.h"
#include "core/view.h"

enum { UP = 1, DOWN = 2, SHOWN = 4 };

#define NONE	UINT32_MAX

/* While a view is made.  Places are in the order of age. */
struct plan {
	const struct table *t;
	struct view	*v;
	const struct node **age;	/* oldest first: an ancestor before its descendants */
	uint32_t	*place;		/* by number of node */
	uint32_t	*up, *kid, *next;	/* by place; up is the nearest shown */
	uint8_t		*mark;		/* by place */
	uint32_t	 count, roots;
};

static int
by_age(const void *a, const void *b)
{
	const struct tree_id *x = &(*(const struct node *const *)a)->p.id;
	const struct tree_id *y = &(*(const struct node *const *)b)->p.id;

	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	return tree_older(y, x) - tree_older(x, y);
}

static int
by_seq(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a;
	const struct node *y = *(const struct node *const *)b;

	if (x->seq != y->seq)
		return x->seq > y->seq ? -1 : 1;
	return by_age(b, a);
}

static uint32_t
place(const struct plan *p, const struct node *n)
{
	return p->place[n - p->t->nodes];
}

/* The place of the one above, shown or not. */
static uint32_t
above(const struct plan *p, uint32_t i)
{
	const struct tree_node *up = p->age[i]->p.up[p->v->opts.by];

	return up != NULL ? place(p, (const struct node *)up) : NONE;
}

static int
plan_init(struct plan *p, const struct table *t, struct view *v)
{
	size_t n = t->count.processes + 1;
	struct node *node;

	*p = (struct plan){ .t = t, .v = v, .roots = NONE };
	p->age = malloc(n * sizeof(*p->age));
	p->place = malloc((t->used + 1) * sizeof(*p->place));
	p->up = malloc(n * sizeof(*p->up));
	p->kid = malloc(n * sizeof(*p->kid));
	p->next = malloc(n * sizeof(*p->next));
	p->mark = calloc(n, 1);
	if (p->age == NULL || p->place == NULL || p->up == NULL ||
	    p->kid == NULL || p->next == NULL || p->mark == NULL)
		return -1;
	for (uint32_t i = 0; (node = table_next(t, &i)) != NULL;)
		p->age[p->count++] = node;
	qsort(p->age, p->count, sizeof(*p->age), by_age);
	for (uint32_t i = 0; i < p->count; i++)
		p->place[p->age[i] - t->nodes] = i;
	return 0;
}

static void
plan_free(struct plan *p)
{
	free(p->age);
	free(p->place);
	free(p->up);
	free(p->kid);
	free(p->next);
	free(p->mark);
}

/* All that ever had the pid, with what is above and below. */
static void
mark_pid(struct plan *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t up = above(p, i);

		if (p->age[i]->p.id.pid != p->v->opts.pid) {
			if (up != NONE)
				p->mark[i] |= p->mark[up] & DOWN;
			continue;
		}
		p->v->found = 1;
		p->mark[i] |= DOWN;
		for (; up != NONE && !(p->mark[up] & UP); up = above(p, up))
			p->mark[up] |= UP;
	}
}

/* Latest time in the stream, ns from the epoch. */
static int64_t
now(const struct table *t)
{
	int64_t real, last = INT64_MIN;

	for (uint32_t i = 0; i < t->nboots; i++)
		if (origin_real(t->boots[i], &real) == 0 &&
		    real + (int64_t)t->boots[i]->last_ns > last)
			last = real + (int64_t)t->boots[i]->last_ns;
	return last;
}

/* Did it live at or after that time?  Where the clock is not known, all did. */
static int
lived(const struct node *n, const struct view_opts *o, int64_t since)
{
	uint64_t end = n->p.died_ns != 0 ? n->p.died_ns : n->p.last_ns;
	int64_t real;

	if (n->p.state <= TREE_ALIVE || o->since == VIEW_ALWAYS)
		return 1;
	if (origin_real(n->boot, &real) == 0)
		return (int64_t)end + real >= since;
	return o->since == VIEW_SINCE ||
	    (int64_t)(n->boot->last_ns - end) <= (int64_t)o->since_ns;
}

static void
select_shown(struct plan *p)
{
	const struct view_opts *o = &p->v->opts;
	int64_t since = (int64_t)o->since_ns;

	if (o->since == VIEW_LAST)
		since = now(p->t) - since;
	if (o->pid != -1)
		mark_pid(p);
	for (uint32_t i = 0; i < p->count; i++) {
		if (o->pid != -1 && p->mark[i] == 0)
			continue;
		if (o->no_kthreads && p->age[i]->p.kthread)
			continue;
		if (o->alive && p->age[i]->p.state > TREE_ALIVE)
			continue;
		if (!lived(p->age[i], o, since))
			continue;
		p->mark[i] |= SHOWN;
		p->v->count++;
	}
}

/* Nearest ancestor shown, of all. */
static void
climb(struct plan *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t up = above(p, i);

		if (up != NONE && !(p->mark[up] & SHOWN))
			up = p->up[up];
		p->up[i] = up;
	}
}

/* What is shown so far: processes, and the hosts that they are on. */
struct room {
	const struct origin *host[TREE_BOOTS];
	size_t		 hosts, rows, lines;
};

static int
fits(struct room *r, const struct origin *host)
{
	size_t h = 0, hosts;

	while (h < r->hosts && r->host[h] != host)
		h++;
	hosts = h < r->hosts ? r->hosts : r->hosts + 1;
	/* One host has no line of its own. */
	if (r->rows + (hosts > 1 ? hosts : 0) >= r->lines)
		return 0;
	if (h == r->hosts)
		r->host[r->hosts++] = host;
	r->rows++;
	return 1;
}

static void
keep(struct plan *p, const struct node **recent, struct room *r)
{
	for (uint32_t k = 0; k < p->count; k++) {
		uint32_t i = place(p, recent[k]);

		if (!(p->mark[i] & SHOWN))
			continue;
		for (; i != NONE && !(p->mark[i] & UP); i = p->up[i]) {
			if (!fits(r, p->age[i]->boot))
				return;
			p->mark[i] |= UP;
		}
	}
}

/* Keep those heard of last, with what is above them, as many as fit beside a
 * heading and a count of the others. */
static int
crop(struct plan *p)
{
	const struct node **recent;
	size_t all = p->v->count, lines = p->v->opts.rows - p->v->stalls;
	struct room r = { .lines = lines > 2 ? lines - 2 : 1 };
	size_t hosts = p->t->nboots > 1 ? p->t->nboots : 0;

	if (p->v->opts.rows == 0 || all + 1 + hosts <= lines)
		return 0;
	if ((recent = malloc(p->count * sizeof(*recent))) == NULL)
		return -1;
	memcpy(recent, p->age, p->count * sizeof(*recent));
	qsort(recent, p->count, sizeof(*recent), by_seq);
	keep(p, recent, &r);
	free(recent);
	for (uint32_t i = 0; i < p->count; i++)
		if (!(p->mark[i] & UP))
			p->mark[i] &= ~SHOWN;
	p->v->count = r.rows;
	p->v->left = all - r.rows;
	climb(p);
	return 0;
}

/* Hang them under each other, the youngest last. */
static void
hang(struct plan *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		p->kid[i] = NONE;
	for (uint32_t i = p->count; i-- > 0;) {
		uint32_t *first = p->up[i] != NONE ? &p->kid[p->up[i]] :
		    &p->roots;

		if (!(p->mark[i] & SHOWN))
			continue;
		p->next[i] = *first;
		*first = i;
	}
}

static int
walk(struct plan *p)
{
	struct view *v = p->v;
	uint32_t i = p->roots, up = NONE, depth = 0, n = 0;

	if ((v->rows = malloc((v->count + 1) * sizeof(*v->rows))) == NULL)
		return -1;
	while (i != NONE) {
		v->rows[n] = (struct view_row){ .n = p->age[i], .up = up,
		    .depth = depth, .last = p->next[i] == NONE };
		if (p->kid[i] != NONE) {
			up = n++;
			depth++;
			i = p->kid[i];
			continue;
		}
		n++;
		while (p->next[i] == NONE && p->up[i] != NONE) {
			i = p->up[i];
			up = v->rows[up].up;
			depth--;
		}
		i = p->next[i];
	}
	return 0;
}

static void
count(void *arg, const char *line, size_t len)
{
	(void)line;
	(void)len;
	++*(size_t *)arg;
}

/* Who makes whom wait: what there is to tell, and how many lines of a picture
 * it takes. */
static void
weigh(struct view *v)
{
	struct harm *h = v->tree->harm;

	if (h == NULL)
		return;
	v->last = v->opts.rows > 0;
	v->waits = h->records > 0 || v->tree->waits;
	for (size_t i = 0; v->waits && i < h->hosts; i++)
		v->some |= h->host[i].psi_to != 0;
	harm_sum(h, v->last);
	if (v->last)
		view_harm(v, VIEW_TOP_LIVE, count, &v->stalls);
	if (v->stalls > v->opts.rows / 2)	/* leave the tree a place */
		v->stalls = 0;
}

struct view *
view_new(const struct tree *t, const struct view_opts *opts)
{
	struct plan p = { 0 };
	struct view *v;
	int rc = -1;

	if ((v = calloc(1, sizeof(*v))) == NULL)
		return NULL;
	v->tree = t;
	v->opts = *opts;
	weigh(v);
	if (plan_init(&p, &t->t, v) == -1)
		goto out;
	select_shown(&p);
	climb(&p);
	for (uint32_t i = 0; i < p.count; i++)
		p.mark[i] &= SHOWN;	/* crop() needs the other bits */
	if (crop(&p) == -1)
		goto out;
	hang(&p);
	rc = walk(&p);
out:
	plan_free(&p);
	if (rc == -1) {
		view_free(v);
		v = NULL;
	}
	return v;
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	free(v->rows);
	free(v);
}

void
view_state(const struct node *n, char buf[VIEW_STATE])
{
	const char *core = n->p.core ? " core" : "";
	const char *name = n->p.signal > 0 ? sigabbrev_np(n->p.signal) : NULL;

	if (n->p.state == TREE_NAMED)
		strcpy(buf, "?");
	else if (n->p.state == TREE_ALIVE)
		strcpy(buf, "alive");
	else if (n->p.state == TREE_GONE)
		strcpy(buf, "gone");
	else if (name != NULL)
		snprintf(buf, VIEW_STATE, "SIG%s%s", name, core);
	else if (n->p.signal > 0)
		snprintf(buf, VIEW_STATE, "signal %d%s", n->p.signal, core);
	else if (n->p.exit_code >= 0)
		snprintf(buf, VIEW_STATE, "exit %d", n->p.exit_code);
	else
		strcpy(buf, n->p.died_ns != 0 ? "dead" : "zombie");
}
