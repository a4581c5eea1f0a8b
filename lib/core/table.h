/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The store behind tree.h: entries, their links, and who is forgotten when it
 * is full.  For lib/core/tree*.c and view*.c alone. */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/origin.h"
#include "core/harm.h"
#include "core/heap.h"
#include "core/intern.h"
#include "core/tree.h"

/* How long a process waited, by its samples, and made others wait. */
struct node_wait {
	struct harm_amount waited, interval, harmed;
};

struct node {
	struct tree_node p;		/* first, so that one is the other */
	struct node	*kid[2], *next[2], *prev[2];	/* by enum tree_how */
	struct origin	*boot;
	char		*told;		/* as an element of ancestors; NULL is not made */
	struct node_wait *wait;		/* NULL is none */
	uint64_t	 comm_ns, cmd_ns, cgroup_ns, place_ns, uid_ns;	/* of the record it is from */
	uint64_t	 up_ns[2];
	uint64_t	 life_ns;	/* of the last record that told if it is a zombie */
	uint64_t	 seq;		/* line that last spoke of it, or told its end */
	uint32_t	 chain;		/* next in the hash table, from 1 */
	uint16_t	 toldlen;
	uint8_t		 seen;		/* a record of its own was there */
	uint8_t		 zombie, left;	/* left: its children got another parent */
	uint8_t		 has_up[2], up_rank[2];	/* a claim counts; of two at one time, the greater */
};

struct table {
	struct node	*nodes;
	uint32_t	*slots;		/* node, from 1 */
	struct heap	*heap;		/* first to be forgotten first */
	struct intern	*strings;
	struct origin	*boots[TREE_BOOTS];
	struct origin	*boot;		/* the one last looked up */
	size_t		 max, mask;
	uint32_t	 used, free;	/* nodes ever used; first free one, from 1, by chain */
	uint32_t	 nboots;
	uint64_t	 seq;		/* lines fed */
	struct tree_count count;
};

/* 0, or -1 with errno; either way table_free() it. */
int table_init(struct table *, size_t max);
void table_free(struct table *);

/* NULL if it is not there. */
struct node *table_find(const struct table *, const struct tree_id *);

/*
 * The entries of n <= 4 processes, made where they are missing; others may be
 * forgotten for that, these not.  Each must be settled afterwards.
 */
void table_need(struct table *, const struct tree_id *ids, size_t n,
    struct node **nodes);

/* The boot of that id; with make, made if missing, else NULL. */
struct origin *table_origin(struct table *, uint32_t id, int make);

/* Put n under another; NULL takes it away. */
void table_link(struct table *, struct node *n, enum tree_how, struct node *up);

/* Work out n's state from what is known, and when it will be forgotten. */
void table_settle(struct table *, struct node *);

/* The same for all of a boot. */
void table_settle_origin(struct table *, const struct origin *);

/* Entries in no order: start with *i 0; NULL at the end. */
struct node *table_next(const struct table *, uint32_t *i);

#endif
