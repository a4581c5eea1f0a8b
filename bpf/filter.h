/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the user asked for.  Of one kind of filter any value may match, of
 * several kinds each must.  What is off is known when the program is loaded,
 * and the verifier takes it out.
 */
#ifndef BPF_FILTER_H
#define BPF_FILTER_H

enum { FILTER_MAX = 8 };

const volatile __u32 n_pid, n_ppid, n_uid, n_comm, n_cgroup;
const volatile __u32 want_pid[FILTER_MAX], want_ppid[FILTER_MAX],
    want_uid[FILTER_MAX];
const volatile char want_comm[FILTER_MAX][16];
const volatile __u64 want_cgroup[FILTER_MAX];	/* ids, in v2 or v1 as below */
const volatile bool want_cgroup_v1;
const volatile __u32 want_tree;			/* pid of the root; 0: all */

/* The root's pid may come again after its death. */
__u32 tree_root_gone;

/* Members that the map had no room for. */
__u64 tree_full;

/* Processes of the tree: the parent chain may no longer lead to the root. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u64);		/* its start: pids come again */
} tree SEC(".maps");

static __always_inline bool
any_of(const volatile __u32 *want, u32 n, u32 v)
{
	u32 i;

	for (i = 0; i < FILTER_MAX && i < n; i++)
		if (want[i] == v)
			return true;
	return false;
}

static __always_inline bool
comm_wanted(const char comm[16])
{
	u32 i, k;

	for (i = 0; i < FILTER_MAX && i < n_comm; i++) {
		for (k = 0; k < 16; k++) {
			if (comm[k] != want_comm[i][k])
				break;
			if (comm[k] == 0)
				return true;
		}
		if (k == 16)
			return true;
	}
	return false;
}

/* In one of the cgroups asked for, or below. */
__noinline int
cgroup_wanted(u64 kernfs)
{
	struct kernfs_node *kn = (void *)kernfs;
	u64 id;
	u32 i, k;

	for (i = 0; i < CGROUP_NAMES && kn != NULL; i++) {
		id = BPF_CORE_READ(kn, id);
		for (k = 0; k < FILTER_MAX && k < n_cgroup; k++)
			if (want_cgroup[k] == id)
				return 1;
		kn = kernfs_up(kn);
	}
	return 0;
}

/* Of the main thread: a member already, or a living descendant of the root. */
__noinline int
tree_wanted(u64 task)
{
	struct task_struct *t = (void *)task;
	u32 pid = BPF_CORE_READ(t, tgid);
	u64 start = BPF_CORE_READ(t, group_leader, start_boottime), *member;
	int i;

	member = bpf_map_lookup_elem(&tree, &pid);
	if (member != NULL && *member == start)
		return 1;
	for (i = 0; i < 64; i++) {
		pid = BPF_CORE_READ(t, tgid);
		if (pid == want_tree && !tree_root_gone)
			return 1;
		if (pid <= 1)
			return 0;
		t = BPF_CORE_READ(t, real_parent);
		pid = BPF_CORE_READ(t, tgid);
		member = bpf_map_lookup_elem(&tree, &pid);
		if (member != NULL && *member ==
		    BPF_CORE_READ(t, group_leader, start_boottime))
			return 1;
	}
	return 0;
}

static __always_inline bool
in_tree(struct task_struct *t)
{
	return want_tree == 0 ||
	    tree_wanted((u64)BPF_CORE_READ(t, group_leader));
}

/* By all filters but the tree: who is not wanted himself may have descendants
 * that are. */
static __always_inline bool
wanted(struct task_struct *t)
{
	struct task_struct *parent;
	const struct cred *cred;
	char comm[16];

	if (n_pid > 0 && !any_of(want_pid, n_pid, GET(t, tgid)))
		return false;
	if (n_ppid > 0) {
		parent = GET(t, real_parent);
		if (!any_of(want_ppid, n_ppid, GET(parent, tgid)))
			return false;
	}
	if (n_uid > 0) {
		cred = GET(t, real_cred);
		if (!any_of(want_uid, n_uid, GET(cred, uid.val)))
			return false;
	}
	if (n_comm > 0) {
		comm_put(comm, t);
		if (!comm_wanted(comm))
			return false;
	}
	if (n_cgroup > 0 && !cgroup_wanted((u64)(want_cgroup_v1 ? v1_node(t) :
	    v2_node(t))))
		return false;
	return true;
}

/* The same, of a main thread of which the verifier knows only the address. */
__noinline int
orphan_wanted(u64 task)
{
	struct task_struct *t = (void *)task;
	struct css_set *set;
	char comm[16];

	if (n_pid > 0 && !any_of(want_pid, n_pid, BPF_CORE_READ(t, tgid)))
		return 0;
	if (n_ppid > 0 && !any_of(want_ppid, n_ppid,
	    BPF_CORE_READ(t, real_parent, tgid)))
		return 0;
	if (n_uid > 0 && !any_of(want_uid, n_uid,
	    BPF_CORE_READ(t, real_cred, uid.val)))
		return 0;
	if (n_comm > 0) {
		bpf_probe_read_kernel(comm, sizeof(comm), &t->comm);
		if (!comm_wanted(comm))
			return 0;
	}
	if (n_cgroup > 0) {
		set = BPF_CORE_READ(t, cgroups);
		if (!cgroup_wanted((u64)(want_cgroup_v1 ? v1_node_of(set) :
		    BPF_CORE_READ(set, dfl_cgrp, kn))))
			return 0;
	}
	return want_tree == 0 || tree_wanted(task);
}

static __always_inline void
tree_join(u32 pid, u64 start)
{
	if (want_tree != 0 &&
	    bpf_map_update_elem(&tree, &pid, &start, BPF_ANY) != 0)
		tree_full++;
}

static __always_inline void
tree_leave(u32 pid)
{
	if (want_tree == 0)
		return;
	bpf_map_delete_elem(&tree, &pid);
	if (pid == want_tree)
		tree_root_gone = 1;
}

#endif
