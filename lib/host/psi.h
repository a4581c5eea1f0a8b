/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pressure stall information as the kernel writes it (kernel/sched/psi.c,
 * psi_show()), and what may be asked of it (psi_trigger_create()).  Nothing
 * here opens a file.
 */
#ifndef HOST_PSI_H
#define HOST_PSI_H

#include <stddef.h>
#include <stdint.h>

enum psi_resource { PSI_CPU, PSI_MEMORY, PSI_IO, PSI_IRQ, PSI_RESOURCES };

/* "cpu", as in file names and records. */
const char *psi_name(enum psi_resource);

/* All ones: the file did not say. */
struct psi_line {
	uint64_t	 total_ns;	/* since boot, or since the cgroup was made */
	uint64_t	 avg10, avg60, avg300;	/* millionths of a percent */
};

struct psi_text {
	struct psi_line	 some, full;
};

enum { PSI_TEXT = 1024 };		/* no pressure file is this long */

/*
 * A whole pressure file: a line some or full, or both, each with a total.
 * Other lines, and other words in these, are passed over: newer kernels may
 * have them.  0; or -1 and a phrase of what is wrong with it.
 */
int psi_parse(const char *text, size_t len, struct psi_text *,
    const char **why);

/* "cpu some 150ms/1s", with "@/path" or without. */
struct psi_ask {
	enum psi_resource resource;
	int		 full;
	uint64_t	 stall_ns, window_ns;
	const char	*cgroup;	/* in the text that was parsed; NULL: the machine */
};

/* 0; or -1 and what would have been right. */
int psi_ask_parse(const char *text, struct psi_ask *, const char **want);

/*
 * What a kernel takes from who has not CAP_SYS_RESOURCE: a window that is a
 * whole number of 2 s, the stall in proportion.  1 if that is another question
 * than before, else 0.
 */
int psi_ask_widen(struct psi_ask *);

/* As the kernel wants it, with the NUL that it wants too; the length. */
enum { PSI_ASK = 64 };
size_t psi_ask_text(const struct psi_ask *, char buf[PSI_ASK]);

#endif
