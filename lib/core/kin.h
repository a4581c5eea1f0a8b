/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The processes that the rules know: as little of each as they need.  Those
 * that ended are kept for a while, because others descend from them.
 */
#ifndef CORE_KIN_H
#define CORE_KIN_H

#include <stddef.h>
#include <stdint.h>

#include "core/intern.h"
#include "core/tree.h"

struct kin {
	struct tree_id	 id;
	struct tree_id	 up;		/* its maker, or parent; pid 0 is unknown */
	const char	*comm, *cgroup;	/* NULL is unknown */
	uint32_t	 chain;		/* next of its hash, from 1 */
	uint32_t	 newer, older;	/* in the order of being forgotten, from 1 */
	uint8_t		 dead;
	uint8_t		 followed;	/* groups that are about it, 255 is many */
	uint8_t		 age;		/* when it was last moved up, see kin_heard() */
	uint8_t		 maker;		/* enum maker; of an unknown program, its maker's */
};

struct kins;

enum { KIN_AGE = 34 };		/* 2^34 ns, 17 s */

/* Of at most max processes; strings are of that store.  NULL with errno. */
struct kins *kin_new(size_t max, struct intern *);
void kin_free(struct kins *);

/* NULL if it is not there. */
struct kin *kin_find(const struct kins *, const struct tree_id *);

/* It will be looked for soon: first one, some time later the other. */
void kin_fetch_slot(const struct kins *, const struct tree_id *);
void kin_fetch(const struct kins *, const struct tree_id *);

/* Found, or made, and then no other pointer to one holds: then the one that ended longest ago is forgotten, or, if all
 * live, the one heard of longest ago.  NULL without memory. */
struct kin *kin_get(struct kins *, const struct tree_id *);

/* Forget one as kin_get() does, but not that one.  0 if there is no other. */
int kin_forget(struct kins *, const struct kin *but);

/* It lives, and was heard of at t ns (by some seconds is exact enough); or it
 * ended. */
void kin_heard(struct kins *, struct kin *, uint64_t t);
void kin_ended(struct kins *, struct kin *);

/* Its name and cgroup, which are taken over; NULL changes nothing. */
void kin_named(struct kins *, struct kin *, const char *comm,
    const char *cgroup);

/* Who made it; NULL if that is unknown or forgotten. */
struct kin *kin_up(const struct kins *, const struct kin *);

/* The highest ancestor in the same cgroup: what people call the process tree
 * of a service or a session.  Not pid 1. */
struct kin *kin_root(const struct kins *, struct kin *);

size_t kin_count(const struct kins *);
uint64_t kin_evicted(const struct kins *);	/* living ones forgotten */

#endif
