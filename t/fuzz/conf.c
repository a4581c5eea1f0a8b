/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any text at all is read as lnx.conf; what was read of it can be written in
 * double quotes, or bare, and is then read the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
ignore(void *arg, unsigned line, const char *what)
{
	(void)what;
	if (line == 0)
		abort();
	++*(unsigned *)arg;
}

/* A path that was read, once more. */
static void
again(const char *path)
{
	char text[INI_VALUE * 2] = "[rules]\nconfig_path = \"", *p = strchr(text, 0);
	struct conf c = { 0 };
	struct ini_error e;
	unsigned warned = 0;

	/* A longer line, or a comment, is none of the path's making. */
	if (strlen(path) > 80 || strchr(path, ';') != NULL)
		return;
	for (; *path != '\0'; path++) {
		if (strchr("\"\\\n\r", *path) != NULL)
			*p++ = '\\';
		*p++ = *path == '\n' ? 'n' : *path == '\r' ? 'r' : *path;
	}
	memcpy(p, "\"\n", 3);
	if (conf_read(&c, text, ignore, &warned, &e) == -1 || warned != 0) {
		fprintf(stderr, "%s: %s\n", text, e.why);
		abort();
	}
	conf_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct conf c = { 0 };
	struct ini_error e;
	unsigned warned = 0;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (conf_read(&c, text, ignore, &warned, &e) == -1 && *e.why == '\0')
		abort();
	if (conf_get(&c, CONF_rules_config_path) != NULL)
		again(conf_get(&c, CONF_rules_config_path));
	conf_free(&c);
	free(text);
	return 0;
}
