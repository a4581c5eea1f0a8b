/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Something that watch.h looks at from time to time, beside the events of trace.h. */
#ifndef HOST_GAUGE_H
#define HOST_GAUGE_H

#include <stddef.h>
#include <stdint.h>

#include "host/trace.h"

struct gauge {
	void		*self;
	uint64_t	 every;		/* ns between two looks */
	uint64_t	 kinds;		/* 1 << EV_kind: what it hands out */
	const char	*degraded;	/* list: what is missing, and why */
	size_t		 degraded_len;
	unsigned	 sandbox;	/* SANDBOX_BPF, SANDBOX_READ: what look() needs */
	/*
	 * Hand out records of what was since the look before.  now: boot_ns;
	 * last: there is no further look.  0, what fn returned, or -1 with
	 * errno.
	 */
	int		(*look)(void *self, uint64_t now, int last,
			    trace_fn *fn, void *arg);
};

#endif
