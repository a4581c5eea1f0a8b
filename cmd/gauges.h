/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What lnx-trace looks at from time to time. */
#ifndef CMD_GAUGES_H
#define CMD_GAUGES_H

#include "core/blame.h"
#include "core/blame_pick.h"
#include "host/iomem.h"
#include "host/sample.h"
#include "host/stall.h"
#include "host/trace.h"
#include "host/watch.h"

/* What may be missing for a while, most of it for want of descriptors. */
enum { ILL_OPEN, ILL_CPU, ILL_IOMEM, ILL_SAMPLE, GAUGES_ILL };

struct gauges {
	struct gauge	 gauge[WATCH_GAUGES];
	size_t		 n;
	struct sample	*sample;
	struct stall	*stall;
	struct iomem	*iomem;
	struct blame_conf blame;
	struct pick	 pick;		/* by --cgroup */
	unsigned	 resources;	/* 1 << enum stall_resource: wanted */
	int		 by_process;
	/* It was said that something is not seen. */
	int		 told_slots, told_cells, told_tasks, told_iomem;
	char		 ill[GAUGES_ILL][TRACE_WHY];	/* as told; "": it is well */
	uint64_t	 no_open;	/* of stall_counts(), when last read */
	int		(*look_at_sample)(void *self, uint64_t now, int last,
			    trace_fn *fn, void *arg);
	unsigned	 begun;		/* likewise: its first window was read */
	char		 why[WATCH_GAUGES][TRACE_WHY];	/* of what is missing */
};

/*
 * Open those that the kinds want.  One that this kernel refuses is a gauge that
 * says so; if nothing else is wanted, or nothing would work, it dies.
 */
void gauges_open(struct gauges *, const struct trace_conf *);
void gauges_close(struct gauges *);

#endif
