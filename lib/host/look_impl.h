/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What look.c, look_read.c and look_rest.c share. */
#ifndef HOST_LOOK_IMPL_H
#define HOST_LOOK_IMPL_H

#include <sys/types.h>

#include "host/look.h"

enum {
	LOOK_PROBLEMS = 48,
	LOOK_PROBLEM = 256,
	LOOK_AGAIN = 64,	/* looks until what was absent or at rest is tried again */
};

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
	int		 epoll;		/* of files cgroup.events; -1: none */
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

/* Whether it is the turn of that one, once in LOOK_AGAIN looks. */
int look_turn(const struct look *, const struct cgroup_node *);

/* Learn in which cgroups somebody came or went since the look before. */
void look_rest_wake(struct look *);
/* What cgroup.events says, n bytes of l->buf; -1: nothing. */
void look_rest_hear(struct look *, struct look_at *, ssize_t n);
/* It says what it said in the look before: take that again. */
void look_rest_same(struct look *, struct look_at *);
/* Its files were read. */
void look_rest_seen(struct look_at *);

void look_stale(struct look_at *);	/* nothing of it is fresh */
void look_close(struct look *, struct look_at *);

#endif
