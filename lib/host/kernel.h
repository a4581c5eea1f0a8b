/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Questions to the kernel's own description of its types. */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

struct btf;

/* enum cgroup_subsys_id of a v1 controller; -1 if this kernel has it not. */
int kernel_subsys(const struct btf *, const char *controller);

/* Whether struct `type` has that member itself, not in a struct inside. */
int kernel_has_member(const struct btf *, const char *type, const char *member);

#endif
