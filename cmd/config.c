/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "cmd.h"
#include "config.h"

static void
unknown(void *arg, unsigned line, const char *what)
{
	warnx("%s:%u: %s", (const char *)arg, line, what);
}

void
config_unread(const char *path, unsigned line)
{
	if (errno == EILSEQ)
		errx(EX_LNX_USAGE, "%s:%u: a NUL byte: want text", path, line);
	err(errno == EFBIG ? EX_LNX_USAGE : EX_LNX_SYSTEM, "%s", path);
}

const char *
config_read(struct conf *c, const char *path)
{
	const char *env = getenv("LNX_CONFIG");
	struct ini_error e;
	unsigned line = 0;
	char *text;
	int must;

	if (path == NULL && env != NULL && *env != '\0')
		path = env;
	must = path != NULL;
	if (!must)
		path = CONFIG_FILE;
	*c = (struct conf){ 0 };
	if ((text = ini_load(path, &line)) == NULL) {
		if (!must && errno == ENOENT)
			return path;
		config_unread(path, line);
	}
	if (conf_read(c, text, unknown, (void *)path, &e) == -1)
		errx(EX_LNX_USAGE, "%s:%u: %s", path, e.line, e.why);
	free(text);
	return path;
}
