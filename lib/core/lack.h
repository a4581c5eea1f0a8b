/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What sources said is missing, and which rules that touches. */
#ifndef CORE_LACK_H
#define CORE_LACK_H

#include <stdint.h>

struct lane;
struct rec;
struct rule;
struct rules;

enum { LACKS = 8 };		/* more are not remembered */

struct lack {
	const char	*tool, *why;	/* interned; tool NULL: not told */
};

struct lacks {
	struct lack	 all[LACKS];
	uint32_t	 n;
};

/* A source record: what it says is missing is missing from now on, and what its
 * tool said before is forgotten where it starts anew. */
void lack_learn(struct lane *, const struct rec *);

/* Nothing is missing. */
void lacks_forget(struct lane *);

/* What is missing could have changed what the rule says of that resource; NULL is
 * of none.  A reason begins, up to a colon, with the kind or the KIND.FIELD that
 * it is about, or with the resources whose stalls are: "stall of io and memory",
 * "io.culprit"; else it is about all that the tool tells. */
int lack_touches(const struct rules *, const struct rule *,
    const struct lack *, const char *resource);

#endif
