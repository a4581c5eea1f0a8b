/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What stands between the engine and its detectors: each detector is a row of
 * a table and a small file, detect_THEME.c.  For lib/core alone.
 *
 * A detector is fed records.  It finds the group of each (rule and subject),
 * keeps what it needs in the group's state, and settles the group: the engine
 * then asks it to judge, opens and closes the incident, and asks it to tell
 * what there is to say.
 */
#ifndef CORE_DETECT_H
#define CORE_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/num.h"

#include "core/engine.h"
#include "core/heap.h"
#include "core/intern.h"
#include "core/kin.h"
#include "core/lack.h"
#include "core/record.h"
#include "core/rule.h"
#include "core/value.h"
#include "core/where.h"
#include "core/window.h"

/* ---- rules ---- */

enum by { BY_PROCESS, BY_TREE, BY_CGROUP, BY_POD, BY_NAMESPACE, BY_HOST, BY_FIELD };
#define BY(x)	(1u << BY_##x)

enum severity { SEV_INFO, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL };
extern const char severities[];		/* the words, by number */

enum { PARAMS = 12, RULE_FIELDS = 16 };

/* A key that one detector has.  def NULL: it must be given, or (opt) may be. */
struct param {
	const char	*name;
	enum unit	 unit;
	const char	*def;
	const char	*words;		/* UNIT_CHOICE: its words; else its range,
					   see value_within(); NULL: that of the unit */
	uint8_t		 opt;		/* without it, the value is NAN */
};

struct given;

struct rule {
	char		 name[RULE_NAME];
	struct given	*givens, **last;	/* its keys as they were given */
	const struct detector *det;
	struct where	*where;
	double		 p[PARAMS];	/* by the detector's params */
	uint64_t	 cooldown, update, close;
	uint64_t	 kinds;		/* that it is fed */
	uint32_t	 limit;
	unsigned	 line;
	uint16_t	 index;
	uint8_t		 by;		/* bits; narrower first */
	uint8_t		 by_key, field_key;	/* K_NONE: none */
	uint8_t		 severity, off;
	uint8_t		 down;		/* low values are the bad ones */
	uint8_t		 given[PARAMS], given_by, given_severity;
	uint8_t		 fields[RULE_FIELDS], nfields;	/* that where names */
	char		 by_field[RULE_NAME], field[RULE_NAME];
};

struct rules {
	struct rule	*all[RULE_MAX];
	size_t		 n;
	const char	*key[K_MAX];	/* names, by number */
	size_t		 nkeys;
	int		 done;
};

/* ---- what is followed ---- */

/* What an incident is about.  Unused parts are 0; strings are interned. */
struct subject {
	struct tree_id	 id;		/* BY_PROCESS, BY_TREE */
	const char	*s[2];		/* cgroup, pod and namespace, value; and
					   what else tells two subjects apart */
	uint32_t	 n;
	uint8_t		 by;
};

/* A record that counted. */
struct seen {
	uint64_t	t;
	struct tree_id	id;		/* pid 0 is none */
	uint16_t	kind;
};

struct incident {
	uint64_t	id, opened;
	uint64_t	held;		/* when its condition held last */
	uint64_t	told;		/* when it was last written */
	uint64_t	until;		/* not again before */
	uint64_t	from;		/* the evidence begins */
	uint64_t	hits;		/* records that counted, since from: while open */
	struct window	recent;		/* the same, before it opens */
	uint64_t	hits_told;
	double		value, peak;	/* what is compared, see judge(); the most while open */
	uint32_t	quiet;		/* times that it would have opened */
	const char	*class;		/* when it was last told */
	uint8_t		open, severity;
	struct seen	first;
};

struct group {
	struct subject	 s;
	const struct rule *rule;
	struct group	*chain, *newer, *older;
	uint64_t	 touched;	/* which touch of a group was the last of it */
	uint32_t	 number, bytes;
	uint8_t		 worth, near;	/* see enum worth; near its threshold */
	struct seen	 last;
	struct incident	 inc;
	max_align_t	 state[];
};

/* How much is lost if it is forgotten. */
enum worth {
	WORTH_LITTLE,	/* it was seen once, or long ago */
	WORTH_MORE,	/* seen again within the window of its rule */
	WORTH_MOST,	/* near its threshold, or its incident is open */
	WORTHS,
};

