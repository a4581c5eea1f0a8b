/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What processes that are made fast look like: a storm, a start, a build. */
#ifndef CORE_FORK_LOOK_H
#define CORE_FORK_LOOK_H

#include "core/detect_impl.h"

enum look { STORM, START, BUILD };

extern const char *const fork_looks[];		/* by enum look; NULL has no name */

enum { BUILD_STAY = 25 };	/* windows full; of a build all jobs stay for a while */

struct forks {
	struct window	made, ended;
	struct top	parents[TOP], commands[TOP];
	uint64_t	fresh;		/* since then these are counted */
	uint64_t	rise, last;	/* not calm since, 0 is calm; last fork */
	uint64_t	begun;		/* what fired first since then; 0: nothing did */
	uint64_t	stay;		/* made since then, and not ended */
	uint64_t	waits;		/* since then for a narrower one; 0 is not */
	uint8_t		look;
	uint8_t		took;		/* it is above the limit, and wider ones know */
};

/* Is the root of the tree a program that builds, or of another group the process
 * that forked most? */
int fork_builds(struct lane *, const struct group *);

/* It has sum in its window, which is calm or not: counts what stays since it was
 * calm. */
void fork_risen(struct lane *, struct group *, uint64_t sum, int calm);

/* Sets look of a group that made sum in the window of len ns, where per_window is
 * the limit; fires: that is exceeded.  While an incident is open it gets no
 * milder. */
void fork_look(struct lane *, struct group *, uint64_t len, double per_window,
    uint64_t sum, int fires);

/* What most of those that were made ran; maker is the name of who made most, or
 * NULL. */
const char *fork_command(const struct forks *, const char *maker);

int fork_severity(const struct group *);

#endif
