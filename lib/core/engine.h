/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From records to incidents, by rules.  Pure: time is the records' time.
 *
 * Records are judged in the order of boot_ns, each host by itself.  One that
 * comes up to the reorder window later than the latest is put in its place: so
 * it does not matter how two sources were mixed.  Of records of one moment the
 * order is that of their kinds, then of their contents.
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

struct engine;

enum {
	ENGINE_HELD = 16384,	/* records that wait for earlier ones, each host */
	ENGINE_GROUPS = 16384,	/* subjects that a host's rules follow at one time: */
	ENGINE_FOLLOWED = 12 << 20,	/* in so many bytes */
	ENGINE_STRINGS = 4 << 20,	/* names of processes and cgroups: above
					   that, fewer processes are known */
	ENGINE_PROCS = 131072,	/* processes known, each host */
	ENGINE_HOSTS = 64,
};

struct engine_conf {
	uint64_t	 reorder_ns;
	const char	*version;	/* for source records */
	/* Takes a line with its newline, of at most EVENT_LINE_MIN bytes. */
	void		(*out)(void *arg, const char *line, size_t len);
	void		*arg;
};

/* The rules must be done and outlive it.  NULL, with errno, on failure. */
struct engine *engine_new(const struct rules *, const struct engine_conf *);
void engine_free(struct engine *);

enum engine_fed {
	ENGINE_TAKEN,
	ENGINE_NOT_JSON,
	ENGINE_NOT_RECORD,	/* an object, but without an event, or of another version */
	ENGINE_NO_TIME,		/* a record, of a boot_ns that no clock shows */
	ENGINE_NO_MEMORY,
};

enum engine_fed engine_feed(struct engine *, const char *line, size_t len);

/* Nothing came for as long as records may be late: judge what waits.  What comes
 * then and is earlier is late. */
void engine_silent(struct engine *);

/* No more comes: judge what still waits, and say what was left out.  What is
 * open stays open: that the stream ended does not mean that the trouble did.
 * 0, or -1 without memory. */
int engine_end(struct engine *);

struct engine_count {
	uint64_t	records;
	uint64_t	opened, closed, updated, open;
	uint64_t	late;		/* came after the reorder window */
	uint64_t	backwards;	/* times that a clock was set back */
	uint64_t	evicted;	/* subjects forgotten to stay in bounds */
	uint64_t	hosts;		/* forgotten, as more than ENGINE_HOSTS came */
	uint64_t	dropped;	/* incidents not told: too many open */
	uint64_t	lost;		/* sum of all lost records */
};

struct engine_count engine_count(const struct engine *);

#endif
