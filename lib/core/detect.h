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

#include "core/lane.h"
#include "core/ruleset.h"

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
		enum unit	 unit, each;	/* each: of which UNIT_RATE is a rate */
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
	uint64_t	 whole;		/* kinds of which where leaves out none */
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
    detect_oom_kill, detect_oom_risk,
    detect_memory_limit, detect_fd_exhaustion,
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
/* So many of that unit a second. */
void report_rate(struct report *, const char *name, enum unit each, double value,
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

#endif
