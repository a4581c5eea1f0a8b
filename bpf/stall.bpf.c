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
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "slot.h"
#include "stall_map.h"

static void part_add(u64 stamp, u32 victim, u32 culprit, u64 ns);
#define WAIT_ADD(arg, victim, culprit, ns)				\
	part_add((u64)(arg), (victim), (culprit), (ns))
#include "wait.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define PF_KTHREAD	0x00200000	/* include/linux/sched.h */
#define TASK_WAKING	0x200		/* likewise */
#define NEW		(~0ULL)

enum {
	TAKEN_LEAST = 1000,		/* ns; less is not worth a run of its own */
	LIMITS = 2048,
	STAMP_SHIFT = 10,
	STAMP_CPU = (1 << STAMP_SHIFT) - 1,
};

const volatile bool by_process = false;

/* Tasks that began later are known from their beginning. */
const volatile u64 opened_at = 0;

/* Things that could not be kept, for the user to hear of. */
u64 cells_full, tasks_full;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wait_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stall_row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct stall_cell);
} cells SEC(".maps");

/* By processor * STALL_PARTS and a hash of the key: most waits are of few pairs,
 * and this is quicker than cells. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stall_part);
} parts SEC(".maps");

/* By task group and processor; who comes to a place that is taken, takes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIMITS);
	__type(key, u32);
	__type(value, struct wait_limit);
} limits SEC(".maps");

/* What is remembered of a task. */
struct known {
	u64	delay;			/* run_delay as it was last accounted for */
	u64	moved;			/* of this wait, on other processors */
	u64	limit;			/* run queue that it was dispatched from, */
	u64	throttled;		/* and how long that had been throttled */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct known);
} task_storage SEC(".maps");

/* The same before 5.11, by pid; who comes to a place that is taken, takes it. */
struct tabled {
	u64	tag;
	struct known k;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tabled);
} task_table SEC(".maps");

const volatile u32 table_size = 1;	/* a power of two */

/*
 * What a task waited before it was first seen: of one that began after us it
 * comes as unknown, of others it does not matter.
 */
static __always_inline u64
delay_at_first(struct task_struct *t)
{
	return t->start_boottime > opened_at ? 0 : t->sched_info.run_delay;
}

static __always_inline struct known *
known_tabled(struct task_struct *t, bool take)
{
	u64 tag = t->start_boottime + t->pid;
	u32 i = t->pid & (table_size - 1);
	struct tabled *e;

	e = bpf_map_lookup_elem(&task_table, &i);
	if (e == NULL || (e->tag != 0 && e->tag != tag && !take))
		return NULL;
	if (e->tag != tag) {
		e->tag = tag;
		/* It may have had this place before. */
		e->k.delay = t->sched_info.pcount != 0 ?
		    t->sched_info.run_delay : 0;
		e->k.moved = e->k.limit = 0;
		e->k.throttled = NEW;
	}
	return &e->k;
}

/* Where storage cannot be had just now (7.x, with the run queue's lock held) the
 * table stands in, and what it knows goes along when it can. */
static __always_inline struct known *
known_stored(struct task_struct *t, bool take)
{
	struct known *k, none = { .throttled = NEW };
	u64 tag = t->start_boottime + t->pid;
	u32 i = t->pid & (table_size - 1);
	struct tabled *e;

	k = bpf_task_storage_get(&task_storage, t, 0, 0);
	if (k != NULL)
		return k;
	none.delay = delay_at_first(t);
	e = bpf_map_lookup_elem(&task_table, &i);
	if (e != NULL && e->tag == tag)
		none = e->k;
	k = bpf_task_storage_get(&task_storage, t, &none,
	    BPF_LOCAL_STORAGE_GET_F_CREATE);
	return k != NULL ? k : known_tabled(t, take);
}

static __always_inline struct known *
known_of(struct task_struct *t, bool table)
{
	return table ? known_tabled(t, true) : known_stored(t, true);
}

static __always_inline struct stall_row *
row_of(u32 cpu, u32 token)
{
	u32 i = cpu * slot_number + (slot_index(token) & (slot_number - 1));

	return bpf_map_lookup_elem(&rows, &i);
}

