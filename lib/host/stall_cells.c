/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What each pair has waited, out of cells and parts, and what that grew by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/stall_impl.h"

#include "stall.skel.h"

enum {
	BATCH = 2048,
	SEEN = 256,			/* cells at first */
	TRIES = 8,			/* at a key that moves */
};

int
stall_cells_init(struct stall *st)
{
	st->seen.size = st->next.size = SEEN;
	st->seen.seen = calloc(SEEN, sizeof(*st->seen.seen));
	st->next.seen = calloc(SEEN, sizeof(*st->next.seen));
	st->keys = calloc(BATCH, sizeof(*st->keys));
	st->cells = calloc(BATCH, sizeof(*st->cells));
	st->idle = calloc(st->conf.cells, sizeof(*st->idle));
	st->was = calloc((size_t)st->ncpu * STALL_PARTS, sizeof(*st->was));
	return st->seen.seen && st->next.seen && st->keys && st->cells &&
	    st->idle && st->was ? 0 : -1;
}

void
stall_cells_free(struct stall *st)
{
	free(st->seen.seen);
	free(st->next.seen);
	free(st->keys);
	free(st->cells);
	free(st->idle);
	free(st->was);
}

static struct seen *
seen_at(const struct seen_table *t, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ULL >> 20) & (t->size - 1);

	while (t->seen[i].key != 0 && t->seen[i].key != key)
		i = (i + 1) & (t->size - 1);
	return &t->seen[i];
}

/* Room for twice as many. */
static int
seen_grow(struct seen_table *t)
{
	struct seen_table old = *t;

	t->size *= 2;
	if ((t->seen = calloc(t->size, sizeof(*t->seen))) == NULL) {
		*t = old;
		return -1;
	}
	for (size_t i = 0; i < old.size; i++)
		if (old.seen[i].key != 0)
			*seen_at(t, old.seen[i].key) = old.seen[i];
	free(old.seen);
	return 0;
}

/* The same; new if need be.  NULL with errno. */
static struct seen *
seen_put(struct seen_table *t, uint64_t key)
{
	struct seen *s = seen_at(t, key);

	if (s->key != 0)
		return s;
	if (2 * (t->n + 1) > t->size) {
		if (seen_grow(t) == -1)
			return NULL;
		s = seen_at(t, key);
	}
	t->n++;
	s->key = key;
	return s;
}

/* 0 if it is replaced just now. */
static int
part_read(const struct stall *st, size_t i, struct stall_part *out)
{
	const struct stall_part *p;

	p = &stall_cpu(st, i / STALL_PARTS)->part[i % STALL_PARTS];
	out->key = __atomic_load_n(&p->key, __ATOMIC_ACQUIRE);
	out->ns = __atomic_load_n(&p->ns, __ATOMIC_ACQUIRE);
	out->waits = __atomic_load_n(&p->waits, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&p->key, __ATOMIC_ACQUIRE) == out->key;
}

/* What there is before the cells are read. */
static void
parts_note(struct stall *st)
{
	for (size_t i = 0; i < (size_t)st->ncpu * STALL_PARTS; i++)
		if (!part_read(st, i, &st->was[i]))
			st->was[i].key = 0;
}

static int
parts_read(struct stall *st)
{
	struct stall_part p;
	struct seen *s;

	for (size_t i = 0; i < (size_t)st->ncpu * STALL_PARTS; i++) {
		if (!part_read(st, i, &p) || p.key == 0)
			continue;
		if ((s = seen_put(&st->next, p.key)) == NULL)
			return -1;
		s->ns += p.ns;
		s->waits += p.waits;
		s->part = true;
	}
	return 0;
}

/* All parts of a key.  How many; -1 if one of them is on its way. */
static int
parts_of(const struct stall *st, uint64_t key, struct stall_part *sum)
{
	struct stall_part p;
	int n = 0;

	*sum = (struct stall_part){ .key = key };
	for (size_t i = stall_place(key);
	    i < (size_t)st->ncpu * STALL_PARTS; i += STALL_PARTS) {
		if (!part_read(st, i, &p) ||
		    (p.key == 0 && st->was[i].key != 0))
			return -1;
		if (p.key != key)
			continue;
		sum->ns += p.ns;
		sum->waits += p.waits;
		n++;
	}
	return n;
}

/* The cell of a key, between two looks at its parts that say the same. */
static int
key_read(struct stall *st, uint64_t key)
{
	int fd = bpf_map__fd(st->skel->maps.cells), n;
	struct stall_cell c = { 0 };
	struct stall_part a, b;
	struct seen *s;

	for (int i = 0; i < TRIES; i++) {
		n = parts_of(st, key, &a);
		if (n == -1 || (bpf_map_lookup_elem(fd, &key, &c) != 0 &&
		    errno != ENOENT) || parts_of(st, key, &b) != n ||
		    b.ns < a.ns)
			continue;
		if ((s = seen_put(&st->next, key)) == NULL)
			return -1;
		s->ns = c.ns + b.ns;
		s->waits = c.waits + b.waits;
		s->part = n > 0;
		return 0;
	}
	return 0;
}

