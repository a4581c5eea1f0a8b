/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Files of sections and keys, as inih reads them: [section], key = value,
 * comments after ; or # at the start of a line or, after a blank, ; anywhere.
 * A line that begins with a blank goes on with the value before.
 */
#ifndef CONF_INI_H
#define CONF_INI_H

#include <stddef.h>

enum {
	INI_LINE = 197,		/* longest line that inih takes */
	INI_VALUE = 4096,	/* longest value, over all its lines */
	INI_FILE = 1 << 20,	/* longest file */
	INI_WHY = 256,
};

/* What is wrong, and in which line, from 1; line 0 is the whole file. */
struct ini_error {
	unsigned	line;
	char		why[INI_WHY];
};

/*
 * Takes a key and its value, or, with key NULL, the begin of a section, each
 * with its line.  0; or -1 with the reason in why, which ends the reading.
 */
typedef int ini_fn(void *arg, const char *section, const char *key,
    const char *value, unsigned line, char *why);

/* Read text, which ends with a NUL.  0, or -1 with *e. */
int ini_text(const char *text, ini_fn *fn, void *arg, struct ini_error *e);

/* A whole file as a string, the caller's to free.  NULL with errno: EFBIG if
 * it is longer than INI_FILE, EILSEQ if there is a NUL in it: in *line. */
char *ini_load(const char *path, unsigned *line);

#endif
