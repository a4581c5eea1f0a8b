/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "rec/make.h"
#include "rec/wire.h"

void
make_begin(struct make *m, int kind)
{
	memset(m, 0, sizeof(*m));
	memset(m->num, 0xff, sizeof(m->num));
	memset(m->pid, 0xff, sizeof(m->pid));
	m->desc = event_desc(kind);
	m->bad = m->desc == NULL || m->desc->nfields > MAKE_FIELDS;
}

/* The row of that name; or -1, which make_end() will tell. */
static int
row(struct make *m, const char *name, int from)
{
	const struct field *f;
	size_t n, i;

	if (m->bad)
		return -1;
	/* Most callers set fields in their order. */
	n = m->desc->nfields;
	for (size_t k = 0; k < n; k++) {
		i = m->next + k < n ? m->next + k : m->next + k - n;
		f = &m->desc->fields[i];
		if (f->from == from && strcmp(f->name, name) == 0) {
			m->next = i + 1;
			return i;
		}
	}
	m->bad = 1;
	return -1;
}

void
make_list(struct make *m, const char *field, const char *list, size_t len)
{
	int i = row(m, field, FROM_tail);

	if (i >= 0) {
		m->text[i] = list;
		m->len[i] = list != NULL ? len : 0;
		m->slashes[i] = 0;
	}
}

void
make_text(struct make *m, const char *field, const char *text)
{
	make_list(m, field, text, text != NULL ? strlen(text) : 0);
}

void
make_path(struct make *m, const char *field, const char *path)
{
	int i = row(m, field, FROM_tail);

	if (i < 0)
		return;
	m->bad |= m->desc->fields[i].type != F_path ||
	    (path != NULL && path[0] != '/');
	m->text[i] = path;
	m->len[i] = path != NULL ? strlen(path) : 0;
	m->slashes[i] = 1;
}

/* "/a/b" as a path is on the wire: each name with a NUL behind it, leaf first;
 * that takes as many bytes. */
static void
put_path(char *p, const char *path, size_t len)
{
	const char *end = path + len, *s;

	while (end > path) {
		for (s = end; s[-1] != '/'; s--)
			;
		memcpy(p, s, end - s);
		p += end - s;
		*p++ = '\0';
		end = s - 1;
	}
}

void
make_num(struct make *m, const char *field, uint64_t num)
{
	int i = row(m, field, FROM_wire);

	if (i >= 0)
		m->num[i] = num;
}

void
make_proc(struct make *m, const char *field, uint64_t start, uint32_t pid)
{
	int i = row(m, field, FROM_wire);

	if (i < 0)
		return;
	m->num[i] = start;
	m->pid[i] = pid;
}

size_t
make_end(struct make *m, uint64_t boot_ns, void *buf, size_t cap)
{
	struct wire_head h = { .boot_ns = boot_ns };
	const struct field *f;
	uint32_t v32;
	size_t n;

	if (m->bad || m->desc->size > cap)
		return 0;
	n = m->desc->size;
	memset(buf, 0, n);
	for (size_t i = 0; i < m->desc->nfields; i++) {
		f = &m->desc->fields[i];
		switch (f->from == FROM_tail ? F_str : f->type) {
		case F_proc:
			memcpy((char *)buf + f->off + 8, &m->pid[i], 4);
			/* fallthrough */
		case F_u64: case F_micro: case F_hex64: case F_dec64:
		case F_time:
			memcpy((char *)buf + f->off, &m->num[i], 8);
			break;
		case F_u32: case F_flag: case F_char:
			v32 = m->num[i];
			if (f->type != F_u32 && m->num[i] == WIRE_UNKNOWN_64)
				v32 = 0;
			memcpy((char *)buf + f->off, &v32, 4);
			break;
		case F_str:
			if (m->len[i] > cap - n)
				return 0;
			v32 = m->len[i];
			memcpy((char *)buf + f->off, &v32, 4);
			if (m->slashes[i])
				put_path((char *)buf + n, m->text[i], v32);
			else if (v32 > 0)
				memcpy((char *)buf + n, m->text[i], v32);
			n += v32;
			break;
		case F_comm: case F_open: case F_close:
			break;
		default:
			return 0;
		}
	}
	h.kind = m->desc->kind;
	h.size = n;
	memcpy(buf, &h, sizeof(h));
	return n;
}
