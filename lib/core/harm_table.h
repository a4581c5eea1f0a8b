/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The store behind harm.h: what is in it, and what is forgotten when it is
 * full.  For lib/core/harm*.c alone. */
#ifndef CORE_HARM_TABLE_H
#define CORE_HARM_TABLE_H

#include "core/harm.h"

/* 0, or -1 with errno; either way harm_table_free() it. */
int harm_table_init(struct harm *);
void harm_table_free(struct harm *);

/* Make sure that two parties and a pair have room; others may be forgotten for
 * that, and places change.  0, or -1 without memory. */
int harm_room(struct harm *);

/* The party, made if missing; pointers to others end.  NULL without memory. */
struct harm_party *harm_party(struct harm *, size_t host, const char *name,
    int resource);

/* The same; NULL if it is missing. */
const struct harm_party *harm_party_find(const struct harm *, size_t host,
    const char *name, int resource);

/* The pair of that victim, culprit, comm, kind and method, made if missing;
 * pointers to others end.  NULL without memory. */
struct harm_pair *harm_pair(struct harm *, const struct harm_pair *key);

/*
 * The end of the last window of that resource; 0 if it is past.  A window in
 * which nobody waited has no records: what says so are those of another resource
 * whose latest window is another one, or of pressure two windows later.  Windows
 * of two resources are the same one if they share more than half of the shorter:
 * they need not end at one moment.
 */
uint64_t harm_host_end(const struct harm_host *, int resource);

/* At most UINT64_MAX. */
uint64_t harm_plus(uint64_t, uint64_t);

#endif