/*
 * Add to the cell of a pair, which there is from then on.  0 if it has no room.
 * Global functions: the verifier looks at each but once.
 */
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
	struct stall_row *r = row_of(bpf_get_smp_processor_id(), victim);

	__sync_fetch_and_add(&cells_full, 1);
	if (r != NULL)
		__sync_fetch_and_add(&r->unkept, ns);
	return 0;
}

/*
 * The lock of the processor that the stamp has in it is held.  What goes to a
 * part has a cell already: so it can always go on to there.
 */
static __always_inline void
part_add(u64 stamp, u32 victim, u32 culprit, u64 ns)
{
	u64 key = (u64)victim << 32 | culprit, old;
	struct stall_part *p;
	u32 i;

	i = (key * 0x9e3779b97f4a7c15ULL >> 40) & (STALL_PARTS - 1);
	i += (stamp & STAMP_CPU) * STALL_PARTS;
	p = bpf_map_lookup_elem(&parts, &i);
	if (p == NULL)
		return;
	old = p->key;
	if (old == key) {
		p->ns += ns;
		if (p->stamp != stamp)
			p->waits++;
		p->stamp = stamp;
		return;
	}
	if (!cell_add(key, ns, 1)) {
		cell_none(victim, ns);
		return;
	}
	p->key = 0;
	barrier();
	if (old != 0 && !cell_add(old, p->ns, p->waits))
		cell_none(old >> 32, p->ns);
	p->ns = p->waits = 0;
	p->stamp = stamp;
	barrier();
	p->key = key;
}

/* What to know a wait by that ends now: the processor is one of WIRE_CPUS. */
static __always_inline u64
stamp_of(u64 now, u32 cpu)
{
	return now << STAMP_SHIFT | (cpu & STAMP_CPU);
}

__noinline int
blame_oldest(u32 cpu, u32 victim, u64 from, u64 end, u64 stamp)
{
	struct wait_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);

	if (c != NULL)
		wait_oldest(c, (void *)stamp, victim, from, end);
	return 0;
}

/* The victim waited on this processor from one time to another. */
__noinline int
blame(u32 cpu, u32 victim, u64 from, u64 end, u64 stamp)
{
	struct wait_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);

	if (c == NULL || end <= from)
		return 0;
	end = wait_newest(c, (void *)stamp, victim, from, end);
	if (end > from)
		blame_oldest(cpu, victim, from, end, stamp);
	return 0;
}

/* Likewise, not due to who ran. */
static __always_inline void
blame_one(u32 victim, u32 culprit, u64 ns)
{
	if (ns != 0 && !cell_add((u64)victim << 32 | culprit, ns, 1))
		cell_none(victim, ns);
}

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
static __always_inline void
limit_ran(struct task_struct *prev, u32 cpu, u64 now)
{
	struct cfs_rq *q = prev->se.cfs_rq;
	struct wait_limit *l;
	u64 tag;

	if (throttled_of(q) == 0)
		return;
	tag = limit_tag(q, cpu);
	l = limit_of(tag);
	if (l != NULL && l->tag == tag)
		l->ran = now;
}

/* Divide a wait that ends now: among the quota, and who ran. */
static __always_inline void
blame_limited(struct wait_limit *l, u64 known, u32 cpu, u32 victim, u64 from,
    u64 now)
{
	u64 start = from, end = now, before;

	wait_limit_part(l, known, &start, &end, &before);
	blame_one(victim, SLOT_THROTTLE, end - start + before);
	blame(cpu, victim, from + before, start, stamp_of(now, cpu));
	blame(cpu, victim, end, now, stamp_of(now, cpu));
}

