/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The end of a process: how it ended, what it used, whom it left behind. */
#ifndef BPF_EXIT_H
#define BPF_EXIT_H

struct sums {
	u64 utime, stime, rtime, min_flt, maj_flt;
	u64 rchar, wchar, read_bytes, write_bytes;
};

static __always_inline void
sums_add_io(struct sums *a, struct task_io_accounting *io)
{
	if (bpf_core_field_exists(io->rchar)) {
		a->rchar += BPF_CORE_READ(io, rchar);
		a->wchar += BPF_CORE_READ(io, wchar);
	}
	if (bpf_core_field_exists(io->read_bytes)) {
		a->read_bytes += BPF_CORE_READ(io, read_bytes);
		a->write_bytes += BPF_CORE_READ(io, write_bytes);
	}
}

static __always_inline void
sums_add(struct sums *a, struct task_struct *t)
{
	a->utime += BPF_CORE_READ(t, utime);
	a->stime += BPF_CORE_READ(t, stime);
	a->rtime += BPF_CORE_READ(t, se.sum_exec_runtime);
	a->min_flt += BPF_CORE_READ(t, min_flt);
	a->maj_flt += BPF_CORE_READ(t, maj_flt);
	sums_add_io(a, &t->ioac);
}

enum { THREADS_MAX = 128 };	/* dying threads not yet released, see below */

/* Add what dying threads have that are not yet released.  0 if there are more
 * than THREADS_MAX. */
__noinline int
threads_sum(u64 signal, u32 key)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct signal_struct *sig = (void *)signal;
	unsigned long head, pos;
	struct sums a = { 0 }, *sums;
	int i;

	if (s == NULL)
		return 0;
	head = (unsigned long)sig +
	    bpf_core_field_offset(struct signal_struct, thread_head);
	pos = (unsigned long)BPF_CORE_READ(sig, thread_head.next);
	for (i = 0; i < THREADS_MAX && pos != head; i++) {
		sums_add(&a, (void *)(pos - bpf_core_field_offset(
		    struct task_struct, thread_node)));
		pos = (unsigned long)BPF_CORE_READ((struct list_head *)pos,
		    next);
	}
	sums = (void *)s->work;
	sums->utime += a.utime;
	sums->stime += a.stime;
	sums->rtime += a.rtime;
	sums->min_flt += a.min_flt;
	sums->maj_flt += a.maj_flt;
	sums->rchar += a.rchar;
	sums->wchar += a.wchar;
	sums->read_bytes += a.read_bytes;
	sums->write_bytes += a.write_bytes;
	return pos == head;
}

/*
 * Threads that are gone have left their figures in signal_struct; those that
 * are still being released, the last one among them, have not.
 */
static __always_inline bool
sums_fill(struct sums *a, struct task_struct *t, struct signal_struct *sig,
    u32 key)
{
	__builtin_memset(a, 0, sizeof(*a));
	a->utime = GET(sig, utime);
	a->stime = GET(sig, stime);
	a->rtime = GET(sig, sum_sched_runtime);
	a->min_flt = GET(sig, min_flt);
	a->maj_flt = GET(sig, maj_flt);
	sums_add_io(a, &sig->ioac);
	if (GET(sig, nr_threads) != 1)
		return threads_sum((u64)BPF_CORE_READ(t, signal), key);
	sums_add(a, t);
	return true;
}

/* a * b / c for a <= c, without 128 bits: the 32 leading bits of c count. */
static __always_inline u64
scale(u64 a, u64 b, u64 c)
{
	int i;

	for (i = 0; i < 32 && c >> 32 != 0; i++) {
		a >>= 1;
		c >>= 1;
	}
	if (c == 0)
		return 0;
	return b / c * a + b % c * a / c;
}

/* kernel/sched/cputime.c cputime_adjust(): ticks say how, rtime how much. */
static __always_inline void
times_put(struct wire_exit *w, const struct sums *a, struct signal_struct *sig)
{
	u64 was_u = BPF_CORE_READ(sig, prev_cputime.utime);
	u64 was_s = BPF_CORE_READ(sig, prev_cputime.stime);
	u64 u, s;

	if (was_u + was_s >= a->rtime) {
		w->utime_ns = was_u;
		w->stime_ns = was_s;
		return;
	}
	if (a->stime == 0)
		s = 0;
	else if (a->utime == 0)
		s = a->rtime;
	else
		s = scale(a->stime, a->rtime, a->stime + a->utime);
	if (s < was_s)
		s = was_s;
	u = a->rtime - s;
	if (u < was_u) {
		u = was_u;
		s = a->rtime - u;
	}
	w->utime_ns = u;
	w->stime_ns = s;
}

