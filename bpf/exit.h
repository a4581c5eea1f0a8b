/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The end of a process: how it ended, and what it used. */
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

const volatile bool tell_exit = true;

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
