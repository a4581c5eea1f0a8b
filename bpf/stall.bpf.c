/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who waits for a processor, and for whom.  The kernel stamps each wait itself
 * (sched_info, with which it makes run_delay); here it is only divided among
 * those who ran meanwhile (wait.h), each time that a task gets the processor or
 * is moved to another one.  Nothing of that leaves the kernel: user space reads
 * the sums.
 *
 * Each processor's part is written by itself or for it, always with the lock of
 * its run queue held.
 *
 * stall_switch() runs a million times a second.  What it does each time is in line
 * and calls nothing; what is rare is in functions, so that it is not in the way.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "slot.h"
#include "stall_blame.h"
#include "stall_known.h"
#include "stall_limit.h"
#include "stall_run.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define TASK_WAKING	0x200		/* likewise */

/* A wait of so long is over. */
static __always_inline void
waited(struct stall_row *r, u64 ns)
{
	r->waits++;
	if (r->epoch != slot_epoch) {
		r->epoch = slot_epoch;
		r->max = 0;
	}
	if (ns > r->max)
		r->max = ns;
}

/* The task gets this processor, and its wait is over.  throttled_of() its queue
 * is total. */
static __always_inline void
dispatched(struct stall_cpu *c, struct task_struct *t, struct known *k, u32 cpu,
    u32 victim, u64 now, u64 total)
{
	u64 queued = t->sched_info.last_queued, was = k->delay;
	u64 delay = t->sched_info.run_delay, ns = now - queued;
	struct cfs_rq *q = t->se.cfs_rq;

	if (delay > was)
		blame_one(victim, SLOT_UNKNOWN, delay - was);
	if (queued == 0 || queued >= now) {
		k->delay = queued == 0 ? delay : delay + ns;
		return;
	}
	k->delay = delay + ns;
	if (k->moved & KNOWN_SLEPT) {
		k->moved = 0;
		blame_one(victim, SLOT_SLEPT, ns);
		return;
	}
	if (total == 0) {
		k->limit = (u64)q;
		blame_now(c, cpu, victim, queued, now);
	} else
		limit_ended(k, q, victim, queued, stamp_of(now, cpu));
	ns += k->moved;
	k->moved = 0;
	waited(row_of(c, victim), ns);
}

/* The same of a task that has no place: as much of its wait as was here. */
static __noinline int
unremembered(struct stall_cpu *c, struct task_struct *t, u32 cpu, u32 victim,
    u64 now)
{
	u64 queued = t->sched_info.last_queued;

	__sync_fetch_and_add(&tasks_full, 1);
	if (queued == 0 || queued >= now)
		return 0;
	blame(victim, queued, now, stamp_of(now, cpu));
	waited(row_of(c, victim), now - queued);
	return 0;
}

/* A task that is switched to.  Who runs then. */
static __always_inline u32
arrived(struct stall_cpu *c, struct task_struct *next, u64 key, u32 cpu, u64 now,
    u64 total)
{
	struct known *k = known_of(next, known_address(&c->wait.room, next));
	u32 who;

	if (k == NULL) {
		who = slot_of(next, key);
		unremembered(c, next, cpu, who, now);
		return runner_of(next, NULL, who);
	}
	who = known_cgroup(k, next, key);
	dispatched(c, next, k, cpu, who, now, total);
	return runner_of(next, k, who);
}

/* kernel/sched/core.c __schedule(): the lock is held, next waits no more. */
SEC("tp_btf/sched_switch")
int stall_switch(u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	u32 cpu = bpf_get_smp_processor_id(), who = SLOT_IDLE;
	struct stall_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);
	struct cfs_rq *was = prev->se.cfs_rq, *q = next->se.cfs_rq;
	u64 total = throttled_of(q);
	struct rq *rq = q->rq;
	u64 now = rq->clock, switches = rq->nr_switches, key = 0;

	/* First of all, as the verifier follows pointers slowly. */
	if (next->pid != 0)
		key = slot_key(next);
	if (c == NULL)
		return 0;
	if (c->wait.switches + 1 != switches)
		run_missed(c, prev, now);
	taken(c, rq, now);
	if ((was == q ? total : throttled_of(was)) != 0)
		limit_ran(was, cpu, now);
	c->wait.switches = switches;
	c->wait.clock = now;
	if (key != 0)
		who = arrived(c, next, key, cpu, now, total);
	run(c, now, who);
	return 0;
}

static __always_inline u32
state_of(struct task_struct *t)
{
	struct task_struct___before_5_14 *old = (void *)t;

	return bpf_core_field_exists(t->__state) ? t->__state : old->state;
}

/* A wait that ended with a move, as far as it was seen. */
__noinline int
blame_moved(u32 victim, u64 switches, u64 from, u64 now, u32 cpu)
{
	struct stall_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);
	u64 seen;

	if (c == NULL)
		return 0;
	seen = wait_known(&c->wait, switches, from, now);
	blame(victim, from, seen, stamp_of(now, cpu));
	blame_one(victim, SLOT_UNKNOWN, now - seen);
	return 0;
}

static __always_inline bool
is_delayed(struct task_struct *t)
{
	return bpf_core_field_exists(t->se.sched_delayed) &&
	    t->se.sched_delayed != 0;
}

