/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The part of a wait that is due to the quota of the victim's own group. */
#ifndef BPF_STALL_LIMIT_H
#define BPF_STALL_LIMIT_H

enum { LIMITS = 2048 };

/* By task group and processor; who comes to a place that is taken, takes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIMITS);
	__type(key, u32);
	__type(value, struct wait_limit);
} limits SEC(".maps");

/* How long the run queue of its group was throttled, by itself or from above. */
static __always_inline u64
throttled_of(struct cfs_rq *q)
{
	struct cfs_rq___since_5_19 *pelt = (void *)q;
	struct cfs_rq___before_5_19 *task = (void *)q;

	if (bpf_core_field_exists(q->throttled_clock_self_time))
		return q->throttled_clock_self_time;
	if (bpf_core_field_exists(pelt->throttled_clock_pelt_time))
		return pelt->throttled_clock_pelt_time;
	if (bpf_core_field_exists(task->throttled_clock_task_time))
		return task->throttled_clock_task_time;
	return 0;
}

/* A task group on one processor, for ever: numbers are not used twice. */
static __always_inline u64
limit_tag(struct cfs_rq *q, u32 cpu)
{
	return q->tg->css.serial_nr << 16 | cpu;
}

static __always_inline struct wait_limit *
limit_of(u64 tag)
{
	u32 i = tag * 0x9e3779b97f4a7c15ULL >> 40 & (LIMITS - 1);

	return bpf_map_lookup_elem(&limits, &i);
}

/* The task that had the processor until now may be the last of its group
 * before it is throttled. */
static __noinline int
limit_ran(struct cfs_rq *q, u32 cpu, u64 now)
{
	u64 tag = limit_tag(q, cpu);
	struct wait_limit *l = limit_of(tag);

	if (l != NULL && l->tag == tag)
		l->ran = now;
	return 0;
}

/* Divide a wait that ends now: among the quota, and who ran. */
__noinline int
blame_limited(u64 tag, u64 known, u32 victim, u64 from, u64 stamp)
{
	struct wait_limit *l = limit_of(tag);
	u64 start = from, end, now, before;
	u32 cpu = stamp & STAMP_CPU;
	struct stall_cpu *c;

	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (c == NULL || l == NULL)
		return 0;
	end = now = c->wait.clock;
	wait_limit_part(l, known, &start, &end, &before);
	blame_one(victim, SLOT_THROTTLE, end - start + before);
	blame(victim, from + before, start, stamp);
	blame(victim, end, now, stamp);
	return 0;
}

/* A task is dispatched from a queue that was throttled before, and has waited
 * since then. */
static __noinline int
limit_ended(struct known *k, struct cfs_rq *q, u32 victim, u64 from, u64 stamp)
{
	u64 total = throttled_of(q), known = ~0ULL, tag;
	u32 cpu = stamp & STAMP_CPU;
	struct wait_limit *l;
	struct stall_cpu *c;

	tag = limit_tag(q, cpu);
	if (k->limit == tag && k->throttled <= total)
		known = k->throttled;
	/* It was dispatched from here when nothing had been throttled.  If the
	 * address is another queue's by now, that is younger, which is as good. */
	else if (k->limit == (u64)q)
		known = 0;
	k->limit = tag;
	k->throttled = total;
	l = limit_of(tag);
	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (l == NULL || c == NULL)
		return 0;
	if (l->tag != tag || l->total > total) {
		l->tag = tag;
		l->total = known != ~0ULL ? known : total;
		l->ran = l->from = l->to = l->past = 0;
	}
	wait_limit_see(l, total, from, c->wait.clock,
	    bpf_core_field_exists(q->throttled_clock_self_time));
	blame_limited(tag, known, victim, from, stamp);
	return 0;
}

#endif
