/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Writing JSON by hand into memory, for records that are not on the wire. */
#ifndef REC_JSON_H
#define REC_JSON_H

#include <stddef.h>
#include <stdint.h>

/*
 * The JSON form of n bytes, without quotes, at p: at most room bytes, never
 * cut inside a character or an escape.  Bytes that are not UTF-8 become U+FFFD.
 * *used is how many of the n bytes are in it; *bad is set (never cleared) when
 * one was replaced; either may be NULL.  The number of bytes at p; a byte of s
 * takes at most JSON_WORST.
 */
enum { JSON_WORST = 6 };
size_t json_escape(char *p, size_t room, const char *s, size_t n,
    size_t *used, int *bad);

/* The same for strings with a NUL between each two: a","b","c */
size_t json_escape_list(char *p, size_t room, const char *s, size_t n,
    size_t *used, int *bad);

/* What json_escape() would return, had it all the room it wants. */
size_t json_measure(const char *s, size_t n);

/* The same for json_escape_list(). */
size_t json_measure_list(const char *s, size_t n);

/*
 * The reverse: the bytes of a JSON string, s being what is between its quotes
 * and known to be right.  At most room bytes, never cut inside a character, no
 * NUL; *put, which may be NULL, is how many.  The number it would be uncut.
 */
size_t json_unescape(char *p, size_t room, const char *s, size_t n,
    size_t *put);

/* The same, one character: takes it from *s and writes at most 4 bytes. */
size_t json_unescape_one(char *p, const char **s);

/* A character as UTF-8, at most 4 bytes; U+FFFD if there is none such. */
size_t json_utf8(char *p, uint32_t c);

#endif
