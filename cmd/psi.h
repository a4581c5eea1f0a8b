/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the two ways of lnx-psi share: looks at an interval, and triggers. */
#ifndef PSI_H
#define PSI_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "host/look.h"
#include "host/psi.h"

enum { PSI_TRIGGERS = 64, PSI_GLOBS = 64 };

struct psi_opts {
	struct look_conf look;
	const char	*glob[PSI_GLOBS + 1];
	size_t		 nglobs;
	struct psi_ask	 ask[PSI_TRIGGERS];
	size_t		 nasks;
	const char	*output, *root;
	char		 proc[PATH_MAX];
	uint64_t	 interval, duration, count, min, top;
	int		 once, text, quiet, verbose;
};

struct out;
struct pollfd;
struct speak;
struct speak_list;
struct timespec;

/* Whoever reads what is written: the last of those that psi_wait() waits for. */
struct pollfd psi_reader(const struct psi_opts *);

/* Wait for one of n descriptors, a signal, or so long: 1; 0 if it is to stop;
 * -1, and why was told.  If the reader goes, it ends as by writing to it. */
int psi_wait(struct pollfd *, size_t n, const struct timespec *);

/* A sentence for people, unless --quiet.  Whoever makes a cgroup chose its name:
 * no byte of it steers a terminal. */
void psi_say(const struct psi_opts *, const char *text);

/* New problems go into the list, and are told as sentences. */
void psi_problems(struct speak_list *, const struct psi_opts *, struct look *);

/* Look at each tick of the clock: the exit status. */
int psi_looks(const struct psi_opts *, struct speak *, struct out *);

/* --trigger: likewise. */
int psi_triggers(const struct psi_opts *, struct speak *);

#endif
