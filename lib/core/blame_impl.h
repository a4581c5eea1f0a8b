/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by blame.c, which adds up, and blame_record.c, which tells. */
#ifndef CORE_BLAME_IMPL_H
#define CORE_BLAME_IMPL_H

#include "rec/wire.h"

#include "core/blame.h"

/* All ones would be read as unknown. */
#define BLAME_MOST (WIRE_UNKNOWN_64 - 1)

/* What one party waited: its edges are n of edge[] from first on. */
struct blame_total {
	const struct stall_party *party;
	size_t		 first, n;
	uint64_t	 ns, by[STALL_KINDS];
};

/* What others waited because of one party. */
struct blame_harm {
	const struct stall_party *party;
	uint64_t	 ns, psi_ns, victims;
	uint8_t		 method;	/* the weakest of its edges */
	uint8_t		 psi;		/* psi_ns is known */
};

struct blame_job {
	const struct blame_conf	*conf;
	const struct stall_window *w;
	const struct stall_edge	**edge;
	struct blame_total	*total;	/* one for each party */
	struct blame_harm	*harm;	/* likewise */
	void			*rec;	/* room for any record of the window */
	blame_fn		*fn;
	void			*arg;
};

/* a + b, at most BLAME_MOST. */
uint64_t blame_sum(uint64_t a, uint64_t b);

/* a * b / c, rounded down: nothing becomes all by rounding. */
uint64_t blame_part(uint64_t a, uint64_t b, uint64_t c);

/* Whose ends are one cgroup says that its own tasks did it. */
enum stall_kind blame_kind(const struct stall_edge *);

/* The greatest record that the window can make. */
size_t blame_room(const struct stall_window *);

/* A record of it, in job.rec, to job.fn: what that returns. */
int blame_tell_edge(const struct blame_job *, const struct blame_total *,
    const struct stall_edge *);
int blame_tell_total(const struct blame_job *, const struct blame_total *);
int blame_tell_harm(const struct blame_job *, const struct blame_harm *);

#endif
