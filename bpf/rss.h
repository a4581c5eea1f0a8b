/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How much memory a process has.  The kernel counts pages by cpu since 6.2:
 * what the cpus have not yet added to the sum is looked up, so the figure is
 * exact.  Before, each thread may hold back up to 64 pages of a kind.
 */
#ifndef BPF_RSS_H
#define BPF_RSS_H

enum { RSS_FILE, RSS_ANON, RSS_SWAP, RSS_SHMEM };	/* include/linux/mm_types_task.h */

const volatile __u32 ncpu = 1;		/* possible ones */

/* Per-cpu data of cpu i stands at its address plus this. */
__u64 cpu_off[WIRE_CPUS];
__u32 cpu_off_known;

/* The kernel does not give its table of these away; but a map of ours has an
 * address before and after it is added. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} cpu_probe SEC(".maps");

static volatile __u64 address;

/* A pointer as a number: the verifier forgets what it knew once it is stored.
 * Nobody else does so meanwhile: looks come one by one, and so do ooms. */
static __always_inline u64
address_of(void *p)
{
	address = (u64)p;
	return address;
}

__noinline int
cpu_off_fill(void)
{
	u64 base = 0, array = address_of(&cpu_probe);
	struct mm_struct *mm = NULL;
	u32 zero = 0, i;
	void *p;

	/* Global functions are looked at also if nobody comes there, and before
	 * 5.19 there was no helper for the map. */
	if (!bpf_core_field_exists(mm->rss_stat[0].counters))
		return 0;
	bpf_probe_read_kernel(&base, sizeof(base), (void *)(array +
	    bpf_core_field_offset(struct bpf_array, pptrs)));
	for (i = 0; i < ncpu && i < WIRE_CPUS; i++) {
		p = bpf_map_lookup_percpu_elem(&cpu_probe, &zero, i);
		if (p == NULL)
			return 0;
		cpu_off[i & (WIRE_CPUS - 1)] = address_of(p) - base;
	}
	cpu_off_known = 1;
	return 1;
}

/* percpu_counter_sum(): all cpus that there may be, each once. */
__noinline u64
percpu_sum(u64 counter)
{
	struct percpu_counter *c = (void *)counter;
	u64 base;
	s64 n;
	s32 v;
	u32 i;

	n = BPF_CORE_READ(c, count);
	base = (u64)BPF_CORE_READ(c, counters);
	for (i = 0; i < ncpu && i < WIRE_CPUS; i++) {
		v = 0;
		bpf_probe_read_kernel(&v, sizeof(v), (void *)(base +
		    cpu_off[i]));
		n += v;
	}
	return n > 0 ? n : 0;
}

static __always_inline u64
mm_pages(struct mm_struct *mm, u32 kind)
{
	struct mm_struct___before_6_2 *old = (void *)mm;
	s64 n = 0;
	u64 at;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		at = (u64)old + bpf_core_field_offset(old->rss_stat.count) +
		    kind * sizeof(n);
		bpf_probe_read_kernel(&n, sizeof(n), (void *)at);
		return n > 0 ? n : 0;
	}
	at = (u64)mm + bpf_core_field_offset(mm->rss_stat) +
	    kind * bpf_core_type_size(struct percpu_counter);
	return percpu_sum(at);
}

/* Bytes, of a process that has a memory map. */
static __always_inline void
rss_put(u64 *rss, u64 *swap, u64 mm)
{
	struct mm_struct___before_6_2 *old = NULL;
	struct mm_struct *m = (void *)mm;

	*rss = *swap = WIRE_UNKNOWN_64;
	if (mm == 0)
		return;
	if (!bpf_core_field_exists(old->rss_stat.count)) {
		/* A kernel that counts in yet another way. */
		if (!bpf_core_field_exists(m->rss_stat[0].counters))
			return;
		if (!cpu_off_known && !cpu_off_fill())
			return;
	}
	*rss = (mm_pages(m, RSS_FILE) + mm_pages(m, RSS_ANON) +
	    mm_pages(m, RSS_SHMEM)) * page_size;
	*swap = mm_pages(m, RSS_SWAP) * page_size;
}

#endif
