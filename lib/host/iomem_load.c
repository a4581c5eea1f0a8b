/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which programs of bpf/iomem.bpf.c a kernel can take, and getting them in. */
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

#include "host/explain.h"
#include "host/iomem_impl.h"
#include "host/load.h"
#include "host/sandbox.h"

#include "iomem.skel.h"

#define DEGRADE(m, ...) \
	load_note((m)->facts.degraded, &(m)->facts.degraded_len, __VA_ARGS__)

/* The marks of waiting tasks are made for the pressure files, and only then. */
static int
psi_works(char *why)
{
	char buf[256];
	int fd = open("/proc/pressure/io", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1) {
		snprintf(why, TRACE_WHY, "no pressure stall information: "
		    "boot with psi=1, on a kernel with CONFIG_PSI");
		errno = ENOTSUP;
		return 0;
	}
	n = read(fd, buf, sizeof(buf));
	close(fd);
	if (n > 0)
		return 1;
	snprintf(why, TRACE_WHY,
	    "pressure stall information is off: boot with psi=1");
	errno = ENOTSUP;
	return 0;
}

/* Whether the io controller is in the hierarchy of v2. */
static int
io_on_v2(const struct cgroup_host *h)
{
	char path[300], line[1024], *save, *word;
	FILE *f;
	int found = 0;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", h->v2);
	if (h->v2[0] == '\0' || (f = fopen(path, "re")) == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) != NULL)
		for (word = strtok_r(line, " \n", &save); word != NULL;
		    word = strtok_r(NULL, " \n", &save))
			found |= strcmp(word, "io") == 0;
	fclose(f);
	return found;
}

static void
set_cgroups(struct iomem *m, const struct btf *btf)
{
	struct iomem_bpf__rodata *ro = m->skel->rodata;

	ro->io_on_v2 = io_on_v2(&m->host);
	ro->v1_subsys = load_v1_subsys(btf, &m->host, m->facts.degraded,
	    &m->facts.degraded_len);
	ro->v1_only = m->host.mode == CGROUP_V1 && ro->v1_subsys >= 0;
}

static int
args_of(const struct btf *btf, const char *tracepoint)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", tracepoint);
	return load_tracepoint_args(btf, type);
}

/* Load it if it is wanted and this kernel has its tracepoint. */
static int
want(struct iomem *m, const struct btf *btf, struct bpf_program *p, int wanted,
    const char *what)
{
	const char *name = strchr(bpf_program__section_name(p), '/') + 1;
	int has = args_of(btf, name) > 0;

	bpf_program__set_autoload(p, wanted && has);
	if (wanted && !has)
		DEGRADE(m, "%s: this kernel has no tracepoint %s", what, name);
	return has;
}

static void
choose(struct iomem *m, const struct btf *btf)
{
	struct iomem_bpf *s = m->skel;
	int io = m->resources >> STALL_IO & 1;
	int memory = m->resources >> STALL_MEMORY & 1;
	int start = args_of(btf, "block_io_start") > 0;

	s->rodata->queue_first = args_of(btf, "block_rq_issue") > 2;
	want(m, btf, s->progs.rq_complete, io, "io.culprit");
	bpf_program__set_autoload(s->progs.io_start, io && start);
	want(m, btf, s->progs.rq_insert, io && !start, "io.culprit");
	want(m, btf, s->progs.rq_issue, io && !start, "io.culprit");
	want(m, btf, s->progs.limit_begin, memory, "memory.limit");
	want(m, btf, s->progs.limit_end, memory, "memory.limit");
	want(m, btf, s->progs.direct_begin, memory, "memory.reclaim");
	want(m, btf, s->progs.direct_end, memory, "memory.reclaim");
	want(m, btf, s->progs.node_begin, memory, "memory.node_reclaim");
	want(m, btf, s->progs.node_end, memory, "memory.node_reclaim");
	want(m, btf, s->progs.compact_begin, memory, "memory.compaction");
	want(m, btf, s->progs.compact_end, memory, "memory.compaction");
	want(m, btf, s->progs.kswapd, memory, "memory.culprit");
	s->rodata->want_io = io;
	s->rodata->want_memory = memory;
}

static int
load(struct iomem *m, const struct btf *btf)
{
	void *map;

	if ((m->skel = iomem_bpf__open()) == NULL)
		return -1;
	set_cgroups(m, btf);
	choose(m, btf);
	if (iomem_bpf__load(m->skel) != 0)
		return -1;
	map = mmap(NULL, WAIT_TASKS * sizeof(*m->tasks), PROT_READ, MAP_SHARED,
	    bpf_map__fd(m->skel->maps.tasks), 0);
	if (map == MAP_FAILED)
		return -1;
	m->tasks = map;
	if (iomem_bpf__attach(m->skel) != 0)
		return -1;
	if (load_map_needs_cap_bpf(bpf_map__fd(m->skel->maps.edges)))
		m->facts.sandbox |= SANDBOX_BPF;
	if (m->host.v2[0] != '\0' || strcmp(m->host.controller, "memory") == 0)
		m->facts.sandbox |= SANDBOX_READ;
	return 0;
}

int
iomem_load(struct iomem *m, char *why)
{
	struct btf *btf;
	struct utsname u;
	struct trace_conf c = { .rung = TRACE_TP_BTF };
	int err = ENOENT;

	if (!psi_works(why))
		return -1;
	btf = btf__load_vmlinux_btf();
	if (btf != NULL) {
		errno = EINVAL;
		err = load(m, btf) == 0 ? 0 : errno;
		btf__free(btf);
	}
	if (err == 0)
		return 0;
	iomem_unload(m);
	uname(&u);
	explain_load(why, err, u.release, &c);
	errno = err;
	return -1;
}

void
iomem_unload(struct iomem *m)
{
	if (m->tasks != NULL)
		munmap((void *)m->tasks, WAIT_TASKS * sizeof(*m->tasks));
	m->tasks = NULL;
	iomem_bpf__destroy(m->skel);
	m->skel = NULL;
}

static uint64_t
misses(const struct bpf_program *p)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(p);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) != 0)
		return 0;
	return info.recursion_misses;
}

void
iomem_lost(const struct iomem *m, struct iomem_lost *l)
{
	const struct wait_state *s = &m->skel->bss->state;
	struct bpf_program *p;

	*l = (struct iomem_lost){
		.parties = s->lost[WAIT_LOST_PARTY], .parties_ns = s->lost_ns,
		.edges = s->lost[WAIT_LOST_EDGE],
		.tasks = s->lost[WAIT_LOST_TASK],
		.switches = s->lost[WAIT_LOST_SWITCH],
		.requests = s->lost[WAIT_LOST_REQUEST],
		.owners = s->lost[WAIT_LOST_OWNER],
		.stamps = s->lost[WAIT_LOST_STAMP],
		.devices = s->lost[WAIT_LOST_DEVICE],
		.bases = s->lost[WAIT_LOST_BASE],
		.claims = s->lost[WAIT_LOST_CLAIM],
	};
	bpf_object__for_each_program(p, m->skel->obj)
		l->missed += misses(p);
}
