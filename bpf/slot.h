/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which party a task belongs to, as a token (slot_map.h).  The table is looked
 * at by key, directly and in a few places behind that.  For tp_btf programs and
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
	/* With fewer of them many slots stay free that nobody finds. */
	SLOT_PROBES = 16,
	SLOT_RESERVE = 4,		/* of these, in the quarter for cgroups */
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

/* Times that a cgroup of v1 was renamed: older paths may be wrong. */
u32 slot_renames;

/* Times that a party found no slot. */
u64 slot_full;

/* The serial number of the root of v2, once it was seen: it is 0 as yet, as
 * that of all roots, but nothing says so. */
u64 slot_root = ~0ULL;

/* Whether to look at a v1 hierarchy where v2 says only that it is the root, or
 * at nothing else; and where in css_set.subsys that one is, in bytes. */
const volatile bool v1_too = false;
const volatile bool v1_only = false;
const volatile u32 v1_at = 0;

#include "walk.h"

static __always_inline u32
slot_place(u64 key, u32 probe)
{
	u32 i = (u32)(key * 0x9e3779b97f4a7c15ULL >> 32) + probe;

	i &= slot_number - 1;
	/* A quarter is never for processes: of cgroups there are fewer. */
	if (key & SLOT_ID_TASK && i < slot_number / 4)
		i += slot_number / 4;
	else if (!(key & SLOT_ID_TASK) && probe >= SLOT_PROBES - SLOT_RESERVE)
		i &= slot_number / 4 - 1;
	return i < SLOT_FIRST ? i + SLOT_FIRST : i;
}

/* Write the path of a cgroup; named comes last, and user space looks at it. */
static __always_inline void
slot_name(struct slot_entry *s, u32 i, u64 kernfs)
{
	u32 renames = *(volatile u32 *)&slot_renames;

	s->len = walk_cgroup(kernfs, i, 0);
	barrier();
	s->named = renames;
}

/* Fill in a slot that was claimed; key comes last, so that it is found then. */
static __always_inline void
slot_fill(struct slot_entry *s, u32 i, u64 id, u64 kernfs, u64 task, u32 of)
{
	struct task_struct *t = (void *)task;

	s->id = id;
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
		slot_name(s, i, kernfs);
}

/*
 * Give a slot to the party with this key: a cgroup with its kernfs node; or a
 * task, and if it is none of the kernel's, the token of its cgroup.  A token;
 * 0 if there is no free one.  Two processors may both find one for the same
 * key: whoever reads goes by the id.
 */
__noinline int
slot_take(u64 key, u64 id, u64 kernfs, u64 task, u32 of)
{
	struct slot_entry *s;
	u32 i, probe;
	u8 one = 1;

	for (probe = 0; probe < SLOT_PROBES; probe++) {
		i = slot_place(key, probe);
		s = bpf_map_lookup_elem(&slots, &i);
		if (s == NULL)
			break;
		if (s->key != 0 || bpf_map_update_elem(&slot_claims, &i, &one,
		    BPF_NOEXIST) != 0)
			continue;
		slot_fill(s, i, id, kernfs, task, of);
		barrier();
		s->key = key;
		return slot_token(i, s->gen);
	}
	__sync_fetch_and_add(&slot_full, 1);
	return 0;
}

/*
 * The token of this key's slot; 0 if it has none.  The first time in an epoch its
 * path is written anew if that may be wrong; without a kernfs node there is then
 * no token either.
 */
__noinline int
slot_search(u64 key, u64 kernfs)
{
	struct slot_entry *s;
	u32 i, probe;

	for (probe = 0; probe < SLOT_PROBES; probe++) {
		i = slot_place(key, probe);
		s = bpf_map_lookup_elem(&slots, &i);
		if (s == NULL)
			break;
		if (s->key != key)
			continue;
		if (s->used == slot_epoch)
			return slot_token(i, s->gen);
		if (s->named != slot_renames && !(key & SLOT_ID_TASK)) {
			if (kernfs == 0)
				return 0;
			slot_name(s, i, kernfs);
		}
		s->used = slot_epoch;
		return slot_token(i, s->gen);
	}
	return 0;
}

/* That of a task's cgroup in the v1 hierarchy.  v1_at is a constant to the
 * verifier, which thus knows the type of what is loaded. */
static __always_inline struct cgroup_subsys_state *
slot_v1(struct css_set *set)
{
	return *(struct cgroup_subsys_state **)((char *)set +
	    bpf_core_field_offset(struct css_set, subsys) + v1_at);
}

/*
 * The key of a task's cgroup: that of v2; where that is the root, that of v1.
 * No number is used twice, though an address may be.
 */
static __always_inline u64
slot_key(struct task_struct *t)
{
	struct css_set *set = t->cgroups;
	u64 serial;

	if (v1_only)
		return SLOT_KEY_CGROUP | slot_v1(set)->serial_nr;
	serial = set->dfl_cgrp->self.serial_nr;
	if (v1_too && serial == slot_root)
		serial = slot_v1(set)->serial_nr;
	return SLOT_KEY_CGROUP | serial;
}

/*
 * Give a slot to the cgroup of this css_set, in which a task is.  Its id is that
 * of v2; with SLOT_ID_V1 that of v1 where the one of v2 is the root, which always
 * has the id 1.  A token.
 */
__noinline int
slot_new(u64 address)
{
	struct css_set *set = (void *)address;
	struct cgroup *c = BPF_CORE_READ(set, dfl_cgrp);
	u64 serial = BPF_CORE_READ(c, self.serial_nr), mark = 0;
	struct cgroup_subsys_state *css;
	struct kernfs_node *kn;
	u32 token;

	if (v1_too && !v1_only && BPF_CORE_READ(c, kn, id) == 1) {
		slot_root = serial;
		mark = SLOT_ID_V1;
	}
	if (v1_only || mark != 0) {
		bpf_probe_read_kernel(&css, sizeof(css), (char *)set +
		    bpf_core_field_offset(struct css_set, subsys) + v1_at);
		c = BPF_CORE_READ(css, cgroup);
		serial = BPF_CORE_READ(css, serial_nr);
	}
	kn = BPF_CORE_READ(c, kn);
	token = slot_search(SLOT_KEY_CGROUP | serial, (u64)kn);
	if (token == 0)
		token = slot_take(SLOT_KEY_CGROUP | serial,
		    BPF_CORE_READ(kn, id) | mark, (u64)kn, 0, 0);
	return token != 0 ? token : SLOT_OTHER;
}

/* The token of a task's cgroup, which has that key; SLOT_OTHER if there is no
 * slot for it. */
static __always_inline u32
slot_of(struct task_struct *t, u64 key)
{
	u32 token = slot_search(key, 0);
	u64 set;

	if (token != 0)
		return token;
	bpf_probe_read_kernel(&set, sizeof(set), &t->cgroups);
	return slot_new(set);
}

#endif
