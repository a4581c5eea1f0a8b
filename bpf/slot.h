/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which party a task belongs to, as a token (slot_map.h).  The table is looked
 * at by id, directly and in a few places behind that.  For tp_btf programs and
 * iterators, where a task's members may be loaded.
 *
 * Included once by an object, which then has the maps slots, slot_claims and
 * scratch, all with as many entries as the loader sets slot_number to.
 */
#ifndef BPF_SLOT_H
#define BPF_SLOT_H

#include "slot_map.h"

/* What walk.h wants: room for the path of each slot. */
enum {
	TAIL_PATHS = SLOT_NAMES,
	NAME_LEN = 256,			/* a file name with its NUL */
	SLOT_PROBES = 4,
};

struct scratch {
	u8 tail[TAIL_PATHS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slot_entry);
} slots SEC(".maps");

/* Who puts a slot's number in here has it: there is no cmpxchg before 5.12. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u8);
} slot_claims SEC(".maps");

const volatile u32 slot_number = 1024;	/* a power of two, at most SLOT_MOST */

/* User space counts it up from time to time, and takes back what is old. */
u32 slot_epoch = 1;

/* Times that a party found no slot. */
u64 slot_full;

/* The v1 hierarchy to look at and where there is no other, as in task.h. */
#ifndef BPF_TASK_H
const volatile int v1_subsys = -1;
const volatile bool v1_only = false;
#endif

#include "walk.h"

static __always_inline u32
slot_place(u64 id, u32 probe)
{
	u32 i = (u32)(id * 0x9e3779b97f4a7c15ULL >> 32) + probe;

	i &= slot_number - 1;
	return i < SLOT_FIRST ? i + SLOT_FIRST : i;
}

/* Fill in a slot that was claimed; id comes last, so that it is found then. */
static __always_inline void
slot_fill(struct slot_entry *s, u32 i, u64 id, u64 kernfs, u64 task, u32 of)
{
	struct task_struct *t = (void *)task;

	s->used = slot_epoch;
	s->len = 0;
	s->of = of;
	s->kind = SLOT_CGROUP;
	s->pid = 0;
	s->start = 0;
	if (task != 0) {
		t = BPF_CORE_READ(t, group_leader);
		s->kind = of == 0 ? SLOT_KTHREAD : SLOT_PROCESS;
		s->pid = BPF_CORE_READ(t, tgid);
		s->start = BPF_CORE_READ(t, start_boottime);
		bpf_probe_read_kernel(s->comm, sizeof(s->comm), &t->comm);
	} else
		s->len = walk_cgroup(kernfs, i, 0);
	barrier();
	s->id = id;
}

/*
 * Give a slot to the party with this id: a cgroup with its kernfs node; or a
 * task, and if it is none of the kernel's, the token of its cgroup.  A token;
 * 0 if there is no free one.  Two processors may both find one for the same
 * id: whoever reads goes by the id.
 */
__noinline int
slot_take(u64 id, u64 kernfs, u64 task, u32 of)
{
	struct slot_entry *s;
	u32 i, probe;
	u8 one = 1;

	for (probe = 0; probe < SLOT_PROBES; probe++) {
		i = slot_place(id, probe);
		s = bpf_map_lookup_elem(&slots, &i);
		if (s == NULL)
			break;
		if (s->id != 0 || bpf_map_update_elem(&slot_claims, &i, &one,
		    BPF_NOEXIST) != 0)
			continue;
		slot_fill(s, i, id, kernfs, task, of);
		return slot_token(i, s->gen);
	}
	__sync_fetch_and_add(&slot_full, 1);
	return 0;
}

/* The slot of this id, and its token; NULL if it has none yet. */
static __always_inline struct slot_entry *
slot_find(u64 id, u32 *token)
{
	struct slot_entry *s;
	u32 i, probe;

#pragma unroll
	for (probe = 0; probe < SLOT_PROBES; probe++) {
		i = slot_place(id, probe);
		s = bpf_map_lookup_elem(&slots, &i);
		if (s == NULL)
			return NULL;
		if (s->id == id) {
			*token = slot_token(i, s->gen);
			return s;
		}
	}
	return NULL;
}

/* The node of a task's cgroup in the v1 hierarchy.  v1_subsys is a constant to
 * the verifier, which thus knows the type of what is loaded. */
static __always_inline struct kernfs_node *
slot_v1_node(struct css_set *set)
{
	struct cgroup_subsys_state *css;

	css = *(struct cgroup_subsys_state **)((char *)set +
	    bpf_core_field_offset(struct css_set, subsys) + v1_subsys * 8);
	return css->cgroup->kn;
}

/*
 * The id of a task's cgroup: that of v2; with SLOT_ID_V1 that of v1 where the
 * one of v2 is the root, which always has the id 1.
 */
static __always_inline u64
slot_cgroup_id(struct task_struct *t)
{
	u64 id;

	if (v1_only)
		return slot_v1_node(t->cgroups)->id;
	id = t->cgroups->dfl_cgrp->kn->id;
	if (id != 1 || v1_subsys < 0)
		return id;
	return slot_v1_node(t->cgroups)->id | SLOT_ID_V1;
}

/* A task whose cgroup has no slot.  The address is a number here: the last
 * load is a probe read. */
static __always_inline u32
slot_new(u64 id, struct task_struct *t)
{
	struct css_set *set = t->cgroups;
	struct cgroup_subsys_state *css = NULL;
	struct kernfs_node *kn;
	struct cgroup *c;
	u32 token;

	if (v1_only || id & SLOT_ID_V1) {
		bpf_probe_read_kernel(&css, sizeof(css), (char *)set +
		    bpf_core_field_offset(struct css_set, subsys) +
		    v1_subsys * 8);
		kn = BPF_CORE_READ(css, cgroup, kn);
	} else {
		c = set->dfl_cgrp;
		kn = BPF_CORE_READ(c, kn);
	}
	token = slot_take(id, (u64)kn, 0, 0);
	return token != 0 ? token : SLOT_OTHER;
}

/* The token of a task's cgroup; SLOT_OTHER if there is no slot for it. */
static __always_inline u32
slot_of(struct task_struct *t)
{
	u64 id = slot_cgroup_id(t);
	struct slot_entry *s;
	u32 token;

	s = slot_find(id, &token);
	if (s == NULL)
		return slot_new(id, t);
	if (s->used != slot_epoch)
		s->used = slot_epoch;
	return token;
}

#endif
