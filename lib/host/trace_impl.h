/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by trace_load.c and trace.c only. */
#ifndef HOST_TRACE_IMPL_H
#define HOST_TRACE_IMPL_H

#include "host/trace.h"
#include "rec/wire.h"

enum { TRACE_KINDS = SLOT_snap };	/* that come through the ring */

/* What was told of the rate limit of one cgroup. */
struct trace_told {
	struct budget_key key;
	__u64	held[TRACE_KINDS];
	__u64	to;			/* time of the last one told */
};

struct trace {
	struct trace_conf	 conf;
	struct trace_facts	 facts;
	struct trace_bpf	*skel;
	struct ring_buffer	*rb;
	struct bpf_link		*link;		/* of the iterator; or NULL */
	trace_fn		*fn;
	void			*arg;
	int			 ncpu;
	int			 fn_rc;
	size_t			 taken;		/* bytes, by this drain */
	int			 stopped;
	__u64			 full[TRACE_KINDS];	/* told as lost */
	__u64			 miss[TRACE_KINDS];	/* likewise */
	__u64			 miss_at;	/* CLOCK_BOOTTIME of the last look */
	struct trace_told	*told;
	size_t			 ntold;
};

/* Load and attach by the best rung, or conf.rung.  0, or -1 with errno and why. */
int trace_load(struct trace *, const struct cgroup_host *, char *why);
void trace_unload(struct trace *);

#endif
