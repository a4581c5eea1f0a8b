/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by cgtree.c, who is there, and cgtree_update.c, who came and went. */
#ifndef HOST_CGTREE_IMPL_H
#define HOST_CGTREE_IMPL_H

#include "host/cgtree.h"

enum { CGTREE_BUCKETS = 4096 };	/* a power of two */

struct cgtree {
	struct cgtree_conf conf;
	struct cgroup_node **list;
	size_t		 count, cap;
	size_t		 entered;	/* of the list, those looked into */
	struct cgroup_node *path[CGTREE_BUCKETS], *wd[CGTREE_BUCKETS];
	int		 fd;		/* of conf.dir */
	int		 inotify;	/* -1: none */
	int		 walks;		/* errno: why inotify is not used */
	int		 real;		/* it is a cgroup2 */
	unsigned	 round;		/* of walking */
	uint64_t	 closed;
	int		 closed_why;
	struct cgtree_news news;
};

struct cgroup_node *cgtree_find(const struct cgtree *, const char *path);

/* The directory at path, if there is one.  The path becomes the tree's.  0, or
 * -1 without memory. */
int cgtree_add(struct cgtree *, char *path, unsigned depth);

/* Out of the tables, and soon out of the list: cgtree_sweep(). */
void cgtree_bury(struct cgtree *, struct cgroup_node *);
void cgtree_sweep(struct cgtree *);

/* One of the globs fits. */
int cgtree_wanted(const struct cgtree *, const char *path);

/* errno says why a directory could not be looked into: count it, unless it has
 * gone. */
void cgtree_shut(struct cgtree *);

/* Look into all that are new.  0, or -1. */
int cgtree_enter_new(struct cgtree *);

#endif
