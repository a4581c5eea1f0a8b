/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whom to blame for pressure: who made others wait most in the time that a rule
 * looks at, by all stall records of that time.  For lib/core alone.
 */
#ifndef CORE_ACCUSE_H
#define CORE_ACCUSE_H

#include "core/sums.h"

struct lane;
struct rec;
struct group;
struct report;
struct rules;

/* Told apart at one time. */
enum { ACCUSE_ONE = 1024, ACCUSE_PAIRS = 4096 };

/* A rule's time is not less than this: stall records are of windows, too. */
#define ACCUSE_LEAST	UINT64_C(5000000000)

struct accuse {
	struct sums	 whole;		/* by resource */
	struct sums	 culprits, victims, pairs;
};

/* For what these rules ask. */
void accuse_init(struct accuse *, struct intern *, const struct rules *);
void accuse_forget(struct accuse *);
void accuse_free(struct accuse *);

/* From a stall record. */
void accuse_learn(struct lane *, const struct rec *);

/* Name the worst culprit of the group's time, and list the first of them.
 * victim: a cgroup and what is below it; NULL: of the host, with the victims. */
void accuse_tell(struct lane *, const struct group *, struct report *,
    unsigned resource, const char *victim);

#endif
