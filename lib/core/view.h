/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The table of processes as people and programs want to see it.  Pure. */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "core/tree.h"

enum { VIEW_TOP = 10, VIEW_TOP_LIVE = 3 };	/* sentences of a sort */

enum view_since {
	VIEW_ALWAYS,
	VIEW_SINCE,	/* alive or ended since this time, ns from the epoch */
	VIEW_LAST,	/* alive or ended in the last so many ns of the stream */
};

struct view_opts {
	enum tree_how	 by;
	int64_t		 pid;		/* it, its ancestors and descendants; -1 is all */
	int		 alive;		/* only those not known to have ended */
	int		 no_kthreads;	/* no threads of the kernel */
	enum view_since	 since;
	uint64_t	 since_ns;
	size_t		 rows;		/* text: most lines, for those heard of last; 0 is all */
	int		 utf8, colour;	/* text: what the terminal can */
};

struct view_row {
	const struct node *n;
	uint32_t	 up;		/* row it hangs under; UINT32_MAX is none */
	uint32_t	 depth;
	uint8_t		 last;		/* of those that hang there */
};

/* Processes in the order of the tree, depth first, the older before the
 * younger.  Of those left out, the descendants hang under their nearest
 * ancestor that is shown. */
struct view {
	const struct tree *tree;
	struct view_row	*rows;
	size_t		 count;
	size_t		 left;		/* more that did not fit in opts.rows */
	size_t		 stalls;	/* lines of view_harm() */
	int		 waits;		/* there are columns for it */
	int		 some;		/* and for pressure */
	int		 last;		/* of the last window, not the sum */
	int		 found;		/* there is a process with opts.pid */
	struct view_opts opts;
};

/* NULL, with errno, on failure.  Lasts until the next tree_feed(). */
struct view *view_new(const struct tree *, const struct view_opts *);
void view_free(struct view *);

/* Called with whole lines, each with its newline. */
typedef void view_line(void *arg, const char *line, size_t len);

/*
 * The tree, after tree_weigh() with who makes whom wait: in a picture of some
 * rows in the last window, and on top; else in all, and below.
 */
void view_text(const struct view *, view_line *, void *arg);
void view_dot(const struct view *, view_line *, void *arg);

/* 0, or -1 without memory. */
int view_json(const struct view *, view_line *, void *arg);

/* What became of it: "alive", "exit 1", "SIGSEGV core", "gone". */
enum { VIEW_STATE = 24 };
void view_state(const struct node *, char buf[VIEW_STATE]);

/* Who makes whom wait, in sentences; at most top of a sort. */
void view_harm(const struct view *, size_t top, view_line *, void *arg);

/* How long n waited and made others wait, as wide as view_wait_head; and why,
 * mostly: "" if it did not. */
extern const char view_wait_head[];
enum { VIEW_WAIT = 512 };
void view_wait(const struct view *, const struct node *n, char buf[VIEW_WAIT],
    char why[VIEW_WAIT]);

/* The pressure (some) on the processor of the cgroup of n, as wide as
 * view_some_head. */
extern const char view_some_head[];
enum { VIEW_SOME = 16 };
void view_some(const struct view *, const struct node *n, char buf[VIEW_SOME]);

/* "300 ms", "1.0 s"; less than 12 bytes. */
enum { VIEW_TIME = 24 };
void view_time(char buf[VIEW_TIME], uint64_t ns);

/* The name of a process, cut where it is long, and escaped. */
void view_comm(char *buf, size_t room, const char *comm, int utf8);

/* At most the last n names of a cgroup's path, each at most max bytes long
 * and escaped.  What does not fit in room is left out. */
void view_place(char *buf, size_t room, const char *path, unsigned n,
    size_t max, int utf8);

/*
 * s at p, at most room bytes, such that no byte of it can steer a terminal:
 * controls, and characters that reorder or hide others, are escaped; without
 * utf8, so is all that is not ASCII.  The number of bytes.
 */
size_t view_escape(char *p, size_t room, const char *s, int utf8);

/* Columns that n bytes take on a terminal; they are whole characters of UTF-8,
 * as view_escape() leaves them. */
size_t view_columns(const char *s, size_t n);

#endif
