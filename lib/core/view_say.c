/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/harm_name.h"
#include "core/view_say.h"

enum {
	LINE = 2048,
	NAME = 28,		/* bytes of a name in a path */
	COMM = 24,		/* bytes of a process's name */
};

const char *const view_on[STALL_RESOURCES] = { "CPU", "I/O", "memory" };

void
view_say(const struct view_pen *p, const char *fmt, ...)
{
	char buf[LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	n = n < LINE - 1 ? n : LINE - 2;
	buf[n++] = '\n';
	p->line(p->arg, buf, n);
}

void
view_time(char buf[VIEW_TIME], uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;

	if (ns < 1000)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " ns", ns);
	else if (ms == 0)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " us", ns / 1000);
	else if (ms < 10)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%" PRIu64 " ms", ms,
		    ns / 100000 % 10);
	else if (s == 0)
		snprintf(buf, VIEW_TIME, "%" PRIu64 " ms", ms);
	else if (s < 10)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%02" PRIu64 " s", s,
		    ms / 10 % 100);
	else if (s < 100)
		snprintf(buf, VIEW_TIME, "%" PRIu64 ".%" PRIu64 " s", s,
		    ms / 100 % 10);
	else
		snprintf(buf, VIEW_TIME, "%" PRIu64 " s", s);
}

/* One name of a path; a long one keeps its beginning. */
static size_t
name(char *p, size_t room, const char *s, size_t len, size_t max, int utf8)
{
	char cut[HARM_NAME];
	size_t n = len < max ? len : max - 2;

	while (n < len && n > 0 && (s[n] & 0xc0) == 0x80)
		n--;
	memcpy(cut, s, n);
	strcpy(cut + n, n < len ? ".." : "");
	return view_escape(p, room, cut, utf8);
}

void
view_comm(char *buf, size_t room, const char *s, int utf8)
{
	buf[name(buf, room - 1, s, strlen(s), COMM, utf8)] = '\0';
}

void
view_place(char *buf, size_t room, const char *path, unsigned n, size_t max,
    int utf8)
{
	const char *s = path + strlen(path), *end;
	size_t len = 0, k;

	*buf = '\0';
	if (strcmp(path, "/") == 0)
		path = s = "root cgroup";
	while (s > path && n > 0)
		if (*--s == '/' && --n == 0)
			s++;
	if (n > 0)
		s = path;
	while (*s == '/')
		s++;
	for (; *s != '\0'; s = *end == '/' ? end + 1 : end) {
		end = strchrnul(s, '/');
		/* Room for a name that is nothing but escapes, or none of it. */
		if (len + 6 * (max + 2) + 2 > room)
			break;
		if (len > 0)
			buf[len++] = '/';
		k = end - s < HARM_NAME - 3 ? end - s : HARM_NAME - 3;
		len += name(buf + len, room - len - 1, s, k, max, utf8);
		buf[len] = '\0';
	}
}

/* A cgroup of v2 has that path, too. */
static int
in_both(const struct harm *h, const struct harm_party *c, const char *path)
{
	const char *host = h->host[c->host].name;

	for (int r = 0; r < STALL_RESOURCES; r++)
		if (harm_find(h, host, path, r) != NULL)
			return 1;
	return 0;
}

void
view_party(const struct view_pen *p, const struct harm_party *c,
    char buf[VIEW_PLACE])
{
	char tag[HARM_TAG];
	const char *path;
	size_t n = 0;

	if (p->h->hosts > 1) {
		n = view_escape(buf, 200, p->h->host[c->host].name,
		    p->v->opts.utf8);
		buf[n++] = ':';
	}
	path = harm_path(c->name, tag);
	view_place(buf + n, VIEW_PLACE - n - HARM_TAG - 3, path, 2, NAME,
	    p->v->opts.utf8);
	if (*tag != '\0' && (strcmp(tag, "v1") != 0 || in_both(p->h, c, path)))
		sprintf(strchr(buf, '\0'), " (%s)", tag);
}

void
view_percent(char buf[VIEW_PCT], uint64_t ns, uint64_t all)
{
	unsigned tenth = ns < all ? (unsigned __int128)ns * 1000 / all : 1000;

	snprintf(buf, VIEW_PCT, tenth == 1000 ? "%u %%" : "%u.%u %%", tenth / 10,
	    tenth % 10);
}
