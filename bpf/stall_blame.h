/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whom a wait is due to, and where that is kept: cells, and for each processor
 * the parts that go to them later.  Most waits are of few pairs, and all of a
 * wait is due to who runs at its end: that much is done in line, as a call costs
 * more than it.  The rest are global functions: the verifier looks at each once.
 */
#ifndef BPF_STALL_BLAME_H
#define BPF_STALL_BLAME_H

/* A processor whose lock is held, and the wait that is being divided. */
struct blame {
	struct stall_cpu *c;
	u64 stamp;
};

static void part_add(struct blame *, u32 victim, u32 culprit, u64 ns);
#define WAIT_ADD(arg, victim, culprit, ns)				\
	part_add((arg), (victim), (culprit), (ns))
#include "wait.h"
#include "stall_map.h"

#define STAMP_SHIFT	10
#define STAMP_CPU	((1 << STAMP_SHIFT) - 1)

/* Times that a pair had no cell. */
u64 cells_full;

/* The value size is set by the loader: slot_number rows follow. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct stall_cpu));
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct stall_cell);
} cells SEC(".maps");

static __always_inline struct stall_row *
row_of(struct stall_cpu *c, u32 token)
{
	return &c->row[token & (slot_number - 1)];
}

/* Add to the cell of a pair, which there is from then on.  0 if it has no room. */
__noinline int
cell_add(u64 key, u64 ns, u64 waits)
{
	struct stall_cell new = { ns, waits }, *c;

	c = bpf_map_lookup_elem(&cells, &key);
	if (c == NULL) {
		if (bpf_map_update_elem(&cells, &key, &new, BPF_NOEXIST) == 0)
			return 1;
		c = bpf_map_lookup_elem(&cells, &key);
	}
	if (c == NULL)
		return 0;
	__sync_fetch_and_add(&c->ns, ns);
	__sync_fetch_and_add(&c->waits, waits);
	return 1;
}

/* The victim still has waited so long. */
__noinline int
cell_none(u32 victim, u64 ns)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct stall_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);

	__sync_fetch_and_add(&cells_full, 1);
	if (c != NULL)
		__sync_fetch_and_add(&row_of(c, victim)->unkept, ns);
	return 0;
}

/* Not due to who ran. */
__noinline int
blame_one(u32 victim, u32 culprit, u64 ns)
{
	if (ns != 0 && !cell_add((u64)victim << 32 | culprit, ns, 1))
		cell_none(victim, ns);
	return 0;
}

/* What to know a wait by that ends now: the processor is one of WIRE_CPUS. */
static __always_inline u64
stamp_of(u64 now, u32 cpu)
{
	return now << STAMP_SHIFT | (cpu & STAMP_CPU);
}

static __always_inline u64
part_key(u32 victim, u32 culprit)
{
	return (u64)victim << 32 | culprit;
}

static __always_inline struct stall_part *
part_of(struct stall_cpu *c, u64 key)
{
	return &c->part[stall_place(key)];
}

/* What goes to a part has a cell already: so it can always go on to there. */
__noinline int
part_replace(u32 victim, u32 culprit, u64 ns, u64 stamp)
{
	u64 key = part_key(victim, culprit), old;
	u32 cpu = stamp & STAMP_CPU;
	struct stall_part *p;
	struct stall_cpu *c;

	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (c == NULL)
		return 0;
	if (!cell_add(key, ns, 1))
		return cell_none(victim, ns);
	p = part_of(c, key);
	old = p->key;
	p->key = 0;
	barrier();
	if (old != 0 && !cell_add(old, p->ns, p->waits))
		cell_none(old >> 32, p->ns);
	p->ns = p->waits = 0;
	p->stamp = stamp;
	barrier();
	p->key = key;
	return 0;
}

static __always_inline void
part_add(struct blame *b, u32 victim, u32 culprit, u64 ns)
{
	u64 key = part_key(victim, culprit);
	struct stall_part *p = part_of(b->c, key);

	if (p->key != key) {
		part_replace(victim, culprit, ns, b->stamp);
		return;
	}
	/* One more wait, if the stamp is another. */
	p->stamp ^= b->stamp;
	p->ns += ns;
	p->waits += (p->stamp | -p->stamp) >> 63;
	p->stamp = b->stamp;
}

__noinline int
blame_oldest(u32 victim, u64 from, u64 end, u64 stamp)
{
	struct blame b = { .stamp = stamp };
	u32 cpu = stamp & STAMP_CPU;

	b.c = bpf_map_lookup_elem(&cpus, &cpu);
	if (b.c != NULL)
		wait_oldest(&b.c->wait, &b, victim, from, end);
	return 0;
}

/* The victim waited on the processor of the stamp from one time to another. */
__noinline int
blame(u32 victim, u64 from, u64 end, u64 stamp)
{
	struct blame b = { .stamp = stamp };
	u32 cpu = stamp & STAMP_CPU;

	b.c = bpf_map_lookup_elem(&cpus, &cpu);
	if (b.c == NULL || end <= from)
		return 0;
	end = wait_newest(&b.c->wait, &b, victim, from, end);
	if (end > from)
		blame_oldest(victim, from, end, stamp);
	return 0;
}

/* The same, of a wait that ends now and that most often was for one party. */
static __always_inline void
blame_now(struct stall_cpu *c, u32 cpu, u32 victim, u64 from, u64 now)
{
	struct wait_seg *s = wait_seg(&c->wait, 0);
	u64 key = part_key(victim, s->who);
	struct stall_part *p = part_of(c, key);

	if (s->start > from || p->key != key) {
		blame(victim, from, now, stamp_of(now, cpu));
		return;
	}
	p->ns += now - from;
	p->waits++;
}

#endif
