/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How long tasks wait.  kernel/sched/psi.c marks each task that waits, in
 * psi_flags; kernel/sched/stats.h stamps when it may run again.
 */
#ifndef BPF_IOMEM_TASK_H
#define BPF_IOMEM_TASK_H

enum {
	PSI_IOWAIT	= 1,		/* include/linux/psi_types.h */
	PSI_MEMSTALL	= 2,
};

/* The place of a task: direct, since this is asked at each switch. */
static __always_inline struct wait_task *
task_at(u32 pid)
{
	u32 i = pid & (WAIT_TASKS - 1);

	return bpf_map_lookup_elem(&tasks, &i);
}

static __always_inline bool
task_is(const struct wait_task *w, struct task_struct *t)
{
	return w->pid == (u32)GET(t, pid) && w->start == GET(t, start_boottime);
}

/* Make the place that of this task. */
static __always_inline void
task_take(struct wait_task *w, struct task_struct *t)
{
	if (task_is(w, t))
		return;
	if (w->flags != 0 || w->section != 0)
		lost(WAIT_LOST_TASK);
	w->flags = 0;
	w->section = 0;
	w->start = GET(t, start_boottime);
	w->pid = GET(t, pid);
}

/*
 * The clock that the scheduler's own stamps are of.  These are plain loads: the
 * pointers come from the tracepoint.
 */
static __always_inline u64
rq_clock(struct task_struct *t)
{
	return t->se.cfs_rq->rq->clock;
}

static __always_inline void
settle(struct wait_task *w, u64 woken, u64 now)
{
	u64 io = woken > w->off ? woken - w->off : 0;

	if (want_io && w->flags & PSI_IOWAIT)
		party_wait(w->party, WAIT_IO, io, true);
	if (want_memory && w->flags & PSI_MEMSTALL && w->section == 0 &&
	    now > w->off)
		party_wait(w->party, w->flags & PSI_IOWAIT ? WAIT_REFAULT :
		    WAIT_STOPPED, now - w->off, false);
	w->flags = 0;
}

/*
 * A task is about to run.  It was woken when it began to wait for the
 * processor: the last such wait began at last_queued, and if it was moved
 * meanwhile the waits before that are in run_delay already.  If its last run
 * was not seen, both are in the stamps of that run.
 */
static __always_inline void
arrive(struct wait_task *w, struct task_struct *t, u64 now)
{
	u64 queued = t->sched_info.last_queued, ran = t->sched_info.pcount;
	u64 delay = t->sched_info.run_delay - w->run_delay;

	if (ran == w->pcount)
		settle(w, (queued != 0 && queued < now ? queued : now) - delay,
		    now);
	else if (ran == w->pcount + 1)
		settle(w, t->sched_info.last_arrival - delay,
		    t->sched_info.last_arrival);
	else {
		w->flags = 0;
		lost(WAIT_LOST_SWITCH);
	}
}

static __always_inline void
leave(struct wait_task *w, struct task_struct *t, u32 flags)
{
	u64 now = rq_clock(t);

	task_take(w, t);
	if (w->flags != 0)
		arrive(w, t, now);
	party_of(t, IN_SWITCH, &w->party);
	w->off = now;
	w->off_boot = bpf_ktime_get_boot_ns();
	w->run_delay = t->sched_info.run_delay;
	w->pcount = t->sched_info.pcount;
	w->flags = flags;
}

SEC("tp_btf/sched_switch")
int switched(u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	u32 flags = prev->psi_flags & ((want_io ? PSI_IOWAIT : 0) |
	    (want_memory ? PSI_IOWAIT | PSI_MEMSTALL : 0));
	struct wait_task *w;

	if (flags != 0 && prev->pid != 0) {
		w = task_at(prev->pid);
		if (w != NULL)
			leave(w, prev, flags);
	}
	w = task_at(next->pid);
	if (w == NULL || w->flags == 0 || !task_is(w, next))
		return 0;
	arrive(w, next, rq_clock(next));
	if (!(next->psi_flags & PSI_MEMSTALL))
		w->section = 0;
	return 0;
}

/* Only what the kernel takes for a wait for memory is one. */
static __always_inline int
section_begin(enum wait_sum sum)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	u64 now = bpf_ktime_get_ns();
	struct wait_task *w;

	if (!(GET(t, psi_flags) & PSI_MEMSTALL))
		return 0;
	/* A thread of the kernel has no limit: it does others' work. */
	if (GET(t, flags) & PF_KTHREAD)
		sum = WAIT_HOST;
	w = task_at(GET(t, pid));
	if (w == NULL)
		return 0;
	task_take(w, t);
	if (w->section != 0)
		return 0;
	w->section_sum = sum;
	w->section = now;
	if (sum == WAIT_HOST)
		__sync_fetch_and_add(&state.reclaim_n, 1);
	return 0;
}

static __always_inline int
section_end(bool limit)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct wait_task *w;
	u64 key, ns;

	w = task_at(GET(t, pid));
	if (w == NULL || w->section == 0 || !task_is(w, t))
		return 0;
	if (limit != (w->section_sum == WAIT_LIMIT) &&
	    !(GET(t, flags) & PF_KTHREAD))
		return 0;	/* one inside the other: the outer one counts */
	party_of(t, IN_RECLAIM, &key);
	/* Late: the kernel counts the time of this program, too. */
	ns = bpf_ktime_get_ns() - w->section;
	w->section = 0;
	if (w->section_sum == WAIT_LIMIT)
		party_wait(key, WAIT_LIMIT, ns, false);
	else
		party_wait(key, WAIT_HOST, ns, false);
	return 0;
}

/* mm/vmscan.c try_to_free_mem_cgroup_pages() */
SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int limit_begin(u64 *ctx)
{
	return section_begin(WAIT_LIMIT);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int limit_end(u64 *ctx)
{
	return section_end(true);
}

/* mm/vmscan.c try_to_free_pages() */
SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int direct_begin(u64 *ctx)
{
	return section_begin(WAIT_HOST);
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int direct_end(u64 *ctx)
{
	return section_end(false);
}

/* mm/vmscan.c __node_reclaim() */
SEC("tp_btf/mm_vmscan_node_reclaim_begin")
int node_begin(u64 *ctx)
{
	return section_begin(WAIT_HOST);
}

SEC("tp_btf/mm_vmscan_node_reclaim_end")
int node_end(u64 *ctx)
{
	return section_end(false);
}

/* mm/compaction.c compact_zone() */
SEC("tp_btf/mm_compaction_begin")
int compact_begin(u64 *ctx)
{
	return section_begin(WAIT_HOST);
}

SEC("tp_btf/mm_compaction_end")
int compact_end(u64 *ctx)
{
	return section_end(false);
}

/* mm/vmscan.c wakeup_kswapd(): whose request found too little memory free. */
SEC("tp_btf/mm_vmscan_wakeup_kswapd")
int kswapd(u64 *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct wait_party *p;
	u64 key;

	__sync_fetch_and_add(&state.reclaim_n, 1);
	if (GET(t, flags) & PF_KTHREAD)
		return 0;
	p = party_of(t, IN_RECLAIM, &key);
	if (p != NULL)
		party_add(p, WAIT_KSWAPD_N, 1);
	return 0;
}

#endif
