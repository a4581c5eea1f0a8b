/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Who this machine is, and how its clocks relate. */
#ifndef HOST_BOOT_H
#define HOST_BOOT_H

#include <stdint.h>
#include <sys/utsname.h>

#include "rec/event.h"

struct boot {
	char		id[37];		/* /proc/sys/kernel/random/boot_id */
	struct utsname	uts;
	uint32_t	cpus;		/* online; all ones is unknown */
	uint64_t	memory_bytes;	/* of the machine; likewise */
};

/* 0, or -1 with errno: without /proc there is no boot id. */
int boot_read(struct boot *);

/* CLOCK_REALTIME - CLOCK_BOOTTIME, in ns.  They drift apart as the wall clock
 * is set: ask again from time to time. */
int64_t boot_offset(void);

/* CLOCK_BOOTTIME in ns. */
uint64_t boot_now(void);

/* What this host puts into each line; line_max is EVENT_LINE_MIN. */
void boot_ctx(const struct boot *, struct event_ctx *);

#endif
