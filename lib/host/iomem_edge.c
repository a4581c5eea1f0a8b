/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who is to blame: the edges of a window. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/iomem_impl.h"
#include "rec/wire.h"

enum {
	RECENT = 10,	/* windows for which an eviction may be remembered */
	/*
	 * How far to trust what is no more than plausible.  Pages that come
	 * back were evicted by the own limit if nobody reclaimed for the host:
	 * they could also have been dropped by hand, or by a limit shared with
	 * others.  How far to trust who made the host short is in
	 * iomem_split.h: who wakes kswapd asked for memory when it was short,
	 * which is not always the one that made it so.
	 */
	TRUST_LIMIT = 900,
};

static int
edge(struct edges *e, size_t victim, enum stall_kind kind, uint64_t ns,
    uint64_t waits)
{
	struct stall_edge *p = e->p;

	if (e->n == e->cap) {
		size_t cap = e->cap == 0 ? 64 : e->cap * 2;

		if ((p = realloc(p, cap * sizeof(*p))) == NULL)
			return -1;
		e->p = p;
		e->cap = cap;
	}
	e->p[e->n++] = (struct stall_edge){ .victim = victim,
	    .culprit = STALL_NOBODY, .kind = kind, .method = STALL_MEASURED,
	    .pid = WIRE_UNKNOWN_32, .start = WIRE_UNKNOWN_64, .ns = ns,
	    .waits = waits };
	return 0;
}

static int
guess(struct edges *e, size_t victim, enum stall_kind kind, size_t culprit,
    uint64_t ns, uint64_t waits, uint16_t trust)
{
	if (ns == 0)
		return 0;
	if (edge(e, victim, kind, ns, waits) == -1)
		return -1;
	e->p[e->n - 1].method = STALL_ESTIMATED;
	e->p[e->n - 1].confidence = trust;
	if (kind == STALL_CGROUP)
		e->p[e->n - 1].culprit = culprit;
	return 0;
}

/* The edges of the kernel half, those of a victim side by side. */
struct blamed {
	uint64_t	key;
	uint64_t	ns, n;
	uint64_t	victim;
};

static int
by_victim(const void *pa, const void *pb)
{
	const struct blamed *a = pa, *b = pb;

	if (a->victim != b->victim)
		return a->victim < b->victim ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static int
tell_blamed(struct iomem *m, size_t victim, const struct blamed *b,
    uint64_t ns, uint16_t trust)
{
	size_t c = iomem_find(m, b->key);

	if (b->key == WAIT_KTHREAD)
		return guess(&m->io, victim, STALL_KTHREAD, 0, ns, b->n, trust);
	if (b->key == WAIT_NOBODY || c == m->nknown)
		return guess(&m->io, victim, STALL_UNKNOWN, 0, ns, b->n, trust);
	return guess(&m->io, victim, STALL_CGROUP, c, ns, b->n, trust);
}

static int
io_of(struct iomem *m, size_t victim, const struct blamed *b, size_t n)
{
	const uint64_t *d = m->known[victim]->d;
	struct io_sums s = { d[WAIT_IO], d[WAIT_RQ], d[WAIT_RQ_BASE],
	    d[WAIT_RQ_PLAIN], d[WAIT_RQ_FOREIGN], d[WAIT_RQ_BLAME] };
	uint64_t *ns = calloc(2 * n + 1, sizeof(*ns)), *part = ns + n;
	struct io_parts r;
	int rc = 0;

	if (ns == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		ns[i] = b[i].ns;
	r = io_split(&s, n, ns, part);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = tell_blamed(m, victim, &b[i], part[i], r.confidence);
	if (rc == 0)
		rc = guess(&m->io, victim, STALL_SELF, 0, r.self,
		    d[WAIT_RQ_N], r.confidence);
	if (rc == 0 && r.unknown > 0)
		rc = edge(&m->io, victim, STALL_UNKNOWN, r.unknown,
		    d[WAIT_IO_N]);
	free(ns);
	return rc;
}

int
iomem_edges_io(struct iomem *m)
{
	struct blamed *b = calloc(m->nedge + 1, sizeof(*b));
	size_t at = 0, n;
	int rc = 0;

	if (b == NULL)
		return -1;
	for (size_t i = 0; i < m->nedge; i++)
		b[i] = (struct blamed){ m->edge_key[i].culprit, m->edge[i].ns,
		    m->edge[i].n, m->edge_key[i].victim };
	qsort(b, m->nedge, sizeof(*b), by_victim);
	for (size_t i = 0; i < m->nknown && rc == 0; i++) {
		while (at < m->nedge && b[at].victim < m->known[i]->key)
			at++;
		for (n = 0; at + n < m->nedge &&
		    b[at + n].victim == m->known[i]->key; n++)
			;
		if (m->known[i]->d[WAIT_IO] > 0)
			rc = io_of(m, i, b + at, n);
	}
	free(b);
	return rc;
}

/* Who made the host short of memory: a weight for each party.  For all victims
 * of a window the same. */
struct short_of {
	uint64_t	*weight, *part;		/* part is room */
	uint16_t	 trust;
};

static int
host_of(struct iomem *m, size_t victim, const struct short_of *s)
{
	const uint64_t *d = m->known[victim]->d, *part = s->part;
	uint64_t told = 0;
	int rc = 0;

	if (d[WAIT_HOST] == 0)
		return 0;
	share_out(d[WAIT_HOST], m->nknown, s->weight, s->part);
	for (size_t i = 0; i < m->nknown && rc == 0; i++) {
		rc = guess(&m->memory, victim,
		    i == victim ? STALL_SELF : STALL_CGROUP, i, part[i],
		    m->known[i]->d[WAIT_KSWAPD_N], s->trust);
		told += part[i];
	}
	if (rc == 0 && d[WAIT_HOST] > told)
		rc = edge(&m->memory, victim, STALL_UNKNOWN,
		    d[WAIT_HOST] - told, d[WAIT_HOST_N]);
	return rc;
}

static int
memory_of(struct iomem *m, size_t victim, const struct short_of *s)
{
	const struct known *k = m->known[victim];
	uint64_t back = k->d[WAIT_REFAULT] + k->d[WAIT_STOPPED];
	uint64_t n = k->d[WAIT_REFAULT_N] + k->d[WAIT_STOPPED_N];

	if (k->d[WAIT_LIMIT] > 0 && edge(&m->memory, victim, STALL_LIMIT,
	    k->d[WAIT_LIMIT], k->d[WAIT_LIMIT_N]) == -1)
		return -1;
	if (host_of(m, victim, s) == -1)
		return -1;
	if (back == 0)
		return 0;
	if (k->limited <= RECENT && m->host_reclaim > RECENT)
		return guess(&m->memory, victim, STALL_LIMIT, 0, back, n,
		    TRUST_LIMIT);
	return edge(&m->memory, victim, STALL_UNKNOWN, back, n);
}

int
iomem_edges_memory(struct iomem *m)
{
	size_t n = m->nknown;
	uint64_t *room = calloc(4 * n + 1, sizeof(*room));
	uint64_t *wakes = room, *grown = room + n;
	struct short_of s = { .weight = room + 2 * n, .part = room + 3 * n };
	int rc = 0;

	if (room == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		wakes[i] = m->known[i]->wakes;
		grown[i] = m->known[i]->grown;
	}
	s.trust = reclaim_split(n, wakes, grown, s.weight);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = memory_of(m, i, &s);
	free(room);
	return rc;
}
