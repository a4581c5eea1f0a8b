/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From what the kernel half added up in a window to who made whom wait.  Pure;
 * the parts add up to what was waited, to the nanosecond.
 */
#ifndef HOST_IOMEM_SPLIT_H
#define HOST_IOMEM_SPLIT_H

#include <stddef.h>
#include <stdint.h>

/* Of one victim, ns.  See enum wait_sum. */
struct io_sums {
	uint64_t	stall;			/* blocked for IO: measured */
	uint64_t	latency, base;		/* of requests with a baseline */
	uint64_t	plain;			/* latency of those without */
	uint64_t	foreign, blame;
};

struct io_parts {
	uint64_t	self, unknown;
	uint16_t	confidence;		/* of the parts below, 0 .. 1000 */
};

/*
 * blamed: what each of n others answers for, by the model; part gets how much
 * of the stall that is.  Nobody is named, all of part is 0, unless requests took at
 * least twice their baseline.
 */
struct io_parts io_split(const struct io_sums *, size_t n,
    const uint64_t *blamed, uint64_t *part);

/* Share total out by weights; what has none, and their sum is 0: all parts are
 * 0.  Else the parts add up to total. */
void share_out(uint64_t total, size_t n, const uint64_t *weight,
    uint64_t *part);

/*
 * Who made the host short of memory, of n parties: how often each woke kswapd,
 * and the bytes by which it grew (all ones: unknown).  weight gets how much of
 * the blame is each one's, together RECLAIM_ALL, or all 0 if nothing is known.
 * Half is by either measure; of whom the growth is not known, all is by
 * wake-ups, and if nobody grew, or nobody woke it, the other one counts alone.
 * The confidence in that, 0 .. 1000: RECLAIM_ONE if one measure tells, up to
 * RECLAIM_BOTH the more both tell the same.
 */
enum { RECLAIM_ALL = 1 << 30, RECLAIM_ONE = 300, RECLAIM_BOTH = 600 };
uint16_t reclaim_split(size_t n, const uint64_t *wakes, const uint64_t *grown,
    uint64_t *weight);

#endif
