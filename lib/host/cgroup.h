/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which cgroup hierarchies this host has: cgroups(7). */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include <stddef.h>
#include <stdint.h>

enum cgroup_mode { CGROUP_V2, CGROUP_V1, CGROUP_HYBRID };

struct cgroup_host {
	enum cgroup_mode mode;
	char	v2[256];		/* where it is mounted; "" if it is not */
	char	v1[256];		/* likewise, of the controller below */
	char	controller[16];		/* "" if there is no v1 */
};

/*
 * Read /proc/self/mountinfo.  Of v1 the first hierarchy counts that has
 * memory, pids, cpu, cpuset, blkio, devices, or freezer, in this order: the
 * ones that container runtimes always use come first.  A host where nothing is mounted
 * counts as v2: the kernel has that hierarchy in any case.  0, or -1 with errno.
 */
int cgroup_host(struct cgroup_host *);

const char *cgroup_mode_name(enum cgroup_mode);

/*
 * The id of a cgroup (its inode number), whether it is one of v1, and its path
 * below the root of its hierarchy, "/a/b", or "", for free(3).  path is a
 * directory of v2, or of the hierarchy of v1 named above; or as in records, below
 * the root of the hierarchy.  0, or -1 with errno.
 */
int cgroup_id(const struct cgroup_host *, const char *path, uint64_t *id,
    int *v1, char **name);

/*
 * Open, with O_PATH, the directory "a/b" below root, "" of root itself; id: that
 * of the cgroup, all ones if any will do.  The descriptor, or -1 with errno:
 * ENODEV if it is another one that has this name by now.
 */
int cgroup_open(int root, const char *path, uint64_t id);

/*
 * "a/b/", or "" of the root: from the names of a path as in event.def, which
 * stand leaf first, each with a NUL.  0; or -1 if it is cut, or has no room.
 */
int cgroup_dir(char *buf, size_t size, const char *names, size_t len);

#endif
