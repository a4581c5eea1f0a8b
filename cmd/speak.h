/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A source that is not lnx-trace: its records, first to last. */
#ifndef SPEAK_H
#define SPEAK_H

#include <stddef.h>
#include <stdint.h>

#include "host/boot.h"
#include "host/cgroup.h"
#include "rec/event.h"

enum { SPEAK_LIST = 3072 };

/* Elements, each with its NUL; for those that do not fit there is one that says
 * so. */
struct speak_list {
	char	 text[SPEAK_LIST];
	size_t	 len;
	int	 full;
};

void speak_add(struct speak_list *, const char *text);

struct speak {
	const char	*tool;		/* who speaks */
	struct out	*out;		/* NULL: records go nowhere */
	struct event_ctx ctx;
	struct boot	 boot;
	struct cgroup_host host;
	uint64_t	 begun;		/* boot_ns of speak_init() */
	uint64_t	 anchored;	/* boot_ns when ctx.real_ns was looked up */
	uint64_t	 written;	/* not source and lost */
	uint64_t	 lost;		/* sum of count; all ones: not known */
};

/* 0, or -1 with errno. */
int speak_init(struct speak *, const char *tool);

/* A record in wire form. */
void speak_record(struct speak *, const void *rec, size_t size);

/* events: a list, as in source. */
void speak_start(struct speak *, const char *events, size_t len,
    const struct speak_list *degraded);
void speak_degraded(struct speak *, const struct speak_list *degraded);
void speak_end(struct speak *);

/* count: all ones if it is unknown. */
void speak_lost(struct speak *, const char *source, uint64_t count,
    uint64_t from, uint64_t to);

/* Before each wait: nothing stays in a buffer, and the wall clock may have been
 * set.  0, or -1 with errno: the output failed. */
int speak_flush(struct speak *);

#endif
