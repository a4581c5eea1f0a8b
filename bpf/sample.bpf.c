/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What each process uses: an iterator over all tasks (5.8) that stops at the
 * main threads and adds up over their groups.  It writes struct sample_seen
 * into a file that lnx-trace reads.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rec/wire.h"

#include "scratch.h"
#include "walk.h"
#include "task.h"
#include "filter.h"
#include "rss.h"
#include "wchan.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	THREADS_SOME = 64,	/* of a process are looked at in one go */
	THREADS_GOES = 1024,	/* so often; of processes with more, sums are unknown */
	SUM_TRIES = 3,		/* while threads of it end */
	FDS_SOME = 256,	/* words of 64 file descriptors, in one go */
	FDS_GOES = 64,		/* so often: 1,048,576 descriptors; more are unknown */
	NOFILE = 7,		/* RLIMIT_NOFILE: include/uapi/asm-generic/resource.h */
};

#define PF_EXITING	0x4		/* include/linux/sched.h */

/* Sums over the threads of one process, in scratch.work. */
struct tally {
	u64 cpu, utime, stime, run_delay, voluntary, involuntary;
	u64 read_bytes, write_bytes;
	u64 mm, files;		/* of a thread that has them still */
	u64 pos;
};

/*
 * What threads that have ended waited for a processor: unlike the rest, the
 * kernel does not keep it.  Of processes that go on living.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64[2]);		/* start, pid */
	__type(value, u64);
} gone SEC(".maps");

static __always_inline void
tally_add(struct tally *a, struct task_struct *t)
{
	struct task_io_accounting *io = &t->ioac;

	a->cpu += BPF_CORE_READ(t, se.sum_exec_runtime);
	a->utime += BPF_CORE_READ(t, utime);
	a->stime += BPF_CORE_READ(t, stime);
	a->voluntary += BPF_CORE_READ(t, nvcsw);
	a->involuntary += BPF_CORE_READ(t, nivcsw);
	if (bpf_core_field_exists(t->sched_info.run_delay) &&
	    !(BPF_CORE_READ(t, flags) & PF_EXITING))
		a->run_delay += BPF_CORE_READ(t, sched_info.run_delay);
	if (bpf_core_field_exists(io->read_bytes)) {
		a->read_bytes += BPF_CORE_READ(io, read_bytes);
		a->write_bytes += BPF_CORE_READ(io, write_bytes);
	}
	if (a->mm == 0)
		a->mm = (u64)BPF_CORE_READ(t, mm);
	if (a->files == 0)
		a->files = (u64)BPF_CORE_READ(t, files);
}

/* What threads that are gone have left to the process. */
static __always_inline void
tally_begin(struct tally *a, struct signal_struct *sig)
{
	struct task_io_accounting *io = &sig->ioac;

	__builtin_memset(a, 0, sizeof(*a));
	a->cpu = BPF_CORE_READ(sig, sum_sched_runtime);
	a->utime = BPF_CORE_READ(sig, utime);
	a->stime = BPF_CORE_READ(sig, stime);
	a->voluntary = BPF_CORE_READ(sig, nvcsw);
	a->involuntary = BPF_CORE_READ(sig, nivcsw);
	if (bpf_core_field_exists(io->read_bytes)) {
		a->read_bytes = BPF_CORE_READ(io, read_bytes);
		a->write_bytes = BPF_CORE_READ(io, write_bytes);
	}
	a->pos = (u64)BPF_CORE_READ(sig, thread_head.next);
}

/* Some of the threads, from where the last call ended.  1 if that was all. */
__noinline int
threads_some(u64 head)
{
	u32 key = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct tally *all, a;
	u64 pos;
	int i;

	if (s == NULL)
		return 1;
	all = (void *)s->work;
	a = *all;
	pos = a.pos;
	for (i = 0; i < THREADS_SOME && pos != head && pos != 0; i++) {
		tally_add(&a, (void *)(pos - bpf_core_field_offset(
		    struct task_struct, thread_node)));
		pos = (u64)BPF_CORE_READ((struct list_head *)pos, next);
	}
	a.pos = pos;
	*all = a;
	return pos == head;
}

