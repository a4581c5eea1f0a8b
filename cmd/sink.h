/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Where the records of lnx-trace go: as lines, or as a recording. */
#ifndef CMD_SINK_H
#define CMD_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/out.h"
#include "rec/event.h"

struct sink {
	struct event_ctx ctx;
	struct out	*out;
	uint64_t	 kinds;		/* 1 << EV_kind: the others are passed over */
	uint64_t	 left;		/* records but source and lost until the end */
	uint64_t	 written;
	uint64_t	 anchored;	/* boot_ns when ctx.real_ns was looked up */
	int		 raw;		/* wire form */
	int		 bad;		/* records that made no line */
	int		 lost;		/* a lost record was among them */
};

/* 0; 1 when it is enough; -1 when it cannot be written.  A trace_fn. */
int sink_put(void *sink, const void *rec, size_t size);

/* Before each wait: nothing may lie in a buffer, and the wall clock may have
 * been set since. */
void sink_idle(void *sink);

/* Lines for arguments of at most that many bytes. */
void sink_argv_max(struct sink *, uint32_t argv_max);

/* The kind of a record, which need not be aligned. */
int sink_kind(const void *rec);

#endif
