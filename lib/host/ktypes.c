/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "host/ktypes.h"

int
ktypes_tracepoint(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	char type[128];
	int id;

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (t == NULL || !btf_is_ptr(t))
		return -1;
	t = btf__type_by_id(btf, t->type);
	return t != NULL && btf_is_func_proto(t) ? btf_vlen(t) : -1;
}

int
ktypes_subsys(const struct btf *btf, const char *controller)
{
	const struct btf_enum *e;
	const struct btf_type *t;
	char name[64];
	int id;

	snprintf(name, sizeof(name), "%s_cgrp_id",
	    strcmp(controller, "blkio") == 0 ? "io" : controller);
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, id);
	e = btf_enum(t);
	for (int i = 0; i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, e[i].name_off), name) == 0)
			return e[i].val;
	return -1;
}
