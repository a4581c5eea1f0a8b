/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a task_struct tells.  GET() is a plain load where the verifier knows
 * the pointer's type (tp_btf, iterators), and a probe read where it does not.
 */
#ifndef BPF_TASK_H
#define BPF_TASK_H

#ifdef RAW_TP
#define GET(p, f)	BPF_CORE_READ(p, f)
#else
#define GET(p, f)	((p)->f)
#endif

#define SIGNAL_GROUP_EXIT	0x4		/* include/linux/sched/signal.h */
#define PF_KTHREAD		0x00200000	/* include/linux/sched.h */

/* Which v1 hierarchy to look at, as enum cgroup_subsys_id of this kernel. */
const volatile int v1_subsys = -1;
/* Where there is no v2 hierarchy, cgroup means that of v1. */
const volatile bool v1_only = false;

/* Global functions take numbers, not pointers whose type is known: so the last
 * load on the way to their arguments is a probe read. */
static __always_inline struct kernfs_node *
v2_node(struct task_struct *t)
{
	struct css_set *set = GET(t, cgroups);
	struct cgroup *c = GET(set, dfl_cgrp);

	return BPF_CORE_READ(c, kn);
}

static __always_inline struct kernfs_node *
v1_node_of(struct css_set *set)
{
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css), (char *)set +
	    bpf_core_field_offset(struct css_set, subsys) + v1_subsys * 8);
	return BPF_CORE_READ(css, cgroup, kn);
}

static __always_inline struct kernfs_node *
v1_node(struct task_struct *t)
{
	return v1_node_of(GET(t, cgroups));
}

struct groups {
	u64 id, v1_id;
	u32 len, v1_len;
};

/* Ids of the cgroups of a task, and their paths at *off. */
static __always_inline void
groups_fill(struct groups *g, struct task_struct *t, u32 key, u32 *off)
{
	struct kernfs_node *kn = v1_only ? v1_node(t) : v2_node(t);
	u32 end;

	g->id = BPF_CORE_READ(kn, id);
	end = walk_cgroup((u64)kn, key, *off);
	g->len = end - *off;
	*off = end;
	g->v1_id = WIRE_UNKNOWN_64;
	g->v1_len = 0;
	if (v1_only || v1_subsys < 0)
		return;
	kn = v1_node(t);
	g->v1_id = BPF_CORE_READ(kn, id);
	end = walk_cgroup((u64)kn, key, *off);
	g->v1_len = end - *off;
	*off = end;
}

#define GROUPS_PUT(w, g) do {				\
	(w)->cgroup_id = (g).id;			\
	(w)->len_cgroup = (g).len;			\
	(w)->cgroup_v1_id = (g).v1_id;			\
	(w)->len_cgroup_v1 = (g).v1_len;		\
} while (0)

static __always_inline u64
start_of(struct task_struct *t)
{
	struct task_struct *leader = GET(t, group_leader);

	return GET(leader, start_boottime);
}

/* A process: when its main thread started, and its pid. */
#define PROC_PUT(w, name, pidname, t) do {		\
	(w)->name##_start = start_of(t);		\
	(w)->pidname = GET(t, tgid);			\
	(w)->name##_pad = 0;				\
} while (0)

#define PROC_NONE(w, name, pidname) do {		\
	(w)->name##_start = WIRE_UNKNOWN_64;		\
	(w)->pidname = WIRE_UNKNOWN_32;			\
	(w)->name##_pad = 0;				\
} while (0)

/* The pid inside its own pid namespace, if that is not the initial one. */
static __always_inline u32
ns_pid_of(struct task_struct *t)
{
	struct pid *pid = GET(t, thread_pid);
	u32 level = GET(pid, level), nr = WIRE_UNKNOWN_32;

	if (level == 0)
		return WIRE_UNKNOWN_32;
	bpf_probe_read_kernel(&nr, sizeof(nr), (char *)pid +
	    bpf_core_field_offset(struct pid, numbers) +
	    level * bpf_core_type_size(struct upid) +
	    bpf_core_field_offset(struct upid, nr));
	return nr;
}

static __always_inline void
comm_put(char *comm, struct task_struct *t)
{
	struct task_struct *leader = GET(t, group_leader);

	bpf_probe_read_kernel(comm, 16, &leader->comm);
}

static __always_inline u32
state_of(struct task_struct *t, struct signal_struct *sig)
{
	struct task_struct___before_5_14 *old = (void *)t;
	u32 state;

	/* All threads are past the point where the exit is told: perhaps before
	 * anybody listened.  exit_state says so only later. */
	if (BPF_CORE_READ(sig, live.counter) == 0)
		return 'Z';
	/* Only the leader is: the process lives on. */
	if (BPF_CORE_READ(t, exit_state) != 0)
		return 'X';
	if (bpf_core_field_exists(t->__state))
		state = BPF_CORE_READ(t, __state);
	else
		state = BPF_CORE_READ(old, state);
	if (state == 0)
		return 'R';
	/* Waits for a lock of a real-time kernel (5.15), or is frozen (6.1). */
	if (state & 0x9000)
		return 'D';
	if (state & 0x1)
		return 'S';
	/* 0x100, only a fatal signal wakes it, goes with 'T', 't' and 'D'. */
	if (state & 0x4)
		return 'T';
	if (state & 0x8)
		return 't';
	if ((state & 0x402) == 0x402)
		return 'I';
	return state & 0x2 ? 'D' : 'S';
}

/* Name of the controlling terminal, as ps(1) writes it. */
static __always_inline u32
tty_put(struct task_struct *t, u32 key, u32 off)
{
	struct signal_struct *sig = GET(t, signal);
	struct tty_struct *tty = GET(sig, tty);
	u8 *p = tail_at(key, off);
	u8 name[4] = { 0 };
	long n, skip = 0;

	if (tty == NULL || p == NULL)
		return 0;
	bpf_probe_read_kernel(name, sizeof(name), &tty->name);
	if (name[0] == 'p' && name[1] == 't' && name[2] == 's' &&
	    name[3] != '/') {
		p[0] = 'p';
		p[1] = 't';
		p[2] = 's';
		p[3] = '/';
		skip = 4;
		n = bpf_probe_read_kernel_str(p + 4, 32, (char *)tty->name + 3);
	} else
		n = bpf_probe_read_kernel_str(p, 32, (char *)tty->name);
	return n > 1 && n <= 32 ? n - 1 + skip : 0;
}

struct image {
	u32 len, deleted, memfd;
};

/* The program file of mm, its path at off. */
static __always_inline void
image_put(struct image *im, struct mm_struct *mm, u32 key, u32 off)
{
	struct file *f = BPF_CORE_READ(mm, exe_file);
	struct dentry *d;
	u8 name[8] = { 0 };

	im->len = im->deleted = im->memfd = 0;
	if (f == NULL)
		return;
	d = BPF_CORE_READ(f, f_path.dentry);
	im->deleted = BPF_CORE_READ(d, d_inode, i_nlink) == 0;
	if (im->deleted && BPF_CORE_READ(d, d_parent) == d) {
		bpf_probe_read_kernel(name, 6, BPF_CORE_READ(d, d_name.name));
		im->memfd = name[0] == 'm' && name[1] == 'e' &&
		    name[2] == 'm' && name[3] == 'f' && name[4] == 'd' &&
		    name[5] == ':';
	}
	im->len = walk_path((u64)BPF_CORE_READ(f, f_path.mnt), (u64)d, key,
	    off) - off;
}

#endif
