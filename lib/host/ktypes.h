/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the kernel's BTF tells of the kernel. */
#ifndef HOST_KTYPES_H
#define HOST_KTYPES_H

struct btf;

/*
 * The number of arguments of a tracepoint, the first (void *) included; -1 if
 * this kernel has it not.
 */
int ktypes_tracepoint(const struct btf *, const char *name);

/* enum cgroup_subsys_id of a v1 controller; -1 if this kernel has it not. */
int ktypes_subsys(const struct btf *, const char *controller);

#endif
