/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* How rules are read.  For lib/core/rule*.c alone. */
#ifndef CORE_RULE_IMPL_H
#define CORE_RULE_IMPL_H

#include <stddef.h>

#include "core/ruleset.h"

/* A key of a rule, as it was given. */
struct given {
	struct given	*next;
	const char	*value;
	unsigned	 line;
	char		 key[];		/* and behind its NUL the value */
};

/* -1, with the reason. */
int rule_bad(char *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The kind of record that the rule looks at.  0, or -1 with why. */
int rule_kind(struct rule *, const char *value, char *why);

/* Its detector's parameter i takes that value.  0, or -1 with why. */
int rule_param(struct rules *, struct rule *, size_t i, const char *value,
    char *why);

/* All keys took effect: that one's value is of the unit of the rule's field.  0, or -1
 * with why. */
int rule_fits(const struct rule *, const struct given *, char *why);

/* A key takes effect.  0, or -1 with why. */
int rule_meaning(struct rules *, struct rule *, const struct given *,
    char *why);

#endif
