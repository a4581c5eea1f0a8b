/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Strings kept once, however many hold them. */
#ifndef CORE_INTERN_H
#define CORE_INTERN_H

#include <stddef.h>

struct intern;

/* NULL, with errno, on failure. */
struct intern *intern_new(void);
void intern_free(struct intern *);

/* A string of these bytes, which hold no NUL.  It lasts until each intern_get()
 * and intern_hold() of it is undone by intern_put().  NULL without memory. */
const char *intern_get(struct intern *, const char *s, size_t len);

/* One holder more of a string from intern_get(); the same string. */
const char *intern_hold(const char *s);

/* One holder less.  NULL is fine. */
void intern_put(struct intern *, const char *s);

/* Of the text of a string from intern_get(): the same in each run. */
uint32_t intern_hash(const char *);

/* How much memory they take, about. */
size_t intern_bytes(const struct intern *);

#endif
