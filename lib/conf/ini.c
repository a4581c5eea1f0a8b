/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/ini.h"

struct reading {
	const char	*text;		/* what comes next */
	ini_fn		*fn;
	void		*arg;
	struct ini_error *e;
	unsigned	 line;		/* the one that inih has */
	int		 goes_on;	/* it begins with a blank */
	int		 failed;
	/* The value that is being put together. */
	unsigned	 from;
	int		 pending;
	char		 section[INI_LINE + 1], key[INI_LINE + 1];
	char		 value[INI_VALUE];
};

static void
fail(struct reading *r, unsigned line, const char *why)
{
	if (r->failed)
		return;
	r->failed = 1;
	r->e->line = line;
	if (why != NULL)
		snprintf(r->e->why, sizeof(r->e->why), "%s", why);
}

/* Hand over the value that is whole now. */
static void
hand_over(struct reading *r)
{
	if (!r->pending || r->failed)
		return;
	r->pending = 0;
	if (r->fn(r->arg, r->section, r->key, r->value, r->from,
	    r->e->why) == -1)
		fail(r, r->from, NULL);
}

/* inih tells of no section that is empty, so take it from the line. */
static void
new_section(struct reading *r, const char *line)
{
	const char *end = strchr(line, ']');
	char name[INI_LINE + 1];

	hand_over(r);
	if (end == NULL || r->failed)
		return;		/* inih says so */
	snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
	if (r->fn(r->arg, name, NULL, NULL, r->line, r->e->why) == -1)
		fail(r, r->line, NULL);
}

/* The next line, as fgets(3). */
static char *
next_line(char *buf, int size, void *arg)
{
	struct reading *r = arg;
	size_t n = strcspn(r->text, "\n");
	const char *s = r->text;

	if (*s == '\0' || r->failed)
		return NULL;
	r->line++;
	if (n > INI_LINE || n + 2 > (size_t)size) {
		fail(r, r->line, "line too long: want at most 197 bytes; "
		    "a line that begins with a blank goes on with the value");
		return NULL;
	}
	r->goes_on = *s == ' ' || *s == '\t';
	r->text += n + (s[n] == '\n');
	memcpy(buf, s, n);
	strcpy(buf + n, "\n");
	if (*s == '[')
		new_section(r, buf);
	return r->failed ? NULL : buf;
}

static int
one(void *arg, const char *section, const char *key, const char *value)
{
	struct reading *r = arg;
	size_t n;

	if (r->failed)
		return 0;
	if (r->pending && r->goes_on) {
		n = strlen(r->value);
		if (snprintf(r->value + n, sizeof(r->value) - n, " %s",
		    value) >= (int)(sizeof(r->value) - n))
			fail(r, r->line, "value too long: want at most 4095 bytes");
		return !r->failed;
	}
	hand_over(r);
	snprintf(r->section, sizeof(r->section), "%s", section);
	snprintf(r->key, sizeof(r->key), "%s", key);
	snprintf(r->value, sizeof(r->value), "%s", value);
	r->from = r->line;
	r->pending = 1;
	return !r->failed;
}

int
ini_text(const char *text, ini_fn *fn, void *arg, struct ini_error *e)
{
	struct reading *r;
	int bad, rc;

	memset(e, 0, sizeof(*e));
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		snprintf(e->why, sizeof(e->why), "%s", strerror(errno));
		return -1;
	}
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	*r = (struct reading){ .text = text, .fn = fn, .arg = arg, .e = e };
	bad = ini_parse_stream(next_line, r, one, r);
	/* What inih does not take stands before what it took later. */
	if (bad > 0 && (!r->failed || (unsigned)bad < e->line)) {
		r->failed = 0;
		fail(r, bad, "want [section] or key = value");
	}
	hand_over(r);
	rc = r->failed ? -1 : 0;
	free(r);
	return rc;
}

/* The line of the first NUL. */
static unsigned
nul_line(const char *text)
{
	unsigned line = 1;

	for (; *text != '\0'; text++)
		line += *text == '\n';
	return line;
}

char *
ini_load(const char *path, unsigned *line)
{
	size_t n = 0, cap = 0;
	char *text = NULL, *more;
	ssize_t got = 0;
	int fd, e = 0;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	for (;; n += got) {
		if (n + 1 >= cap) {
			cap = cap == 0 ? 8192 : cap * 2;
			if ((more = realloc(text, cap)) == NULL)
				break;
			text = more;
		}
		if ((got = read(fd, text + n, cap - n - 1)) <= 0)
			break;
		if (n + got > INI_FILE) {
			errno = EFBIG;
			got = -1;
			break;
		}
	}
	if (text == NULL || got != 0)
		e = errno;
	else {
		text[n] = '\0';
		if (strlen(text) != n) {
			*line = nul_line(text);
			e = EILSEQ;
		}
	}
	close(fd);
	if (e != 0) {
		free(text);
		text = NULL;
		errno = e;
	}
	return text;
}
