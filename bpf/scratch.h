/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Where a record is put together. */
#ifndef BPF_SCRATCH_H
#define BPF_SCRATCH_H

/*
 * Room to put a record together: too large for the stack, and too large for a
 * per-CPU map when arguments may be long.  Its value size and entries (cpus *
 * SLOTS) are set by the loader.
 */
enum {
	TAIL_PATHS = 8192,		/* all tails but argv together */
	NAME_LEN = 256,			/* a file name with its NUL */
	PATH_LEN = 4096,		/* a path given to a system call, likewise */
};

struct scratch {
	u8 work[128];			/* struct sums */
	u8 fixed[256];			/* struct wire_KIND, at its end */
	u8 tail[TAIL_PATHS];		/* and argv behind this, argv_max bytes */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct scratch));
} scratch SEC(".maps");

const volatile __u32 argv_max = 4096;
const volatile __u64 page_size = 4096;

/* struct wire_KIND stands right before the tail. */
#define AT(s, type)	((type *)((s)->fixed + sizeof((s)->fixed) - sizeof(type)))

#endif
