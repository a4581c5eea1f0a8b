/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/harm_name.h"

enum { PATH = HARM_NAME - HARM_TAG, ID = 21 };

static int
is_str(const struct scan_val *v)
{
	return v != NULL && v->type == SCAN_STR;
}

/* Cut a path to depth names, in place.  1 if that made it shorter. */
static int
roll(char *path, unsigned depth)
{
	if (depth == 0 || path[0] != '/')
		return 0;
	for (char *p = path + 1; *p != '\0'; p++)
		if (*p == '/' && --depth == 0) {
			*p = '\0';
			return 1;
		}
	return 0;
}

/* An id, as ids are written; else none. */
static void
id_of(char buf[ID], const struct scan_val *v)
{
	if (!is_str(v) || v->len >= ID || scan_str(v, buf, ID) <= 0 ||
	    buf[strspn(buf, "0123456789")] != '\0')
		*buf = '\0';
}

void
harm_name(char buf[HARM_NAME], const struct harm_place *p, unsigned depth)
{
	int v1 = is_str(p->path_v1) && !scan_is(p->path_v1, "/") &&
	    (!is_str(p->path) || scan_is(p->path, "/"));
	const struct scan_val *path = v1 ? p->path_v1 : p->path;
	char s[PATH], id[ID];
	long len;

	id_of(id, v1 ? p->id_v1 : p->id);
	if (!is_str(path)) {
		snprintf(buf, HARM_NAME, *id != '\0' ? "cgroup %s" : "?", id);
		return;
	}
	len = scan_str(path, s, sizeof(s));
	if (roll(s, depth) || (*s == '/' && len < PATH))
		snprintf(buf, HARM_NAME, "%s%s", v1 ? "v1:" : "", s);
	else
		snprintf(buf, HARM_NAME, "%s%s%s:%s", v1 ? "v1" : "",
		    v1 && *id != '\0' ? " " : "", id, s);
}

const char *
harm_path(const char *name, char tag[HARM_TAG])
{
	const char *end = *name != '/' ? strchr(name, ':') : NULL;

	*tag = '\0';
	if (end == NULL)
		return name;
	snprintf(tag, HARM_TAG, "%.*s", (int)(end - name), name);
	return end + 1;
}

void
harm_roll(char buf[HARM_NAME], const char *name, unsigned depth)
{
	char s[PATH], tag[HARM_TAG];

	snprintf(s, sizeof(s), "%s", harm_path(name, tag));
	if (roll(s, depth))
		snprintf(buf, HARM_NAME, "%s%s", tag[0] == 'v' ? "v1:" : "", s);
	else
		snprintf(buf, HARM_NAME, "%s", name);
}
