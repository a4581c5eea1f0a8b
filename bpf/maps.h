/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the kernel half keeps, and how a record leaves it. */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include "scratch.h"

struct cpu_count counts[WIRE_CPUS] __attribute__((aligned(64)));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

static __always_inline u32
cpu_now(void)
{
	return bpf_get_smp_processor_id() & (WIRE_CPUS - 1);
}

static __always_inline struct count *
count_of(u32 cpu, enum slot slot)
{
	return &counts[cpu & (WIRE_CPUS - 1)].slot[slot];
}

/* Number a record of this slot. */
static __always_inline void
head_fill(struct wire_head *h, u16 kind, enum slot slot, u64 now)
{
	u32 cpu = cpu_now();

	h->kind = kind;
	h->cpu = cpu;
	h->seq = ++count_of(cpu, slot)->seq;
	h->boot_ns = now;
}

/*
 * Send struct wire_KIND of `fixed` bytes and a tail of at most max.  Flag 0
 * lets the kernel wake the reader only if it had read everything before: one
 * wake-up for each time it comes to look, not for each record.
 */
static __always_inline void
send(void *rec, u64 fixed, u64 tail, u64 max, enum slot slot, u64 now)
{
	struct count *c;

	barrier_var(tail);	/* or the verifier loses sight of its bound */
	if (tail > max)
		return;
	((struct wire_head *)rec)->size = fixed + tail;
	if (bpf_ringbuf_output(&ring, rec, fixed + tail, 0) == 0)
		return;
	c = count_of(cpu_now(), slot);
	c->full++;
	c->full_to = now;
	if (c->full_from == 0)
		c->full_from = now;
}

#endif
