/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Being told by the kernel when somebody waited too long: PSI triggers, see
 * the kernel's Documentation/accounting/psi.rst.
 */
#ifndef HOST_TRIGGER_H
#define HOST_TRIGGER_H

#include "host/look.h"

enum { TRIGGER_WHY = 512 };

struct trigger {
	struct psi_ask	 ask;		/* as it was set */
	struct look_at	 at;		/* one resource of this */
	struct cgroup_node node;
	int		 fd;		/* poll(2) it for POLLPRI; -1: gone */
	/* Where the kernel refuses triggers the file is read once a window. */
	uint64_t	 every;		/* ns; 0: it is a trigger */
	uint64_t	 due;		/* boot_ns */
	uint64_t	 total_ns;	/* of some or full, when it was read last */
};

/*
 * Set a trigger.  proc: "/proc/pressure"; dir: where cgroup2 is mounted.
 * node: which cgroup, or NULL for the machine; its path stays the caller's.
 * 0; 1 if it is not quite what was asked for: why says how; -1: why says that
 * there is none.
 */
int trigger_open(struct trigger *, const struct psi_ask *, const char *proc,
    const char *dir, const struct cgroup_node *, char why[TRIGGER_WHY]);
void trigger_close(struct trigger *);

/*
 * Read it, since the kernel says that it fired, or since it is due: 1 if tasks
 * have waited so long since it was told last, and at is new; 0 if not; -1: it
 * is gone.
 */
int trigger_fired(struct trigger *, uint64_t now);

#endif
