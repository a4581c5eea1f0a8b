/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Who runs, and from when on: the ring of a processor is filled. */
#ifndef BPF_STALL_RUN_H
#define BPF_STALL_RUN_H

#define PF_KTHREAD	0x00200000	/* include/linux/sched.h */

enum { TAKEN_LEAST = 1000 };		/* ns; less is not worth a run of its own */

const volatile bool by_process = false;

/* The token of a process by its first thread, which may be one of the kernel's. */
__noinline int
process_of(u64 address, u32 cgroup)
{
	struct task_struct *leader = (void *)address;
	u64 id = BPF_CORE_READ(leader, start_boottime);
	struct slot_entry *s;
	u32 token, i;

	id = (id ^ (u64)cgroup << 40) * 0xff51afd7ed558ccdULL +
	    BPF_CORE_READ(leader, pid);
	id = (id & ~(SLOT_ID_V1 | SLOT_KEY_CGROUP)) | SLOT_ID_TASK;
	token = slot_search(id, 0);
	if (token == 0) {
		token = slot_take(id, id, 0, address, cgroup);
		return token != 0 ? token : cgroup != 0 ? cgroup : SLOT_OTHER;
	}
	/* It may have another name since: exec. */
	i = slot_index(token);
	s = bpf_map_lookup_elem(&slots, &i);
	if (s != NULL)
		bpf_probe_read_kernel(s->comm, sizeof(s->comm), &leader->comm);
	return token;
}

/* Who runs, if this is what runs. */
static __always_inline u32
runner_of(struct task_struct *t, struct known *k, u32 cgroup)
{
	u32 of = t->flags & PF_KTHREAD ? 0 : cgroup, token;
	u64 leader;

	if (of != 0 && (!by_process || of == SLOT_OTHER))
		return cgroup;
	if (k != NULL && k->runner != 0)
		return k->runner;
	bpf_probe_read_kernel(&leader, sizeof(leader), &t->group_leader);
	token = process_of(leader, of);
	if (k != NULL)
		k->runner = token;
	return token;
}

static __always_inline void
run(struct stall_cpu *c, u64 start, u32 who)
{
	u32 was;
	u64 ns = wait_push(&c->wait, start, who, &was);

	if (ns != 0)
		row_of(c, was)->ran += ns;
}

/*
 * Switches were not seen since c->clock.  Of what ran meanwhile the kernel
 * still knows when the last one began.
 */
static __noinline int
run_missed(struct stall_cpu *c, struct task_struct *prev, u64 now)
{
	u64 arrival = prev->sched_info.last_arrival, clock = c->wait.clock;

	if (c->wait.switches == 0) {
		run(c, now, SLOT_UNKNOWN);
		return 0;
	}
	c->wait.missed++;
	run(c, clock, SLOT_UNKNOWN);
	if (prev->pid != 0 && arrival > clock && arrival < now)
		run(c, arrival, runner_of(prev, NULL,
		    slot_of(prev, slot_key(prev))));
	return 0;
}

/* ns of this processor's time went to the hypervisor or interrupts. */
static __noinline int
run_taken(struct stall_cpu *c, u64 now, u64 ns, u64 irq)
{
	u32 was;

	if (irq > ns)
		irq = ns;
	ns -= irq;
	irq = wait_taken(&c->wait, now - ns, irq, SLOT_IRQ, &was);
	row_of(c, was)->ran += irq;
	ns = wait_taken(&c->wait, now, ns, SLOT_STEAL, &was);
	row_of(c, was)->ran += ns;
	return 0;
}

static __always_inline void
taken(struct stall_cpu *c, struct rq *rq, u64 now)
{
	u64 all = now - rq->clock_task, ns = all - c->wait.taken, irq = 0;

	c->wait.taken = all;
	if (bpf_core_field_exists(rq->prev_irq_time)) {
		irq = rq->prev_irq_time - c->wait.irq;
		c->wait.irq += irq;
	}
	if ((s64)ns > TAKEN_LEAST && c->wait.switches != 0)
		run_taken(c, now, ns, irq);
}

#endif
