/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A process is killed because memory ran out. */
#ifndef BPF_OOM_H
#define BPF_OOM_H

/*
 * Where two functions of the kernel begin and end: whose memory ran out is not
 * told, but the way to here is.  0: not known.
 */
const volatile __u64 limit_from, limit_to;	/* mem_cgroup_out_of_memory() */
const volatile __u64 oom_from, oom_to;		/* out_of_memory(), in both cases */

enum { CALLERS = 32, SCOPE_UNKNOWN = 0, SCOPE_LIMIT, SCOPE_HOST };

static __always_inline u32
scope_of(void *ctx, struct scratch *s)
{
	u64 *at = (void *)s->tail;
	u32 scope = SCOPE_UNKNOWN;
	long n;
	int i;

	if (limit_from == 0 || oom_from == 0)
		return SCOPE_UNKNOWN;
	n = bpf_get_stack(ctx, at, CALLERS * sizeof(*at), 0);
	for (i = 0; i < CALLERS && i * 8 < n; i++) {
		if (at[i] >= limit_from && at[i] < limit_to)
			return SCOPE_LIMIT;
		if (at[i] >= oom_from && at[i] < oom_to)
			scope = SCOPE_HOST;
	}
	return scope;
}

static __always_inline u32
scope_put(u32 scope, u32 key, u32 off)
{
	static const char limit[5] = "limit", host[4] = "host";
	u8 *p = tail_at(key, off);

	if (p == NULL || scope == SCOPE_UNKNOWN)
		return 0;
	if (scope == SCOPE_LIMIT)
		__builtin_memcpy(p, limit, sizeof(limit));
	else
		__builtin_memcpy(p, host, sizeof(host));
	return scope == SCOPE_LIMIT ? sizeof(limit) : sizeof(host);
}

/* Of the process that asked for memory. */
static __always_inline void
trigger_put(struct wire_oom *w)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct kernfs_node *kn = v1_only ? v1_node_of(set) :
	    BPF_CORE_READ(set, dfl_cgrp, kn);

	w->trigger_id_start = BPF_CORE_READ(t, group_leader, start_boottime);
	w->trigger_pid = BPF_CORE_READ(t, tgid);
	w->trigger_id_pad = 0;
	w->pad2 = 0;
	w->trigger_cgroup_id = BPF_CORE_READ(kn, id);
}

/* The trigger's name, where the row stands. */
static __always_inline u32
trigger_comm_put(u32 key, u32 off)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	u8 *p = tail_at(key, off);
	long n;

	if (p == NULL)
		return 0;
	n = bpf_probe_read_kernel_str(p, 16, BPF_CORE_READ(t, group_leader,
	    comm));
	return n > 1 && n <= 16 ? n - 1 : 0;
}

/* All but the scope and the trigger's name.  The end of the tail. */
__noinline int
victim_put(u64 task, u32 key)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	struct task_struct *t = (void *)task, *leader;
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct kernfs_node *kn, *v1 = NULL;
	struct wire_oom *w;
	u32 off;

	if (s == NULL)
		return 0;
	w = AT(s, struct wire_oom);
	leader = BPF_CORE_READ(t, group_leader);
	w->id_start = BPF_CORE_READ(leader, start_boottime);
	w->pid = BPF_CORE_READ(t, tgid);
	w->id_pad = 0;
	w->parent_id_start = BPF_CORE_READ(t, real_parent, group_leader,
	    start_boottime);
	w->ppid = BPF_CORE_READ(t, real_parent, tgid);
	w->parent_id_pad = 0;
	bpf_probe_read_kernel(w->comm, sizeof(w->comm), &leader->comm);
	w->uid = BPF_CORE_READ(t, real_cred, uid.val);
	w->pad0 = w->pad1 = 0;
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
	/* A thread that still has its memory map: the main one may have ended. */
	rss_put(&w->rss_bytes, &w->swap_bytes, (u64)BPF_CORE_READ(t, mm));
	trigger_put(w);
	return off;
}

const volatile bool tell_oom = true;

/* mm/oom_kill.c mark_oom_victim(): it has been sent its signal. */
static __always_inline int
on_oom(void *ctx, u64 task)
{
	u64 now = bpf_ktime_get_boot_ns(), off, n;
	struct task_struct *t = (void *)task;
	struct wire_oom *w;
	struct scratch *s;
	u32 key, scope;

	if (task == 0 || !orphan_wanted((u64)BPF_CORE_READ(t, group_leader)))
		return 0;
	s = scratch_of(SLOT_oom, &key);
	if (s == NULL)
		return 0;
	w = AT(s, struct wire_oom);
	head_fill(&w->head, EV_oom, SLOT_oom, now);
	scope = scope_of(ctx, s);
	off = victim_put(task, key);
	n = scope_put(scope, key, off);
	w->len_scope = n;
	off += n;
	n = trigger_comm_put(key, off);
	w->len_trigger_comm = n;
	send(w, sizeof(*w), off + n, TAIL_PATHS, SLOT_oom, now);
	return 0;
}

enum { XA_LEVELS = 8, XA_INTERNAL = 2, XA_BITS = 3 };	/* include/linux/xarray.h */

/* kernel/pid.c find_task_by_pid_ns(), in the initial pid namespace. */
__noinline u64
task_of_pid(u32 nr)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	struct pid_namespace *ns = NULL;
	struct xa_node *node;
	u64 entry, first;
	u32 slot;
	int i;

	bpf_probe_read_kernel(&ns, sizeof(ns), (char *)pid +
	    bpf_core_field_offset(struct pid, numbers) +
	    bpf_core_field_offset(struct upid, ns));
	entry = (u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	for (i = 0; i < XA_LEVELS && (entry & XA_BITS) == XA_INTERNAL; i++) {
		node = (void *)(entry - XA_INTERNAL);
		slot = nr >> (BPF_CORE_READ(node, shift) & 31) & 63;
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry), (char *)node +
		    bpf_core_field_offset(struct xa_node, slots) + slot * 8);
	}
	if (entry == 0 || (entry & XA_BITS) != 0)
		return 0;
	pid = (void *)entry;
	first = (u64)BPF_CORE_READ(pid, tasks[0].first);
	return first == 0 ? 0 : first -
	    bpf_core_field_offset(struct task_struct, pid_links);
}

#endif
