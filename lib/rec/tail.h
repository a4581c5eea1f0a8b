/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The JSON form of what stands behind the struct of a wire record. */
#ifndef REC_TAIL_H
#define REC_TAIL_H

#include <sys/types.h>

#include <stddef.h>

struct scan_val;

enum {
	TAIL_CUT	= 1,	/* the wire says that it is cut */
	TAIL_FULL	= 2,	/* there was not enough room for it */
	TAIL_REPLACED	= 4,	/* bytes that are not UTF-8 became U+FFFD */
};

/*
 * Write the n > 0 bytes of a tail of that type (F_str, F_path, F_list) at p:
 * at most room bytes and TAIL_QUOTES around them, and up to 8 behind may be
 * written to.  *told gets what is to be told of it.  The end.
 */
enum { TAIL_QUOTES = 4 };
char *tail_put(char *p, size_t room, int type, const char *s, size_t n,
    int *told);

/* The smallest room in which it is not cut. */
size_t tail_need(int type, const char *s, size_t n);

/*
 * The one length to which the longest of these must be cut so that their sum
 * is at most budget.
 */
size_t tail_level(const size_t *needs, size_t n, size_t budget);

/*
 * The reverse: the bytes of a JSON value, at most room at p.  A string or list
 * that is said to be cut gets its mark; a path tells that by itself.  How many;
 * or -1 with EINVAL if it has the wrong type or a name in it a NUL, EOVERFLOW
 * if there is no room.
 */
ssize_t tail_get(char *p, size_t room, int type, const struct scan_val *v,
    int cut);

#endif
