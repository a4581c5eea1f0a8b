/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by iomem.c, iomem_load.c and iomem_edge.c only. */
#ifndef HOST_IOMEM_IMPL_H
#define HOST_IOMEM_IMPL_H

#include <linux/types.h>

#include "host/iomem.h"
#include "host/iomem_split.h"
#include "host/pressure.h"
#include "host/usage.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#include "bpf/service.h"
#include "bpf/iomem_map.h"

/* A cgroup that the kernel half told of. */
struct known {
	uint64_t	 key;			/* see bpf/iomem_map.h */
	struct stall_party party;		/* its paths are in tail */
	uint64_t	 sum[WAIT_SUMS];	/* as of the last look */
	uint64_t	 d[WAIT_SUMS];		/* in the window */
	uint64_t	 max_io, max_memory, open_io, open_memory;
	struct pressure	 io, memory;
	unsigned	 idle;			/* windows without news */
	unsigned	 limited;		/* windows since it met its limit */
	uint64_t	 wakes;			/* of kswapd, lately: see take() */
	struct usage	 usage;
	uint64_t	 grown;			/* lately, likewise; all ones: unknown */
	char		 tail[WAIT_PATH];
};

struct edges {
	struct stall_edge *p;
	size_t		 n, cap;
};

struct iomem {
	struct iomem_bpf *skel;
	struct cgroup_host host;
	int		 root, v1_root;	/* directories of the hierarchies; or -1,
					 * of v1 if it has not memory */
	unsigned	 resources;
	struct iomem_facts facts;
	const struct wait_task *tasks;		/* the map of that name */
	uint64_t	 looked;		/* boot_ns */
	struct known	*known[WAIT_PARTIES];	/* by key */
	size_t		 nknown, nopen;		/* nopen: pressure files */
	unsigned	 host_reclaim;		/* windows since the last */
	uint64_t	 reclaim_n;
	uint64_t	*key;			/* room for a batch */
	struct wait_party *value;
	struct wait_edge_key *edge_key;		/* of this window */
	struct wait_edge *edge;
	size_t		 nedge;
	struct stall_party party[2][WAIT_PARTIES];	/* handed out */
	struct edges	 io, memory;
};

int iomem_load(struct iomem *, char *why);
void iomem_unload(struct iomem *);

/* The edges of a window, for known[].  0, or -1 with errno. */
int iomem_edges_io(struct iomem *);
int iomem_edges_memory(struct iomem *);

/* Index in known[], or nknown. */
size_t iomem_find(const struct iomem *, uint64_t key);

#endif
