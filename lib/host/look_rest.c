/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cgroups in which nobody is.  The text of a pressure file changes only while a
 * task is there, or was lately: averages fade.  So once nothing has changed in
 * two looks, all averages are 0 and nobody came, it need not be made again; and
 * making it is what a look costs.
 *
 * cgroup.events tells whether somebody is there, and poll(2) on it that this
 * changed, be it for a moment (kernel/cgroup/cgroup.c,
 * cgroup_update_populated()).  The kernel holds a second change back for 10 ms
 * (cgroup_file_notify()), so the look behind the first news reads once more; and
 * a task that ends leaves its cgroup before it stops running, so there must be
 * no growth in it.
 *
 * That a parent's total did not grow says nothing of its children: in
 * kernel/sched/psi.c collect_percpu_times() each cgroup weighs its processors by
 * whole ticks between two readings of its own.  Who reads the parent each
 * millisecond lets its total stand still, whatever the children wait.
 */
#include <sys/epoll.h>

#include <string.h>

#include "host/look_impl.h"
#include "rec/wire.h"

void
look_rest_wake(struct look *l)
{
	struct epoll_event e[64];
	struct look_at *a;
	int n;

	do {
		n = l->epoll != -1 ? epoll_wait(l->epoll, e, 64, 0) : 0;
		for (int i = 0; i < n; i++) {
			a = e[i].data.ptr;
			a->rest = REST_ASK;
		}
	} while (n == 64);
}

void
look_rest_hear(struct look *l, struct look_at *a, ssize_t n)
{
	static const char nobody[] = "populated 0\n";
	struct epoll_event e = { .events = EPOLLPRI | EPOLLET, .data.ptr = a };
	int fd = a->fd[LOOK_EVENTS];

	a->rest = REST_NEVER;
	if (n <= 0 || fd < 0 || l->epoll == -1)
		return;
	/* It is the same file as before, or a new one. */
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &e) == -1 &&
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == -1)
		return;
	a->rest = memmem(l->buf, n, nobody, sizeof(nobody) - 1) != NULL ?
	    REST_NOBODY : REST_SOMEBODY;
}

void
look_rest_same(struct look *l, struct look_at *a)
{
	struct psi_text text;

	for (int k = 0; k < PSI_RESOURCES; k++)
		if (a->psi[k].fresh) {
			text = a->psi[k].text;
			look_take(&a->psi[k], &text);
			l->count++;
		}
}

static int
is_calm(const struct psi_line *l, uint64_t grown)
{
	return l->total_ns == WIRE_UNKNOWN_64 || (grown == 0 &&
	    l->avg10 == 0 && l->avg60 == 0 && l->avg300 == 0);
}

/* It did not wait, and has forgotten that it ever did. */
static int
calm(const struct look_at *a)
{
	const struct look_psi *p;
	int any = 0;

	for (int k = 0; k < PSI_RESOURCES; k++) {
		p = &a->psi[k];
		if (!p->fresh)
			continue;
		if (!is_calm(&p->text.some, p->some_ns) ||
		    !is_calm(&p->text.full, p->full_ns))
			return 0;
		any = 1;
	}
	return any;
}

void
look_rest_seen(struct look_at *a)
{
	int quiet = calm(a);

	switch (a->rest) {
	case REST_NO:
		a->rest = quiet ? REST_ASK : REST_NO;
		break;
	case REST_NOBODY:
		a->rest = quiet ? REST_STILL : REST_NOBODY;
		break;
	case REST_STILL:
		a->rest = quiet ? REST_RESTS : REST_NOBODY;
		break;
	case REST_ASK:
	case REST_SOMEBODY:
	case REST_RESTS:
	case REST_NEVER:
		break;
	}
}
