/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/syscall.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "host/load.h"

void
load_note(char *list, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(list + *len, TRACE_WHY - *len, fmt, ap);
	va_end(ap);
	if (n >= 0 && *len + n < TRACE_WHY)
		*len += n + 1;
}

int
load_tracepoint_args(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	int id;

	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (t == NULL || !btf_is_ptr(t))
		return -1;
	t = btf__type_by_id(btf, t->type);
	return t != NULL && btf_is_func_proto(t) ? btf_vlen(t) : -1;
}

int
load_has_member(const struct btf *btf, const char *type, const char *member)
{
	const struct btf_member *m;
	const struct btf_type *t;
	int id;

	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	if (id < 0)
		return 0;
	t = btf__type_by_id(btf, id);
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, m[i].name_off),
		    member) == 0)
			return 1;
	return 0;
}

int
load_enumerator(const struct btf *btf, const char *type, const char *name)
{
	const struct btf_enum *e;
	const struct btf_type *t;
	int id;

	id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, id);
	e = btf_enum(t);
	for (int i = 0; i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, e[i].name_off), name) == 0)
			return e[i].val;
	return -1;
}

static int
subsys_of(const struct btf *btf, const char *controller)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_cgrp_id",
	    strcmp(controller, "blkio") == 0 ? "io" : controller);
	return load_enumerator(btf, "cgroup_subsys_id", name);
}

int
load_v1_subsys(const struct btf *btf, const struct cgroup_host *host,
    char *list, size_t *len)
{
	int id;

	if (host->mode == CGROUP_V2)
		return -1;
	if ((id = subsys_of(btf, host->controller)) < 0)
		load_note(list, len,
		    "cgroup_v1: the kernel's BTF has no %s controller",
		    host->controller);
	return id;
}

/*
 * Before 5.19 bpf(2) refuses unprivileged callers everything, afterwards only
 * new maps and programs.  Ask with the capabilities laid down for a moment.
 */
static int
refused(int (*ask)(int fd), int fd)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct had[2], d[2];
	int need;

	if (syscall(SYS_capget, &h, had) == -1)
		return 0;
	memcpy(d, had, sizeof(d));
	d[0].effective = d[1].effective = 0;
	if (syscall(SYS_capset, &h, d) == -1)
		return 1;
	need = ask(fd) < 0 && errno == EPERM;
	syscall(SYS_capset, &h, had);
	return need;
}

static int
ask_link(int link_fd)
{
	int fd = bpf_iter_create(link_fd);

	if (fd >= 0)
		close(fd);
	return fd;
}

int
load_needs_cap_bpf(int link_fd)
{
	return refused(ask_link, link_fd);
}

static int
ask_map(int fd)
{
	char key[64];			/* longer than those of any map here */

	return bpf_map_get_next_key(fd, NULL, key);
}

int
load_map_needs_cap_bpf(int map_fd)
{
	return refused(ask_map, map_fd);
}

/* Whether a line "ADDRESS TYPE SYMBOL" is of that function. */
static int
is_function(const char *symbol, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(symbol, name, n) != 0)
		return 0;
	symbol += n;
	return *symbol == '\n' || (*symbol == '.' &&
	    strncmp(symbol, ".cold", 5) != 0);
}

/* The symbols of the kernel itself come first, by address: a function ends
 * where the next one begins. */
void
load_functions(const char *const *names, struct load_range *r, size_t n)
{
	size_t left = n, open = 0;	/* of open ones the end is not known */
	char line[512], *end;
	uint64_t at;
	FILE *f;

	memset(r, 0, n * sizeof(*r));
	if ((f = fopen("/proc/kallsyms", "re")) == NULL)
		return;
	while ((left > 0 || open > 0) && fgets(line, sizeof(line), f) != NULL) {
		if (strchr(line, '[') != NULL)
			break;		/* modules */
		at = strtoull(line, &end, 16);
		if (strlen(end) < 4 || at == 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (r[i].from != 0 && r[i].to == 0 && at > r[i].from) {
				r[i].to = at;
				open--;
			}
			if (r[i].from == 0 && is_function(end + 3, names[i])) {
				r[i].from = at;
				left--;
				open++;
			}
		}
	}
	fclose(f);
	for (size_t i = 0; i < n; i++)
		if (r[i].to == 0)
			r[i].from = 0;
}
