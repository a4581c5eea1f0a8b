/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Whom a process that ends leaves behind, and who has them from then on. */
#ifndef BPF_ORPHAN_H
#define BPF_ORPHAN_H

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

const volatile bool tell_reparent = true;

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

#endif
