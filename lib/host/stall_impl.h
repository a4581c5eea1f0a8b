/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Shared by stall.c and stall_*.c only. */
#ifndef HOST_STALL_IMPL_H
#define HOST_STALL_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#include "bpf/slot_map.h"
#include "host/pressure.h"
#include "host/stall.h"

typedef __u32 u32;
typedef __u64 u64;
#define WAIT_ADD(arg, victim, culprit, ns)	((void)(arg), (void)(victim), \
	(void)(culprit), (void)(ns))
#include "bpf/wait.h"
#include "bpf/stall_map.h"

enum {
	STALL_AGE	= 10,		/* windows without use until a slot is taken back */
	STALL_KEEP	= 120,		/* windows until its token is forgotten */
	STALL_NONE	= UINT32_MAX,
};

/* Whose slot it is or was. */
struct owner {
	uint64_t	 id;		/* as in struct slot_entry */
	uint64_t	 start;
	uint32_t	 pid;
	uint32_t	 of;		/* token */
	enum slot_kind	 kind;
	char		 comm[16];
	uint32_t	 len;
	char		*path;
	uint32_t	 named;		/* as in struct slot_entry */
	uint32_t	 party;		/* in the window ... */
	uint64_t	 number;	/* ... of this number */
	struct pressure	 psi;
	uint64_t	 victim_number;	/* window in which it last waited */
};

/* What the rows of a slot, added up over the processors, were when last read. */
struct sum {
	uint64_t ran, waits, unkept;
};

struct held {
	uint32_t	 token;
	struct owner	*owner;		/* NULL: none */
	struct sum	 sum;
};

struct retired {
	uint32_t	 token;
	struct owner	*owner;
	uint64_t	 number;	/* window in which it was */
};

/* A cell and its parts as last read.  Open addressing by key; 0: free, as no key is. */
struct seen {
	uint64_t	 key, ns, waits;
	uint32_t	 idle;		/* windows that it did not grow */
	bool		 part;		/* a processor may go on with it */
};
struct seen_table {
	struct seen	*seen;
	size_t		 size;		/* a power of two */
	size_t		 n;
};

/* Which party has an id; likewise. */
struct by_id {
	uint64_t	 id;
	uint32_t	 party;
};

struct stall {
	struct stall_conf	 conf;
	struct stall_facts	 facts;
	struct stall_bpf	*skel;
	struct bpf_link		*iter;
	int			 ncpu;
	int			 root;		/* O_PATH of the v2 hierarchy; or -1 */
	/* Maps, as they are in the kernel. */
	struct slot_entry	*slot;
	char			*path;		/* SLOT_NAMES for each slot */
	char			*cpu;		/* ncpu of cpu_size: see stall_cpu() */
	size_t			cpu_size;
	/* What is known of them. */
	struct held		*held;
	struct retired		*retired;
	size_t			 nretired, cap_retired;
	struct seen_table	 seen, next;
	uint64_t		 number;	/* of the window, from 1 */
	uint64_t		 blind;		/* those without open waits */
	/* The window. */
	struct stall_window	 w;
	size_t			 cap_party, cap_edge;
	struct by_id		*by_id;		/* 2 * slots */
	uint32_t		 other;		/* party of those without a slot */
	uint64_t		*keys;
	struct stall_cell	*cells;		/* room for a batch */
	uint64_t		*idle;		/* cells to be deleted */
	size_t			 nidle, ncells;
	struct stall_part	*was;		/* parts before cells are read */
};

static inline const struct stall_cpu *
stall_cpu(const struct stall *st, int cpu)
{
	return (const struct stall_cpu *)(st->cpu + cpu * st->cpu_size);
}

/* Load and map; only the iterator can be run as yet.  0, or -1 with errno and
 * why. */
int stall_load(struct stall *, const struct cgroup_host *, char *why);

/* From here on the kernel counts.  Likewise. */
int stall_attach(struct stall *, char *why);
void stall_unload(struct stall *);

/* Room for what pairs have waited.  0, or -1. */
int stall_cells_init(struct stall *);
void stall_cells_free(struct stall *);

/* Read it; make edges of what it grew by; and make room in the kernel.  0, or -1
 * with errno. */
int stall_cells_read(struct stall *);
int stall_cells_diff(struct stall *);
int stall_cells_drop(struct stall *);

/* A new party of the window, of which nothing is known; STALL_NONE, with errno. */
uint32_t stall_party_add(struct stall *);

/* The party of a token; of processes, that of their cgroup.  Whose the token is
 * goes to *owner, if that is not NULL.  STALL_NONE, with errno. */
uint32_t stall_party_of(struct stall *, uint32_t token, struct owner **owner);

/* What a pair of tokens grew by.  0, or -1 with errno. */
int stall_edge_add(struct stall *, uint32_t victim, uint32_t culprit,
    uint64_t ns, uint64_t waits);
void stall_edges_merge(struct stall_window *);

/* Who has or had a token; NULL if that is not known. */
struct owner *stall_owner(struct stall *, uint32_t token);

/* Learn whose the slots are.  0, or -1 with errno. */
int stall_learn(struct stall *);

/* Take slots back that were not used, and give free what was taken back. */
void stall_retire(struct stall *);

/* Forget all. */
void stall_forget(struct stall *);

/* Pressure of those who waited lately, into the window's parties. */
void stall_psi(struct stall *);

#endif
