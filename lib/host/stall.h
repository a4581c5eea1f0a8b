/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who waits for a processor, and for whom: the programs of bpf/stall.bpf.c and
 * what they counted.  Only tp_btf programs can do it: the kernel's own BTF is
 * needed, and CONFIG_SCHED_INFO and CONFIG_FAIR_GROUP_SCHED.
 */
#ifndef HOST_STALL_H
#define HOST_STALL_H

#include <stdint.h>

#include "host/cgroup.h"
#include "host/trace.h"
#include "rec/stall.h"

enum {
	STALL_SLOTS	= 2048,		/* parties that are told apart */
	STALL_SLOTS_MIN	= 16,		/* eight of them are not for parties */
	STALL_SLOTS_MAX	= 16384,
	STALL_CELLS	= 65536,	/* pairs of them, of which one waited */
};

struct stall_conf {
	int		 by_process;	/* tell the culprit's process */
	uint32_t	 slots;		/* a power of two; 0: STALL_SLOTS,
					 * twice that with by_process */
	uint32_t	 cells;		/* 0: STALL_CELLS */
	uint32_t	 tasks;		/* a power of two, at least 8: what more
					 * of them there are costs more; 0: as
					 * many as fit the kernel */
};

struct stall;

/*
 * Load and attach.  NULL on failure: errno, and why says in a sentence what is
 * missing.  From here on the kernel counts; the first window begins here.
 */
struct stall *stall_open(const struct stall_conf *, const struct cgroup_host *,
    char why[TRACE_WHY]);
void stall_close(struct stall *);

struct stall_facts {
	char	 degraded[TRACE_WHY];	/* list: what is missing, and why */
	size_t	 degraded_len;
	unsigned sandbox;	/* what stall_read() needs: SANDBOX_READ, _BPF */
};
const struct stall_facts *stall_facts(const struct stall *);

/*
 * The window from the last call until the moment at which what was counted is
 * read, in this one.  For each victim the edges add up to what its run_delay
 * grew by, as far as the waits have ended.  It lasts until the next call.  0, or
 * -1 with errno: the window is lost then, and the next one, as much longer, has
 * its waits.
 *
 * What does not fit the tables is told, too: a party without a slot has no
 * cgroup_id (all of them are one), and a wait without a cell is
 * STALL_UNKNOWN.
 */
int stall_read(struct stall *, const struct stall_window **);

/* What went wrong so far, and what became of it. */
struct stall_counts {
	uint64_t missed;	/* times that switches were not seen: unknown */
	uint64_t no_slot;	/* look-ups that found no slot: no cgroup_id */
	uint64_t no_cell;	/* parts of waits without a cell: unknown */
	uint64_t no_task;	/* dispatches of a task that could not be
				 * remembered: without its waits elsewhere */
	uint64_t no_open;	/* windows without open_ns */
};
struct stall_counts stall_counts(const struct stall *);

#endif
