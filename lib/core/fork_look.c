/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "core/fork_look.h"
#include "core/maker.h"

/* Where one process made this part, it may be a server that starts its workers,
 * or an evening's jobs: a step, after which there is no more growth.  It is one
 * until it went on for so long, in windows; or so many stay, in forks that a
 * window may have. */
#define STEP_ALONE	0.3
#define STEP_LONG	4 / 3
#define STEP_STAY	10

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

void
fork_look(struct lane *l, struct group *g, uint64_t len, double per_window,
    uint64_t sum)
{
	struct forks *f = (void *)g->state;
	const struct top *first = top_first(f->parents);
	enum look look = STORM;

	if (fork_builds(l, g))
		look = f->stay < BUILD_STAY * per_window ? BUILD : STORM;
	else if (f->stay < STEP_STAY * per_window &&
	    f->last - f->rise < len * STEP_LONG &&
	    first->n - first->more >= STEP_ALONE * sum)
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
