/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The configuration of a tool: lnx.conf(5). */
#ifndef CONFIG_H
#define CONFIG_H

#include "conf/conf.h"

#define CONFIG_FILE	"/etc/lnx/lnx.conf"

/*
 * Read the file that -c names (NULL: not given), else the one that LNX_CONFIG
 * does, else CONFIG_FILE, which need not be there.  Returns its name for what
 * is to be said of it.  Warns of what nothing knows; exits with the status
 * for it if the file cannot be read or is wrong.
 */
const char *config_read(struct conf *, const char *path);

/* Exits if a file of text could not be loaded by ini_load(). */
_Noreturn void config_unread(const char *path, unsigned line);

#endif