static __always_inline void
wait_ended(struct task_struct *t, struct known *k, u32 cpu, u32 victim,
    u64 from, u64 now)
{
	struct cfs_rq *q = t->se.cfs_rq;
	u64 total = throttled_of(q), tag = limit_tag(q, cpu), known = NEW;
	struct wait_limit *l = NULL;

	if (k->limit == tag && k->throttled <= total)
		known = k->throttled;
	k->limit = tag;
	k->throttled = total;
	if (total != 0)
		l = limit_of(tag);
	if (l == NULL) {
		blame(cpu, victim, from, now, stamp_of(now, cpu));
		return;
	}
	if (l->tag != tag || l->total > total) {
		l->tag = tag;
		l->total = known != NEW ? known : total;
		l->ran = l->from = l->to = l->past = 0;
	}
	wait_limit_see(l, total, from, now,
	    bpf_core_field_exists(q->throttled_clock_self_time));
	blame_limited(l, known, cpu, victim, from, now);
}

/* The token of the task's process, which may be one of the kernel's. */
static __always_inline u32
process_of(struct task_struct *t, u32 cgroup)
{
	struct task_struct *leader = t->group_leader;
	u64 id = (leader->start_boottime ^ (u64)cgroup << 40) *
	    0xff51afd7ed558ccdULL + leader->pid;
	struct slot_entry *s;
	u32 token;

	id = (id & ~SLOT_ID_V1) | SLOT_ID_TASK;
	s = slot_find(id, &token);
	if (s == NULL) {
		token = slot_take(id, 0, (u64)BPF_CORE_READ(t, group_leader),
		    cgroup);
		return token != 0 ? token : cgroup != 0 ? cgroup : SLOT_OTHER;
	}
	/* It may have another name since: exec. */
	if (s->used != slot_epoch) {
		s->used = slot_epoch;
		bpf_probe_read_kernel(s->comm, sizeof(s->comm), &leader->comm);
	}
	return token;
}

/* Who runs, if this is what runs. */
static __always_inline u32
runner_of(struct task_struct *t, u32 cgroup)
{
	if (t->flags & PF_KTHREAD)
		return process_of(t, 0);
	return by_process && cgroup != SLOT_OTHER ? process_of(t, cgroup) :
	    cgroup;
}

static __always_inline void
run(struct wait_cpu *c, u32 cpu, u64 start, u32 who)
{
	struct stall_row *r;
	u32 was;
	u64 ns;

	ns = wait_push(c, start, who, &was);
	if (ns == 0)
		return;
	r = row_of(cpu, was);
	if (r != NULL)
		r->ran += ns;
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
		run(c, cpu, arrival, runner_of(prev, slot_of(prev)));
	return 0;
}

/* Time of this processor that the hypervisor or interrupts took. */
static __always_inline void
run_taken(struct wait_cpu *c, struct rq *rq, u32 cpu, u64 now)
{
	u64 taken = now - rq->clock_task, irq = 0, ns, part = 0;
	struct stall_row *r;
	u32 was;

	if (bpf_core_field_exists(rq->prev_irq_time))
		irq = rq->prev_irq_time;
	ns = taken - c->taken;
	if (c->switches != 0 && (s64)ns > TAKEN_LEAST) {
		part = irq - c->irq;
		if (part > ns)
			part = ns;
		ns -= part;
		part = wait_taken(c, now - ns, part, SLOT_IRQ, &was);
		r = row_of(cpu, was);
		if (r != NULL)
			r->ran += part;
		part = wait_taken(c, now, ns, SLOT_STEAL, &was);
		r = row_of(cpu, was);
		if (r != NULL)
			r->ran += part;
	}
	c->taken = taken;
	c->irq = irq;
}

