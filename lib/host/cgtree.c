/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cgtree_impl.h"
#include "rec/wire.h"

static size_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037ULL;

	while (*s != '\0')
		h = (h ^ (unsigned char)*s++) * 1099511628211ULL;
	return (h ^ h >> 32) & (CGTREE_BUCKETS - 1);
}

struct cgroup_node *
cgtree_find(const struct cgtree *t, const char *path)
{
	struct cgroup_node *n = t->path[hash(path)];

	while (n != NULL && strcmp(n->path, path) != 0)
		n = n->by_path;
	return n;
}

void
cgtree_bury(struct cgtree *t, struct cgroup_node *n)
{
	struct cgroup_node **p;

	for (p = &t->path[hash(n->path)]; *p != n; p = &(*p)->by_path)
		;
	*p = n->by_path;
	if (n->wd != -1) {
		for (p = &t->wd[n->wd & (CGTREE_BUCKETS - 1)]; *p != n;
		    p = &(*p)->by_wd)
			;
		*p = n->by_wd;
		/* The watch would hold on to what is left of the directory. */
		inotify_rm_watch(t->inotify, n->wd);
	}
	n->dead = 1;
	t->news.removed += n->looked && n->wanted;
}

static void
node_free(struct cgtree *t, struct cgroup_node *n)
{
	if (t->conf.drop != NULL)
		t->conf.drop(t->conf.arg, n);
	free(n->path);
	free(n);
}

void
cgtree_sweep(struct cgtree *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->list[i]->dead)
			node_free(t, t->list[i]);
		else
			t->list[kept++] = t->list[i];
	t->count = t->entered = kept;
}

int
cgtree_wanted(const struct cgtree *t, const char *path)
{
	const char *const *g = t->conf.globs;

	if (g == NULL || *g == NULL)
		return 1;
	for (; *g != NULL; g++)
		/* systemd(1) writes \x2d: a \ is nothing special. */
		if (fnmatch(*g, path, FNM_NOESCAPE) == 0)
			return 1;
	return 0;
}

void
cgtree_shut(struct cgtree *t)
{
	if (errno == ENOENT || errno == ENODEV)
		return;
	t->closed++;
	t->closed_why = errno;
}

static int
append(struct cgtree *t, struct cgroup_node *n)
{
	struct cgroup_node **list;
	size_t cap = t->cap > 0 ? t->cap * 2 : 64;

	if (t->count == t->cap) {
		list = realloc(t->list, cap * sizeof(*list));
		if (list == NULL)
			return -1;
		t->list = list;
		t->cap = cap;
	}
	t->list[t->count++] = n;
	return 0;
}

int
cgtree_add(struct cgtree *t, char *path, unsigned depth)
{
	struct cgroup_node *n, **head;
	struct stat st;

	if (fstatat(t->fd, depth == 0 ? "." : path + 1, &st,
	    AT_SYMLINK_NOFOLLOW) == -1) {
		cgtree_shut(t);
		free(path);
		return 0;
	}
	if ((n = cgtree_find(t, path)) != NULL) {
		n->seen = t->round;
		if (n->ino == st.st_ino) {
			free(path);
			return 0;
		}
		/* Another one of the same name: the old one is gone. */
		cgtree_bury(t, n);
	}
	if (t->count >= CGTREE_MAX) {
		errno = E2BIG;
		cgtree_shut(t);
		free(path);
		return 0;
	}
	if ((n = calloc(1, sizeof(*n))) == NULL || append(t, n) == -1) {
		free(n);
		free(path);
		return -1;
	}
	*n = (struct cgroup_node){ .path = path, .ino = st.st_ino,
	    .id = t->real ? st.st_ino : WIRE_UNKNOWN_64, .depth = depth,
	    .wanted = cgtree_wanted(t, path), .wd = -1, .seen = t->round };
	head = &t->path[hash(path)];
	n->by_path = *head;
	*head = n;
	return 0;
}

struct cgtree *
cgtree_new(const struct cgtree_conf *conf)
{
	struct statfs fs;
	struct cgtree *t;
	char *root;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->conf = *conf;
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	t->walks = t->inotify == -1 ? errno : 0;
	t->fd = open(conf->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd == -1 || fstatfs(t->fd, &fs) == -1 ||
	    (root = strdup("/")) == NULL)
		goto bad;
	t->real = fs.f_type == CGROUP2_SUPER_MAGIC;
	if (cgtree_add(t, root, 0) == -1 || cgtree_enter_new(t) == -1)
		goto bad;
	if (t->count == 0) {
		errno = ENOENT;
		goto bad;
	}
	return t;
bad:
	cgtree_free(t);
	return NULL;
}

void
cgtree_free(struct cgtree *t)
{
	int saved = errno;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		node_free(t, t->list[i]);
	free(t->list);
	if (t->inotify != -1)
		close(t->inotify);
	if (t->fd != -1)
		close(t->fd);
	free(t);
	errno = saved;
}

size_t
cgtree_count(const struct cgtree *t)
{
	return t->count;
}

struct cgroup_node *
cgtree_get(struct cgtree *t, size_t i)
{
	return t->list[i];
}

int
cgtree_fd(const struct cgtree *t)
{
	return t->fd;
}

int
cgtree_walks(const struct cgtree *t)
{
	return t->walks;
}

uint64_t
cgtree_closed(const struct cgtree *t, int *why)
{
	*why = t->closed_why;
	return t->closed;
}
