/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The programs of stall.bpf.c: which of them, and getting them in. */
#include <sys/mman.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/explain.h"
#include "host/load.h"
#include "host/sandbox.h"
#include "host/stall_impl.h"

#include "stall.skel.h"

enum {
	KNOWN_STORED	= 1 << 16,	/* where the rest has another place */
	KNOWN_MIN	= 1 << 15,	/* where it has none */
	KNOWN_MAX	= 1 << 17,
};

#define NOTE(st, ...)	load_note((st)->facts.degraded,			\
	&(st)->facts.degraded_len, __VA_ARGS__)

/* What each version of the programs cannot do without.  NULL if all is there. */
static const char *
missing(const struct btf *btf)
{
	if (!load_has_member(btf, "sched_info", "last_queued"))
		return "it needs CONFIG_SCHED_INFO";
	if (!load_has_member(btf, "sched_entity", "cfs_rq"))
		return "it needs CONFIG_FAIR_GROUP_SCHED";
	if (!load_has_member(btf, "rq", "clock_task"))
		return "it needs BTF of struct rq";
	return NULL;
}

/* As many places as there are pids, within bounds. */
static uint32_t
known_number(void)
{
	unsigned long most = KNOWN_MAX;
	uint32_t n = KNOWN_MIN;
	FILE *f;

	if ((f = fopen("/proc/sys/kernel/pid_max", "re")) != NULL) {
		if (fscanf(f, "%lu", &most) != 1)
			most = KNOWN_MAX;
		fclose(f);
	}
	while (n < most && n < KNOWN_MAX)
		n *= 2;
	return n;
}

static int
set_sizes(struct stall *st, int storage)
{
	struct stall_bpf *s = st->skel;
	const struct stall_conf *c = &st->conf;
	uint32_t known = c->tasks;

	if (known == 0)
		known = storage ? KNOWN_STORED : known_number();
	st->cpu_size = sizeof(struct stall_cpu) +
	    c->slots * sizeof(struct stall_row);
	s->rodata->slot_number = c->slots;
	s->rodata->known_number = known;
	s->rodata->known_storage = storage;
	return bpf_map__set_max_entries(s->maps.slots, c->slots) < 0 ||
	    bpf_map__set_max_entries(s->maps.scratch, c->slots) < 0 ||
	    bpf_map__set_max_entries(s->maps.slot_claims, c->slots) < 0 ||
	    bpf_map__set_max_entries(s->maps.cells, c->cells) < 0 ||
	    bpf_map__set_max_entries(s->maps.cpus, st->ncpu) < 0 ||
	    bpf_map__set_value_size(s->maps.cpus, st->cpu_size) < 0 ||
	    bpf_map__set_max_entries(s->maps.known, known) < 0 ||
	    bpf_map__set_autocreate(s->maps.known_more, storage) < 0 ? -1 : 0;
}

/* With task storage, or without for kernels that lack it.  0, or errno. */
static int
try(struct stall *st, const struct btf *btf, const struct cgroup_host *host,
    int storage)
{
	struct stall_bpf *s;
	int v1;

	st->facts.degraded_len = 0;
	if ((s = st->skel = stall_bpf__open()) == NULL)
		return errno;
	s->rodata->by_process = st->conf.by_process;
	v1 = load_v1_subsys(btf, host, st->facts.degraded,
	    &st->facts.degraded_len);
	if (v1 >= 0) {
		s->rodata->v1_too = true;
		s->rodata->v1_only = host->mode == CGROUP_V1;
		s->rodata->v1_at = v1 * sizeof(void *);
	}
	bpf_program__set_autoload(s->progs.stall_exec, st->conf.by_process);
	bpf_program__set_autoload(s->progs.stall_rename, v1 >= 0 &&
	    load_tracepoint_args(btf, "btf_trace_cgroup_rename") > 0);
	/* By hand, before the others. */
	bpf_program__set_autoattach(s->progs.stall_waiting, false);
	if (set_sizes(st, storage) == -1 || stall_bpf__load(s) != 0)
		return errno;
	st->iter = bpf_program__attach_iter(s->progs.stall_waiting, NULL);
	return st->iter != NULL ? 0 : errno;
}

