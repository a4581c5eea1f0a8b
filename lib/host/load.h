/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What everyone who loads programs of bpf/ needs to know and to set. */
#ifndef HOST_LOAD_H
#define HOST_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/cgroup.h"
#include "host/trace.h"

struct btf;

/* Append an element to a list of TRACE_WHY bytes; what has no room is left out. */
void load_note(char *list, size_t *len, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The number of arguments of a tracepoint "btf_trace_NAME", the first (void *)
 * included; -1 if there is none. */
int load_tracepoint_args(const struct btf *, const char *name);

/* Whether a struct of the kernel has a member of this name, not of one inside. */
int load_has_member(const struct btf *, const char *type, const char *member);

/* The value of an enumerator of the kernel; -1 if there is none. */
int load_enumerator(const struct btf *, const char *type, const char *name);

/* enum cgroup_subsys_id of the host's v1 controller; -1 if it has none, or if
 * the kernel does not know it, which is noted in list. */
int load_v1_subsys(const struct btf *, const struct cgroup_host *, char *list,
    size_t *len);

/* True if using the link of an iterator needs CAP_BPF also later. */
int load_needs_cap_bpf(int link_fd);
/* The same of reading a map. */
int load_map_needs_cap_bpf(int map_fd);

/* Where a function of the kernel is; from is 0 if that is not known. */
struct load_range {
	uint64_t from, to;
};

/* Look up functions by their names in /proc/kallsyms.  Compilers put a suffix
 * to some (".constprop.0"), which counts as the same; a cold part does not. */
void load_functions(const char *const *names, struct load_range *, size_t n);

/* The filters of a trace_conf, in the variables that bpf/filter.h declares. */
#define LOAD_FILTERS(ro, c) do {					\
	(ro)->n_pid = (c)->npid;					\
	(ro)->n_ppid = (c)->nppid;					\
	(ro)->n_uid = (c)->nuid;					\
	(ro)->n_comm = (c)->ncomm;					\
	(ro)->n_cgroup = (c)->ncgroup;					\
	memcpy((void *)(ro)->want_pid, (c)->pid, sizeof((c)->pid));	\
	memcpy((void *)(ro)->want_ppid, (c)->ppid, sizeof((c)->ppid));	\
	memcpy((void *)(ro)->want_uid, (c)->uid, sizeof((c)->uid));	\
	memcpy((void *)(ro)->want_comm, (c)->comm, sizeof((c)->comm));	\
	memcpy((void *)(ro)->want_cgroup, (c)->cgroup,			\
	    sizeof((c)->cgroup));					\
	(ro)->want_cgroup_v1 = (c)->cgroup_v1;				\
	(ro)->want_tree = (c)->tree;					\
} while (0)

#endif
