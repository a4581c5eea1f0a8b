/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The cgroups (v2) that there are, and news of those that come and go.
 * inotify(7) tells of them, as long as it can; else the whole tree is walked
 * each time.
 */
#ifndef HOST_CGTREE_H
#define HOST_CGTREE_H

#include <stddef.h>
#include <stdint.h>

struct cgroup_node {
	char		*path;		/* "/a/b"; "/" is the root */
	uint64_t	 id;		/* of the cgroup; all ones: not a cgroup2 */
	uint64_t	 ino;		/* of the directory; the same, on cgroup2 */
	unsigned	 depth;		/* of the root 0 */
	int		 wanted;	/* one of conf.globs fits */
	int		 looked;	/* the user's: it was read */
	int		 gone;		/* the user's: it is not there any more */
	void		*data;		/* the user's */

	/* cgtree's own */
	int		 wd, dead;
	unsigned	 seen;
	struct cgroup_node *by_path, *by_wd;
};

struct cgtree_conf {
	const char	*dir;		/* where it is mounted; lasts as the tree does */
	const char *const *globs;	/* of paths, fnmatch(3), * is also /; NULL ends */
	unsigned	 depth;		/* no deeper than this */
	void		(*drop)(void *arg, struct cgroup_node *);	/* frees data */
	void		*arg;
};

enum { CGTREE_MAX = 1 << 18 };		/* cgroups beyond are not told */

struct cgtree;

/* All there are now.  NULL, with errno. */
struct cgtree *cgtree_new(const struct cgtree_conf *);
void cgtree_free(struct cgtree *);

/* Since the call before; all of cgroups that are wanted. */
struct cgtree_news {
	uint64_t	 removed;	/* after they were looked at */
	uint64_t	 unseen;	/* came and went between two calls */
	int		 uncounted;	/* there may be more of both */
};

/* Learn what came and went.  0, or -1 with errno: nothing is known any more. */
int cgtree_update(struct cgtree *, struct cgtree_news *);

/* In the order in which they were found, the root first.  They last until the
 * next cgtree_update(). */
size_t cgtree_count(const struct cgtree *);
struct cgroup_node *cgtree_get(struct cgtree *, size_t i);

/* The directory of all: for openat(2), with path + 1. */
int cgtree_fd(const struct cgtree *);

/* errno if inotify(7) cannot be used; 0 if it is. */
int cgtree_walks(const struct cgtree *);

/* Directories that could not be looked into so far, and why (errno; E2BIG:
 * there are more than CGTREE_MAX). */
uint64_t cgtree_closed(const struct cgtree *, int *why);

#endif
