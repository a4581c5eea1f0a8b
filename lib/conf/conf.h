/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * lnx.conf, as lnx.conf(5) describes it: INI, with values as they are or as
 * TOML has them, in quotes and with a comment behind.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/ini.h"

enum conf_type { CONF_TEXT, CONF_TRUTH, CONF_NUMBER };

enum conf_key {
#define CONF(section, key, type)	CONF_##section##_##key,
#include "conf/conf.def"
#undef CONF
	CONF_KEYS
};

/* All zeros before the first reading. */
struct conf {
	char		*value[CONF_KEYS];
	unsigned	 line[CONF_KEYS];
};

/* Is told of a section or key that nothing knows. */
typedef void conf_warn(void *arg, unsigned line, const char *what);

/*
 * Read text, which ends with a NUL.  0; or -1 with *e: a line that is none, a
 * value that is not of its key's type, a key that comes twice, no memory.
 */
int conf_read(struct conf *, const char *text, conf_warn *warn, void *arg,
    struct ini_error *e);

/* The value: text, "true" or "false", or a number's digits.  It belongs to the
 * conf.  NULL if it is not there. */
const char *conf_get(const struct conf *, enum conf_key);

void conf_free(struct conf *);

#endif
