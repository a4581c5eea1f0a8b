/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by watch*.c only. */
#ifndef HOST_WATCH_IMPL_H
#define HOST_WATCH_IMPL_H

#include "host/watch.h"
#include "rec/wire.h"

enum {
	WATCH_NAMES = 512,		/* room for the list of kinds */
	WATCH_DEGRADED = (1 + WATCH_GAUGES) * TRACE_WHY,
};

/* Records kept until it is known in which order they go out. */
struct keep {
	char	*p;
	size_t	 len, cap;
};

struct watch {
	struct watch_conf conf;
	struct cgroup_host host;
	struct trace	*trace;
	struct watch_sums sums;
	struct keep	 doubt, came;	/* see watch_introduce() */
	char		*spare;		/* room to shorten a record */
	size_t		 spare_len;
	uint64_t	 since;		/* boot_ns before the programs were attached */
	uint64_t	 begun, looked;	/* boot_ns */
	uint64_t	 snaps, procs;	/* snapshots; processes in the last */
	uint64_t	 snap_at;	/* boot_ns of the last */
	uint64_t	 holes, healed;	/* losses that a snapshot mends; mended */
	uint64_t	 untold, unfollowed;	/* as they were last told */
	uint64_t	 next[WATCH_GAUGES];	/* boot_ns when to look at them */
	int		 enough;	/* fn stopped it: some were not taken */
	char		 kinds[WATCH_NAMES];	/* list */
	size_t		 kinds_len;
	char		 degraded[WATCH_DEGRADED];	/* list */
	size_t		 degraded_len;
};

#define WANTS(w, k)	((w)->conf.trace.kinds >> EV_##k & 1)

/* Everything goes out through here: a trace_fn. */
int watch_hand_on(void *watch, const void *rec, size_t size);

/* Source records.  0, what fn returned, or -1. */
int watch_say_start(struct watch *);
int watch_say_synced(struct watch *);
int watch_say_end(struct watch *);

/* From now on something is missing: a sentence, "what: why". */
int watch_say_degraded(struct watch *, const char *what);

/*
 * The processes that are alive: at the start, and again after a loss.  0, what
 * fn returned, or -1 with errno.
 */
int watch_introduce(struct watch *);
int watch_heal(struct watch *);

#endif