/* All of them.  0 if they are too many. */
__noinline int
threads_all(u64 signal)
{
	u32 key = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct signal_struct *sig = (void *)signal;
	int i;

	if (s == NULL)
		return 0;
	tally_begin((void *)s->work, sig);
	for (i = 0; i < THREADS_GOES; i++)
		if (threads_some(signal +
		    bpf_core_field_offset(struct signal_struct, thread_head)))
			return 1;
	return 0;
}

static __always_inline u32
stats_seq(u64 signal)
{
	u32 seq = 0;

	bpf_probe_read_kernel(&seq, sizeof(seq), (void *)(signal +
	    bpf_core_field_offset(struct signal_struct, stats_lock)));
	return seq;
}

/*
 * kernel/sched/cputime.c thread_group_cputime(): a thread that ends meanwhile
 * would be counted twice or not at all.
 */
static __always_inline int
threads_sum(u64 signal)
{
	u32 seq;
	int i;

	for (i = 0; i < SUM_TRIES; i++) {
		seq = stats_seq(signal);
		if (!threads_all(signal))
			return 0;
		if ((seq & 1) == 0 && seq == stats_seq(signal))
			break;
	}
	return 1;	/* at worst a figure stands still until the next look */
}

static __always_inline u32
ones(u64 v)
{
	v = v - (v >> 1 & 0x5555555555555555ULL);
	v = (v & 0x3333333333333333ULL) + (v >> 2 & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return v * 0x0101010101010101ULL >> 56;
}

/* Bits that are set in so many words. */
__noinline int
fds_some(u64 bits, u64 words)
{
	u32 n = 0;
	u64 v;
	u64 i;

	for (i = 0; i < FDS_SOME && i < words; i++) {
		v = 0;
		bpf_probe_read_kernel(&v, sizeof(v), (void *)(bits + i * 8));
		n += ones(v);
	}
	return n;
}

__noinline int
fds_count(u64 files)
{
	struct fdtable *fdt = BPF_CORE_READ((struct files_struct *)files, fdt);
	u64 words = BPF_CORE_READ(fdt, max_fds) / 64;
	u64 bits = (u64)BPF_CORE_READ(fdt, open_fds);
	int i, n = 0;

	for (i = 0; i < FDS_GOES && words > 0; i++) {
		n += fds_some(bits, words);
		bits += FDS_SOME * 8;
		words -= words < FDS_SOME ? words : FDS_SOME;
	}
	return words == 0 ? n : -1;
}

/* Paths are told once in a generation: the reader remembers them. */
struct path_key {
	u64 id, v1;
};

__u32 generation;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct path_key);
	__type(value, u32);
} told SEC(".maps");

static __always_inline u32
path_put(u64 kernfs, u64 id, u64 v1, u32 off)
{
	struct path_key key = { id, v1 };
	u32 *in = bpf_map_lookup_elem(&told, &key);

	if (in != NULL && *in == generation)
		return off;
	return walk_cgroup(kernfs, 0, off);
}

static __always_inline void
path_told(u64 id, u64 v1, u32 len)
{
	struct path_key key = { id, v1 };
	u32 in = generation;

	if (len > 0)
		bpf_map_update_elem(&told, &key, &in, BPF_ANY);
}

static __always_inline u32
groups_put(struct sample_seen *w, struct task_struct *t)
{
	struct kernfs_node *kn = v1_only ? v1_node(t) : v2_node(t);
	u32 off;

	w->cgroup_id = BPF_CORE_READ(kn, id);
	off = path_put((u64)kn, w->cgroup_id, 0, 0);
	w->len_cgroup = off;
	w->cgroup_v1_id = WIRE_UNKNOWN_64;
	w->len_cgroup_v1 = 0;
	if (v1_only || v1_subsys < 0)
		return off;
	kn = v1_node(t);
	w->cgroup_v1_id = BPF_CORE_READ(kn, id);
	off = path_put((u64)kn, w->cgroup_v1_id, 1, off);
	w->len_cgroup_v1 = off - w->len_cgroup;
	return off;
}

