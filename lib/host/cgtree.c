/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cgtree.h"
#include "rec/wire.h"

enum { BUCKETS = 4096 };	/* a power of two */

struct cgtree {
	struct cgtree_conf conf;
	struct cgroup_node **list;
	size_t		 count, cap;
	size_t		 entered;	/* of the list, those looked into */
	struct cgroup_node *path[BUCKETS], *wd[BUCKETS];
	int		 fd;		/* of conf.dir */
	int		 inotify;	/* -1: none */
	int		 walks;		/* errno: why inotify is not used */
	int		 real;		/* it is a cgroup2 */
	unsigned	 round;		/* of walking */
	uint64_t	 closed;
	int		 closed_why;
	struct cgtree_news news;
};

static size_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037ULL;

	while (*s != '\0')
		h = (h ^ (unsigned char)*s++) * 1099511628211ULL;
	return (h ^ h >> 32) & (BUCKETS - 1);
}

static struct cgroup_node *
find(const struct cgtree *t, const char *path)
{
	struct cgroup_node *n = t->path[hash(path)];

	while (n != NULL && strcmp(n->path, path) != 0)
		n = n->by_path;
	return n;
}

static struct cgroup_node *
find_wd(const struct cgtree *t, int wd)
{
	struct cgroup_node *n = t->wd[wd & (BUCKETS - 1)];

	while (n != NULL && n->wd != wd)
		n = n->by_wd;
	return n;
}

/* Out of the tables, and soon out of the list: sweep(). */
static void
bury(struct cgtree *t, struct cgroup_node *n)
{
	struct cgroup_node **p;

	for (p = &t->path[hash(n->path)]; *p != n; p = &(*p)->by_path)
		;
	*p = n->by_path;
	if (n->wd != -1) {
		for (p = &t->wd[n->wd & (BUCKETS - 1)]; *p != n;
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

static void
sweep(struct cgtree *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->list[i]->dead)
			node_free(t, t->list[i]);
		else
			t->list[kept++] = t->list[i];
	t->count = t->entered = kept;
}

static int
wanted(const struct cgtree *t, const char *path)
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

static void
closed(struct cgtree *t)
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

/* The directory at path, if there is one.  The path becomes the tree's. */
static int
add(struct cgtree *t, char *path, unsigned depth)
{
	struct cgroup_node *n, **head;
	struct stat st;

	if (fstatat(t->fd, depth == 0 ? "." : path + 1, &st,
	    AT_SYMLINK_NOFOLLOW) == -1) {
		closed(t);
		free(path);
		return 0;
	}
	if ((n = find(t, path)) != NULL) {
		n->seen = t->round;
		if (n->ino == st.st_ino) {
			free(path);
			return 0;
		}
		/* Another one of the same name: the old one is gone. */
		bury(t, n);
	}
	if (t->count >= CGTREE_MAX) {
		errno = E2BIG;
		closed(t);
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
	    .wanted = wanted(t, path), .wd = -1, .seen = t->round };
	head = &t->path[hash(path)];
	n->by_path = *head;
	*head = n;
	return 0;
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

	return path != NULL ? add(t, path, n->depth + 1) : -1;
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
	head = &t->wd[n->wd & (BUCKETS - 1)];
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
		closed(t);
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

/* Into all that are new. */
static int
enter_new(struct cgtree *t)
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
	if (enter_new(t) == -1)
		return -1;
	for (size_t i = 0; i < t->count; i++)
		if (!t->list[i]->dead && t->list[i]->seen != t->round)
			bury(t, t->list[i]);
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
	n = find(t, path);
	if (n == NULL || !n->looked)
		t->news.unseen += wanted(t, path);
	if (n != NULL && (n->looked || !same(t, n)))
		bury(t, n);
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
		if (enter_new(t) == -1)
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
	sweep(t);
	*news = t->news;
	return rc;
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
	if (add(t, root, 0) == -1 || enter_new(t) == -1)
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
