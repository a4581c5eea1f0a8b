/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

static const struct row {
	const char	*section, *key;
	enum conf_type	 type;
} rows[] = {
#define CONF(section, key, type)	{ #section, #key, type },
#include "conf/conf.def"
#undef CONF
};

struct reading {
	struct conf	*conf;
	conf_warn	*warn;
	void		*arg;
};

#define BLANKS	" \t\r"

/* What may follow a value in its line: nothing, or a comment. */
static int
is_end(const char *s)
{
	s += strspn(s, BLANKS);
	return *s == '\0' || *s == '#';
}

/* One character of a string in double quotes, after the backslash. */
static int
escaped(char c)
{
	static const char from[] = "\"\\btnfr", to[] = "\"\\\b\t\n\f\r";
	const char *p = c != '\0' ? strchr(from, c) : NULL;

	return p != NULL ? to[p - from] : -1;
}

/* A string in quotes, of which single ones know no backslash. */
static int
quoted(const char *s, char *out, char *why)
{
	const char quote = *s++;
	int c;

	for (; *s != quote; s++) {
		c = (unsigned char)*s;
		if (c == '\0') {
			snprintf(why, INI_WHY, "want a closing %c (text after a "
			    "blank and a ; is a comment)", quote);
			return -1;
		}
		if (c == '\\' && quote == '"' && (c = escaped(*++s)) == -1) {
			snprintf(why, INI_WHY, "want one of \\\" \\\\ \\b \\t \\n "
			    "\\f \\r; or a string in single quotes");
			return -1;
		}
		*out++ = c;
	}
	*out = '\0';
	if (is_end(s + 1))
		return 0;
	snprintf(why, INI_WHY, "want nothing but a comment after the closing %c",
	    quote);
	return -1;
}

/* A value as it is, up to a comment. */
static void
bare(const char *s, char *out)
{
	size_t n = 0;

	while (s[n] != '\0' && !(is_end(s + n) &&
	    (n == 0 || s[n] != '#' || strchr(BLANKS, s[n - 1]) != NULL)))
		n++;
	memcpy(out, s, n);
	out[n] = '\0';
}

static int
is_type(const char *value, enum conf_type type, int in_quotes, char *why)
{
	switch (type) {
	case CONF_TEXT:
		if (*value != '\0' && (in_quotes || *value != '['))
			return 1;
		snprintf(why, INI_WHY, "want text");
		return 0;
	case CONF_TRUTH:
		if (!in_quotes && (strcmp(value, "true") == 0 ||
		    strcmp(value, "false") == 0))
			return 1;
		snprintf(why, INI_WHY, "want true or false");
		return 0;
	case CONF_NUMBER:
		if (!in_quotes && *value != '\0' && strlen(value) <= 18 &&
		    value[strspn(value, "0123456789")] == '\0')
			return 1;
		snprintf(why, INI_WHY, "want a whole number");
		return 0;
	}
	return 0;
}

static int
take(struct conf *c, size_t i, const char *value, unsigned line, char *why)
{
	char text[INI_VALUE], reason[INI_WHY];
	int in_quotes = *value == '"' || *value == '\'';

	if (c->line[i] != 0) {
		snprintf(why, INI_WHY, "%s: it is in line %u already",
		    rows[i].key, c->line[i]);
		return -1;
	}
	if (!in_quotes)
		bare(value, text);
	if ((in_quotes && quoted(value, text, reason) == -1) ||
	    !is_type(text, rows[i].type, in_quotes, reason)) {
		snprintf(why, INI_WHY, "%s: %.*s", rows[i].key, INI_WHY - 64,
		    reason);
		return -1;
	}
	if ((c->value[i] = strdup(text)) == NULL) {
		snprintf(why, INI_WHY, "%s", strerror(errno));
		return -1;
	}
	c->line[i] = line;
	return 0;
}

static int
one(void *arg, const char *section, const char *key, const char *value,
    unsigned line, char *why)
{
	struct reading *r = arg;
	char what[INI_WHY];
	int known = 0;

	for (size_t i = 0; i < CONF_KEYS; i++) {
		if (strcmp(rows[i].section, section) != 0)
			continue;
		known = 1;
		if (key != NULL && strcmp(rows[i].key, key) == 0)
			return take(r->conf, i, value, line, why);
	}
	/* Of a section that nobody knows one warning is enough. */
	if (known ? key == NULL : key != NULL && *section != '\0')
		return 0;
	if (key == NULL)
		snprintf(what, sizeof(what), "nothing knows [%.200s]", section);
	else
		snprintf(what, sizeof(what), "nothing knows %.100s in [%.100s]",
		    key, section);
	r->warn(r->arg, line, what);
	return 0;
}

int
conf_read(struct conf *c, const char *text, conf_warn *warn, void *arg,
    struct ini_error *e)
{
	struct reading r = { c, warn, arg };

	return ini_text(text, one, &r, e);
}

const char *
conf_get(const struct conf *c, enum conf_key key)
{
	return c->value[key];
}

void
conf_free(struct conf *c)
{
	for (size_t i = 0; i < CONF_KEYS; i++)
		free(c->value[i]);
	*c = (struct conf){ 0 };
}
