/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the files of a cgroup (v2) say, besides pressure: see "Controllers" in
 * the kernel's Documentation/admin-guide/cgroup-v2.rst.  Nothing here opens a
 * file.
 */
#ifndef HOST_CGSTAT_H
#define HOST_CGSTAT_H

#include <stddef.h>
#include <stdint.h>

enum cgstat_file {
	CGSTAT_CPU, CGSTAT_CPU_LOCAL, CGSTAT_CPU_MAX,
	CGSTAT_MEMORY, CGSTAT_MEMORY_MAX, CGSTAT_MEMORY_HIGH,
	CGSTAT_MEMORY_EVENTS, CGSTAT_PIDS, CGSTAT_PIDS_MAX, CGSTAT_IO,
	CGSTAT_FILES,
};

/* "cpu.stat" */
const char *cgstat_file(enum cgstat_file);

/* The first ones only grow: readers want how much. */
enum cgstat_value {
	CG_cpu_ns, CG_user_ns, CG_system_ns, CG_periods, CG_throttled_periods,
	CG_throttled_ns, CG_throttled_local_ns, CG_memory_low_events,
	CG_memory_high_events, CG_memory_max_events, CG_oom_events,
	CG_oom_kills, CG_read_bytes, CG_write_bytes, CG_reads, CG_writes,
	CG_GROWING,
	CG_cpu_quota_ns = CG_GROWING, CG_cpu_period_ns, CG_memory_bytes,
	CG_memory_max_bytes, CG_memory_high_bytes, CG_pids, CG_pids_max,
	CG_VALUES,
};

/* Its name in a record of the kind cgroup. */
const char *cgstat_name(enum cgstat_value);

/* All ones: unknown, or of a limit, none. */
struct cgstat {
	uint64_t v[CG_VALUES];
};

enum { CGSTAT_TEXT = 64 << 10 };	/* longest file that is taken */

/*
 * A whole file.  What it does not say is left as it was; lines that are
 * unknown are passed over.  io.stat: the sum of all devices.  0; or -1 and a
 * phrase of what is wrong with it.
 */
int cgstat_parse(enum cgstat_file, const char *text, size_t len,
    struct cgstat *, const char **why);

#endif
