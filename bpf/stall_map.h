/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the programs of stall.bpf.c leave for user space, besides slot_map.h.
 * Whoever includes this has wait.h. */
#ifndef BPF_STALL_MAP_H
#define BPF_STALL_MAP_H

/* In map cells, by victim << 32 | culprit (tokens, the latter perhaps with
 * WAIT_SAMPLED).  It only grows. */
struct stall_cell {
	__u64	ns;
	__u64	waits;
};

/*
 * What is not yet added to the cell of that key.  A place is free while its key
 * is 0.  Whoever reads cells first and then parts may miss what moves meanwhile,
 * but has nothing twice: a place from which something has moved has another key,
 * or less.
 */
struct stall_part {
	__u64	key;
	__u64	ns;
	__u64	waits;
	__u64	stamp;			/* of the wait last counted */
};

enum { STALL_PARTS = 1024 };

static inline __u32
stall_place(__u64 key)
{
	return (key * 0x9e3779b97f4a7c15ULL >> 40) & (STALL_PARTS - 1);
}

/*
 * What one party did on one processor.  It only grows but for max, which is that
 * of epoch.
 */
struct stall_row {
	__u64	ran;
	__u64	waits;
	__u64	unkept;			/* waited, and there was no cell for it */
	__u64	max;			/* longest wait, ns */
	__u32	epoch;			/* slot_epoch of max */
	__u32	pad;
};

/* In map cpus, by processor. */
struct stall_cpu {
	struct wait_cpu		wait;
	struct stall_part	part[STALL_PARTS];	/* by stall_place() */
	struct stall_row	row[];			/* of each slot */
};

/* What the iterator writes: a wait that has not ended. */
struct stall_open {
	__u32	victim;			/* token */
	__u32	pad;
	__u64	ns;
};

#endif
