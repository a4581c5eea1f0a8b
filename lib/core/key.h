/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The fields that rules look at, by number. */
#ifndef CORE_KEY_H
#define CORE_KEY_H

#include <stddef.h>
#include <stdint.h>

#define KEYS(X)								\
	X(v, "v") X(event, "event") X(boot_ns, "boot_ns")		\
	X(time, "time") X(host, "host")					\
	X(id, "id") X(parent_id, "parent_id")				\
	X(creator_id, "creator_id") X(comm, "comm")			\
	X(exe, "exe") X(cgroup, "cgroup") X(cgroup_v1, "cgroup_v1")	\
	X(pod, "pod") X(namespace, "namespace")				\
	X(exit_code, "exit_code") X(signal, "signal")			\
	X(duration_ns, "duration_ns") X(state, "state")			\
	X(kthread, "kthread") X(wchan, "wchan") X(threads, "threads")	\
	X(interval_ns, "interval_ns") X(cpu_ns, "cpu_ns")		\
	X(run_delay_ns, "run_delay_ns") X(voluntary, "voluntary")	\
	X(rss_bytes, "rss_bytes") X(fds, "fds") X(fds_max, "fds_max")	\
	X(resource, "resource") X(some_pct, "some_pct")			\
	X(full_pct, "full_pct")						\
	X(victim_cgroup, "victim.cgroup")				\
	X(victim_cgroup_v1, "victim.cgroup_v1")				\
	X(culprit_kind, "culprit.kind") X(culprit_comm, "culprit.comm")	\
	X(culprit_cgroup, "culprit.cgroup")				\
	X(culprit_cgroup_v1, "culprit.cgroup_v1")			\
	X(culprit_id, "culprit.id") X(culprit_pod, "culprit.pod")	\
	X(culprit_namespace, "culprit.namespace")			\
	X(victim_pod, "victim.pod")					\
	X(victim_namespace, "victim.namespace")				\
	X(window_ns, "window_ns") X(stall_ns, "stall_ns")		\
	X(share, "share") X(method, "method")				\
	X(confidence, "confidence")					\
	X(throttled_ns, "throttled_ns")					\
	X(throttled_local_ns, "throttled_local_ns")			\
	X(cpu_quota_ns, "cpu_quota_ns")					\
	X(cpu_period_ns, "cpu_period_ns")				\
	X(memory_bytes, "memory_bytes")					\
	X(memory_max_bytes, "memory_max_bytes")				\
	X(memory_high_bytes, "memory_high_bytes")			\
	X(memory_max_events, "memory_max_events")			\
	X(memory_high_events, "memory_high_events")			\
	X(oom_events, "oom_events")					\
	X(oom_kills, "oom_kills") X(scope, "scope")			\
	X(pids, "pids") X(pids_max, "pids_max")				\
	X(trigger_id, "trigger.id") X(trigger_comm, "trigger.comm")	\
	X(count, "count") X(source, "source") X(from, "from")		\
	X(to, "to") X(forks, "forks") X(execs, "execs")			\
	X(exits, "exits") X(reparents, "reparents") X(ooms, "ooms") X(tool, "tool")		\
	X(boot_id, "boot_id") X(degraded, "degraded")			\
	X(cpu, "cpu") X(cpus, "cpus") X(memory_total, "memory_total_bytes") \
	X(induced_ns, "induced_ns") X(victims, "victims")		\
	X(psi_contribution, "psi_contribution")				\
	X(harm_ratio, "harm_ratio")

enum key {
#define X(name, text)	K_##name,
	KEYS(X)
#undef X
	K_FIXED,
	K_MAX = 160,		/* with those that rules name */
	K_NONE = 255,
};

extern const char *const key_names[K_FIXED];

/* Kinds as a set: bit n is kind n. */
#define KIND(k)		(UINT64_C(1) << EV_##k)

/* The kinds, of those in the set, that have a field of that name ("a.b": b in
 * the object a). */
uint64_t key_kinds(const char *name, uint64_t kinds);

/* It is text in all of them: no number. */
int key_text(const char *name, uint64_t kinds);

/* It is a number in all of them, and never digits in a string. */
int key_number(const char *name, uint64_t kinds);

#endif
