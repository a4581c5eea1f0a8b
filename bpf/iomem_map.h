/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the kernel half of IO and memory waits keeps, and the other half reads.
 * Whoever includes it has __u64 and service.h already.
 */
#ifndef BPF_IOMEM_MAP_H
#define BPF_IOMEM_MAP_H

/*
 * Who waits, or is waited for: a number.  The id of the cgroup of v2, or of v1
 * with a mark (that of slot_map.h) where there is no v2, or where that is the
 * root and says nothing.
 */
#define WAIT_V1		(1ULL << 63)
#define WAIT_KTHREAD	0xfffffffffffffffeULL	/* a thread of the kernel */
#define WAIT_NOBODY	SERVICE_NOBODY

enum {
	WAIT_PARTIES	= 1024,
	WAIT_EDGES	= 4096,
	WAIT_TASKS	= 32768,	/* a power of two */
	WAIT_REQUESTS	= 8192,
	WAIT_DEVICES	= 64,
	WAIT_BASES	= 4096,
	WAIT_PATH	= 1024,		/* both paths of a party */
};

/* What is added up for a party, from its first wait on; ns, or times (_N). */
enum wait_sum {
	WAIT_IO, WAIT_IO_N,		/* blocked for IO */
	/* Its requests that somebody waits for. */
	WAIT_RQ_N,
	WAIT_RQ,			/* latency where there is a baseline */
	WAIT_RQ_BASE,			/* the baselines */
	WAIT_RQ_PLAIN,			/* latency where there is none */
	WAIT_RQ_FOREIGN,		/* others were served meanwhile */
	WAIT_RQ_BLAME,			/* and they answer for that */
	/* Waits for memory. */
	WAIT_LIMIT, WAIT_LIMIT_N,	/* reclaim for a limit of its own or above */
	WAIT_HOST, WAIT_HOST_N,		/* reclaim or compaction for the host */
	WAIT_REFAULT, WAIT_REFAULT_N,	/* pages that were evicted come back */
	WAIT_STOPPED, WAIT_STOPPED_N,	/* off the processor for another reason */
	WAIT_KSWAPD_N,			/* times it woke the host's reclaim */
	WAIT_SUMS,
};

struct wait_party {
	__u64	id, v1_id;		/* all ones: none, or not wanted */
	__u32	len, v1_len;		/* of the paths, as in wire.h */
	__u64	window;			/* the number of the one of max */
	__u64	max_io, max_memory;
	__u64	sum[WAIT_SUMS];
	__u8	tail[WAIT_PATH];	/* the paths, one after the other */
};

struct wait_edge_key {
	__u64	victim, culprit;
};

struct wait_edge {
	__u64	ns, n;
};

/* A task that waits: off the processor, in reclaim, or both. */
struct wait_task {
	__u64	start;			/* CLOCK_BOOTTIME, of the task */
	__u32	pid;
	__u32	flags;			/* of psi; 0: on the processor */
	__u64	off;			/* since then: the scheduler's clock */
	__u64	off_boot;		/* the same, CLOCK_BOOTTIME */
	__u64	run_delay, pcount;	/* of sched_info, then */
	__u64	party;
	__u64	section;		/* in reclaim since, CLOCK_MONOTONIC */
	__u32	section_sum;		/* enum wait_sum */
	__u32	pad;
};

/* What could not be told, and why. */
enum wait_loss {
	WAIT_LOST_PARTY,		/* no room for one more party */
	WAIT_LOST_EDGE,			/* no room for one more pair */
	WAIT_LOST_TASK,			/* two tasks in one place */
	WAIT_LOST_SWITCH,		/* its end was not seen */
	WAIT_LOST_REQUEST,		/* no room for one more request */
	WAIT_LOST_OWNER,		/* nobody knows who made that request */
	WAIT_LOST_STAMP,		/* the request has no times */
	WAIT_LOST_DEVICE,		/* no room for one more */
	WAIT_LOST_BASE,			/* no room for one more baseline */
	WAIT_LOST_CLAIM,		/* two completions in one instant */
	WAIT_LOSSES,
};

struct wait_state {
	__u64	window;			/* its number; user space counts */
	__u64	lost[WAIT_LOSSES];
	__u64	lost_ns;		/* waits of parties that have no room */
	__u64	reclaim_n;		/* for the host, by anybody; and kswapd */
};

#endif
