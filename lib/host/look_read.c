/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/boot.h"
#include "host/cgroup.h"
#include "host/look_impl.h"
#include "rec/wire.h"

enum {
	SHUT = -1,		/* not open */
	ABSENT = -2,		/* it was not there */
	ROOT = 1,		/* id of the true root: kernfs_create_root() */
};

static const char *const pressure[PSI_RESOURCES] = {
	"cpu.pressure", "memory.pressure", "io.pressure", "irq.pressure",
};

/* One of them at a time: the directory is opened when a file in it must be. */
struct reader {
	struct look	*l;
	struct look_at	*a;
	struct cgroup_node *n;		/* NULL: the machine */
	int		 dir;		/* SHUT until it is needed */
	int		 absent;	/* the file asked for last is not there */
};

/* 0, or -1: then the cgroup is gone, or the directory cannot be opened. */
static int
open_dir(struct reader *r)
{
	if (r->dir != SHUT)
		return 0;
	if (r->n == NULL) {
		r->dir = r->l->proc;
		return r->dir == -1 ? -1 : 0;
	}
	r->dir = cgroup_open(cgtree_fd(r->l->tree), r->n->path + 1, r->n->ino);
	if (r->dir != -1)
		return 0;
	r->n->gone |= errno == ENOENT || errno == ENODEV;
	return -1;
}

/* A file; what is no regular one, as all of the kernel's are, is not read: a
 * pipe would keep us waiting.  EBADFD: it is none. */
