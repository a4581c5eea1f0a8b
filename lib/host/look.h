/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Looking at the pressure of the machine and of its cgroups, again and again:
 * what the files say, and how much it is more than at the look before.
 */
#ifndef HOST_LOOK_H
#define HOST_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "host/cgstat.h"
#include "host/cgtree.h"
#include "host/psi.h"

/* All ones: unknown. */
struct look_psi {
	uint64_t	 at;		/* boot_ns of the last time it was read; 0: never */
	uint64_t	 interval_ns;	/* since the time before */
	uint64_t	 some_ns, full_ns;	/* in that interval */
	struct psi_text	 text;
	int		 fresh;		/* it was read in this look */
};

struct look_stat {
	uint64_t	 at, interval_ns;	/* as above */
	uint64_t	 grown[CG_GROWING];	/* in that interval */
	struct cgstat	 now;
	int		 fresh;
};

/* Those of pressure, those of cgstat.h, and cgroup.events. */
enum { LOOK_EVENTS = PSI_RESOURCES + CGSTAT_FILES, LOOK_FILES };

/* How much is known of there being nobody in a cgroup: look_rest.c. */
enum look_rest {
	REST_NO,		/* it had pressure lately */
	REST_ASK,		/* not for long: ask who is there */
	REST_SOMEBODY, REST_NOBODY, REST_STILL,
	REST_RESTS,		/* its files need not be read */
	REST_NEVER,		/* that cannot be known */
};

/* The machine, or a cgroup. */
struct look_at {
	const struct cgroup_node *cgroup;	/* NULL: the machine */
	struct look_psi	 psi[PSI_RESOURCES];
	struct look_stat stat;
	unsigned	 told;		/* the user's: 1 << resource */

	/* look's own */
	enum look_rest	 rest;
	int		 fd[LOOK_FILES];
};

struct look_conf {
	const char	*proc;		/* "/proc/pressure" */
	const char	*cgroups;	/* where cgroup2 is mounted; "" if nowhere */
	const char *const *globs;	/* as in cgtree.h */
	unsigned	 depth;
	int		 psi_only;	/* not the files of cgstat.h */
	uint64_t	 fds;		/* most files that stay open; 0: as RLIMIT_NOFILE has it */
};

struct look;

/* NULL, with errno: out of memory.  What cannot be opened is a problem. */
struct look *look_new(const struct look_conf *);
void look_free(struct look *);

/*
 * Read everything.  What came and went is in *news.  0, or -1 with errno: not
 * even the tree of cgroups is known any more.
 */
int look_now(struct look *, struct cgtree_news *news);

/* The machine first, then the cgroups that are wanted, each before those below
 * it.  NULL behind the last.  They last until the next look_now(). */
struct look_at *look_at(struct look *, size_t i);

/* Files of pressure that were read in the last look. */
uint64_t look_count(const struct look *);

/*
 * What is missing, and why: each once, as a phrase that lasts as long as the
 * look does.  NULL: no more for now.  *slight: nothing that a kernel is
 * expected to have.
 */
const char *look_problem(struct look *, int *slight);

#endif
