/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The life of processes as the kernel tells it, by the programs of bpf/.
 * Records come in wire form (rec/wire.h).
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "host/cgroup.h"
#include "rec/stall.h"
#include "rec/wire.h"

enum {
	TRACE_FILTERS	= 8,		/* values of one filter */
	TRACE_ARGV	= 4096,		/* argv_max unless told otherwise */
	TRACE_ARGV_MAX	= 128 << 10,	/* longest argv_max */
	TRACE_RING	= 8 << 20,	/* ring unless told otherwise */
	TRACE_RING_MIN	= 4096,
	TRACE_RING_MAX	= 1 << 30,
};

/* Kinds that lnx-trace makes besides source and lost. */
#define TRACE_ALL	(1ULL << EV_snap | 1ULL << EV_fork | 1ULL << EV_exec | \
	1ULL << EV_exit | 1ULL << EV_reparent | 1ULL << EV_sample | \
	1ULL << EV_oom | TRACE_STALLS)
#define TRACE_STALLS	(1ULL << EV_stall | 1ULL << EV_stall_total | \
	1ULL << EV_stall_culprit)

enum trace_rung { TRACE_ANY, TRACE_TP_BTF, TRACE_RAW_TP };

/* Filters: of one kind any value may match, of several kinds each must. */
struct trace_conf {
	uint64_t	kinds;		/* 1 << EV_kind, of TRACE_ALL */
	uint32_t	npid, nppid, nuid, ncomm, ncgroup;
	uint32_t	pid[TRACE_FILTERS], ppid[TRACE_FILTERS];
	uint32_t	uid[TRACE_FILTERS];
	char		comm[TRACE_FILTERS][16];
	uint64_t	cgroup[TRACE_FILTERS];	/* ids, see cgroup_id() */
	char		*cgroup_name[TRACE_FILTERS];	/* "/a", what they are ids of */
	int		cgroup_v1;		/* they are of v1 */
	uint32_t	tree;			/* pid whose descendants are wanted too; 0: none */
	uint64_t	rate;			/* records a second and cgroup; 0: any */
	uint32_t	argv_max;		/* bytes */
	uint32_t	ring;			/* bytes, a power of two of at least a page */
	enum trace_rung	rung;
	const char	*btf;			/* file with the kernel's BTF, or NULL */

	/* Of stalls (stall.h): */
	uint64_t	window;		/* ns */
	uint64_t	min_stall;	/* ns; no stall record for less */
	unsigned	resources;	/* 1 << enum stall_resource */
	int		by_process;	/* name the culprit's process, too */
	const char	*no_stalls;	/* why kinds has none; NULL */
	/* Of samples (sample.h): */
	uint64_t	interval;	/* ns */
	int		all;		/* of processes that did not change, too */
};

/* All kinds, no filters, sizes as above. */
void trace_conf_init(struct trace_conf *);

/*
 * Set what the option of that name sets (lnx-trace(8)), or add to it.  0; or
 * -1: EINVAL if the value is none, and *want says what is; ENOENT if there is
 * no such name, and *want is NULL.  The value must outlive the conf.
 */
int trace_conf_set(struct trace_conf *, const char *name, const char *value,
    const char **want);

struct trace;

enum { TRACE_WHY = 512 };	/* room for a sentence, or several */

/*
 * Load and attach.  NULL on failure: errno, and why says in a sentence what is
 * missing and what to do.  Needs CAP_BPF and CAP_PERFMON (CAP_SYS_ADMIN before
 * 5.8).  From here on the kernel makes records.
 */
struct trace *trace_open(const struct trace_conf *,
    const struct cgroup_host *, char why[TRACE_WHY]);
void trace_close(struct trace *);

/* How it went, for the source record.  Lists: each element ends by NUL. */
struct trace_facts {
	const char	*rung;		/* "tp_btf group_dead" */
	char		 why[TRACE_WHY];	/* list: why not a better one */
	size_t		 why_len;
	char		 degraded[TRACE_WHY];	/* list: what is missing */
	size_t		 degraded_len;
	int		 need_cap_bpf;	/* snapshots need it also later */
};
const struct trace_facts *trace_facts(const struct trace *);

/* Takes a record.  Anything but 0 ends the call that made it. */
typedef int trace_fn(void *arg, const void *rec, size_t size);

/* For poll(2): readable when there are records. */
int trace_fd(const struct trace *);

/*
 * Hand out all records that have come, and what comes meanwhile, but not for
 * ever.  0, or what fn returned, or -1 with errno.
 */
int trace_drain(struct trace *, trace_fn *, void *arg);

/*
 * All processes that are alive, as snap records with this number.  until:
 * leave out those that started later (CLOCK_BOOTTIME ns); UINT64_MAX for none.
 * 0, what fn returned, or -1 with errno; ENOSYS if this kernel cannot.
 */
int trace_snap(struct trace *, uint64_t number, uint64_t until, trace_fn *,
    void *arg);

/* The number of children whose reparent could not be told, so far. */
uint64_t trace_untold(const struct trace *);

/* Likewise members of --tree that could not be remembered. */
uint64_t trace_unfollowed(const struct trace *);

/*
 * Hand out a lost record for everything that was lost since the last call.
 * What was made and will come is not counted.  0, or what fn returned.
 */
int trace_lost(struct trace *, trace_fn *, void *arg);

/* Stop making records. */
void trace_stop(struct trace *);

/* Records made so far, the lost ones among them, snap not. */
uint64_t trace_generated(struct trace *);

#endif
