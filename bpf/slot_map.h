/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Parties by small numbers, as both halves see them.  A party is a cgroup, a
 * thread of the kernel, or a process.  Its token is the slot that it has, and
 * how often that slot had been given away before: what is written with a token
 * can never come to belong to the slot's next owner.
 */
#ifndef BPF_SLOT_MAP_H
#define BPF_SLOT_MAP_H

enum {
	SLOT_BITS	= 14,
	SLOT_MOST	= 1 << SLOT_BITS,
	SLOT_GEN_BITS	= 16,
	SLOT_NAMES	= 1024,		/* bytes of a path, see walk.h */

	/* Tokens of what is no party. */
	SLOT_UNKNOWN	= 0,		/* not seen */
	SLOT_IDLE,			/* the processor was idle */
	SLOT_OTHER,			/* a party for which there was no slot */
	SLOT_OLDER,			/* longer ago than is remembered */
	SLOT_STEAL,			/* the hypervisor ran others */
	SLOT_IRQ,
	SLOT_THROTTLE,			/* the victim's own quota */
	SLOT_SLEPT,			/* the victim slept: see KNOWN_SLEPT */
	SLOT_FIRST	= 8,		/* slots that are given away */
};

/* Marks in the id of a slot; ids of the kernel leave these bits free. */
#define SLOT_ID_V1	(1ULL << 63)	/* id in the v1 hierarchy */
#define SLOT_ID_TASK	(1ULL << 62)	/* no cgroup: a hash of pid and start */

/* Keys of slots: of a task its id, of a cgroup its serial number with a mark. */
#define SLOT_KEY_CGROUP	(1ULL << 61)
#define SLOT_KEY_GONE	(~0ULL)		/* taken back, not yet to be given away */

enum slot_kind { SLOT_CGROUP, SLOT_KTHREAD, SLOT_PROCESS };

/*
 * One line of the cache.  Free if key is 0.  User space takes a slot back in two
 * steps, with enough time between them for any program under way to end: key
 * becomes SLOT_KEY_GONE; then gen is counted up, key becomes 0, and the slot is
 * deleted from slot_claims.
 */
struct slot_entry {
	__u64	key;			/* by which it is found, and nothing else */
	__u64	id;
	__u32	gen;			/* times it was given away before */
	__u32	used;			/* slot_epoch when it was last looked up */
	__u64	start;			/* of pid, CLOCK_BOOTTIME ns */
	__u32	of;			/* process: token of its cgroup */
	__u32	pid;			/* kthread, process */
	char	comm[16];		/* likewise */
	__u16	kind;			/* enum slot_kind */
	__u16	len;			/* of the path in scratch, */
	__u32	named;			/* which was as of this slot_renames */
};

static inline __u32
slot_token(__u32 index, __u32 gen)
{
	return index | (gen & ((1U << SLOT_GEN_BITS) - 1)) << SLOT_BITS;
}

static inline __u32
slot_index(__u32 token)
{
	return token & (SLOT_MOST - 1);
}

#endif
