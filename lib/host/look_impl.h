/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What look.c and look_read.c share. */
#ifndef HOST_LOOK_IMPL_H
#define HOST_LOOK_IMPL_H

#include <sys/types.h>

#include "host/look.h"

enum { LOOK_PROBLEMS = 48, LOOK_PROBLEM = 256 };

/* Of a file, by its name; of several cgroups the first is named. */
struct problem {
	const char	*file, *why;
	char		 text[LOOK_PROBLEM];
	uint64_t	 times;		/* cgroups that have it in the first look */
	int		 slight, told;
};

struct look {
	struct look_conf conf;
	struct cgtree	*tree;
	struct look_at	 machine;
	int		 proc;		/* conf.proc; -1: none */
	uint64_t	 looks, count;
	uint64_t	 fds, fds_max;	/* files that stay open */
	size_t		 pos, last;	/* look_at(): cursor in the tree */
	struct problem	 problem[LOOK_PROBLEMS];
	size_t		 nproblem;
	char		 buf[CGSTAT_TEXT + 1];
};

/* file: its name, static; at: the path of its cgroup, or NULL; why: static */
void look_trouble(struct look *, const char *file, const char *at,
    const char *why, int slight);

/* Read all files of that one. */
void look_read(struct look *, struct look_at *, struct cgroup_node *);
/* That is what the file says now. */
void look_take(struct look_psi *, const struct psi_text *);

void look_stale(struct look_at *);	/* nothing of it is fresh */
void look_close(struct look *, struct look_at *);

#endif