static int
open_file(struct reader *r, const char *name)
{
	struct stat st;
	int fd;

	if (open_dir(r) == -1 || (fd = openat(r->dir, name,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EBADFD;
	return -1;
}

/* The text of a file into l->buf: its length; -1 with errno. */
static ssize_t
fetch(struct reader *r, int *fd, const char *name)
{
	size_t cap = sizeof(r->l->buf);
	ssize_t n;
	int f = *fd;

	if (f < 0) {
		if ((f = open_file(r, name)) == -1)
			return -1;
		if (r->l->fds < r->l->fds_max) {
			*fd = f;
			r->l->fds++;
		}
	}
	n = pread(f, r->l->buf, cap, 0);
	if (f == *fd && n == -1) {
		*fd = SHUT;
		r->l->fds--;
	}
	if (f != *fd) {
		int saved = errno;

		close(f);
		errno = saved;
	}
	return n;
}

static const char *
reason(int why)
{
	switch (why) {
	case EOPNOTSUPP:
		return "switched off in this kernel";
	case EBADFD:
		return "not a regular file";
	}
	return strerrordesc_np(why);
}

/* A file was not to be had.  Gone, absent, or a problem. */
static void
missed(struct reader *r, int *fd, const char *name, int slight)
{
	int why = errno;

	if (r->n != NULL && r->n->gone)
		return;
	if (why == ENODEV && r->n != NULL) {
		/* Its cgroup was removed, or its controller taken away. */
		if (open_dir(r) == -1)
			return;
		why = ENOENT;
	}
	if (why == ENOENT)
		*fd = ABSENT;
	if (r->n != NULL && why == ENOENT) {
		r->absent = 1;
		return;
	}
	look_trouble(r->l, name, r->n != NULL ? r->n->path : NULL, reason(why),
	    slight);
}

/* Is it worth a try? */
static int
worth(struct reader *r, int fd)
{
	if (r->n != NULL && r->n->gone)
		return 0;
	return fd != ABSENT || look_turn(r->l, r->n);
}

static uint64_t
more(uint64_t now, uint64_t before)
{
	if (now == WIRE_UNKNOWN_64 || before == WIRE_UNKNOWN_64 || now < before)
		return WIRE_UNKNOWN_64;
	return now - before;
}

void
look_take(struct look_psi *p, const struct psi_text *t)
{
	uint64_t now = boot_now();

	p->fresh = 1;
	p->interval_ns = p->at != 0 ? now - p->at : WIRE_UNKNOWN_64;
	p->some_ns = p->full_ns = WIRE_UNKNOWN_64;
	if (p->at != 0) {
		p->some_ns = more(t->some.total_ns, p->text.some.total_ns);
		p->full_ns = more(t->full.total_ns, p->text.full.total_ns);
	}
	p->at = now;
	p->text = *t;
}

static void
read_psi(struct reader *r, enum psi_resource k)
{
	const char *name = r->n != NULL ? pressure[k] : psi_name(k), *why;
	int *fd = &r->a->fd[k];
	struct psi_text t;
	ssize_t n;

	if (!worth(r, *fd))
		return;
	if ((n = fetch(r, fd, name)) == -1) {
		missed(r, fd, name, k == PSI_IRQ);
		return;
	}
	if (psi_parse(r->l->buf, n, &t, &why) == -1) {
		look_trouble(r->l, name, r->n != NULL ? r->n->path : NULL, why,
		    0);
		return;
	}
	if (k == PSI_CPU && r->n == NULL &&
	    t.full.total_ns == WIRE_UNKNOWN_64)
		look_trouble(r->l, name, NULL, "no line full: the kernel is "
		    "older than 5.13", 1);
	r->l->count++;
	look_take(&r->a->psi[k], &t);
}

/* The first time there may be nothing but counts, and no interval. */
static int
says_something(const struct look_stat *s)
{
	for (int i = 0; i < CG_VALUES; i++)
		if ((i < CG_GROWING ? s->grown[i] : s->now.v[i]) !=
		    WIRE_UNKNOWN_64)
			return 1;
	return 0;
}

static void
read_stat(struct reader *r)
{
	struct look_stat *s = &r->a->stat;
	const char *name, *why;
	struct cgstat now;
	uint64_t at = boot_now();
	int *fd, any = 0;
	ssize_t n;

	memset(&now, 0xff, sizeof(now));
	for (int f = 0; f < CGSTAT_FILES; f++) {
		name = cgstat_file(f);
		fd = &r->a->fd[PSI_RESOURCES + f];
		if (!worth(r, *fd))
			continue;
		if ((n = fetch(r, fd, name)) == -1)
			missed(r, fd, name, 1);
		else if (cgstat_parse(f, r->l->buf, n, &now, &why) == -1)
			look_trouble(r->l, name, r->n->path, why, 0);
		else
			any = 1;
	}
	if (!any)
		return;
	s->interval_ns = s->at != 0 ? at - s->at : WIRE_UNKNOWN_64;
	for (int i = 0; i < CG_GROWING; i++)
		s->grown[i] = s->at != 0 ? more(now.v[i], s->now.v[i]) :
		    WIRE_UNKNOWN_64;
	s->at = at;
	s->now = now;
	s->fresh = says_something(s);
}

void
look_stale(struct look_at *a)
{
	for (int k = 0; k < PSI_RESOURCES; k++)
		a->psi[k].fresh = 0;
	a->stat.fresh = 0;
}

/* The files of the root say what those of the machine do; but the root of a
 * cgroup namespace is a cgroup like others. */
static int
is_machine(const struct cgroup_node *n)
{
	return n != NULL && n->depth == 0 &&
	    (n->id == ROOT || n->id == WIRE_UNKNOWN_64);
}

/* rmdir(2) takes the files away before the directory: these first of all. */
static int
dying(struct reader *r)
{
	if (!r->n->gone && open_dir(r) == 0 &&
	    faccessat(r->dir, "cgroup.procs", F_OK, 0) == -1)
		r->n->gone = 1;
	return r->n->gone;
}

/* Files were found not to be there: their bits.  irq is not among them, few
 * kernels have it. */
static void
hidden(struct reader *r, unsigned which)
{
	const int *fd = r->a->fd;

	if (which == 0 || dying(r))
		return;
	if (fd[PSI_CPU] == ABSENT && fd[PSI_MEMORY] == ABSENT &&
	    fd[PSI_IO] == ABSENT) {
		look_trouble(r->l, "*.pressure", r->n->path,
		    "not there: cgroup.pressure is 0, or the kernel has none "
		    "of cgroups", 0);
		return;
	}
	for (int k = 0; k < PSI_RESOURCES; k++)
		if (which >> k & 1)
			look_trouble(r->l, pressure[k], r->n->path,
			    "not there, though others are", 0);
}

static void
read_pressure(struct reader *r)
{
	unsigned absent = 0;

	look_stale(r->a);
	for (int k = 0; !is_machine(r->n) && k < PSI_RESOURCES; k++) {
		r->absent = 0;
		read_psi(r, k);
		if (r->absent && k != PSI_IRQ)
			absent |= 1U << k;
	}
	hidden(r, absent);
}

/* Nobody is in it, and nobody was: its files say what they said. */
static int
rests(struct reader *r)
{
	static const char name[] = "cgroup.events";
	struct look_at *a = r->a;

	if (a->rest == REST_ASK)
		look_rest_hear(r->l, a, fetch(r, &a->fd[LOOK_EVENTS], name));
	if (a->rest != REST_RESTS)
		return 0;
	/* What must not be, and yet could, is not wrong for ever. */
	if (look_turn(r->l, r->n)) {
		a->rest = REST_STILL;
		return 0;
	}
	look_rest_same(r->l, a);
	return 1;
}

void
look_read(struct look *l, struct look_at *a, struct cgroup_node *n)
{
	struct reader r = { l, a, n, SHUT, 0 };

	if (n == NULL || !rests(&r)) {
		read_pressure(&r);
		look_rest_seen(a);
	}
	if (n != NULL && !l->conf.psi_only)
		read_stat(&r);
	if (r.dir != SHUT && n != NULL)
		close(r.dir);
}

void
look_close(struct look *l, struct look_at *a)
{
	for (size_t i = 0; i < sizeof(a->fd) / sizeof(a->fd[0]); i++)
		if (a->fd[i] >= 0) {
			close(a->fd[i]);
			l->fds--;
		}
}
