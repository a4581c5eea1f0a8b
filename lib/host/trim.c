/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "host/trim.h"
#include "rec/wire.h"

/* A part of a record's tail. */
struct part {
	const char	*p;
	uint32_t	 len;
	size_t		 len_at;	/* where its length stands in the record */
};

/* Whether the names of a wire path, leaf first, make up this string. */
static int
path_is(const struct part *path, const struct part *str)
{
	const char *p = path->p, *end = p + path->len;
	size_t left = str->len, n;

	/* The empty name: the root, or a path that is not whole. */
	for (; p < end && *p != '\0'; p += n + 1) {
		n = strnlen(p, end - p);
		if (left < n + 1 || memcmp(str->p + left - n, p, n) != 0 ||
		    str->p[left - n - 1] != '/')
			return 0;
		left -= n + 1;
	}
	return p == end && left == 0 && path->len > 0;
}

static int
same(const struct part *a, const struct part *b)
{
	return a->len == b->len && a->len > 0 && memcmp(a->p, b->p, a->len) == 0;
}

static const void *
without(const void *rec, size_t *size, const struct part *cut, size_t n,
    char *buf)
{
	const char *from = rec, *end = from + *size;
	struct wire_head *h = (void *)buf;
	char *to = buf;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(to, from, cut[i].p - from);
		to += cut[i].p - from;
		from = cut[i].p + cut[i].len;
		memset(buf + cut[i].len_at, 0, sizeof(cut[i].len));
	}
	memcpy(to, from, end - from);
	*size = to - buf + (end - from);
	h->size = *size;
	return buf;
}

#define PART(w, f, at)	{ (at), (w)->len_##f, offsetof(__typeof__(*(w)), len_##f) }

static const void *
trim_exec(const struct wire_exec *w, size_t *size, void *buf)
{
	const char *tail = (const char *)(w + 1) + w->len_tty;
	struct part cgroup = PART(w, cgroup, tail);
	struct part v1 = PART(w, cgroup_v1, cgroup.p + cgroup.len);
	struct part exe = PART(w, exe, v1.p + v1.len);
	struct part name = PART(w, filename, exe.p + exe.len + w->len_script);
	struct part cut[2];
	size_t n = 0;

	if (same(&cgroup, &v1))
		cut[n++] = v1;
	if (name.len > 0 && path_is(&exe, &name))
		cut[n++] = name;
	return n == 0 ? w : without(w, size, cut, n, buf);
}

static const void *
trim_groups(const void *rec, size_t *size, void *buf, const struct part *cgroup,
    const struct part *v1)
{
	return same(cgroup, v1) ? without(rec, size, v1, 1, buf) : rec;
}

/* The kinds whose tail has the cgroups behind `skip` bytes. */
#define GROUPS(type, skip) do {						\
	const type *w = rec;						\
	struct part cgroup = PART(w, cgroup, (const char *)(w + 1) + (skip)); \
	struct part v1 = PART(w, cgroup_v1, cgroup.p + cgroup.len);	\
									\
	return trim_groups(rec, size, buf, &cgroup, &v1);		\
} while (0)

const void *
trim(const void *rec, size_t *size, void *buf)
{
	switch (((const struct wire_head *)rec)->kind) {
	case EV_exec:
		return trim_exec(rec, size, buf);
	case EV_snap:
		GROUPS(struct wire_snap, w->len_tty);
	case EV_fork:
		GROUPS(struct wire_fork, 0);
	case EV_exit:
		GROUPS(struct wire_exit, 0);
	case EV_reparent:
		GROUPS(struct wire_reparent, 0);
	case EV_sample:
		GROUPS(struct wire_sample, 0);
	case EV_oom:
		GROUPS(struct wire_oom, 0);
	}
	return rec;
}
