/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is remembered of each task, from its first switch to its end: in a table
 * by its address, in the place of its own or one of a few others.  Where they
 * are all taken the kernel's task storage has it, which costs six times as much.
 * A task stays where it is, so it is in one place only.
 *
 * No place is taken but by who has the task's run queue locked, or before the
 * programs are attached: a task never gets two.
 */
#ifndef BPF_STALL_KNOWN_H
#define BPF_STALL_KNOWN_H

enum { KNOWN_PROBES = 8 };

/* In delay: what the task waited until it is next seen is not ours. */
#define KNOWN_NOT	(~0ULL)

/*
 * In moved: the task was moved in its sleep.  Since 6.12 one that sleeps may stay
 * in its queue (se.sched_delayed), and who moves it then stamps it as if it began
 * to wait: enqueue_task() in kernel/sched/core.c.  The kernel takes what it sleeps
 * from then on for waiting, and where that begins in truth nobody knows.
 */
#define KNOWN_SLEPT	(1ULL << 63)

/* One line of the cache. */
struct known {
	u64	task;			/* address; 0: nobody's */
	u64	delay;			/* run_delay as it was last accounted for */
	u64	moved;			/* of this wait, elsewhere; KNOWN_SLEPT */
	u64	limit;			/* run queue that it was dispatched from, */
	u64	throttled;		/* and how long that had been throttled */
	u64	key;			/* of its cgroup */
	u32	epoch;			/* slot_epoch as of which it has */
	u32	cgroup;			/* that token, */
	u32	runner;			/* and its process this one; 0: not yet */
	u32	claims;			/* see known_claim() */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);	/* so that it begins a page */
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct known);
} known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct known);
} known_more SEC(".maps");

const volatile u32 known_number = KNOWN_PROBES;	/* a power of two */
const volatile bool known_storage = false;	/* there is known_more (5.12) */

/* Tasks that began later are known from their beginning. */
u64 opened_at = ~0ULL;

/* Times that a task could not be remembered. */
u64 tasks_full;

/* To the verifier it is no number as long as it is in a register.  The room is
 * in a map, and nobody else's meanwhile. */
static __always_inline u64
known_address(u64 *room, struct task_struct *t)
{
	*(volatile u64 *)room = (u64)t;
	return *(volatile u64 *)room;
}

static __always_inline struct known *
known_place(u64 task, u32 probe)
{
	u32 i = ((task * 0x9e3779b97f4a7c15ULL >> 40) ^ probe) &
	    (known_number - 1);

	return bpf_map_lookup_elem(&known, &i);
}

/*
 * What a task waited before it was first seen comes as unknown if it began after
 * us; else it does not matter.  Nor if it may have been seen and had no place:
 * then it was counted.
 */
static __always_inline void
known_first(struct known *k, struct task_struct *t)
{
	k->delay = t->start_boottime > opened_at &&
	    (t->sched_info.pcount == 0 || tasks_full == 0) ? 0 :
	    t->sched_info.run_delay;
	k->moved = k->limit = k->throttled = 0;
	k->epoch = 0;
}

/* Whether the place is ours now: of two who want it at once neither gets it.
 * There is no cmpxchg before 5.12. */
static __always_inline bool
known_claim(struct known *k)
{
	if (k->task != 0 || k->claims != 0)
		return false;
	__sync_fetch_and_add(&k->claims, 1);
	if (*(volatile u32 *)&k->claims == 1)
		return true;
	__sync_fetch_and_add(&k->claims, -1);
	return false;
}

static __always_inline struct known *
known_stored(struct task_struct *t, bool take)
{
	struct known *k, new = { 0 };

	if (!known_storage)
		return NULL;
	k = bpf_task_storage_get(&known_more, t, 0, 0);
	if (k != NULL || !take)
		return k;
	known_first(&new, t);
	return bpf_task_storage_get(&known_more, t, &new,
	    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Look everywhere; NULL if it is nowhere.  Who never ran, and yet waited longer
 * than it did, is another: the end of the one before was not seen. */
static __noinline struct known *
known_search(struct task_struct *t, u64 task)
{
	struct known *k;
	u32 probe;

	for (probe = 0; probe < KNOWN_PROBES; probe++) {
		k = known_place(task, probe);
		if (k == NULL || k->task != task)
			continue;
		if (t->sched_info.pcount == 0 &&
		    k->delay > t->sched_info.run_delay)
			known_first(k, t);
		return k;
	}
	return known_stored(t, false);
}

static __noinline struct known *
known_take(struct task_struct *t, u64 task)
{
	struct known *k;
	u32 probe;

	for (probe = 0; probe < KNOWN_PROBES; probe++) {
		k = known_place(task, probe);
		if (k != NULL && known_claim(k)) {
			known_first(k, t);
			barrier();
			k->task = task;
			return k;
		}
	}
	return known_stored(t, true);
}

/* Of a task whose run queue is locked. */
static __always_inline struct known *
known_of(struct task_struct *t, u64 task)
{
	struct known *k = known_place(task, 0);

	if (k != NULL && k->task == task && t->sched_info.pcount != 0)
		return k;
	k = known_search(t, task);
	return k != NULL ? k : known_take(t, task);
}

/* The token of its cgroup, which has that key.  It is looked up once in an epoch,
 * at least: that keeps the slot. */
static __always_inline u32
known_cgroup(struct known *k, struct task_struct *t, u64 key)
{
	if (k->epoch != slot_epoch || k->key != key) {
		k->cgroup = slot_of(t, key);
		k->key = key;
		k->runner = 0;
		k->epoch = slot_epoch;
	}
	return k->cgroup;
}

/* The task is no more. */
static __always_inline void
known_free(u64 task)
{
	struct known *k;
	u32 probe;

	for (probe = 0; probe < KNOWN_PROBES; probe++) {
		k = known_place(task, probe);
		if (k == NULL || k->task != task)
			continue;
		k->task = 0;
		barrier();
		__sync_fetch_and_add(&k->claims, -1);
	}
}

#endif
