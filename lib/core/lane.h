/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* All that is known of one host.  For lib/core alone. */
#ifndef CORE_LANE_H
#define CORE_LANE_H

#include <stddef.h>
#include <stdint.h>

#include "core/accuse.h"
#include "core/engine.h"
#include "core/group.h"
#include "core/intern.h"
#include "core/kin.h"
#include "core/lack.h"
#include "core/past.h"
#include "core/record.h"

/* One stretch in which records are missing. */
struct hole {
	uint64_t	from, to;
	uint64_t	by[6];		/* fork, exec, exit, reparent, oom; any or other */
	uint8_t		unknown;	/* and more, nobody knows how many */
};

/* How much: n, and if unknown not less. */
struct loss {
	uint64_t	n;
	uint8_t		unknown;
};

/* What a cgroup may use, as its last record said. */
struct limit {
	const char	*cgroup;	/* NULL: free */
	uint64_t	memory_max, memory, t;
};

enum { LIMITS = 1024, LIMIT_SET = 8 };
enum { HOLES = 64 };

struct tally {			/* of a rule, in a lane */
	struct group	*host;		/* the group of BY_HOST, if it is there */
	uint32_t	open, groups;
	uint64_t	dropped;
};

struct lane {
	struct engine	*e;
	char		 host[65];
	uint8_t		 hostlen;
	uint64_t	 now;		/* ns; never goes back but by restart */
	struct hold	*hold;
	struct intern	*strings;
	struct kins	*kins;
	struct groups	 groups;
	struct tally	*tally;		/* by rule */
	struct kin	*self;		/* whose record is at hand; NULL: look */
	const char	*sym[K_MAX];	/* of the record at hand */
	uint8_t		 syms[K_MAX];
	uint32_t	 nsyms;
	struct minute	 minute;
	uint64_t	 real_ns, time_ns;	/* the last record that told both: time
						   and boot_ns; or REAL_x */
	struct hole	 holes[HOLES];
	uint32_t	 nholes;
	struct accuse	 accuse;	/* who made whom wait */
	struct lacks	 lacks;
	uint32_t	 cpus;		/* 0 is unknown */
	uint8_t		 cpus_said;	/* a source told; else the highest that was seen */
	uint64_t	 mem_total;
	struct limit	*limits;	/* of cgroups; LIMITS of them, in sets
					   by name */
	uint64_t	 late, dropped;
	uint64_t	 timeless;	/* records without boot_ns, before any with it */
	uint32_t	 far;		/* records of long ago, one after another */
	struct past	 past;		/* these */
	uint8_t		 timed;		/* a record had boot_ns */
	uint8_t		 said_late, said_full, said_timeless;
	uint8_t		 said_far;	/* since it began, or began anew */
	char		 boot[40];	/* boot_id, as a source told; "" is untold */
	uint64_t	 forgotten;	/* processes, in boots before */
	int		 nomem;
};

/* The value of a field as an interned string, for as long as the record is at
 * hand; NULL if it is none.  Numbers and truths are taken as they stand. */
const char *lane_sym(struct lane *, const struct rec *, enum key);

/* The cgroup by two fields: where that of v2 is the root, that of v1. */
const char *lane_cgroup(struct lane *, const struct rec *, enum key v2,
    enum key v1);

/* K_resource of the record. */
static inline enum resource
lane_resource(const struct rec *r)
{
	return r->resource;
}

/* What the record is about, seen as `by`.  1; or 0 if it does not say. */
int lane_subject(struct lane *, const struct rule *, enum by,
    const struct rec *, struct subject *);

/* RFC 3339 of a moment; 0 bytes if no record told the time.  Length. */
size_t lane_time(const struct lane *, uint64_t boot_ns, char *p);

/* Records lost between from and now, that may be of those kinds; of what is past
 * it may be a little more, if it was lost near that time. */
struct loss lane_lost(const struct lane *, uint64_t from, uint64_t kinds);

/* The limit of that cgroup or, if less, of one above it.  NULL is not known. */
const struct limit *lane_limit(struct lane *, const char *cgroup);

/* Bytes that may still be used: 0 at or above the limit. */
uint64_t limit_left(const struct limit *);

/* The rule follows somebody. */
static inline int
group_any(const struct lane *l, const struct rule *r)
{
	return l->tally[r->index].groups > 0;
}

/* It may follow the process of the record at hand: ask before looking. */
static inline int
group_may(const struct lane *l, const struct rule *r)
{
	return group_any(l, r) && (l->self == NULL || l->self->followed > 0);
}

/* ---- for the engine ---- */

struct engine {
	const struct rules *rules;
	struct kindnames names;
	struct engine_conf conf;
	struct kindset	*sets;		/* by kind; 0 is any other */
	size_t		 nsets;
	struct lane	*lanes[ENGINE_HOSTS];
	size_t		 nlanes;
	struct lane	*lane;		/* the one last used */
	struct engine_count count;
	uint8_t		 said_hosts;
};

struct lane *lane_new(struct engine *, const char *host, size_t len);
void lane_free(struct lane *);

/* What was known is of another boot: of it no record is any more. */
void lane_boot(struct lane *);

/* Processes that were forgotten while they lived. */
uint64_t lane_forgotten(const struct lane *);

/* Take in a record whose time has come. */
void lane_feed(struct lane *, const struct rec *);

/* What the lane itself takes from it: before the rules, and after them. */
void lane_learn(struct lane *, const struct rec *);
void lane_learn_end(struct lane *, const struct rec *);

/* From a record of the kind lost. */
void hole_learn(struct lane *, const struct rec *);

/* Everything is due up to t. */
void lane_until(struct lane *, uint64_t t);

/* A source record of the engine: it is in that state, for these reasons. */
void lane_say(struct lane *, const char *state, const char *why);

#endif
