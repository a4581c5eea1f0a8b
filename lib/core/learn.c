/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rec/event.h"

#include "core/learn.h"

const char *const learn_keys[K_max] = {
	"v", "event", "boot_ns", "time", "host", "id", "parent_id",
	"creator_id", "old_parent_id", "comm", "uid", "cgroup", "exe", "argv",
	"argv_cut", "exit_code", "signal", "core", "state", "kthread", "snap",
	"boot_id", "procs", "count", "ancestors",
	"ancestors_cut", "degraded", "cgroup_v1", "cgroup_id",
	"cgroup_v1_id", "interval_ns",
	"run_delay_ns", "culprit.id", "culprit.kind", "method", "stall_ns",
};

uint64_t
learn_num(const struct tree *t, enum learn_key k, uint64_t unknown)
{
	uint64_t u;

	return scan_u64(&t->v[k], &u) == 0 ? u : unknown;
}

int
learn_true(const struct tree *t, enum learn_key k)
{
	return t->v[k].type == SCAN_TRUE;
}

int
learn_id(const struct tree *t, enum learn_key k, struct tree_id *id)
{
	const struct scan_val *v = &t->v[k];

	return v->type == SCAN_STR && event_id_parse(v->p, v->len, &id->boot,
	    &id->start, &id->pid) == 0 && id->pid != 0;
}

static void
death(struct tree *t, struct node *n, uint64_t ns)
{
	int code = (int)learn_num(t, K_exit_code, -1);
	int sig = (int)learn_num(t, K_signal, -1);
	int core = learn_true(t, K_core), d;

	d = ns != n->p.died_ns ? (ns > n->p.died_ns ? 1 : -1) :
	    code != n->p.exit_code ? code - n->p.exit_code :
	    sig != n->p.signal ? sig - n->p.signal : core - n->p.core;
	if (d <= 0)
		return;
	n->p.died_ns = ns;
	n->p.exit_code = code;
	n->p.signal = sig;
	n->p.core = core;
}

/* Somebody says, at ns, that up is above n. */
static void
claim(struct tree *t, struct node *n, enum tree_how by, struct node *up,
    uint64_t ns, int rank)
{
	const struct node *old = (struct node *)n->p.up[by];
	int first = !n->has_up[by], d;

	d = ns != n->up_ns[by] ? (ns > n->up_ns[by] ? 1 : -1) :
	    rank - n->up_rank[by];
	if (by == TREE_BY_MAKER)
		d = -d;		/* the earliest counts, not the latest */
	if (!first && (d < 0 || (d == 0 && (old == NULL ||
	    !tree_older(&old->p.id, &up->p.id)))))
		return;
	n->has_up[by] = 1;
	n->up_ns[by] = ns;
	n->up_rank[by] = rank;
	n->p.cut[by] = 0;
	table_link(&t->t, n, by, up);
}

/* The clock and the name of the machine, by the latest of its records. */
static void
clock_of(const struct tree *t, struct origin *b, uint64_t ns)
{
	const struct scan_val *time = &t->v[K_time], *host = &t->v[K_host];

	b->fed = t->t.seq;
	if (ns < b->last_ns)
		return;
	b->last_ns = ns;
	b->timelen = 0;
	if (time->type == SCAN_STR && time->len < sizeof(b->time)) {
		memcpy(b->time, time->p, time->len);
		b->timelen = time->len;
	}
	if (host->type == SCAN_STR)
		scan_str(host, b->host, sizeof(b->host));
}

static void
snapshot(struct tree *t, struct origin *b, uint64_t ns)
{
	uint64_t number = learn_num(t, K_snap, UINT64_MAX);
	struct origin_snap *s;

	if (number == UINT64_MAX || (s = origin_snap(b, number)) == NULL)
		return;
	s->seen++;
	if (ns < s->first_ns)
		s->first_ns = ns;
	if (origin_synced(b, s))
		table_settle_origin(&t->t, b);
}

enum { SELF, PARENT, CREATOR, OLD, WHO };

/* Whom the record speaks of: in ids those that can be true, in at[] where
 * they stand, from 1.  How many. */
