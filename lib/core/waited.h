/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The time in which a cgroup waited for memory, in a window of len ns: by psi
 * records of it; or, where there are none, by the stall records whose culprit is
 * its limit.  For lib/core alone.
 */
#ifndef CORE_WAITED_H
#define CORE_WAITED_H

#include "core/detect_impl.h"

/* In us. */
struct waited {
	struct window	psi, stall;
	uint64_t	psi_t;		/* of the last psi record; 0 is none */
};

/* What a record of these kinds tells.  0; -1 is nothing. */
int waited_us(const struct rec *, uint64_t len, uint64_t *us);
void waited_put(struct waited *, uint64_t len, const struct rec *, uint64_t us,
    uint64_t now);

/* The group of the cgroup that waited, NULL if there is none. */
struct group *waited_group(struct lane *, const struct rule *,
    const struct rec *);

/* As a percentage of the time of the latest slots of the window.  By stall records
 * the waits of all tasks are added up. */
double waited_pct(struct waited *, uint64_t len, uint64_t now, unsigned slots);
int waited_by_psi(const struct waited *, uint64_t len, uint64_t now);

#endif
