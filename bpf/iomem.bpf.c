/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Waits for IO and memory: how long tasks wait is measured, by the marks that
 * the kernel itself sets for its pressure files and by its stamps of the end of
 * a wait; who had the disk meanwhile is estimated (service.h).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rec/wire.h"

#include "service.h"
#include "iomem_map.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* For walk.h: room to put a party together, see enum place. */
enum {
	TAIL_PATHS = WAIT_PATH,
	NAME_LEN = 256,
};

struct scratch {
	u8 fixed[__builtin_offsetof(struct wait_party, tail)];
	u8 tail[TAIL_PATHS];
};

/* Who may interrupt whom on a cpu has a place of its own there. */
enum place { IN_SWITCH, IN_RECLAIM, IN_START, IN_DONE, PLACES };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_PARTIES);
	__type(key, u64);
	__type(value, struct wait_party);
} parties SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WAIT_EDGES);
	__type(key, struct wait_edge_key);
	__type(value, struct wait_edge);
} edges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WAIT_TASKS);
	__type(key, u32);
	__type(value, struct wait_task);
} tasks SEC(".maps");

struct wait_state state;

const volatile bool want_io = true;
const volatile bool want_memory = true;

/* Most fields here are read a few hundred times a second: probe reads do. */
#define RAW_TP
#include "walk.h"
#include "task.h"

#include "iomem_party.h"
#include "iomem_task.h"
#include "iomem_disk.h"