/* NULL, with errno, if it fails. */
static void *
map(const struct bpf_map *m, int prot)
{
	size_t value = (bpf_map__value_size(m) + 7) / 8 * 8;
	void *p;

	p = mmap(NULL, value * bpf_map__max_entries(m), prot, MAP_SHARED,
	    bpf_map__fd(m), 0);
	return p != MAP_FAILED ? p : NULL;
}

static void
unmap(const struct bpf_map *m, void *p)
{
	size_t value = (bpf_map__value_size(m) + 7) / 8 * 8;

	if (p != NULL)
		munmap(p, value * bpf_map__max_entries(m));
}

static int
map_all(struct stall *st)
{
	struct stall_bpf *s = st->skel;

	return (st->slot = map(s->maps.slots, PROT_READ | PROT_WRITE)) &&
	    (st->path = map(s->maps.scratch, PROT_READ)) &&
	    (st->cpu = map(s->maps.cpus, PROT_READ)) ? 0 : -1;
}

static void
find_facts(struct stall *st, const struct cgroup_host *host)
{
	if (load_needs_cap_bpf(bpf_link__fd(st->iter)))
		st->facts.sandbox = SANDBOX_BPF;
	if (host->mode == CGROUP_V1) {
		NOTE(st, "stall.psi: there is no cgroup v2");
		return;
	}
	st->root = open(host->v2, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host->v2[0] == '\0' || st->root == -1)
		NOTE(st, "stall.psi: no cgroup v2 file system is mounted");
	else if (faccessat(st->root, "cpu.pressure", R_OK, 0) == -1)
		NOTE(st, "stall.psi: this kernel tells no pressure of "
		    "cgroups");
	else
		st->facts.sandbox |= SANDBOX_READ;
}

static int
refuse(int err, const char *what, char *why)
{
	const struct trace_conf c = { .rung = TRACE_TP_BTF };
	struct utsname u;

	uname(&u);
	if (what != NULL)
		snprintf(why, TRACE_WHY, "cannot tell who stalls whom on "
		    "kernel %s: %s", u.release, what);
	else if (err == ENOMEM)
		snprintf(why, TRACE_WHY, "no memory for the maps of stalls");
	else
		explain_load(why, err, u.release, &c);
	errno = err;
	return -1;
}

int
stall_load(struct stall *st, const struct cgroup_host *host, char *why)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const char *what;
	int err;

	if (btf == NULL)
		return refuse(ENOENT, NULL, why);
	if ((what = missing(btf)) != NULL) {
		btf__free(btf);
		return refuse(EOPNOTSUPP, what, why);
	}
	err = try(st, btf, host, 1);
	if (err != 0 && err != EPERM && err != ENOMEM) {
		stall_unload(st);
		if ((err = try(st, btf, host, 0)) == 0)
			NOTE(st, "stall of cpu: no task storage before 5.12: of "
			    "very many tasks waits that move are missed");
	}
	btf__free(btf);
	if (err == 0 && map_all(st) == -1)
		err = errno;
	if (err != 0)
		return refuse(err, NULL, why);
	find_facts(st, host);
	return 0;
}

int
stall_attach(struct stall *st, char *why)
{
	st->skel->data->first_round = false;
	st->skel->data->opened_at = boot_now();
	return stall_bpf__attach(st->skel) == 0 ? 0 : refuse(errno, NULL, why);
}

void
stall_unload(struct stall *st)
{
	struct stall_bpf *s = st->skel;

	if (s == NULL)
		return;
	unmap(s->maps.slots, st->slot);
	unmap(s->maps.scratch, st->path);
	unmap(s->maps.cpus, st->cpu);
	bpf_link__destroy(st->iter);
	stall_bpf__destroy(s);
	st->iter = NULL;
	st->skel = NULL;
}
