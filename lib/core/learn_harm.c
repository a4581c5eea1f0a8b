/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How long a process waited, and made others wait, where records tell it. */
#include <stdlib.h>

#include "core/learn.h"

static struct node_wait *
wait_of(struct tree *t, struct node *n)
{
	if (n->wait == NULL && (n->wait = calloc(1, sizeof(*n->wait))) == NULL)
		t->nomem = 1;
	return n->wait;
}

void
learn_wait(struct tree *t, struct node *n, uint64_t ns)
{
	uint64_t waited = learn_num(t, K_run_delay_ns, UINT64_MAX);
	uint64_t interval = learn_num(t, K_interval_ns, UINT64_MAX);
	struct node_wait *w;

	if (t->harm == NULL || waited == UINT64_MAX || interval == UINT64_MAX ||
	    (w = wait_of(t, n)) == NULL)
		return;
	t->waits = 1;
	harm_add(&w->waited, ns, waited);
	harm_add(&w->interval, ns, interval);
	if (n->boot->sampled_ns < ns)
		n->boot->sampled_ns = ns;
}

void
learn_harm(struct tree *t)
{
	uint64_t ns = learn_num(t, K_stall_ns, 0);
	struct node_wait *w;
	struct tree_id id;
	struct node *n;

	/* Its own cgroup is no other, and a model no measure. */
	if (t->harm == NULL || !scan_is(&t->v[K_culprit_kind], "cgroup") ||
	    scan_is(&t->v[K_method], "estimated") ||
	    !learn_id(t, K_culprit_id, &id))
		return;
	if (table_origin(&t->t, id.boot, 1) == NULL) {
		t->nomem = 1;
		return;
	}
	table_need(&t->t, &id, 1, &n);
	table_settle(&t->t, n);
	if ((w = wait_of(t, n)) == NULL)
		return;
	harm_add(&w->harmed, learn_num(t, K_boot_ns, 0), ns);
}
