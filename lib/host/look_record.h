/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What was looked at, as records; and which of it is worth one. */
#ifndef HOST_LOOK_RECORD_H
#define HOST_LOOK_RECORD_H

#include <stddef.h>

#include "host/look.h"

/* A record of this kind in wire form; its size, or 0 if it has more than cap
 * bytes.  reason: as in event.def. */
size_t look_record_psi(const struct look_at *, enum psi_resource,
    const char *reason, void *buf, size_t cap);
size_t look_record_stat(const struct look_at *, void *buf, size_t cap);

/* How much pressure, in millionths of a percent: of the interval; without one,
 * avg10.  Of irq, and where there is no some: full. */
uint64_t look_pressure(const struct look_psi *);

/*
 * Set .told of all that were looked at: the machine, and cgroups with at least
 * so many millionths of a percent, and for each resource no more than top of
 * them (0: all), those with the most pressure.  0, or -1 without memory.
 */
int look_pick(struct look *, uint64_t min, size_t top);

#endif