static __always_inline void
usage_put(struct wire_exit *w, struct sums *a, struct task_struct *t,
    struct signal_struct *sig, u32 key)
{
	w->utime_ns = w->stime_ns = WIRE_UNKNOWN_64;
	w->min_faults = w->maj_faults = WIRE_UNKNOWN_64;
	w->read_bytes = w->write_bytes = WIRE_UNKNOWN_64;
	w->rchar_bytes = w->wchar_bytes = WIRE_UNKNOWN_64;
	/* do_exit() has settled this before the tracepoint. */
	w->maxrss_bytes = GET(sig, maxrss) * page_size;
	if (!sums_fill(a, t, sig, key))
		return;
	times_put(w, a, sig);
	w->min_faults = a->min_flt;
	w->maj_faults = a->maj_flt;
	if (bpf_core_field_exists(t->ioac.read_bytes)) {
		w->read_bytes = a->read_bytes;
		w->write_bytes = a->write_bytes;
	}
	if (bpf_core_field_exists(t->ioac.rchar)) {
		w->rchar_bytes = a->rchar;
		w->wchar_bytes = a->wchar;
	}
}

/* kernel/exit.c wait_task_zombie(), and wait(2) for the word's meaning. */
static __always_inline void
status_put(struct wire_exit *w, struct task_struct *t,
    struct signal_struct *sig)
{
	struct task_struct *leader = GET(t, group_leader);
	int status;

	if (GET(sig, flags) & SIGNAL_GROUP_EXIT)
		status = GET(sig, group_exit_code);
	else
		status = GET(leader, exit_code);
	w->exit_code = w->signal = WIRE_UNKNOWN_32;
	w->core = 0;
	if ((status & 0x7f) == 0) {
		w->exit_code = status >> 8 & 0xff;
		return;
	}
	w->signal = status & 0x7f;
	w->core = (status & 0x80) != 0;
}

enum {
	CHILDREN_SOME = 256,	/* of a process that dies are looked at in one go */
	CHILDREN_GOES = 64,	/* so often; what is then left a snapshot tells */
	REAPER_MAX = 64,	/* generations to look for a subreaper */
};

static __always_inline bool
is_subreaper(struct task_struct *t)
{
	struct signal_struct *sig = BPF_CORE_READ(t, signal);

	return BPF_CORE_READ_BITFIELD_PROBED(sig, is_child_subreaper) &&
	    BPF_CORE_READ(sig, live.counter) > 0;
}

/*
 * kernel/exit.c find_new_reaper(), for a process whose threads are all dead.
 * Fills in both parents; 0 if the children will not live to see the new one.
 */
__noinline int
reaper_put(u64 task, u32 key)
{
	struct task_struct *t = (void *)task, *reaper, *up;
	u32 level = BPF_CORE_READ(t, thread_pid, level);
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct signal_struct *sig = BPF_CORE_READ(t, signal);
	struct pid_namespace *ns = pid_ns_of(t);
	struct wire_reparent *w;
	int i;

	if (s == NULL)
		return 0;
	w = AT(s, struct wire_reparent);
	reaper = BPF_CORE_READ(ns, child_reaper);
	if (BPF_CORE_READ(reaper, tgid) == BPF_CORE_READ(t, tgid))
		return 0;	/* init of a namespace takes all in it along */
	if (BPF_CORE_READ_BITFIELD_PROBED(sig, has_child_subreaper)) {
		up = BPF_CORE_READ(t, real_parent);
		for (i = 0; i < REAPER_MAX; i++) {
			if (BPF_CORE_READ(up, tgid) <= 1 ||
			    BPF_CORE_READ(up, thread_pid, level) != level)
				break;
			if (is_subreaper(up)) {
				reaper = up;
				break;
			}
			up = BPF_CORE_READ(up, real_parent);
		}
	}
	w->parent_id_start = BPF_CORE_READ(reaper, group_leader,
	    start_boottime);
	w->ppid = BPF_CORE_READ(reaper, tgid);
	w->parent_id_pad = 0;
	w->old_parent_id_start = BPF_CORE_READ(t, group_leader,
	    start_boottime);
	w->old_ppid = BPF_CORE_READ(t, tgid);
	w->old_parent_id_pad = 0;
	w->pad0 = 0;
	return 1;
}

/* What is known of all children of one process, in scratch.work: the verifier
 * does not follow it there, as it would in registers round a loop. */
struct orphans {
	u32 living, asked, adopted, pad;
	u64 pos;
};

const volatile bool tell_exit = true, tell_reparent = true;

static __always_inline void
orphan_put(struct wire_reparent *w, struct task_struct *t, u32 key)
{
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct kernfs_node *kn, *v1 = NULL;
	u32 off;

	w->id_start = BPF_CORE_READ(t, group_leader, start_boottime);
	w->pid = BPF_CORE_READ(t, tgid);
	w->id_pad = 0;
	bpf_probe_read_kernel(w->comm, sizeof(w->comm), &t->comm);
	w->uid = BPF_CORE_READ(t, real_cred, uid.val);
	if (v1_subsys >= 0)
		v1 = v1_node_of(set);
	kn = v1_only ? v1 : BPF_CORE_READ(set, dfl_cgrp, kn);
	w->cgroup_id = BPF_CORE_READ(kn, id);
	off = walk_cgroup((u64)kn, key, 0);
	w->len_cgroup = off;
	w->cgroup_v1_id = WIRE_UNKNOWN_64;
	w->len_cgroup_v1 = 0;
	if (v1 != NULL && !v1_only) {
		w->cgroup_v1_id = BPF_CORE_READ(v1, id);
		off = walk_cgroup((u64)v1, key, off);
		w->len_cgroup_v1 = off - w->len_cgroup;
	}
	send(w, sizeof(*w), off, TAIL_PATHS, SLOT_reparent, w->head.boot_ns);
}

