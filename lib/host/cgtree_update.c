/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cgtree_impl.h"

static struct cgroup_node *
find_wd(const struct cgtree *t, int wd)
{
	struct cgroup_node *n = t->wd[wd & (CGTREE_BUCKETS - 1)];

	while (n != NULL && n->wd != wd)
		n = n->by_wd;
	return n;
}

static char *
join(const struct cgroup_node *n, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", n->depth == 0 ? "" : n->path, name) ==
	    -1 ? NULL : path;
}

static int
add_child(struct cgtree *t, const struct cgroup_node *n, const char *name)
{
	char *path = join(n, name);

	return path != NULL ? cgtree_add(t, path, n->depth + 1) : -1;
}

/* From now on its children are told.  0, or -1: they are not. */
static void
watch(struct cgtree *t, struct cgroup_node *n)
{
	char full[PATH_MAX];
	struct cgroup_node **head;

	if (t->walks != 0 || n->wd != -1)
		return;
	if (snprintf(full, sizeof(full), "%s%s", t->conf.dir, n->path) >=
	    (int)sizeof(full)) {
		t->walks = ENAMETOOLONG;
		return;
	}
	n->wd = inotify_add_watch(t->inotify, full,
	    IN_CREATE | IN_DELETE | IN_ONLYDIR);
	if (n->wd == -1) {
		if (errno != ENOENT && errno != EACCES)
			t->walks = errno;
		return;
	}
	head = &t->wd[n->wd & (CGTREE_BUCKETS - 1)];
	n->by_wd = *head;
	*head = n;
}

/* Add its children. */
static int
enter(struct cgtree *t, struct cgroup_node *n)
{
	struct dirent *e;
	struct stat st;
	int fd, rc = 0;
	DIR *d;

	if (n->dead || n->depth >= t->conf.depth)
		return 0;
	watch(t, n);
	if ((fd = openat(t->fd, n->depth == 0 ? "." : n->path + 1,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1) {
		cgtree_shut(t);
		return 0;
	}
	/* On cgroup2 each child is a link, and most cgroups have none. */
	if ((t->real && fstat(fd, &st) == 0 && st.st_nlink == 2) ||
	    (d = fdopendir(fd)) == NULL) {
		close(fd);
		return 0;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			rc = add_child(t, n, e->d_name);
	closedir(d);
	return rc;
}

int
cgtree_enter_new(struct cgtree *t)
{
	while (t->entered < t->count)
		if (enter(t, t->list[t->entered++]) == -1)
			return -1;
	return 0;
}

/* Into all of them; who is not found has gone. */
static int
walk(struct cgtree *t)
{
	t->round++;
	t->entered = 0;
	t->list[0]->seen = t->round;
	if (cgtree_enter_new(t) == -1)
		return -1;
	for (size_t i = 0; i < t->count; i++)
		if (!t->list[i]->dead && t->list[i]->seen != t->round)
			cgtree_bury(t, t->list[i]);
	return 0;
}

static int
same(const struct cgtree *t, const struct cgroup_node *n)
{
	struct stat st;

	return fstatat(t->fd, n->path + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == n->ino;
}

/* A directory called that has gone; maybe there is another one by now. */
static int
deleted(struct cgtree *t, const struct cgroup_node *up, const char *name)
{
	char *path = join(up, name);
	struct cgroup_node *n;

	if (path == NULL)
		return -1;
	n = cgtree_find(t, path);
	if (n == NULL || !n->looked)
		t->news.unseen += cgtree_wanted(t, path);
	if (n != NULL && (n->looked || !same(t, n)))
		cgtree_bury(t, n);
	free(path);
	return 0;
}

/* What inotify has told.  0; 1 if it forgot some; -1. */
static int
drain(struct cgtree *t)
{
	union {
		struct inotify_event e;
		char buf[64 << 10];
	} u;
	const struct inotify_event *e;
	struct cgroup_node *up;
	int forgot = 0;
	ssize_t n;

	while ((n = read(t->inotify, u.buf, sizeof(u.buf))) > 0) {
		for (char *p = u.buf; p < u.buf + n; p += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(void *)p;
			forgot |= (e->mask & IN_Q_OVERFLOW) != 0;
			if (!(e->mask & IN_ISDIR) || e->len == 0 ||
			    (up = find_wd(t, e->wd)) == NULL)
				continue;
			if ((e->mask & IN_CREATE ? add_child(t, up, e->name) :
			    deleted(t, up, e->name)) == -1)
				return -1;
		}
		if (cgtree_enter_new(t) == -1)
			return -1;
	}
	return n == -1 && errno != EAGAIN && errno != EINTR ? -1 : forgot;
}

int
cgtree_update(struct cgtree *t, struct cgtree_news *news)
{
	int rc;

	memset(&t->news, 0, sizeof(t->news));
	rc = t->inotify != -1 ? drain(t) : 0;
	if (rc == 1 || (rc == 0 && t->walks != 0)) {
		t->news.uncounted = 1;
		rc = walk(t);
	}
	cgtree_sweep(t);
	*news = t->news;
	return rc;
}
