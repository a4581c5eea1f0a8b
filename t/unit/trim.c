/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "host/trim.h"
#include "rec/wire.h"

#include "tap.h"

static uint64_t rec[64], buf[64];
static size_t size;

static char *
put(char *p, uint32_t *len, const char *bytes, size_t n)
{
	memcpy(p, bytes, n);
	*len = n;
	return p + n;
}

/* An exec record of these fields; paths as on the wire. */
static const struct wire_exec *
exec_of(const char *cgroup, size_t ncg, const char *v1, size_t nv1,
    const char *exe, size_t nexe, const char *script, const char *name)
{
	struct wire_exec *w = (void *)rec;
	char *p = (char *)(w + 1);

	memset(rec, 0, sizeof(rec));
	w->head.kind = EV_exec;
	p = put(p, &w->len_tty, "pts/1", 5);
	p = put(p, &w->len_cgroup, cgroup, ncg);
	p = put(p, &w->len_cgroup_v1, v1, nv1);
	p = put(p, &w->len_exe, exe, nexe);
	p = put(p, &w->len_script, script, strlen(script));
	p = put(p, &w->len_filename, name, strlen(name));
	p = put(p, &w->len_cwd, "tmp", 4);
	p = put(p, &w->len_argv, "a\0b", 4);
	size = w->head.size = p - (char *)rec;
	return trim(rec, &size, buf);
}

#define BYTES(s)	s, sizeof(s)
#define CG		BYTES("b\0a")
#define EXE		BYTES("sh\0bin\0usr")

/* What stands behind the parts that may go. */
static int
whole(const struct wire_exec *w)
{
	const char *end = (const char *)w + size;

	return w->head.size == size && w->len_tty == 5 &&
	    memcmp(w + 1, "pts/1", 5) == 0 && w->len_cwd == 4 &&
	    w->len_argv == 4 && memcmp(end - 8, "tmp\0a\0b", 8) == 0;
}

int
main(void)
{
	const struct wire_exec *w;
	struct wire_exit *x = (void *)rec;

	w = exec_of(CG, BYTES("c\0a"), EXE, "", "/bin/sh");
	ok((const void *)w == rec, "what differs is left as it is");

	w = exec_of(CG, CG, EXE, "", "/bin/sh");
	ok(w->len_cgroup == 4 && w->len_cgroup_v1 == 0 && w->len_filename == 7 &&
	    whole(w), "the same cgroup is told once");

	w = exec_of(CG, BYTES("c\0a"), EXE, "", "/usr/bin/sh");
	ok(w->len_cgroup_v1 == 4 && w->len_filename == 0 && w->len_exe == 11 &&
	    whole(w), "the same program is told once");

	w = exec_of(CG, CG, EXE, "", "/usr/bin/sh");
	ok(w->len_cgroup_v1 == 0 && w->len_filename == 0 && whole(w), "both");

	w = exec_of(BYTES(""), BYTES(""), BYTES("memfd:a"), "/s", "");
	ok(w->len_cgroup_v1 == 0 && w->len_cgroup == 1 && w->len_script == 2 &&
	    whole(w), "the root twice is the root once");

	w = exec_of(CG, BYTES("c"), EXE, "", "usr/bin/sh");
	ok(w->len_filename == 10, "a relative path is another");
	w = exec_of(CG, BYTES("c"), EXE, "", "/x/usr/bin/sh");
	ok(w->len_filename == 13, "a longer path is another");
	w = exec_of(CG, BYTES("c"), EXE, "", "/bin/sh");
	ok(w->len_filename == 7, "a shorter path is another");
	w = exec_of(CG, BYTES("c"), EXE, "", "/usr/bin//sh");
	ok(w->len_filename == 12, "a path written otherwise is another");
	w = exec_of(CG, BYTES("c"), BYTES("sh\0bin\0"), "", "/bin/sh");
	ok(w->len_filename == 7, "of a path that is cut nobody knows");
	w = exec_of(CG, BYTES("c"), BYTES(""), "", "/");
	ok(w->len_filename == 1, "the root is no program");
	w = exec_of("", 0, "", 0, "", 0, "", "/bin/sh");
	ok(w->len_filename == 7 && (const void *)w == rec,
	    "what is unknown is not the same");

	memset(rec, 0, sizeof(rec));
	x->head.kind = EV_exit;
	x->len_cgroup = x->len_cgroup_v1 = 2;
	memcpy(x + 1, "a\0a", 4);
	size = x->head.size = sizeof(*x) + 4;
	x = (void *)(uintptr_t)trim(rec, &size, buf);
	ok(x->len_cgroup == 2 && x->len_cgroup_v1 == 0 &&
	    size == sizeof(*x) + 2 && x->head.size == size,
	    "an exit too has its cgroup once");
	return tap_done();
}