/* What the kernel has added up since a move in the task's sleep. */
static __always_inline void
moved_asleep(struct task_struct *t, struct known *k, u64 delay)
{
	u64 was = k->delay;

	k->delay = delay;
	k->moved = is_delayed(t) ? KNOWN_SLEPT : 0;
	if (delay > was)
		blame_one(known_cgroup(k, t, slot_key(t)), SLOT_SLEPT,
		    delay - was);
}

/*
 * kernel/sched/core.c set_task_cpu(): a task that waits has just been taken
 * from its queue, whose lock is held, and run_delay has grown by what it
 * waited there.  Which may be less than it grew: an end that was not seen.
 */
SEC("tp_btf/sched_migrate_task")
int stall_migrate(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[0];
	u64 delay = t->sched_info.run_delay, ns, most, now;
	u32 here = bpf_get_smp_processor_id(), victim;
	struct stall_cpu *c = bpf_map_lookup_elem(&cpus, &here);
	struct rq *rq = t->se.cfs_rq->rq;
	struct known *k;

	if (c == NULL)
		return 0;
	k = known_of(t, known_address(&c->wait.room, t));
	if (k == NULL)
		return 0;
	if (k->moved & KNOWN_SLEPT) {
		moved_asleep(t, k, delay);
		return 0;
	}
	if (is_delayed(t))
		k->moved |= KNOWN_SLEPT;
	if (delay <= k->delay)
		return 0;
	ns = delay - k->delay;
	k->delay = delay;
	now = rq->clock;
	victim = known_cgroup(k, t, slot_key(t));
	most = now - t->sched_info.last_arrival;
	/* In the middle of waking up it does not wait yet. */
	if (state_of(t) == TASK_WAKING || (s64)most < 0)
		most = 0;
	if (ns > most) {
		blame_one(victim, SLOT_UNKNOWN, ns - most);
		ns = most;
	}
	k->moved += ns;
	if (ns != 0)
		blame_moved(victim, rq->nr_switches, now - ns, now, rq->cpu);
	return 0;
}

/* kernel/exit.c delayed_put_task_struct(): now nothing can see it any more. */
SEC("tp_btf/sched_process_free")
int stall_free(u64 *ctx)
{
	u64 task;

	bpf_probe_read_kernel(&task, sizeof(task), &ctx[0]);
	known_free(task);
	return 0;
}

static __always_inline bool
is_asleep(struct task_struct *t)
{
	u32 state = state_of(t);

	return state != 0 && state != TASK_WAKING;
}

/* fs/exec.c exec_binprm(): the process has another name from now on. */
SEC("tp_btf/sched_process_exec")
int stall_exec(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[0];
	u64 task, leader;
	struct known *k;

	bpf_probe_read_kernel(&task, sizeof(task), &ctx[0]);
	bpf_probe_read_kernel(&leader, sizeof(leader), &t->group_leader);
	k = known_search(t, task);
	if (k != NULL && k->runner != 0)
		process_of(leader, k->cgroup);
	return 0;
}

/* kernel/cgroup/cgroup-v1.c cgroup1_rename() */
SEC("tp_btf/cgroup_rename")
int stall_rename(u64 *ctx)
{
	__sync_fetch_and_add(&slot_renames, 1);
	return 0;
}

/* One that was not switched to since we began; or that sleeps, and whose last
 * wait had an end that was not seen. */
static __always_inline void
catch_up(struct task_struct *t, struct known *k)
{
	u64 delay = t->sched_info.run_delay, was = k->delay;

	if (was == KNOWN_NOT)
		k->delay = delay;
	if (!is_asleep(t) || delay <= was)
		return;
	k->delay = delay;
	blame_one(slot_of(t, slot_key(t)), SLOT_UNKNOWN, delay - was);
}

/* Nothing is attached yet: have a place for each task, but do not count. */
bool first_round = true;
u64 waiting_room;

/* One task, which may be waiting.  Its run queue's clock stood still since the
 * last tick at most. */
SEC("iter/task")
int stall_waiting(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct stall_open open = { 0 };
	struct stall_cpu *c;
	u64 queued, now, task;
	struct known *k;
	struct rq *rq;
	u32 cpu;

	if (t == NULL)
		return 0;
	rq = t->se.cfs_rq->rq;
	now = rq->clock;
	cpu = rq->cpu;
	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (c != NULL && now > c->wait.now)
		c->wait.now = now;
	task = known_address(&waiting_room, t);
	k = known_search(t, task);
	queued = t->sched_info.last_queued;
	if (first_round) {
		if (k == NULL)
			k = known_take(t, task);
		if (k == NULL)
			return 0;
		k->delay = KNOWN_NOT;
		if (queued != 0 && is_asleep(t))
			k->moved = KNOWN_SLEPT;
		return 0;
	}
	/* With the run queue locked there may have been no storage to be had: in 7.x
	 * it comes from kmalloc_nolock(). */
	if (k == NULL && t->sched_info.pcount != 0)
		k = known_stored(t, true);
	if (k != NULL)
		catch_up(t, k);
	if (queued == 0 || queued >= now ||
	    (k != NULL && k->moved & KNOWN_SLEPT))
		return 0;
	open.victim = slot_of(t, slot_key(t));
	open.ns = now - queued;
	bpf_seq_write(ctx->meta->seq, &open, sizeof(open));
	return 0;
}
