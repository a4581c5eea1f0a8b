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
 * on_switch() runs a million times a second.  What it does each time is in line
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

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define PF_KTHREAD	0x00200000	/* include/linux/sched.h */
#define TASK_WAKING	0x200		/* likewise */

enum { TAKEN_LEAST = 1000 };		/* ns; less is not worth a run of its own */

const volatile bool by_process = false;

/* The token of the task's process, which may be one of the kernel's. */
static __noinline int
process_of(struct task_struct *t, u32 cgroup)
{
	struct task_struct *leader = t->group_leader;
	u64 id = (leader->start_boottime ^ (u64)cgroup << 40) *
	    0xff51afd7ed558ccdULL + leader->pid;
	struct slot_entry *s;
	u32 token, i;

	id = (id & ~(SLOT_ID_V1 | SLOT_KEY_CGROUP)) | SLOT_ID_TASK;
	token = slot_search(id);
	if (token == 0) {
		token = slot_take(id, id, 0, (u64)BPF_CORE_READ(t, group_leader),
		    cgroup);
		return token != 0 ? token : cgroup != 0 ? cgroup : SLOT_OTHER;
	}
	/* It may have another name since: exec. */
	i = slot_index(token);
	s = bpf_map_lookup_elem(&slots, &i);
	if (s != NULL)
		bpf_probe_read_kernel(s->comm, sizeof(s->comm), &leader->comm);
	return token;
}

/* Who runs, if this is what runs: its process is looked up once in an epoch. */
static __always_inline u32
runner_of(struct task_struct *t, struct known *k, u32 cgroup)
{
	if (t->flags & PF_KTHREAD)
		cgroup = 0;
	else if (!by_process || cgroup == SLOT_OTHER)
		return cgroup;
	if (k == NULL)
		return process_of(t, cgroup);
	if (k->epoch != slot_epoch || k->cgroup != cgroup) {
		k->runner = process_of(t, cgroup);
		k->cgroup = cgroup;
		k->epoch = slot_epoch;
	}
	return k->runner;
}

static __always_inline void
ran(u32 cpu, u32 who, u64 ns)
{
	struct stall_row *r;

	r = ns != 0 ? row_of(cpu, who) : NULL;
	if (r != NULL)
		r->ran += ns;
}

static __always_inline void
run(struct wait_cpu *c, u32 cpu, u64 start, u32 who)
{
	u32 was;
	u64 ns = wait_push(c, start, who, &was);

	ran(cpu, was, ns);
}

/*
 * Switches were not seen since c->clock.  Of what ran meanwhile the kernel
 * still knows when the last one began.
 */
static __noinline int
run_missed(struct wait_cpu *c, struct task_struct *prev, u32 cpu, u64 now)
{
	u64 arrival = prev->sched_info.last_arrival;

	if (c->switches == 0) {
		run(c, cpu, now, SLOT_UNKNOWN);
		return 0;
	}
	c->missed++;
	run(c, cpu, c->clock, SLOT_UNKNOWN);
	if (prev->pid != 0 && arrival > c->clock && arrival < now)
		run(c, cpu, arrival, runner_of(prev, NULL, slot_of(prev)));
	return 0;
}

/* ns of this processor's time went to the hypervisor or interrupts. */
static __noinline int
run_taken(struct wait_cpu *c, u32 cpu, u64 now, u64 ns, u64 irq)
{
	u32 was;

	if (irq > ns)
		irq = ns;
	ns -= irq;
	irq = wait_taken(c, now - ns, irq, SLOT_IRQ, &was);
	ran(cpu, was, irq);
	ns = wait_taken(c, now, ns, SLOT_STEAL, &was);
	ran(cpu, was, ns);
	return 0;
}

static __always_inline void
taken(struct wait_cpu *c, struct rq *rq, u32 cpu, u64 now)
{
	u64 all = now - rq->clock_task, ns = all - c->taken, irq = 0;

	c->taken = all;
	if (bpf_core_field_exists(rq->prev_irq_time)) {
		irq = rq->prev_irq_time - c->irq;
		c->irq += irq;
	}
	if ((s64)ns > TAKEN_LEAST && c->switches != 0)
		run_taken(c, cpu, now, ns, irq);
}

/* The victim's row, when a wait of so long is over. */
static __always_inline void
waited(u32 cpu, u32 victim, u64 ns)
{
	struct stall_row *r = row_of(cpu, victim);

	if (r == NULL)
		return;
	r->waits++;
	if (r->epoch != slot_epoch) {
		r->epoch = slot_epoch;
		r->max = 0;
	}
	if (ns > r->max)
		r->max = ns;
}

