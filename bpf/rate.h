/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* --rate: how many records of beginnings a cgroup may make. */
#ifndef BPF_RATE_H
#define BPF_RATE_H

const volatile __u64 rate;			/* per second and cgroup; 0: any */

/* A cgroup for which there is no entry left counts as cgroup 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct budget_key);
	__type(value, struct budget);
} budgets SEC(".maps");

static __always_inline struct budget *
budget_of(const struct groups *g)
{
	struct budget_key key = { g->id, g->v1_id }, other = { 0 };
	struct budget none = { 0 }, *b;

	b = bpf_map_lookup_elem(&budgets, &key);
	if (b != NULL)
		return b;
	bpf_map_update_elem(&budgets, &key, &none, BPF_NOEXIST);
	b = bpf_map_lookup_elem(&budgets, &key);
	if (b != NULL)
		return b;
	bpf_map_update_elem(&budgets, &other, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&budgets, &other);
}

/* True if the record must not be sent.  It is numbered all the same. */
static __always_inline bool
held_back(const struct groups *g, enum slot slot, u64 now)
{
	u64 second = now / 1000000000ULL;
	struct budget *b;

	if (rate == 0)
		return false;
	b = budget_of(g);
	if (b == NULL)
		return false;
	if (b->second != second) {
		b->second = second;
		b->used = 0;
	}
	__sync_fetch_and_add(&b->used, 1);
	if (b->used <= rate)
		return false;
	if (slot == SLOT_fork)
		__sync_fetch_and_add(&b->held_fork, 1);
	else
		__sync_fetch_and_add(&b->held_exec, 1);
	if (b->from == 0)
		b->from = now;
	b->to = now;
	count_of(cpu_now(), slot)->held++;
	return true;
}

#endif