struct groups {
	struct group	**slots, **all;		/* all: by number */
	struct heap	*due;
	uint32_t	*free;
	uint32_t	 nfree, used;
	size_t		 max, mask, bytes;
	struct {
		struct group	*newest, *oldest;
	} lists[WORTHS];		/* by worth, in the order of touch */
	uint64_t	 touched, before;	/* before: this record came */
	uint64_t	 evicted, missed;	/* of these, worth more than little */
};

/* One stretch in which records are missing. */
struct hole {
	uint64_t	from, to;
	uint64_t	by[6];		/* fork, exec, exit, reparent, oom; any or other */
};

/* Who made whom wait, as the last stall records said. */
struct edge {
	uint64_t	t, ns;
	const char	*victim, *culprit;	/* cgroups; culprit NULL: no cgroup */
	const char	*comm, *kind;
	struct tree_id	 id;		/* the culprit; pid 0 is not told */
	uint8_t		 resource, measured;
};

/* What a cgroup may use, as its last record said. */
struct limit {
	const char	*cgroup;	/* NULL: free */
	uint64_t	memory_max, memory, t;
};

enum { LIMITS = 256 };
enum { HOLES = 16, EDGES = 512 };
enum resource { RES_CPU, RES_MEMORY, RES_IO, RES_IRQ, RES_NONE };
extern const char resources[];		/* the words, by number */

struct tally {			/* of a rule, in a lane */
	struct group	*host;		/* the group of BY_HOST, if it is there */
	uint32_t	open, groups;
	uint64_t	dropped;
};

/* All that is known of one host. */
struct lane {
	struct engine	*e;
	char		 host[65];
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
	struct edge	 edges[EDGES];
	uint32_t	 nholes, nedges;	/* ever */
	struct lacks	 lacks;
	uint32_t	 cpus;		/* 0 is unknown */
	uint8_t		 cpus_said;	/* a source told; else the highest that was seen */
	uint64_t	 mem_total;
	struct limit	*limits;	/* of cgroups; LIMITS of them, by name */
	uint64_t	 late, dropped;
	uint64_t	 timeless;	/* records without boot_ns, before any with it */
	uint32_t	 far;		/* records of long ago, one after another */
	uint8_t		 timed;		/* a record had boot_ns */
	uint8_t		 said_late, said_full, said_timeless;
	int		 nomem;
};

/* The value of a field as an interned string, for as long as the record is at
 * hand; NULL if it is none.  Numbers and truths are taken as they stand. */
const char *lane_sym(struct lane *, const struct rec *, enum key);

/* The cgroup by two fields: where that of v2 is the root, that of v1. */
const char *lane_cgroup(struct lane *, const struct rec *, enum key v2,
    enum key v1);

/* K_resource of the record. */
enum resource lane_resource(const struct rec *);

/* What the record is about, seen as `by`.  1; or 0 if it does not say. */
int lane_subject(struct lane *, const struct rule *, enum by,
    const struct rec *, struct subject *);

/* RFC 3339 of a moment; 0 bytes if no record told the time.  Length. */
size_t lane_time(const struct lane *, uint64_t boot_ns, char *p);

/* Records lost between from and now, that may be of those kinds. */
uint64_t lane_lost(const struct lane *, uint64_t from, uint64_t kinds);

/* The limit of that cgroup or, if less, of one above it.  NULL is not known. */
const struct limit *lane_limit(struct lane *, const char *cgroup);

/* Group of that subject; with make, made if missing.  NULL: none, or no
 * memory.  Made, others may have been forgotten. */
struct group *group_find(struct lane *, const struct rule *,
    const struct subject *);
struct group *group_get(struct lane *, const struct rule *,
    const struct subject *);

/* Forget all, first those that were silent for longest. */
void groups_forget(struct lane *);

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

/* The record counts for the group. */
void group_seen(struct lane *, struct group *, const struct rec *);

/* Work out what follows from what the group knows now: after each feed. */
void group_settle(struct lane *, struct group *);

/* ---- detectors ---- */

enum verdict {
	CALM,
	STAY,	/* not enough to open an incident, too much to close one */
	FIRE,
};

/* STAY begins at this part of a threshold. */
#define CLEAR	0.8

struct party {
	const char	*kind;		/* NULL: there is none */
	struct tree_id	 id;
	const char	*comm, *cgroup, *pod, *namespace, *value, *field;
	uint64_t	 ns, count;	/* stall_ns, count: told if not 0 */
	double		 share;		/* told if > 0 */
};

