/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Sentences about waiting.  For lib/core/view_*.c alone. */
#ifndef CORE_VIEW_SAY_H
#define CORE_VIEW_SAY_H

#include "core/learn.h"
#include "core/view.h"

struct view_pen {
	const struct view *v;
	const struct harm *h;
	view_line	*line;
	void		*arg;
	size_t		 top;		/* sentences of a sort */
};

/* A line. */
void view_say(const struct view_pen *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A cgroup, with its host where there are more. */
enum { VIEW_PLACE = 640 };
void view_party(const struct view_pen *, const struct harm_party *,
    char buf[VIEW_PLACE]);

/* As a percentage with a digit behind the point, never rounded up to all. */
enum { VIEW_PCT = 16 };
void view_percent(char buf[VIEW_PCT], uint64_t part, uint64_t all);

/* "CPU", as in a sentence. */
extern const char *const view_on[STALL_RESOURCES];

/* At most p->top pairs that are measured, or that are estimated. */
struct view_choice {
	size_t		 n;
	const struct harm_pair *e[VIEW_TOP];
};
void view_choose(const struct view_pen *, int estimated, struct view_choice *);
int view_chosen(const struct view_choice *, const struct harm_pair *);

/* It is a sentence of that sort, and not what nobody can explain. */
int view_of_sort(const struct harm_pair *, int estimated);

/* The pressure of cgroups that waited, beside how long their tasks did. */
void view_psi(const struct view_pen *);

#endif
