/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What each process uses, as a gauge: sample records.  See bpf/sample.bpf.c. */
#ifndef HOST_SAMPLE_H
#define HOST_SAMPLE_H

#include <limits.h>

#include "host/cgroup.h"
#include "host/gauge.h"
#include "host/trace.h"

struct sample;

/*
 * Load and attach, and fill in the gauge, which lasts as long as the sample.
 * NULL on failure, with errno and why, as trace_open(); ENOENT: this kernel has
 * no iterators over tasks.  Of the conf its filters, interval and all count.
 */
enum { SAMPLE_UNSEEN = INT_MIN };	/* of gauge.look, with errno: the processes
				 * could not be looked at, not all are told */
struct sample *sample_open(const struct trace_conf *, const struct cgroup_host *,
    struct gauge *, char why[TRACE_WHY]);
void sample_close(struct sample *);

#endif