/* One child, if it lives. */
__noinline int
orphan_send(u64 task, u32 key, u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct task_struct *t = (void *)task;
	struct wire_reparent *w;
	struct orphans *all;

	if (s == NULL || BPF_CORE_READ(t, signal, live.counter) == 0)
		return 0;
	all = (void *)s->work;
	all->living++;
	if (!tell_reparent || !orphan_wanted(task))
		return 0;
	if (!all->asked) {
		all->asked = 1;
		all->adopted = reaper_put((u64)BPF_CORE_READ(t, real_parent,
		    group_leader), key);
	}
	if (!all->adopted)
		return 0;
	w = AT(s, struct wire_reparent);
	head_fill(&w->head, EV_reparent, SLOT_reparent, now);
	orphan_put(w, t, key);
	return 0;
}

/* Some of the children, from where the last call ended.  1 if that was all. */
__noinline int
orphans_some(u64 head, u32 key, u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct orphans *all;
	u64 pos;
	int i;

	if (s == NULL)
		return 1;
	all = (void *)s->work;
	pos = all->pos;
	for (i = 0; i < CHILDREN_SOME && pos != head && pos != 0; i++) {
		orphan_send(pos - bpf_core_field_offset(struct task_struct,
		    sibling), key, now);
		pos = (u64)BPF_CORE_READ((struct list_head *)pos, next);
	}
	all->pos = pos;
	return pos == head;
}

/*
 * The children of the last thread are those of the process: what other threads
 * had, they left to it.  The number of living ones; -1 if they are too many.
 */
__noinline int
orphans_send(u64 head, u64 now)
{
	u32 key = cpu_now() * SLOTS + SLOT_reparent;
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct orphans *all;
	int i;

	if (s == NULL)
		return 0;
	all = (void *)s->work;
	all->living = all->asked = all->adopted = 0;
	all->pos = (u64)BPF_CORE_READ((struct list_head *)head, next);
	for (i = 0; i < CHILDREN_GOES; i++)
		if (orphans_some(head, key, now))
			return all->living;
	counts[cpu_now()].untold++;
	return -1;
}

/* Most processes have no children, and need not ask. */
static __always_inline u32
orphans(struct task_struct *t, u64 now)
{
	u64 next = (u64)BPF_CORE_READ(t, children.next);
	u64 prev = (u64)BPF_CORE_READ(t, children.prev);
	u64 head;

	/* The last child leads back to the head, of whose address the verifier
	 * would know the type. */
	head = (u64)BPF_CORE_READ((struct list_head *)prev, next);
	return next == head ? 0 : orphans_send(head, now);
}

/* kernel/exit.c do_exit(), of the last thread. */
static __always_inline int
on_exit(struct task_struct *t)
{
	struct task_struct *parent = GET(t, real_parent);
	struct signal_struct *sig = GET(t, signal);
	u64 now = bpf_ktime_get_boot_ns();
	struct wire_exit *w;
	struct scratch *s;
	struct groups g;
	u32 key, off = 0, n;

	/* Those who are wanted may be the children of one who is not. */
	n = orphans(t, now);
	if (!in_tree(t))
		return 0;
	tree_leave(GET(t, tgid));
	if (!wanted(t))
		return 0;
	s = scratch_of(SLOT_exit, &key);
	if (s == NULL || !tell_exit)
		return 0;
	w = AT(s, struct wire_exit);
	head_fill(&w->head, EV_exit, SLOT_exit, now);
	PROC_PUT(w, id, pid, t);
	PROC_PUT(w, parent_id, ppid, parent);
	comm_put(w->comm, t);
	w->uid = uid_of(t);
	w->pad0 = 0;
	groups_fill(&g, t, key, &off);
	GROUPS_PUT(w, g);
	status_put(w, t, sig);
	w->children = n != 0 ? n : WIRE_UNKNOWN_32;	/* as is -1 */
	w->duration_ns = now - w->id_start;
	usage_put(w, (struct sums *)s->work, t, sig, key);
	send(w, sizeof(*w), off, TAIL_PATHS, SLOT_exit, now);
	return 0;
}

/* Several dying threads may all find no living one: the first may speak. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64[2]);
	__type(value, u8);
} exited SEC(".maps");

static __always_inline bool
last_thread(struct task_struct *t)
{
	struct signal_struct *sig = GET(t, signal);
	u64 key[2] = { start_of(t), GET(t, tgid) };
	u8 yes = 1;

	return BPF_CORE_READ(sig, live.counter) == 0 &&
	    bpf_map_update_elem(&exited, key, &yes, BPF_NOEXIST) == 0;
}

#endif