/* The task gets this processor: its wait is over. */
static __always_inline void
dispatched(struct stall_cpu *c, struct task_struct *t, struct known *k, u32 cpu,
    u32 victim, u64 now)
{
	u64 queued = t->sched_info.last_queued, ns = 0, was = k->delay, delay;
	struct cfs_rq *q = t->se.cfs_rq;

	delay = t->sched_info.run_delay;
	if (queued != 0)
		ns = now - queued;
	k->delay = delay + ns;
	if (delay > was)
		blame_one(victim, SLOT_UNKNOWN, delay - was);
	if (queued == 0 || queued >= now)
		return;
	if (throttled_of(q) == 0) {
		k->limit = (u64)q;
		blame_now(c, cpu, victim, queued, now);
	} else
		limit_ended(k, q, victim, queued, stamp_of(now, cpu));
	ns += k->moved;
	k->moved = 0;
	waited(cpu, victim, ns);
}

/* kernel/sched/core.c __schedule(): the lock is held, next waits no more. */
SEC("tp_btf/sched_switch")
int switched(u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	u32 cpu = bpf_get_smp_processor_id(), who = SLOT_IDLE;
	struct stall_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);
	struct rq *rq = next->se.cfs_rq->rq;
	u64 now = rq->clock, switches = rq->nr_switches;
	struct known *k;

	if (c == NULL)
		return 0;
	if (c->wait.switches + 1 != switches)
		run_missed(&c->wait, prev, cpu, now);
	taken(&c->wait, rq, cpu, now);
	if (throttled_of(prev->se.cfs_rq) != 0)
		limit_ran(prev->se.cfs_rq, cpu, now);
	c->wait.switches = switches;
	c->wait.clock = now;
	if (next->pid != 0) {
		who = slot_of(next);
		k = known_of(next, known_address(&c->wait.room, next));
		if (k != NULL)
			dispatched(c, next, k, cpu, who, now);
		else	/* Its wait then comes as unknown, the next time. */
			__sync_fetch_and_add(&tasks_full, 1);
		who = runner_of(next, k, who);
	}
	run(&c->wait, cpu, now, who);
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

/*
 * kernel/sched/core.c set_task_cpu(): a task that waits has just been taken
 * from its queue, whose lock is held, and run_delay has grown by what it
 * waited there.  Which may be less than it grew: an end that was not seen.
 */
SEC("tp_btf/sched_migrate_task")
int migrated(u64 *ctx)
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
	if (k == NULL || delay <= k->delay)
		return 0;
	ns = delay - k->delay;
	k->delay = delay;
	now = rq->clock;
	victim = slot_of(t);
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
int freed(u64 *ctx)
{
	u64 task;

	bpf_probe_read_kernel(&task, sizeof(task), &ctx[0]);
	known_free(task);
	return 0;
}

/* One that was not switched to since we began; or that sleeps, and whose last
 * wait had an end that was not seen. */
static __always_inline void
catch_up(struct task_struct *t, struct known *k)
{
	u64 delay = t->sched_info.run_delay, was = k->delay;
	u32 state = state_of(t);

	if (was == KNOWN_NOT)
		k->delay = delay;
	if (state == 0 || state == TASK_WAKING || delay <= was)
		return;
	k->delay = delay;
	blame_one(slot_of(t), SLOT_UNKNOWN, delay - was);
}

/* Nothing is attached yet: have a place for each task, but do not count. */
bool first_round = true;
u64 waiting_room;

/* One task, which may be waiting.  Its run queue's clock stood still since the
 * last tick at most. */
SEC("iter/task")
int waiting(struct bpf_iter__task *ctx)
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
	if (first_round) {
		if (k == NULL)
			k = known_take(t, task);
		if (k != NULL)
			k->delay = KNOWN_NOT;
		return 0;
	}
	/* There was no storage to be had with the run queue locked (7.x). */
	if (k == NULL && t->sched_info.pcount != 0)
		k = known_stored(t, true);
	if (k != NULL)
		catch_up(t, k);
	queued = t->sched_info.last_queued;
	if (queued == 0 || queued >= now)
		return 0;
	open.victim = slot_of(t);
	open.ns = now - queued;
	bpf_seq_write(ctx->meta->seq, &open, sizeof(open));
	return 0;
}
