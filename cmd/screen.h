/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A picture of some lines on a terminal, redrawn in place. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stddef.h>

/* fd is a terminal that can move its cursor: TERM is set, and not dumb. */
int screen_is(int fd);

/* It may be coloured: screen_is(), and NO_COLOR is unset or empty. */
int screen_colour(int fd);

/* The terminal's encoding is UTF-8, by the environment. */
int screen_utf8(void);

struct screen;

/* NULL, with errno, on failure.  fd stays the caller's. */
struct screen *screen_new(int fd);
void screen_free(struct screen *);

/* It is time for a new picture: there are at most four in a second. */
int screen_due(const struct screen *);

/* Wait until it is; 0 if fd became readable before. */
int screen_wait(const struct screen *, int fd);

/* How many lines a picture may have. */
size_t screen_rows(const struct screen *);

/* One more line of the next picture, with its newline.  arg is the screen. */
void screen_line(void *arg, const char *line, size_t len);

/* Draw the picture in the place of the one before. */
void screen_show(struct screen *);

/* Take the picture away. */
void screen_clear(struct screen *);

#endif
