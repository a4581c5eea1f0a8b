/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "rec/event.h"

#include "core/key.h"

const char *const key_names[K_FIXED] = {
#define X(name, text)	text,
	KEYS(X)
#undef X
};

/* What stands in every record, and what lnx-tag adds to any. */
static int
everywhere(const char *name)
{
	static const char *const all[] = { "event", "time", "boot_ns", "host",
	    "pod", "pod_uid", "namespace", "container", "container_id" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i], name) == 0)
			return 1;
	return 0;
}

/* Is it this field, or its pid?  skip is how much of the field's name is that
 * of the object it is in. */
static int
named(const struct field *f, size_t skip, const char *name)
{
	return strcmp(f->name + skip, name) == 0 ||
	    (f->pid != NULL && strcmp(f->pid + skip, name) == 0);
}

static const struct field *
find(const struct event_desc *d, const char *name)
{
	const char *dot = strchr(name, '.'), *object = NULL;
	size_t skip = 0;

	for (const struct field *f = d->fields; f < d->fields + d->nfields; f++)
		if (f->type == F_open) {
			object = f->name;
			skip = f->off;
		} else if (f->type == F_close) {
			object = NULL;
			skip = 0;
		} else if (object == NULL) {
			if (named(f, 0, name))
				return f;
		} else if (dot != NULL &&
		    (size_t)(dot - name) == strlen(object) &&
		    strncmp(name, object, dot - name) == 0 &&
		    named(f, skip, dot + 1))
			return f;
	return NULL;
}

uint64_t
key_kinds(const char *name, uint64_t kinds)
{
	uint64_t in = 0;

	if (everywhere(name))
		return kinds;
	for (int k = 1; k < 64; k++)
		if ((kinds >> k & 1) && event_desc(k) != NULL &&
		    find(event_desc(k), name) != NULL)
			in |= UINT64_C(1) << k;
	return in;
}

/* Of a process the id is text, and the pid is none. */
static int
text(const struct field *f, const char *name)
{
	size_t n = strlen(name);

	switch (f->from == FROM_tail ? F_str : f->type) {
	case F_proc:
		return n < 3 || strcmp(name + n - 3, "pid") != 0;
	case F_comm: case F_str: case F_path: case F_char: case F_hex64:
	case F_time: case F_id:
		return 1;
	default:
		return 0;
	}
}

/* A number, and not digits in a string. */
static int
number(const struct field *f, const char *name)
{
	switch (f->from == FROM_tail ? F_str : f->type) {
	case F_proc:
		return !text(f, name);
	case F_u64: case F_u32: case F_micro: case F_cpu: case F_seq:
		return 1;
	default:
		return 0;
	}
}

/* All kinds that have the field, and there is one, have it so. */
static int
all_are(const char *name, uint64_t kinds,
    int (*so)(const struct field *, const char *))
{
	const struct field *f;
	int is = 0;

	for (int k = 1; k < 64; k++) {
		if (!(kinds >> k & 1) || event_desc(k) == NULL ||
		    (f = find(event_desc(k), name)) == NULL)
			continue;
		if (!so(f, name))
			return 0;
		is = 1;
	}
	return is;
}

int
key_text(const char *name, uint64_t kinds)
{
	return everywhere(name) ? strcmp(name, "boot_ns") != 0 :
	    all_are(name, kinds, text);
}

int
key_number(const char *name, uint64_t kinds)
{
	return everywhere(name) ? strcmp(name, "boot_ns") == 0 :
	    all_are(name, kinds, number);
}
