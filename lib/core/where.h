/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * `where`: a condition on the fields of a record, as lnx-rules(5) describes it,
 * made into a small program.
 */
#ifndef CORE_WHERE_H
#define CORE_WHERE_H

#include <stddef.h>
#include <stdint.h>

#include "rec/scan.h"

enum {
	WHERE_OPS = 64,		/* steps of a program */
	WHERE_DEEP = 32,	/* brackets in brackets */
	WHERE_TEXT = 4096,	/* longest string that is looked at */
};

struct where;

/* What a field is compared as. */
enum where_as { AS_ANY, AS_NUMBER, AS_TEXT };

/* The number of a field, or -1 with why: no kind has it, or it is to be greater or
 * less than something, and is no number, or to be like a string, and is a number.
 * Asked once for each field that the text names. */
typedef int where_key(void *arg, const char *field, enum where_as as, char *why);

/* NULL with why, which has room for RULE_WHY bytes. */
struct where *where_new(const char *text, where_key *key, void *arg, char *why);
void where_free(struct where *);

/* The value of a field by its number; never NULL. */
struct rec;
typedef const struct scan_val *where_val(const struct rec *, unsigned key);

/* Does the record meet it?  NULL is met by all. */
int where_met(const struct where *, where_val *val,
    const struct rec *);

/* Does s match the pattern, in which * is any string and ? any byte? */
int where_glob(const char *pattern, const char *s);

#endif