static __always_inline void
used_put(struct sample_seen *w, struct task_struct *t, struct tally *a,
    int whole)
{
	u64 key[2] = { w->start, w->pid }, *waited;

	w->run_delay = w->read_bytes = w->write_bytes = WIRE_UNKNOWN_64;
	w->cpu = w->utime = w->stime = WIRE_UNKNOWN_64;
	w->voluntary = w->involuntary = WIRE_UNKNOWN_64;
	if (!whole)
		return;
	w->cpu = a->cpu;
	w->utime = a->utime;
	w->stime = a->stime;
	w->voluntary = a->voluntary;
	w->involuntary = a->involuntary;
	if (bpf_core_field_exists(t->sched_info.run_delay)) {
		waited = bpf_map_lookup_elem(&gone, key);
		w->run_delay = a->run_delay + (waited != NULL ? *waited : 0);
	}
	if (bpf_core_field_exists(t->ioac.read_bytes)) {
		w->read_bytes = a->read_bytes;
		w->write_bytes = a->write_bytes;
	}
}

static __always_inline u32
seen_fill(struct sample_seen *w, struct task_struct *t, struct tally *a)
{
	struct task_struct *parent = BPF_CORE_READ(t, real_parent);
	struct signal_struct *sig = BPF_CORE_READ(t, signal);
	int whole, n;

	w->boot_ns = bpf_ktime_get_boot_ns();
	w->start = t->start_boottime;
	w->pid = t->tgid;
	w->parent_start = BPF_CORE_READ(parent, group_leader, start_boottime);
	w->ppid = BPF_CORE_READ(parent, tgid);
	w->line = 0;
	comm_put(w->comm, t);
	w->uid = BPF_CORE_READ(t, real_cred, uid.val);
	w->state = state_of(t, sig);
	w->threads = BPF_CORE_READ(sig, nr_threads);
	w->kthread = (BPF_CORE_READ(t, flags) & PF_KTHREAD) != 0;
	whole = threads_sum((u64)sig);
	used_put(w, t, a, whole);
	rss_put(&w->rss_bytes, &w->swap_bytes, a->mm);
	w->fds = WIRE_UNKNOWN_64;
	if (a->files != 0) {
		n = fds_count(a->files);
		if (n >= 0)
			w->fds = n;
	}
	w->fds_max = BPF_CORE_READ(sig, rlim[NOFILE].rlim_cur);
	return groups_put(w, t);
}

SEC("iter/task")
int sample(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct sample_seen *w;
	struct scratch *s;
	u64 off, ip = 0;
	u32 key = 0;

	if (t == NULL || t->pid != t->tgid)
		return 0;
	if (!in_tree(t))
		return 0;
	tree_join(t->tgid, t->start_boottime);
	if (!wanted(t))
		return 0;
	s = bpf_map_lookup_elem(&scratch, &key);
	if (s == NULL)
		return 0;
	w = AT(s, struct sample_seen);
	off = seen_fill(w, t, (void *)s->work);
	barrier_var(off);
	if (off > TAIL_PATHS - 8)
		return 0;
	off = (off + 7) & ~7ULL;	/* the reader wants them aligned */
	w->size = sizeof(*w) + off;
	if (w->state == 'D')
		ip = wchan_of(t);
	w->line = ip != 0;
	/* What has no room is left out, and comes again in the next read. */
	if (bpf_seq_write(ctx->meta->seq, w, sizeof(*w) + off) != 0 ||
	    (ip != 0 && wchan_put(ctx->meta->seq, ip) != 0))
		return 0;
	path_told(w->cgroup_id, 0, w->len_cgroup);
	path_told(w->cgroup_v1_id, 1, w->len_cgroup_v1);
	return 0;
}

/* A member of the tree: its parent may end before the next look. */
SEC("tp_btf/sched_process_fork")
int tree_fork(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[1];

	if (t->pid == t->tgid && in_tree(t))
		tree_join(t->tgid, t->start_boottime);
	return 0;
}

/* kernel/exit.c do_exit(), of each thread. */
SEC("tp_btf/sched_process_exit")
int thread_end(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[0];
	struct signal_struct *sig = t->signal;
	u64 key[2] = { start_of(t), t->tgid }, none = 0, *sum;

	if (BPF_CORE_READ(sig, live.counter) == 0) {
		bpf_map_delete_elem(&gone, key);
		tree_leave(t->tgid);
		return 0;
	}
	if (!bpf_core_field_exists(t->sched_info.run_delay))
		return 0;
	sum = bpf_map_lookup_elem(&gone, key);
	if (sum == NULL) {
		bpf_map_update_elem(&gone, key, &none, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&gone, key);
	}
	if (sum != NULL)
		__sync_fetch_and_add(sum, t->sched_info.run_delay);
	return 0;
}