/* The task gets this processor: its wait is over. */
static __always_inline void
dispatched(struct task_struct *t, u32 cpu, u32 victim, u64 now, bool table)
{
	u64 queued = t->sched_info.last_queued, ns = 0, was, delay;
	struct known *k = known_of(t, table);
	struct stall_row *r;

	/* Its wait then comes as unknown, the next time. */
	if (k == NULL) {
		__sync_fetch_and_add(&tasks_full, 1);
		return;
	}
	delay = t->sched_info.run_delay;
	was = k->delay;
	if (queued != 0)
		ns = now - queued;
	k->delay = delay + ns;
	if (delay > was)
		blame_one(victim, SLOT_UNKNOWN, delay - was);
	if (queued == 0 || queued >= now)
		return;
	wait_ended(t, k, cpu, victim, queued, now);
	ns += k->moved;
	k->moved = 0;
	r = row_of(cpu, victim);
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

/* kernel/sched/core.c __schedule(): the lock is held, next waits no more. */
static __always_inline int
on_switch(struct task_struct *prev, struct task_struct *next, bool table)
{
	struct rq *rq = next->se.cfs_rq->rq;
	u32 cpu = bpf_get_smp_processor_id(), who = SLOT_IDLE;
	struct wait_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);
	u64 now = rq->clock, switches = rq->nr_switches;

	if (c == NULL)
		return 0;
	if (c->switches + 1 != switches)
		run_missed(c, prev, cpu, now);
	run_taken(c, rq, cpu, now);
	limit_ran(prev, cpu, now);
	c->switches = switches;
	c->clock = now;
	if (next->pid != 0) {
		who = slot_of(next);
		dispatched(next, cpu, who, now, table);
		who = runner_of(next, who);
	}
	run(c, cpu, now, who);
	return 0;
}

SEC("tp_btf/sched_switch")
int switch_stored(u64 *ctx)
{
	return on_switch((void *)ctx[1], (void *)ctx[2], false);
}

SEC("tp_btf/sched_switch")
int switch_tabled(u64 *ctx)
{
	return on_switch((void *)ctx[1], (void *)ctx[2], true);
}

static __always_inline u32
state_of(struct task_struct *t)
{
	struct task_struct___before_5_14 *old = (void *)t;

	return bpf_core_field_exists(t->__state) ? t->__state : old->state;
}

/*
 * kernel/sched/core.c set_task_cpu(): a task that waits has just been taken
 * from its queue, whose lock is held, and run_delay has grown by what it
 * waited there.  Which may be less than it grew: an end that was not seen.
 */
static __always_inline int
on_migrate(struct task_struct *t, bool table)
{
	u64 delay = t->sched_info.run_delay, ns, most, now, seen;
	struct known *k = known_of(t, table);
	struct rq *rq = t->se.cfs_rq->rq;
	u32 victim, cpu = rq->cpu;
	struct wait_cpu *c;

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
	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (c == NULL)
		return 0;
	k->moved += ns;
	seen = wait_known(c, rq->nr_switches, now - ns, now);
	blame(cpu, victim, now - ns, seen, stamp_of(now, cpu));
	blame_one(victim, SLOT_UNKNOWN, now - seen);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int migrate_stored(u64 *ctx)
{
	return on_migrate((void *)ctx[0], false);
}

SEC("tp_btf/sched_migrate_task")
int migrate_tabled(u64 *ctx)
{
	return on_migrate((void *)ctx[0], true);
}

/* One that sleeps, and whose last wait had an end that was not seen. */
static __always_inline void
catch_up(struct task_struct *t, struct known *k)
{
	u64 delay = t->sched_info.run_delay, was = k->delay;
	u32 state = state_of(t);

	if (state == 0 || state == TASK_WAKING || delay <= was)
		return;
	k->delay = delay;
	blame_one(slot_of(t), SLOT_UNKNOWN, delay - was);
}

/* One task, which may be waiting.  Its run queue's clock stood still since the
 * last tick at most. */
static __always_inline int
on_task(struct bpf_iter__task *ctx, bool table)
{
	struct task_struct *t = ctx->task;
	struct stall_open open = { 0 };
	struct known *k;
	struct wait_cpu *c;
	u64 queued, now;
	struct rq *rq;
	u32 cpu;

	if (t == NULL)
		return 0;
	rq = t->se.cfs_rq->rq;
	now = rq->clock;
	cpu = rq->cpu;
	c = bpf_map_lookup_elem(&cpus, &cpu);
	if (c != NULL && now > c->now)
		c->now = now;
	k = table ? known_tabled(t, false) : known_stored(t, false);
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

SEC("iter/task")
int waiting_stored(struct bpf_iter__task *ctx)
{
	return on_task(ctx, false);
}

SEC("iter/task")
int waiting_tabled(struct bpf_iter__task *ctx)
{
	return on_task(ctx, true);
}
