/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

#include "tap.h"

/* All warnings, each with its line. */
static void
note(void *arg, unsigned line, const char *what)
{
	char *all = arg;
	size_t n = strlen(all);

	snprintf(all + n, INI_VALUE - n, "%u: %s\n", line, what);
}

/* The text in a line of TAP. */
static const char *
shown(const char *text)
{
	static char line[INI_VALUE];
	size_t n = 0;

	for (; *text != '\0'; text++)
		line[n++] = *text == '\n' ? '|' : *text == '\r' ? '^' :
		    *text == '#' ? '%' : *text;
	line[n] = '\0';
	return line;
}

static void
reads(const char *text, enum conf_key key, const char *want)
{
	char told[INI_VALUE] = "";
	struct conf c = { 0 };
	struct ini_error e;
	const char *got;
	int rc;

	rc = conf_read(&c, text, note, told, &e);
	got = conf_get(&c, key);
	ok(rc == 0 && *told == '\0' && (want == NULL ? got == NULL :
	    got != NULL && strcmp(got, want) == 0), "'%s' is read", shown(text));
	conf_free(&c);
}

static void
refuses(const char *text, unsigned line, const char *why)
{
	char told[INI_VALUE] = "";
	struct conf c = { 0 };
	struct ini_error e;
	int rc;

	rc = conf_read(&c, text, note, told, &e);
	ok(rc == -1 && e.line == line && strcmp(e.why, why) == 0,
	    "'%s' is refused in line %u: %s",
	    shown(text), line, rc == -1 ? e.why : "it was not");
	conf_free(&c);
}

static void
warns(const char *text, const char *want)
{
	char told[INI_VALUE] = "";
	struct conf c = { 0 };
	struct ini_error e;

	ok(conf_read(&c, text, note, told, &e) == 0 && strcmp(told, want) == 0,
	    "'%s' is warned of", shown(text));
	conf_free(&c);
}

static void
values(void)
{
	const enum conf_key path = CONF_rules_config_path;

	reads("", path, NULL);
	reads("[rules]\n", path, NULL);
	reads("[rules]\nconfig_path = /a\n", path, "/a");
	reads("[rules]\nconfig_path=/a", path, "/a");
	reads("[rules]\r\nconfig_path = /a\r\n", path, "/a");
	reads("[rules]\nconfig_path = /a b # c\n", path, "/a b");
	reads("[rules]\nconfig_path = /a#b\n", path, "/a#b");
	reads("[rules]\nconfig_path = /a ; c\n", path, "/a");
	reads("[rules]\nconfig_path = \"/a # b\" # c\n", path, "/a # b");
	reads("[rules]\nconfig_path = \"/a\\\"\\\\\\t\"\n", path, "/a\"\\\t");
	reads("[rules]\nconfig_path = '/a\\'#c\n", path, "/a\\");
	reads("[rules]\nconfig_path = \"[x]\"\n", path, "[x]");
	reads("# c\n[chain]\nenabled = true\n[rules]\nconfig_path = /a\n", path,
	    "/a");
	reads("[rules]\nenabled = false  # not now\n", CONF_rules_enabled, "false");
	reads("[llm]\ntimeout_secs = 120\n", CONF_llm_timeout_secs, "120");
}

static void
errors(void)
{
	refuses("[rules]\n\nconfig_path = \"/a\n", 3, "config_path: want a closing "
	    "\" (text after a blank and a ; is a comment)");
	refuses("[rules]\nconfig_path = \"/a\" b\n", 2, "config_path: want nothing "
	    "but a comment after the closing \"");
	refuses("[rules]\nconfig_path = \"\\u0041\"\n", 2, "config_path: want one "
	    "of \\\" \\\\ \\b \\t \\n \\f \\r; or a string in single quotes");
	refuses("[rules]\nconfig_path = \"\\\n", 2, "config_path: want one of \\\" "
	    "\\\\ \\b \\t \\n \\f \\r; or a string in single quotes");
	refuses("[rules]\nconfig_path =\n", 2, "config_path: want text");
	refuses("[rules]\nconfig_path = # c\n", 2, "config_path: want text");
	refuses("[rules]\nconfig_path = \"\"\n", 2, "config_path: want text");
	refuses("[rules]\nconfig_path = [ \"a\" ]\n", 2, "config_path: want text");
	refuses("[rules]\nenabled = yes\n", 2, "enabled: want true or false");
	refuses("[rules]\nenabled = \"true\"\n", 2, "enabled: want true or false");
	refuses("[llm]\ntimeout_secs = 12s\n", 2, "timeout_secs: want a whole "
	    "number");
	refuses("[llm]\ntimeout_secs = -1\n", 2, "timeout_secs: want a whole "
	    "number");
	refuses("[llm]\ntimeout_secs = 1111111111111111111\n", 2, "timeout_secs: "
	    "want a whole number");
	refuses("[llm]\ntimeout_secs = \"1\"\n", 2, "timeout_secs: want a whole "
	    "number");
	refuses("[rules]\nconfig_path = a\nenabled = true\nconfig_path = b\n", 4,
	    "config_path: it is in line 2 already");
	refuses("[rules]\nconfig_path\n", 2, "want [section] or key = value");
}

static void
strangers(void)
{
	warns("[rules]\nenabled = true\nenable = true\n",
	    "3: nothing knows enable in [rules]\n");
	warns("[logging]\na = 1\nb = 2\n[rules]\nc = 3\n",
	    "1: nothing knows [logging]\n5: nothing knows c in [rules]\n");
	warns("offline = true\n", "1: nothing knows offline in []\n");
	warns("[Rules]\nenabled = true\n", "1: nothing knows [Rules]\n");
	/* What follows is read all the same. */
	reads("[rules]\nconfig_path = /a\n", CONF_rules_config_path, "/a");
}

int
main(void)
{
	values();
	errors();
	strangers();
	return tap_done();
}
