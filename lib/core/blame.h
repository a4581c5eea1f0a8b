/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who made whom wait: the records stall, stall_total and stall_culprit of one
 * window (event.def), from what was measured (rec/stall.h).  Pure.
 *
 * For each victim the edges and parts add up to its stall_ns, to the
 * nanosecond: what min leaves out as a stall record is in stall_total all the
 * same.
 */
#ifndef CORE_BLAME_H
#define CORE_BLAME_H

#include <stddef.h>
#include <stdint.h>

#include "rec/stall.h"

struct blame_conf {
	uint64_t	min_ns;		/* no stall record for less than this */
};

/* Takes a record in wire form; not 0 ends the call. */
typedef int blame_fn(void *arg, const void *rec, size_t size);

/*
 * Hand out the records of the window in a fixed order: by victim, most stalled
 * first, its stall_total and then its stall records, greatest first; then
 * stall_culprit, most harmful first.  A victim that waited nothing and does not
 * wait now, and a culprit that made nobody else wait, has none.  An edge
 * STALL_CGROUP from a party to itself is told as STALL_SELF.  Ratios are
 * rounded down, sums stay at the greatest number that is known.  0, what fn
 * returned, or -1 with errno: EINVAL if the window is not sound.
 */
int blame(const struct blame_conf *, const struct stall_window *, blame_fn *fn,
    void *arg);

#endif
