/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How much the pressure of a cgroup grew from one window to the next. */
#ifndef HOST_PRESSURE_H
#define HOST_PRESSURE_H

#include <stddef.h>
#include <stdint.h>

/* One file of one cgroup.  ns; all ones: unknown. */
struct pressure {
	int		 fd;		/* -1: not open */
	int		 none;		/* there is no such file, or its path is cut */
	uint64_t	 number;	/* of the window in which it was read; 0: never */
	uint64_t	 some, full;	/* its totals then */
	uint64_t	 d_some, d_full;	/* grown since the window before */
};

struct pressure_look {
	int		 root;		/* directory of the v2 hierarchy; -1: none */
	uint64_t	 id;		/* of the cgroup; all ones: any by that name */
	const char	*resource;	/* "io" */
	uint64_t	 number;	/* of this window, from 1 */
};

void pressure_init(struct pressure *);
void pressure_close(struct pressure *);

/*
 * Read it; names: of the cgroup, leaf first, as path in event.def.  keep: leave
 * it open for the next time.  What cannot be read, or was not read in the window
 * before, has not grown by a known amount; nor has that of the root, whose file
 * is the machine's.
 */
void pressure_read(struct pressure *, const struct pressure_look *,
    const char *names, size_t len, int keep);

#endif
