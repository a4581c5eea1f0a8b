/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Waits for IO and memory, by the programs of bpf/iomem.bpf.c.  How long a
 * cgroup waited is measured; who is to blame for it is measured where a limit
 * of its own is, and else estimated or unknown.
 */
#ifndef HOST_IOMEM_H
#define HOST_IOMEM_H

#include <stddef.h>
#include <stdint.h>

#include "host/cgroup.h"
#include "host/trace.h"
#include "rec/stall.h"

struct iomem;

/*
 * Load and attach.  resources: 1 << STALL_IO, 1 << STALL_MEMORY, or both.  NULL
 * on failure: errno, and why says it in a sentence.  Needs what trace_open()
 * needs, and pressure stall information (CONFIG_PSI, psi=1).
 */
struct iomem *iomem_open(unsigned resources, const struct cgroup_host *,
    char why[TRACE_WHY]);
void iomem_close(struct iomem *);

struct iomem_facts {
	char	 degraded[TRACE_WHY];	/* list: what is missing, and why */
	size_t	 degraded_len;
	unsigned sandbox;	/* what iomem_read() needs: SANDBOX_READ, _BPF */
};
const struct iomem_facts *iomem_facts(const struct iomem *);

/*
 * What was waited since the call before, until the moment at which what was
 * counted is read, in this one: that of both windows.  Either may be NULL.  What they point to is good until the next call.  For each
 * victim the edges add up to what it waited, and all have an edge each for what
 * nobody is blamed for.  0, or -1 with errno.
 */
int iomem_read(struct iomem *, struct stall_window *io,
    struct stall_window *memory);

/* What could not be told so far, by the reason. */
struct iomem_lost {
	uint64_t	parties;	/* times that a cgroup found no room */
	uint64_t	parties_ns;	/* waits of these: in no window */
	uint64_t	edges;		/* blame that found no room: is unknown */
	uint64_t	tasks;		/* waits that another task's displaced */
	uint64_t	switches;	/* waits whose end the kernel did not tell */
	uint64_t	requests;	/* requests that found no room */
	uint64_t	owners;		/* requests of whom nobody knows who made them */
	uint64_t	stamps;		/* requests without times */
	uint64_t	devices;	/* requests to devices that found no room */
	uint64_t	bases;		/* baselines that found no room */
	uint64_t	claims;		/* completions in one instant with another */
	uint64_t	missed;		/* runs of a program that the kernel skipped */
};
void iomem_lost(const struct iomem *, struct iomem_lost *);

#endif
