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
 * but has nothing twice.
 */
struct stall_part {
	__u64	key;
	__u64	ns;
	__u64	waits;
	__u64	stamp;			/* of the wait last counted */
};

enum { STALL_PARTS = 256 };

/* In map cpus, by processor. */
struct stall_cpu {
	struct wait_cpu		wait;
	struct stall_part	part[STALL_PARTS];	/* by a hash of the key */
};

/*
 * In map rows, by processor * slot_number + slot: what one party did on one
 * processor.  It only grows but for max, which is that of epoch.
 */
struct stall_row {
	__u64	ran;
	__u64	waits;
	__u64	unkept;			/* waited, and there was no cell for it */
	__u64	max;			/* longest wait, ns */
	__u32	epoch;			/* slot_epoch of max */
	__u32	pad;
};

/* What the iterator writes: a wait that has not ended. */
struct stall_open {
	__u32	victim;			/* token */
	__u32	pad;
	__u64	ns;
};

#endif
