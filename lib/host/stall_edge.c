/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The window: parties, and edges between them. */
#include <stdlib.h>
#include <string.h>

#include "host/stall_impl.h"

uint32_t
stall_party_add(struct stall *st)
{
	struct stall_window *w = &st->w;
	struct stall_party *p;

	if (w->nparty == st->cap_party) {
		size_t cap = 2 * st->cap_party + 64;

		if ((p = reallocarray(w->party, cap, sizeof(*p))) == NULL)
			return STALL_NONE;
		w->party = p;
		st->cap_party = cap;
	}
	p = &w->party[w->nparty];
	memset(p, 0xff, sizeof(*p));
	p->cgroup = p->cgroup_v1 = NULL;
	p->cgroup_len = p->cgroup_v1_len = 0;
	p->open_ns = p->slept_ns = 0;
	return w->nparty++;
}

static void
party_name(struct stall_party *p, const struct owner *o)
{
	p->cpu_ns = 0;
	if (!(o->id & SLOT_ID_V1)) {
		p->cgroup_id = o->id;
		p->cgroup = o->path;
		p->cgroup_len = o->len;
		return;
	}
	p->cgroup_id = 1;
	p->cgroup = "";
	p->cgroup_len = 1;
	p->cgroup_v1_id = o->id & ~SLOT_ID_V1;
	p->cgroup_v1 = o->path;
	p->cgroup_v1_len = o->len;
}

/* Those who share an id are one: it had two slots. */
static uint32_t
party_of(struct stall *st, struct owner *o)
{
	size_t mask = 2 * (size_t)st->conf.slots - 1;
	size_t i = o->id * 0x9e3779b97f4a7c15ULL >> 40 & mask;

	if (o->number == st->number)
		return o->party;
	while (st->by_id[i].id != 0 && st->by_id[i].id != o->id)
		i = (i + 1) & mask;
	if (st->by_id[i].id == 0) {
		/* More than the table has room for are owners of the past. */
		if (st->w.nparty + 2 >= mask)
			return st->other;
		if ((o->party = stall_party_add(st)) == STALL_NONE)
			return STALL_NONE;
		party_name(&st->w.party[o->party], o);
		st->by_id[i] = (struct by_id){ o->id, o->party };
	}
	o->party = st->by_id[i].party;
	o->number = st->number;
	return o->party;
}

/* The party of a token; of processes, that of their cgroup. */
uint32_t
stall_party_of(struct stall *st, uint32_t token, struct owner **owner)
{
	struct owner *o = stall_owner(st, token);

	if (owner != NULL)
		*owner = o;
	if (o != NULL && o->kind == SLOT_PROCESS)
		o = stall_owner(st, o->of);
	return o != NULL && o->kind == SLOT_CGROUP ? party_of(st, o) :
	    st->other;
}

static void
edge_culprit(struct stall *st, struct stall_edge *e, uint32_t token)
{
	static const uint8_t kinds[SLOT_FIRST] = {
		[SLOT_UNKNOWN] = STALL_UNKNOWN, [SLOT_IDLE] = STALL_IDLE,
		[SLOT_OTHER] = STALL_CGROUP, [SLOT_OLDER] = STALL_OLDER,
		[SLOT_STEAL] = STALL_STEAL, [SLOT_IRQ] = STALL_IRQ,
		[SLOT_THROTTLE] = STALL_THROTTLE, [SLOT_SLEPT] = STALL_UNKNOWN,
	};
	struct owner *o;

	if (token < SLOT_FIRST && token != SLOT_OTHER) {
		e->kind = kinds[token];
		return;
	}
	e->culprit = stall_party_of(st, token, &o);
	if (o != NULL && o->kind == SLOT_KTHREAD) {
		e->kind = STALL_KTHREAD;
		e->culprit = STALL_NOBODY;
		memcpy(e->comm, o->comm, sizeof(e->comm));
		return;
	}
	e->kind = e->culprit == e->victim ? STALL_SELF : STALL_CGROUP;
	/* Of two that are not known it is not known whether they are one. */
	if (e->kind == STALL_SELF && e->victim == st->other) {
		e->kind = STALL_UNKNOWN;
		e->culprit = STALL_NOBODY;
	}
	if (o != NULL && o->kind == SLOT_PROCESS) {
		e->pid = o->pid;
		e->start = o->start;
		memcpy(e->comm, o->comm, sizeof(e->comm));
	}
}

/* No waiting, though the kernel counts it as such. */
static int
slept(struct stall *st, uint32_t victim, uint64_t ns)
{
	struct owner *o;
	uint32_t party = stall_party_of(st, victim, &o);

	if (party == STALL_NONE)
		return -1;
	if (o != NULL)
		o->victim_number = st->number;
	st->w.party[party].slept_ns += ns;
	return 0;
}

/* What a pair of tokens grew by. */
int
stall_edge_add(struct stall *st, uint32_t victim, uint32_t culprit, uint64_t ns,
    uint64_t waits)
{
	struct stall_window *w = &st->w;
	struct stall_edge *e;
	struct owner *o;

	if (culprit == SLOT_SLEPT)
		return slept(st, victim, ns);
	if (w->nedge == st->cap_edge) {
		size_t cap = 2 * st->cap_edge + 256;

		if ((e = reallocarray(w->edge, cap, sizeof(*e))) == NULL)
			return -1;
		w->edge = e;
		st->cap_edge = cap;
	}
	e = &w->edge[w->nedge];
	*e = (struct stall_edge){ .culprit = STALL_NOBODY, .pid = UINT32_MAX,
	    .start = UINT64_MAX, .ns = ns, .waits = waits };
	e->victim = stall_party_of(st, victim, &o);
	if (o != NULL)
		o->victim_number = st->number;
	e->method = culprit & WAIT_SAMPLED ? STALL_SAMPLED : STALL_MEASURED;
	edge_culprit(st, e, culprit & ~WAIT_SAMPLED);
	w->nedge++;
	return 0;
}

static int
edge_order(const void *pa, const void *pb)
{
	const struct stall_edge *a = pa, *b = pb;

#define BY(f) do { if (a->f != b->f) return a->f < b->f ? -1 : 1; } while (0)
	BY(victim);
	BY(culprit);
	BY(kind);
	BY(method);
	BY(pid);
	BY(start);
#undef BY
	return memcmp(a->comm, b->comm, sizeof(a->comm));
}

/* Who had two slots has two edges. */
void
stall_edges_merge(struct stall_window *w)
{
	size_t n = 0;

	if (w->nedge == 0)
		return;
	qsort(w->edge, w->nedge, sizeof(*w->edge), edge_order);
	for (size_t i = 1; i < w->nedge; i++) {
		if (edge_order(&w->edge[n], &w->edge[i]) != 0) {
			w->edge[++n] = w->edge[i];
			continue;
		}
		w->edge[n].ns += w->edge[i].ns;
		w->edge[n].waits += w->edge[i].waits;
	}
	w->nedge = n + 1;
}
