/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the kernel half sends and the user half receives: struct wire_KIND for
 * each EVENT of event.def, its TAIL bytes behind it.  Both halves include
 * this; no libc here.  All in the byte order of the host.
 */
#ifndef REC_WIRE_H
#define REC_WIRE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum event_kind {
#define EVENT(ev, n, doc)		EV_##ev = n,
#include "rec/event.def"
	EV_max = 64,		/* kinds are smaller than this */
};

#define WIRE_UNKNOWN_32	0xffffffffU
#define WIRE_UNKNOWN_64	0xffffffffffffffffULL

#define WIRE_u64(f)	__u64 f
#define WIRE_micro(f)	__u64 f
#define WIRE_dec64(f)	__u64 f
#define WIRE_hex64(f)	__u64 f
#define WIRE_time(f)	__u64 f
#define WIRE_u32(f)	__u32 f
#define WIRE_flag(f)	__u32 f
#define WIRE_char(f)	__u32 f
#define WIRE_comm(f)	char f[16]

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

struct wire_head {
	__u16	kind;		/* enum event_kind */
	__u16	cpu;
	__u32	size;		/* of the whole record with its tail, unpadded */
	__u64	seq;		/* of this kind on this cpu; 0 if user space made it */
	__u64	boot_ns;	/* CLOCK_BOOTTIME */
};

/* A process.  id is text: boot, start, pid; see event.h. */
#define EVENT(ev, n, doc)		struct wire_##ev { struct wire_head head;
#define PROC(ev, id, pid, doc)		__u64 id##_start; __u32 pid; __u32 id##_pad;
#define WIRE(ev, t, f, doc)		WIRE_##t(f);
#define TAIL(ev, t, f, doc)		__u32 len_##f;
#define END(ev)				};
#include "rec/event.def"

/*
 * What the two halves share besides records.  One writer of a kind runs on a
 * cpu at a time: the kernel sees to that (preemption is off or, since 6.1, a
 * recursion is a counted miss).  So plain increments, by cpu and kind, are
 * exact.
 */
enum { WIRE_CPUS = 1024 };		/* no machine with more is watched */

enum slot {
	SLOT_fork, SLOT_exec, SLOT_exit, SLOT_reparent, SLOT_oom, SLOT_snap,
	SLOTS,
};

struct count {
	__u64	seq;			/* records made, sent or not */
	__u64	full;			/* of these, the ring had no room */
	__u64	held;			/* of these, --rate held back */
	__u64	full_from, full_to;	/* boot_ns; from is zeroed by the reader */
};

struct cpu_count {
	struct count slot[SLOTS];
	__u64	untold;			/* deaths with more children than are told */
	__u64	pad[9];			/* to the end of the cache line */
};
_Static_assert(sizeof(struct cpu_count) % 64 == 0, "cpus share a cache line");

/*
 * A process as a look at all of them finds it: what it has used since its
 * start, and what it has now.  All ones: unknown.
 */
struct sample_seen {
	__u32	size;			/* with its tail: both paths, as in event.def */
	__u32	kthread;
	__u64	boot_ns;		/* when it was looked at */
	__u64	start, parent_start;
	__u32	pid, ppid;
	char	comm[16];
	__u32	uid, state, threads;
	__u32	line;			/* 1: one stands behind it, see host/wchan.h */
	__u64	cgroup_id, cgroup_v1_id;
	__u32	len_cgroup, len_cgroup_v1;	/* 0: told before, in this generation */
	__u64	cpu, utime, stime;	/* ns; cpu is exact, the two are ticks */
	__u64	run_delay;		/* ns */
	__u64	voluntary, involuntary;
	__u64	read_bytes, write_bytes;
	__u64	rss_bytes, swap_bytes;
	__u64	fds, fds_max;
};

/*
 * The rate limit of one cgroup (on hybrid hosts, of one pair of them, since
 * either hierarchy may be the one in use): whole seconds, one budget for all cpus.  held
 * counts for ever; the reader remembers what it told.
 */
struct budget_key {
	__u64	cgroup_id, cgroup_v1_id;
};

struct budget {
	__u64	second, used;
	__u64	held_fork, held_exec;
	__u64	from, to;		/* boot_ns of the first and last held */
};

#pragma GCC diagnostic pop

#endif
