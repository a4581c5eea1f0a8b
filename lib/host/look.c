/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/epoll.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/look_impl.h"

enum { SPARE_FDS = 64 };	/* for directories, output, and who else is here */

void
look_trouble(struct look *l, const char *file, const char *at,
    const char *why, int slight)
{
	struct problem *p;

	for (p = l->problem; p < l->problem + l->nproblem; p++)
		if (strcmp(p->file, file) == 0 && strcmp(p->why, why) == 0) {
			p->times++;
			return;
		}
	if (l->nproblem == LOOK_PROBLEMS)
		return;
	l->nproblem++;
	*p = (struct problem){ .file = file, .why = why, .times = 1,
	    .slight = slight };
	if (at != NULL)
		snprintf(p->text, sizeof(p->text), "%s%s/%s: %s",
		    l->conf.cgroups, strcmp(at, "/") == 0 ? "" : at, file, why);
	else
		snprintf(p->text, sizeof(p->text), "%s%s%s: %s", l->conf.proc,
		    *file != '\0' ? "/" : "", file, why);
}

const char *
look_problem(struct look *l, int *slight)
{
	size_t n;

	for (struct problem *p = l->problem; p < l->problem + l->nproblem;
	    p++) {
		if (p->told)
			continue;
		p->told = 1;
		n = strlen(p->text);
		if (p->times > 1)
			snprintf(p->text + n, sizeof(p->text) - n,
			    " (and so in %llu more)",
			    (unsigned long long)p->times - 1);
		*slight = p->slight;
		return p->text;
	}
	return NULL;
}

static void
drop(void *arg, struct cgroup_node *n)
{
	if (n->data == NULL)
		return;
	look_close(arg, n->data);
	free(n->data);
}

static struct look_at *
at_new(struct look_at *a)
{
	if (a == NULL && (a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(a->fd) / sizeof(a->fd[0]); i++)
		a->fd[i] = -1;
	return a;
}

/* As many as there may be. */
static uint64_t
room(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return 0;
	if (r.rlim_cur < r.rlim_max) {
		struct rlimit to = { r.rlim_max, r.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &to) == 0)
			r = to;
	}
	return r.rlim_cur > SPARE_FDS ? r.rlim_cur - SPARE_FDS : 0;
}

struct look *
look_new(const struct look_conf *conf)
{
	struct cgtree_conf c = { .dir = conf->cgroups, .globs = conf->globs,
	    .depth = conf->depth, .drop = drop };
	struct look *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->conf = *conf;
	l->fds_max = room();
	if (conf->fds != 0 && conf->fds < l->fds_max)
		l->fds_max = conf->fds;
	at_new(&l->machine);
	l->machine.rest = REST_NEVER;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->proc = open(conf->proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->proc == -1)
		look_trouble(l, "", NULL, errno == ENOENT ?
		    "the kernel has no PSI: CONFIG_PSI, and psi=1 on its "
		    "command line" : strerrordesc_np(errno), 0);
	if (*conf->cgroups == '\0') {
		look_trouble(l, "cgroup2", "", "not mounted: of cgroups "
		    "nothing is known", 0);
		return l;
	}
	c.arg = l;
	if ((l->tree = cgtree_new(&c)) == NULL) {
		if (errno == ENOMEM) {
			look_free(l);
			return NULL;
		}
		look_trouble(l, "", "/", strerrordesc_np(errno), 0);
	} else if (cgtree_walks(l->tree) != 0) {
		look_trouble(l, "inotify", "/",
		    strerrordesc_np(cgtree_walks(l->tree)), 1);
	}
	return l;
}

void
look_free(struct look *l)
{
	if (l == NULL)
		return;
	cgtree_free(l->tree);
	look_close(l, &l->machine);
	if (l->proc != -1)
		close(l->proc);
	if (l->epoll != -1)
		close(l->epoll);
	free(l);
}

static int
look_cgroups(struct look *l, struct cgtree_news *news)
{
	struct cgroup_node *n;
	int why;

	look_rest_wake(l);
	if (cgtree_update(l->tree, news) == -1)
		return -1;
	for (size_t i = 0; i < cgtree_count(l->tree); i++) {
		n = cgtree_get(l->tree, i);
		if (!n->wanted)
			continue;
		if (n->gone) {
			if (n->data != NULL)
				look_stale(n->data);
			continue;
		}
		if (n->data == NULL && (n->data = at_new(NULL)) == NULL)
			return -1;
		((struct look_at *)n->data)->cgroup = n;
		look_read(l, n->data, n);
		n->looked |= !n->gone;
	}
	if (cgtree_closed(l->tree, &why) > 0)
		look_trouble(l, "a cgroup", "/", why == E2BIG ? "there are more "
		    "than are looked at" : strerrordesc_np(why), 0);
	if (cgtree_walks(l->tree) != 0)
		look_trouble(l, "inotify", "/",
		    strerrordesc_np(cgtree_walks(l->tree)), 1);
	if (l->fds == l->fds_max)
		look_trouble(l, "open files", "/", l->fds_max == l->conf.fds ?
		    "as many as --max-files allows: others are opened for each "
		    "look" : "RLIMIT_NOFILE is reached: files are opened anew "
		    "for each look, which costs more", l->fds_max == l->conf.fds);
	return 0;
}

int
look_now(struct look *l, struct cgtree_news *news)
{
	memset(news, 0, sizeof(*news));
	l->count = 0;
	l->pos = l->last = 0;
	if (l->proc != -1)
		look_read(l, &l->machine, NULL);
	if (l->tree != NULL && look_cgroups(l, news) == -1)
		return -1;
	l->looks++;
	return 0;
}

int
look_turn(const struct look *l, const struct cgroup_node *n)
{
	return (l->looks + (n != NULL ? n->ino : 0)) % LOOK_AGAIN == 0;
}

struct look_at *
look_at(struct look *l, size_t i)
{
	size_t n = l->tree != NULL ? cgtree_count(l->tree) : 0;
	struct cgroup_node *c;

	if (i == 0) {
		l->pos = l->last = 0;
		return &l->machine;
	}
	/* Callers count upwards. */
	if (i <= l->last)
		l->pos = l->last = 0;
	for (; l->pos < n; l->pos++) {
		c = cgtree_get(l->tree, l->pos);
		if (c->wanted && c->data != NULL && ++l->last == i) {
			l->pos++;
			return c->data;
		}
	}
	return NULL;
}

uint64_t
look_count(const struct look *l)
{
	return l->count;
}
