/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who made whom: the table of all processes that a stream of records told of,
 * living and dead.  Pure: time is the records' time.
 *
 * What the table holds does not depend on the order in which records come
 * (within the memory bound): of each attribute the latest record counts, of
 * the maker the earliest, and a process first seen as somebody's parent is
 * filled in when its own records arrive.
 *
 * There are no cycles, whatever the records claim: a maker or parent is always
 * older than its child, by start time and then by pid, and of the same boot.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include <stddef.h>
#include <stdint.h>

struct tree;

/* A process, as text id "boot-start-pid" in event.h. */
struct tree_id {
	uint64_t	start;		/* CLOCK_BOOTTIME ns */
	uint32_t	boot;		/* first 8 hex digits of the boot id */
	uint32_t	pid;
};

enum tree_state {
	TREE_NAMED,	/* only named by others so far */
	TREE_ALIVE,
	TREE_DEAD,	/* its exit was seen, or that it is a zombie */
	TREE_GONE,	/* its end was missed: a complete snapshot lacks it, or
			 * its children got another parent */
};

enum tree_how { TREE_BY_MAKER, TREE_BY_PARENT };

/* Belongs to the table, and lasts until the next tree_feed(). */
struct tree_node {
	struct tree_id	 id;
	struct tree_node *up[2];	/* by enum tree_how; NULL is unknown.  Maker: who made it
					 * (fork), or else its first known parent.  Parent: now,
					 * or at its end */
	const char	*comm;		/* NULL if unknown */
	const char	*cmd;		/* arguments, joined by blanks and cut; NULL if unknown */
	const char	*cgroup;	/* NULL if unknown */
	const char	*place;		/* that, or the one of v1 where it is the root, named as in harm_name.h; NULL */
	uint64_t	 last_ns;	/* last heard of; boot_ns */
	uint64_t	 died_ns;	/* boot_ns; 0 is unknown */
	uint32_t	 uid;		/* UINT32_MAX is unknown */
	uint32_t	 execs;
	int		 exit_code, signal;	/* -1 is unknown or none */
	uint8_t		 state;		/* enum tree_state */
	uint8_t		 core, kthread;
	uint8_t		 cut[2];	/* up[] was known and has been forgotten */
};

enum {
	TREE_MAX_MIN = 8,		/* bounds of tree_new()'s max */
	TREE_MAX_MAX = 1 << 24,
	TREE_COMM = 64, TREE_CMD = 128, TREE_CGROUP = 512,	/* bytes kept, with a NUL */
	TREE_BOOTS = 256,		/* hosts kept apart; more, and the most silent one is forgotten */
	TREE_DEPTH = 64,		/* most ancestors told */
	TREE_TOLD = 512,		/* most bytes that one of them takes */
};

/* The order in which no cycle can be: 1 if a is older than b. */
int tree_older(const struct tree_id *a, const struct tree_id *b);

/* A table of at most max processes.  NULL, with errno, on failure. */
struct tree *tree_new(size_t max);
void tree_free(struct tree *);

enum tree_fed {
	TREE_PROCESS,		/* a record of a process, *node is its entry */
	TREE_OTHER,		/* another record */
	TREE_NOT_JSON,		/* not one JSON object in UTF-8 */
	TREE_NOT_RECORD,	/* an object, but without an event, or of another version */
	TREE_NO_MEMORY,
};

/*
 * From now on take in who makes whom wait too (core/harm.h), cgroups being
 * rolled up to that depth.  0, or -1 without memory.
 */
int tree_weigh(struct tree *, unsigned depth);

/* "boot-start-pid" at p, which has room for EVENT_ID bytes.  Its length. */
size_t tree_id(char *p, const struct tree_id *);

/*
 * Take in one line.  A record of a kind that the table does not know is one of
 * a process if its id is that of a process in the table.
 */
enum tree_fed tree_feed(struct tree *, const char *line, size_t len,
    const struct tree_node **node);

/* The line last fed has ancestors already. */
int tree_has_ancestors(const struct tree *);

/*
 * What there is to add to a line about n, as event.def has it:
 * ,"ancestors":[...],"ancestors_cut":true
 * at p, at most room bytes, no NUL.  At most depth processes are told.  The
 * number of bytes; 0 if no ancestor is known, or there is no room.
 */
size_t tree_ancestors(struct tree *, const struct tree_node *n,
    enum tree_how by, unsigned depth, char *p, size_t room);

struct tree_count {
	uint64_t	records, processes;	/* taken in; in the table now */
	uint64_t	evicted;		/* forgotten to stay within max */
	uint64_t	lost;			/* sum of all lost records */
	uint64_t	refused;		/* claims of a parent that is no older */
};

struct tree_count tree_count(const struct tree *);

/*
 * A source record at line, which has room for EVENT_LINE_MIN bytes: lnx-tree,
 * of that version, is in that state, having evicted some.  Its host, boot and
 * time are those of the last record of a process.  Its length; 0 if there was
 * none yet.
 */
size_t tree_source(const struct tree *, const char *version, const char *state,
    char *line);

#endif
