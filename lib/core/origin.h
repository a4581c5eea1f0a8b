/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the table of processes knows of each host between two of its boots. */
#ifndef CORE_ORIGIN_H
#define CORE_ORIGIN_H

#include <stddef.h>
#include <stdint.h>

enum { ORIGIN_SNAPS = 8 };	/* snapshots under way at one time; older are given up */

struct origin_snap {
	uint64_t	number;
	uint64_t	first_ns;	/* of its first record */
	uint64_t	seen, procs;	/* records; procs UINT64_MAX is not yet told */
	uint8_t		used, synced;
};

struct origin {
	char		 host[65];
	char		 time[40];	/* of the record at last_ns, as it was written */
	uint64_t	 last_ns;	/* latest boot_ns */
	uint64_t	 fed;		/* when it was last heard of, in lines */
	uint64_t	 sampled_ns;	/* of the latest sample */
	uint64_t	 synced_ns;	/* a process not heard of since is no more */
	struct origin_snap snap[ORIGIN_SNAPS];
	uint32_t	 id;
	uint8_t		 timelen;
};

/* One record more, or less, is known of snapshot number. */
struct origin_snap *origin_snap(struct origin *, uint64_t number);

/* Weigh a snapshot anew.  1 if synced_ns moved. */
int origin_synced(struct origin *, const struct origin_snap *);

/* CLOCK_REALTIME - CLOCK_BOOTTIME by its last record.  0, or -1 if unknown. */
int origin_real(const struct origin *, int64_t *ns);

#endif
