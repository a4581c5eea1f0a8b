/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Who waits: the sums of a cgroup. */
#ifndef BPF_IOMEM_PARTY_H
#define BPF_IOMEM_PARTY_H

enum { ROOT_ID = 1 };			/* of the root of every hierarchy */

static __always_inline void
lost(enum wait_loss what)
{
	__sync_fetch_and_add(&state.lost[what], 1);
}

static __always_inline u64
party_key(u64 id, u64 v1_id)
{
	if (v1_only)
		return id | WAIT_V1;
	if (id == ROOT_ID && v1_id != WIRE_UNKNOWN_64)
		return v1_id | WAIT_V1;
	return id;
}

/* Make one; kn and v1 are its nodes, v1 may be NULL. */
static __always_inline struct wait_party *
party_make(u64 key, enum place place, struct kernfs_node *kn, u64 id,
    struct kernfs_node *v1, u64 v1_id)
{
	struct wait_party *p;
	u32 where = place, end;

	p = bpf_map_lookup_elem(&scratch, &where);
	if (p == NULL)
		return NULL;
	end = walk_cgroup((u64)kn, where, 0);
	p->id = id;
	p->len = end;
	p->v1_id = WIRE_UNKNOWN_64;
	p->v1_len = 0;
	p->window = p->max_io = p->max_memory = 0;
	if (v1 != NULL && key & WAIT_V1 && !v1_only) {
		p->v1_id = v1_id;
		p->v1_len = walk_cgroup((u64)v1, where, end) - end;
	}
	for (int i = 0; i < WAIT_SUMS; i++)
		p->sum[i] = 0;
	bpf_map_update_elem(&parties, &key, p, BPF_NOEXIST);
	p = bpf_map_lookup_elem(&parties, &key);
	if (p == NULL)
		lost(WAIT_LOST_PARTY);
	return p;
}

/* The party of a task, made if need be; NULL: there is no room. */
static __always_inline struct wait_party *
party_of(struct task_struct *t, enum place place, u64 *key)
{
	struct kernfs_node *kn = v1_only ? v1_node(t) : v2_node(t), *v1 = NULL;
	u64 id = BPF_CORE_READ(kn, id), v1_id = WIRE_UNKNOWN_64;
	struct wait_party *p;

	if (!v1_only && v1_subsys >= 0 && id == ROOT_ID) {
		v1 = v1_node(t);
		v1_id = BPF_CORE_READ(v1, id);
	}
	*key = party_key(id, v1_id);
	p = bpf_map_lookup_elem(&parties, key);
	return p != NULL ? p : party_make(*key, place, kn, id, v1, v1_id);
}

static __always_inline void
party_add(struct wait_party *p, enum wait_sum what, u64 ns)
{
	__sync_fetch_and_add(&p->sum[what & 31], ns);
}

/* A wait is over; max is one of the two of the party. */
static __always_inline void
party_wait(u64 key, enum wait_sum what, u64 ns, bool io)
{
	struct wait_party *p = bpf_map_lookup_elem(&parties, &key);

	if (p == NULL) {
		__sync_fetch_and_add(&state.lost_ns, ns);
		return;
	}
	party_add(p, what, ns);
	party_add(p, what + 1, 1);
	if (p->window != state.window) {
		p->max_io = p->max_memory = 0;
		p->window = state.window;
	}
	if (io && ns > p->max_io)
		p->max_io = ns;
	if (!io && ns > p->max_memory)
		p->max_memory = ns;
}

#endif