static size_t
whom(struct tree *t, struct tree_id *ids, uint8_t *at)
{
	static const enum learn_key key[WHO] = {
		[PARENT] = K_parent_id, [CREATOR] = K_creator_id,
		[OLD] = K_old_parent_id,
	};
	size_t n = 1;

	for (int i = PARENT; i < WHO; i++) {
		if (!learn_id(t, key[i], &ids[n]))
			continue;
		if (ids[n].boot == ids[0].boot && tree_older(&ids[n], &ids[0]))
			at[i] = ++n;
		else
			t->t.count.refused++;
	}
	return n;
}

static void
heard(struct node *n, uint64_t ns)
{
	if (n->p.last_ns < ns)
		n->p.last_ns = ns;
}

/* Who is above it.  Of a fork the maker is known for sure: no time is earlier
 * than 0.  Before it got a new parent, it had the old one. */
static void
lineage(struct tree *t, struct node *n, struct node *who[WHO], int kind,
    uint64_t ns)
{
	struct node *parent = who[PARENT], *maker = parent;

	if (who[CREATOR] != NULL)
		maker = who[CREATOR];
	if (who[OLD] != NULL && who[OLD] != parent) {
		who[OLD]->left = 1;
		claim(t, n, TREE_BY_MAKER, who[OLD], ns, 0);
	}
	if (maker != NULL) {
		heard(maker, ns);
		claim(t, n, TREE_BY_MAKER, maker, kind == EV_fork ? 0 : ns, 1);
	}
	if (parent != NULL) {
		heard(parent, ns);
		claim(t, n, TREE_BY_PARENT, parent, ns, kind == EV_reparent);
	}
}

struct node *
learn_process(struct tree *t, int kind)
{
	struct node *nodes[WHO], *who[WHO] = { 0 }, *n;
	struct tree_id ids[WHO];
	uint8_t at[WHO] = { 1 };
	struct origin *b;
	uint64_t ns;
	size_t many;

	if (!learn_id(t, K_id, &ids[0]))
		return NULL;
	if ((b = table_origin(&t->t, ids[0].boot, 1)) == NULL) {
		t->nomem = 1;
		return NULL;
	}
	ns = learn_num(t, K_boot_ns, ids[0].start);
	clock_of(t, b, ns);
	t->said = b;
	many = whom(t, ids, at);
	table_need(&t->t, ids, many, nodes);
	for (int i = 0; i < WHO; i++)
		who[i] = at[i] > 0 ? nodes[at[i] - 1] : NULL;
	n = who[SELF];
	n->seen = 1;
	if (n->p.state <= TREE_ALIVE)
		n->seq = t->t.seq;
	heard(n, ns);
	learn_traits(t, n, who[PARENT], kind, ns);
	lineage(t, n, who, kind, ns);
	if (kind == EV_exit)
		death(t, n, ns);
	if (kind == EV_sample)
		learn_wait(t, n, ns);
	for (size_t i = 0; i < many; i++)
		table_settle(&t->t, nodes[i]);
	if (kind == EV_snap)
		snapshot(t, b, ns);
	return n;
}

/* The boot that a source record speaks of; without an id, that of its host. */
static struct origin *
source_boot(struct tree *t)
{
	const struct scan_val *v = &t->v[K_boot_id];
	struct origin *b = NULL;
	char id[9], *end;

	if (v->type == SCAN_STR) {
		uint32_t n;

		scan_str(v, id, sizeof(id));
		n = strtoul(id, &end, 16);
		return end == id + 8 ? table_origin(&t->t, n, 1) : NULL;
	}
	for (uint32_t i = 0; i < t->t.nboots; i++)
		if (scan_is(&t->v[K_host], t->t.boots[i]->host) &&
		    (b == NULL || t->t.boots[i]->fed > b->fed))
			b = t->t.boots[i];
	return b;
}

void
learn_source(struct tree *t)
{
	uint64_t number = learn_num(t, K_snap, UINT64_MAX);
	struct origin *b;
	struct origin_snap *s;

	if (number == UINT64_MAX || !scan_is(&t->v[K_state], "synced") ||
	    (b = source_boot(t)) == NULL || (s = origin_snap(b, number)) == NULL)
		return;
	/* One that says it is not whole proves nothing of those it lacks. */
	if (t->v[K_degraded].type != SCAN_NONE)
		return;
	s->synced = 1;
	s->procs = learn_num(t, K_procs, UINT64_MAX);
	if (origin_synced(b, s))
		table_settle_origin(&t->t, b);
}
