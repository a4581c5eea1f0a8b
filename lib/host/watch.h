/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A trace from its start to its end, as a stream of records that can stand by
 * itself: a source record first, then every process that is alive, then what
 * happens, lost records for what is missing, a new snapshot after a loss, and
 * a source record with the sums last.
 */
#ifndef HOST_WATCH_H
#define HOST_WATCH_H

#include <stdint.h>

#include "host/boot.h"
#include "host/gauge.h"
#include "host/trace.h"

enum { WATCH_GAUGES = 4 };

struct watch_conf {
	struct trace_conf trace;
	const struct boot *boot;
	const char	*tool, *version;
	uint64_t	 duration;	/* ns; 0: until *stop */
	const struct gauge *gauge;	/* at most WATCH_GAUGES, open already */
	size_t		 ngauge;
	const volatile int *stop;	/* a signal handler sets it */
	int		 out;		/* its reader's end is watched; or -1 */
	trace_fn	*fn;		/* takes each record */
	void		(*idle)(void *arg);	/* called before each wait */
	void		*arg;		/* of both */
};

struct watch;

/* Load and attach.  NULL on failure, with errno and why, as trace_open(). */
struct watch *watch_open(const struct watch_conf *, char why[TRACE_WHY]);
void watch_close(struct watch *);

/* What must stay allowed for it: flags of sandbox_enter(). */
unsigned watch_sandbox(const struct watch *);

/*
 * The whole of it.  0; what fn returned; or -1 with errno (EPIPE: the reader
 * of out has gone).
 */
int watch_run(struct watch *);

/* Sums, when it is over. */
struct watch_sums {
	uint64_t generated, received, lost;
};
struct watch_sums watch_sums(const struct watch *);

#endif