struct item {
	struct tree_id	 id;		/* told if pid is not 0 */
	const char	*comm, *cgroup;	/* told if not NULL */
	uint64_t	 count, ns;	/* told if not 0 */
	int		 exit_code, signal;	/* told if not -1 */
};

enum { FACTS = 10, LISTS = 3, ITEMS = 4, WHYS = 4, WHY = 128, SUMMARY = 400 };

struct report {
	struct party	 subject, culprit, victim;
	struct {
		const char	*name;
		double		 value, threshold, peak;	/* NAN is none */
		enum unit	 unit;
	} facts[FACTS];
	struct {
		const char	*name;
		struct item	 items[ITEMS];
		size_t		 n;
	} lists[LISTS];
	size_t		 nfacts, nlists, nwhy;
	const char	*class, *resource, *method;
	int		 severity;		/* in place of the rule's; -1 is that */
	double		 confidence;		/* 0 to 1 */
	char		 why[WHYS][WHY];
	char		 summary[SUMMARY];
};

struct detector {
	const char	*name;
	uint64_t	 kinds;
	uint64_t	 also;		/* kinds that tell() looks back at */
	uint8_t		 by;		/* what it can group by; bits */
	uint8_t		 by_def;
	uint8_t		 severity;
	uint16_t	 state;		/* bytes */
	const uint8_t	*keys;		/* ends with K_NONE */
	const struct param *params;	/* ends with name NULL */
	/* All keys are there: 0, or -1 with what is wrong.  NULL is fine. */
	int		(*check)(struct rule *, char *why);
	void		(*feed)(struct lane *, const struct rule *,
			    const struct rec *);
	/* Sets inc.value, which is what tell() has as its first value. */
	enum verdict	(*judge)(struct lane *, struct group *);
	void		(*tell)(struct lane *, struct group *, struct report *);
	/* The severity by how bad it is.  NULL: that of the rule or of tell(). */
	int		(*graver)(const struct group *);
	/* How far back the evidence reaches. */
	uint64_t	(*window)(const struct rule *);
};

extern const struct detector detect_fork_storm, detect_fork_burst,
    detect_psi_saturation, detect_noisy_neighbor, detect_throttled,
    detect_circuit_breaker, detect_count, detect_rate, detect_gauge,
    detect_slope, detect_short_lived, detect_crash_loop, detect_memory_leak,
    detect_oom_kill, detect_oom_risk, detect_fd_exhaustion,
    detect_pids_exhaustion, detect_cpu_spin,
    detect_zombie, detect_d_state;

/* NULL if there is none of that name; all names, for a reason. */
const struct detector *detect_named(const char *name);
const char *detect_names(char *buf, size_t size);

/* The judgement of a number: FIRE above the limit, STAY from CLEAR of it on. */
enum verdict detect_above(double v, double limit);

/* The same of a count, which fires when it is reached. */
enum verdict detect_reached(double v, double limit);

/* For tell(). */
void report_value(struct report *, const char *name, enum unit, double value,
    double threshold);
void report_why(struct report *, double confidence, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Who it is, as far as is known; for a summary at most 80 bytes. */
void report_process(struct lane *, struct party *, const char *kind,
    const struct tree_id *);
const char *party_text(const struct party *, char *buf, size_t size);

/* ---- incidents ---- */

/* Given the verdict of now. */
void incident_step(struct lane *, struct group *, enum verdict);

/* The incident must end, because the group is forgotten. */
void incident_drop(struct lane *, struct group *);

/* Who it is about, by its group, unless that is said. */
void incident_subject(struct lane *, const struct group *, struct party *);

/* The line; at most EVENT_LINE_MIN bytes at p, with its newline. */
size_t incident_line(struct lane *, struct group *, const char *state,
    struct report *, char *p);

/* ---- the engine ---- */

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

/* Take in a record whose time has come. */
void lane_feed(struct lane *, const struct rec *);

/* What the lane itself takes from it: before the rules, and after them. */
void lane_learn(struct lane *, const struct rec *);
void lane_learn_end(struct lane *, const struct rec *);

/* Everything is due up to t. */
void lane_until(struct lane *, uint64_t t);

/* A source record of the engine: it is in that state, for these reasons. */
void lane_say(struct lane *, const char *state, const char *why);

#endif
