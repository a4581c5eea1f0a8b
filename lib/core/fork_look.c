/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "core/fork_look.h"
#include "core/maker.h"

/* Where one process made this part, it may be a server that starts its workers,
 * or an evening's jobs: a step, after which there is no more growth.  It is one
 * until so many stay, in forks that a window may have. */
#define STEP_ALONE	0.3
#define STEP_STAY	10
#define BURST_STAY	4

/* Or until it goes on so long after a whole window of it, still half as fast as
 * the limit; however fast, after another window. */
#define STEP_MORE	UINT64_C(1000000000)
enum { STEP_PART = 4 };		/* of the window, in which it is to be as fast */

/* So many times as many that execute nothing are what counts. */
enum { FORKED_MORE = 3 };

const char *const fork_looks[] = { NULL, "start", "build" };

int
fork_builds(struct lane *l, const struct group *g)
{
	const struct forks *f = (const void *)g->state;
	const struct tree_id *id = g->s.by == BY_TREE ? &g->s.id :
	    &top_first(f->parents)->id;
	const struct kin *k = kin_find(l->kins, id);

	return k != NULL && maker_builds(k->comm);
}

static uint64_t
total(const struct top *t)
{
	uint64_t n = 0;

	for (int i = 0; i < TOP; i++)
		n += t[i].n;
	return n;
}

const char *
fork_command(const struct forks *f, const char *maker)
{
	const struct top *first = top_first(f->commands);
	uint64_t forks = total(f->parents), execs = total(f->commands);

	/* Who executes nothing has the name of who made it; but many do for a
	 * moment only, and some to make who does. */
	if (maker != NULL && forks > execs && forks - execs >
	    FORKED_MORE * (uint64_t)(first->n - first->more))
		return maker;
	return first->comm;
}

void
fork_risen(struct lane *l, struct group *g, uint64_t sum, int calm)
{
	struct forks *f = (void *)g->state;

	if (calm)
		f->rise = f->begun = f->stay = 0;
	else if (f->rise == 0) {
		f->rise = l->now;
		f->stay = sum;
	}
}

/* It fired, and the step would be over by now. */
static int
goes_on(struct lane *l, struct forks *f, uint64_t len, double per_window)
{
	uint64_t past = f->last - f->begun;

	if (f->begun == 0 || f->last < f->begun || past < len + STEP_MORE)
		return 0;
	return past >= 2 * len + STEP_MORE || window_late(&f->made, len, l->now,
	    WINDOW_SLOTS / STEP_PART) >= per_window / STEP_PART / 2;
}

void
fork_look(struct lane *l, struct group *g, uint64_t len, double per_window,
    uint64_t sum, int fires)
{
	struct forks *f = (void *)g->state;
	const struct top *first = top_first(f->parents);
	double step = g->rule->det == &detect_fork_burst ? BURST_STAY : STEP_STAY;
	enum look look = STORM;

	if (fires && f->begun == 0)
		f->begun = window_begun(&f->made, len, l->now, per_window);
	if (fork_builds(l, g))
		look = f->stay < BUILD_STAY * per_window ? BUILD : STORM;
	else if (f->stay < step * per_window &&
	    first->n - first->more >= STEP_ALONE * sum &&
	    !goes_on(l, f, len, per_window))
		look = START;
	if (!g->inc.open || f->look == look || look == STORM)
		f->look = look;
}

int
fork_severity(const struct group *g)
{
	const struct forks *f = (const void *)g->state;
	int most = f->look == BUILD ? SEV_INFO : f->look == START ? SEV_LOW :
	    SEV_CRITICAL;

	return g->rule->severity < most ? g->rule->severity : most;
}
