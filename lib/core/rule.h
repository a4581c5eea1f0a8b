/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rules: what lnx-rules(5) describes, read and checked.  Who reads the file is
 * somebody else; here come its sections and keys, one by one, in order.
 */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include <stddef.h>
#include <stdint.h>

struct rules;

enum {
	RULE_MAX = 256,		/* rules in a file */
	RULE_NAME = 64,		/* bytes of a name */
	RULE_WHY = 256,		/* room for a reason, with its NUL */
};

/* NULL, with errno, on failure. */
struct rules *rules_new(void);
void rules_free(struct rules *);

/*
 * A section begins (key NULL), or has a key.  0; or -1 with what is wanted in
 * why, which has room for RULE_WHY bytes.
 */
/* Checks little: what a key means is known when all of its section is there. */
int rules_set(struct rules *, const char *section, const char *key,
    const char *value, unsigned line, char *why);

/*
 * All is there: what is missing takes its default.  0; or -1 with the line
 * and the reason.
 */
int rules_done(struct rules *, unsigned *line, char *why);

/* How many of them are enabled. */
size_t rules_count(const struct rules *);

/* The rules that are built in, as the text of a file. */
extern const char rules_default[];

#endif
