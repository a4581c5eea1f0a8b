/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What one record tells the table.  For lib/core/tree.c alone. */
#ifndef CORE_LEARN_H
#define CORE_LEARN_H

#include "rec/scan.h"

#include "core/harm.h"
#include "core/table.h"
#include "core/tree.h"

enum learn_key {
	K_v, K_event, K_boot_ns, K_time, K_host, K_id, K_parent_id,
	K_creator_id, K_old_parent_id, K_comm, K_uid, K_cgroup, K_exe, K_argv,
	K_argv_cut, K_exit_code, K_signal, K_core, K_state, K_kthread, K_snap,
	K_boot_id, K_procs, K_count, K_ancestors,
	K_ancestors_cut, K_degraded, K_cgroup_v1, K_cgroup_id,
	K_cgroup_v1_id, K_interval_ns,
	K_run_delay_ns, K_culprit_id, K_culprit_kind, K_method, K_stall_ns, K_max
};

struct tree {
	struct table	 t;
	struct scan	*scan;
	struct scan_val	 v[K_max];	/* of the line last fed */
	struct origin	*said;		/* of the last record of a process */
	struct harm	*harm;		/* NULL is not wanted */
	int		 nomem, waits;	/* waits: a sample told how long */
};

/* The names of the keys. */
extern const char *const learn_keys[K_max];

/* v[k] as a number, or else unknown. */
uint64_t learn_num(const struct tree *, enum learn_key k, uint64_t unknown);

/* v[k] is true. */
int learn_true(const struct tree *, enum learn_key k);

/* v[k] as a process.  pid 0, the kernel's idle loop, is none.  1 or 0. */
int learn_id(const struct tree *, enum learn_key k, struct tree_id *id);

/* Take in the record in v, of a process.  Its entry; or NULL if it does not
 * say which, or (nomem is set) without memory. */
struct node *learn_process(struct tree *, int kind);

/* What the record in v tells of n itself; parent may be NULL. */
void learn_traits(struct tree *, struct node *n, const struct node *parent,
    int kind, uint64_t ns);

/* What the record in v, a sample, tells of the time that n waited. */
void learn_wait(struct tree *, struct node *n, uint64_t ns);

/* Take in the record in v, a stall: the harm that a process did, if it names
 * one. */
void learn_harm(struct tree *);

/* Take in the record in v, of a tool. */
void learn_source(struct tree *);

#endif
