/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much the memory of a cgroup grew from one window to the next. */
#ifndef HOST_USAGE_H
#define HOST_USAGE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes; all ones: unknown. */
struct usage {
	uint64_t	 number;	/* of the window in which it was read; 0: never */
	uint64_t	 bytes;		/* then */
	uint64_t	 grown;		/* since the window before; what shrank grew by 0 */
};

struct usage_look {
	int		 root;		/* directory of the hierarchy; -1: none */
	uint64_t	 id;		/* of the cgroup; all ones: any by that name */
	const char	*file;		/* "memory.current", "memory.usage_in_bytes" */
	uint64_t	 number;	/* of this window, from 1 */
};

/* Read it; names: of the cgroup, leaf first, as path in event.def.  The root is
 * no one's memory in particular: of it nothing is known. */
void usage_read(struct usage *, const struct usage_look *, const char *names,
    size_t len);

#endif