/* What moved from a part to its cell while they were read. */
static int
parts_moved(struct stall *st)
{
	const struct stall_part *was;
	struct stall_part p;

	for (size_t i = 0; i < (size_t)st->ncpu * STALL_PARTS; i++) {
		was = &st->was[i];
		if (was->key == 0 || (part_read(st, i, &p) &&
		    p.key == was->key && p.ns >= was->ns))
			continue;
		if (key_read(st, was->key) == -1)
			return -1;
	}
	return 0;
}

/* What was on its way all the time is in neither. */
static int
parts_missed(struct stall *st)
{
	const struct seen *was;
	struct seen *s;

	for (size_t i = 0; i < st->seen.size; i++) {
		was = &st->seen.seen[i];
		if (was->key == 0 || was->ns == 0 ||
		    seen_at(&st->next, was->key)->key != 0)
			continue;
		if ((s = seen_put(&st->next, was->key)) == NULL)
			return -1;
		*s = *was;
	}
	return 0;
}

int
stall_cells_read(struct stall *st)
{
	int fd = bpf_map__fd(st->skel->maps.cells), err = 0;
	struct seen *s;
	size_t total = 0;
	__u32 in, out, n;

	memset(st->next.seen, 0, st->next.size * sizeof(*st->next.seen));
	st->next.n = 0;
	parts_note(st);
	for (int first = 1; err == 0; first = 0, in = out) {
		n = BATCH;
		err = bpf_map_lookup_batch(fd, first ? NULL : &in, &out,
		    st->keys, st->cells, &n, NULL);
		if (err != 0 && errno != ENOENT)
			return -1;
		for (__u32 i = 0; i < n && total < st->conf.cells; i++, total++) {
			if ((s = seen_put(&st->next, st->keys[i])) == NULL)
				return -1;
			s->ns = st->cells[i].ns;
			s->waits = st->cells[i].waits;
		}
	}
	st->ncells = total;
	if (parts_read(st) == -1 || parts_moved(st) == -1)
		return -1;
	return parts_missed(st);
}

static uint64_t
grown(uint64_t *now, uint64_t was)
{
	/* Missed on its way from a part to a cell: the next time it is there. */
	if (*now < was)
		*now = was;
	return *now - was;
}

/* Little room is left for new ones. */
static int
crowded(const struct stall *st)
{
	return st->ncells > st->conf.cells / 2;
}

/* What cells grew by. */
int
stall_cells_diff(struct stall *st)
{
	struct seen_table t;
	const struct seen *was;
	struct seen *now;
	uint32_t age = crowded(st) ? 0 : STALL_AGE;
	uint64_t ns, waits;
	int rc = 0;

	st->nidle = 0;
	for (size_t i = 0; i < st->next.size; i++) {
		now = &st->next.seen[i];
		if (now->key == 0)
			continue;
		was = seen_at(&st->seen, now->key);
		ns = grown(&now->ns, was->ns);
		waits = grown(&now->waits, was->waits);
		if (ns != 0) {
			rc |= stall_edge_add(st, now->key >> 32, now->key, ns, waits);
			continue;
		}
		now->idle = now->part ? 0 : was->idle + 1;
		if (now->idle > age && st->nidle < st->conf.cells)
			st->idle[st->nidle++] = now->key;
	}
	t = st->seen;
	st->seen = st->next;
	st->next = t;
	return rc;
}

/* Whether the token may still be in use. */
static int
in_use(const struct stall *st, uint32_t token)
{
	uint32_t i = slot_index(token);

	return i < SLOT_FIRST || (st->held[i].owner != NULL &&
	    st->held[i].token == token);
}

/*
 * Make room: cells that have not grown for long, if one of both has lost its
 * slot; or, where there are many, that have not grown.  What one of them got since it was read is told.
 */
int
stall_cells_drop(struct stall *st)
{
	int fd = bpf_map__fd(st->skel->maps.cells), rc = 0;
	struct stall_cell c;
	struct seen *s;
	uint64_t key;

	for (size_t i = 0; i < st->nidle; i++) {
		key = st->idle[i];
		if (!crowded(st) && in_use(st, key >> 32) &&
		    in_use(st, key & ~WAIT_SAMPLED))
			continue;
		/* In one step since 5.14. */
		if (bpf_map_lookup_and_delete_elem(fd, &key, &c) != 0 &&
		    (bpf_map_lookup_elem(fd, &key, &c) != 0 ||
		    bpf_map_delete_elem(fd, &key) != 0))
			continue;
		s = seen_at(&st->seen, key);
		if (c.ns > s->ns)
			rc |= stall_edge_add(st, key >> 32, key, c.ns - s->ns, 0);
		/* What stays is its parts. */
		s->ns -= c.ns < s->ns ? c.ns : s->ns;
		s->waits -= c.waits < s->waits ? c.waits : s->waits;
		s->idle = 0;
	}
	return rc;
}
