/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is measured of waiting in one window and for one resource, before it is
 * put into records: lib/host fills it from the kernel, lib/core makes records
 * of it.
 */
#ifndef REC_STALL_H
#define REC_STALL_H

#include <stddef.h>
#include <stdint.h>

enum stall_resource { STALL_CPU, STALL_IO, STALL_MEMORY, STALL_RESOURCES };

/* Why somebody waited; the words of culprit.kind in event.def. */
enum stall_kind {
	STALL_CGROUP,		/* another cgroup: party */
	STALL_SELF, STALL_THROTTLE, STALL_LIMIT, STALL_KTHREAD, STALL_IRQ,
	STALL_STEAL, STALL_IDLE, STALL_UNKNOWN, STALL_OLDER, STALL_KINDS,
};

enum stall_method { STALL_MEASURED, STALL_SAMPLED, STALL_ESTIMATED };

enum { STALL_NOBODY = UINT32_MAX };

/* A cgroup that waited, was waited for, or ran. */
struct stall_party {
	uint64_t	 cgroup_id;	/* all ones: unknown */
	uint64_t	 cgroup_v1_id;	/* all ones: none, or the v2 id is enough */
	const char	*cgroup, *cgroup_v1;	/* as path in event.def; NULL */
	uint32_t	 cgroup_len, cgroup_v1_len;
	uint64_t	 cpu_ns;	/* ran in the window; all ones: unknown */
	uint64_t	 psi_some_ns, psi_full_ns;	/* likewise, of the resource */
	uint64_t	 wait_max_ns;	/* likewise */
	uint64_t	 open_ns;	/* likewise */
	uint64_t	 slept_ns;	/* likewise; as in stall_total of event.def */
	uint64_t	 waits;		/* that ended in the window; 0 or all ones: unknown */
};

/* An edge: what victim waited because of this in the window. */
struct stall_edge {
	uint32_t	 victim;	/* index of a party */
	uint32_t	 culprit;	/* index of a party; or STALL_NOBODY */
	uint8_t		 kind;		/* enum stall_kind */
	uint8_t		 method;	/* enum stall_method */
	uint16_t	 confidence;	/* estimated: 0 .. 1000 */
	uint32_t	 pid;		/* culprit process; all ones: not told */
	uint64_t	 start;		/* its start, CLOCK_BOOTTIME ns; all ones: unknown */
	char		 comm[16];	/* of pid, or of the kernel's thread; "" */
	uint64_t	 ns, waits;
};

struct stall_window {
	enum stall_resource	 resource;
	uint64_t		 from, to;	/* boot_ns */
	struct stall_party	*party;
	size_t			 nparty;
	struct stall_edge	*edge;
	size_t			 nedge;
};

#endif
