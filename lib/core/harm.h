/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who makes whom wait, by cgroup: what the records stall, stall_total and
 * stall_culprit of a stream say, added up, and what they said last; and beside
 * it the pressure that the records psi tell of the same cgroups.  Pure:
 * time is the records' time.  The sums do not depend on the order in which
 * records come, within the memory bound.
 */
#ifndef CORE_HARM_H
#define CORE_HARM_H

#include <stddef.h>
#include <stdint.h>

#include "rec/stall.h"

enum {
	HARM_HOSTS	= 64,		/* of more, the others are not told */
	HARM_PARTIES	= 4096,		/* cgroups, each counted once for a resource */
	HARM_PAIRS	= 16384,	/* who made whom wait */
	HARM_NAME	= 512,		/* bytes kept of a name, with a NUL */
};

/* ns: in all, and in the latest window, which ended at. */
struct harm_amount {
	uint64_t	sum, last, at;
};

struct harm_span {
	uint64_t	from, to;	/* boot_ns: first window's begin, last one's end */
	uint64_t	last;		/* length of the last */
};

struct harm_host {
	char		 name[65];
	struct harm_span span[STALL_RESOURCES];
	/* Of the records psi: first interval's begin, last one's end. */
	uint64_t	 psi_from, psi_to;
};

struct harm_pair;

struct harm_party {
	const char	*name;		/* of the cgroup: see harm_name.h */
	uint16_t	 host;
	uint8_t		 resource;	/* enum stall_resource */
	uint8_t		 estimated;	/* what it did to others is, in part */
	struct harm_amount waited, dark;	/* by stall_total; dark: not explained */
	struct harm_amount told, told_dark;	/* by stall */
	struct harm_amount open;	/* waits that have not ended */
	struct harm_amount induced, cpu;	/* by stall_culprit */
	struct harm_amount some, looked;	/* by psi: pressure, and in how long */
	/* By harm_sum(). */
	struct {
		uint64_t waited, dark, open, induced, cpu, some;
		uint32_t victims;	/* whom it kept waiting, itself left out */
		const struct harm_pair *top;	/* for whom it waited most; NULL */
	} now;
};

/* A victim, and why it waited. */
struct harm_pair {
	uint32_t	 victim;	/* party */
	uint32_t	 culprit;	/* party; or STALL_NOBODY */
	const char	*comm;		/* STALL_KTHREAD: its name; NULL */
	const char	*process;	/* name of the culprit process told with most ns; NULL */
	uint32_t	 pid;		/* of it; all ones: none was told */
	uint64_t	 process_ns;	/* in one record */
	uint8_t		 kind;		/* enum stall_kind */
	uint8_t		 estimated;	/* enum stall_method is */
	uint8_t		 many;		/* more than one culprit process was told */
	struct harm_amount ns;
	double		 trust;		/* estimated: sum of confidence, each times ns */
	uint64_t	 now;		/* by harm_sum() */
};

struct harm {
	struct harm_host host[HARM_HOSTS];
	struct harm_party *party;
	struct harm_pair *pair;
	const struct harm_pair **rank;	/* all, the greatest now first */
	uint32_t	*party_slot, *pair_slot;	/* index, from 1 */
	struct intern	*strings;
	struct scan	*scan;
	struct scan_val	*val;
	size_t		 hosts, parties, pairs;
	unsigned	 depth;
	uint64_t	 records;	/* taken in */
	uint64_t	 evicted;	/* pairs forgotten to keep within bounds, with the sums
					 * of cgroups that had no other */
};

/* Add what was in a window that ended at. */
void harm_add(struct harm_amount *, uint64_t at, uint64_t ns);

/*
 * With depth not 0, a cgroup deeper than that is its ancestor of that depth;
 * who waits for one that has the same ancestor waits for itself.  NULL, with
 * errno, on failure.
 */
struct harm *harm_new(unsigned depth);
void harm_free(struct harm *);

/* Take in a line of that kind; of any other nothing is learned.  0, or -1
 * without memory. */
int harm_feed(struct harm *, int kind, const char *line, size_t len);

/*
 * Work out what is now: of the last window of each host and resource, or of
 * all.  It and the pointers in it last until the next harm_feed().
 */
void harm_sum(struct harm *, int last);

/* The party of that host and cgroup, NULL if there is none.  The cgroup is named
 * as in harm_name.h, not cut to depth. */
const struct harm_party *harm_find(const struct harm *, const char *host,
    const char *cgroup, enum stall_resource);

/* Length of the last window, or of all, for that party. */
uint64_t harm_span(const struct harm *, const struct harm_party *, int last);

/* Of how long its pressure is known, likewise; 0 if it is not, or never had any. */
uint64_t harm_looked(const struct harm *, const struct harm_party *, int last);

/* The end of the last window of that host and resource; 0 if there is none, or if
 * nobody has waited since. */
uint64_t harm_end(const struct harm *, const char *host, enum stall_resource);

#endif
