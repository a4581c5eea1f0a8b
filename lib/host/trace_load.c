/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which programs a kernel can take, and getting them in. */
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "host/explain.h"
#include "host/ktypes.h"
#include "host/trace.h"
#include "host/trace_impl.h"
#include "rec/wire.h"

#include "trace.skel.h"
#include "trace_raw.skel.h"

#define KIND(c, k)	((c)->kinds >> EV_##k & 1)

/* Append an element to a list; what has no room is left out. */
static void __attribute__((format(printf, 3, 4)))
list_add(char *list, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(list + *len, TRACE_WHY - *len, fmt, ap);
	va_end(ap);
	if (n >= 0 && *len + n < TRACE_WHY)
		*len += n + 1;
}

static void
set_filters(struct trace_bpf__rodata *ro, const struct trace_conf *c)
{
	ro->n_pid = c->npid;
	ro->n_ppid = c->nppid;
	ro->n_uid = c->nuid;
	ro->n_comm = c->ncomm;
	ro->n_cgroup = c->ncgroup;
	for (int i = 0; i < TRACE_FILTERS; i++) {
		ro->want_pid[i] = c->pid[i];
		ro->want_ppid[i] = c->ppid[i];
		ro->want_uid[i] = c->uid[i];
		ro->want_cgroup[i] = c->cgroup[i];
		memcpy((char *)ro->want_comm[i], c->comm[i], 16);
	}
	ro->want_cgroup_v1 = c->cgroup_v1;
	ro->want_tree = c->tree;
	ro->rate = c->rate;
}

static int
set_sizes(struct trace *tr)
{
	const struct trace_conf *c = &tr->conf;
	__u32 value = bpf_map__value_size(tr->skel->maps.scratch);

	if (bpf_map__set_value_size(tr->skel->maps.scratch,
	    value + c->argv_max) < 0)
		return -1;
	/* The iterator has the slot of cpu 0, or more on one cpu. */
	if (bpf_map__set_max_entries(tr->skel->maps.scratch,
	    tr->ncpu * (SLOTS)) < 0 ||
	    bpf_map__set_max_entries(tr->skel->maps.ring, c->ring) < 0)
		return -1;
	if (c->tree == 0)
		bpf_map__set_max_entries(tr->skel->maps.tree, 1);
	if (c->rate == 0)
		bpf_map__set_max_entries(tr->skel->maps.budgets, 1);
	return 0;
}

/* Which programs this kernel can take and the user wants. */
static void
choose(struct trace *tr, const struct btf *btf, int kernel_btf)
{
	const struct trace_conf *c = &tr->conf;
	struct trace_bpf *s = tr->skel;
	int group_dead, ends, argv;

	group_dead = ktypes_tracepoint(btf, "sched_process_exit") > 2;
	argv = btf__find_by_name_kind(btf, "bpf_copy_from_user_task",
	    BTF_KIND_FUNC) > 0;
	/* A followed tree must hear of each beginning and end. */
	ends = KIND(c, exit) || KIND(c, reparent) || c->tree != 0;
	bpf_program__set_autoload(s->progs.fork, KIND(c, fork) || c->tree != 0);
	bpf_program__set_autoload(s->progs.exec, KIND(c, exec));
	bpf_program__set_autoload(s->progs.exit_group_dead,
	    ends && group_dead);
	bpf_program__set_autoload(s->progs.exit_live, ends && !group_dead);
	bpf_program__set_autoload(s->progs.snap, kernel_btf && !argv);
	bpf_program__set_autoload(s->progs.snap_argv, kernel_btf && argv);
	if (!group_dead)
		list_add(tr->facts.why, &tr->facts.why_len,
		    "live: this kernel does not say which thread is the last (6.16 does)");
	if (!kernel_btf)
		list_add(tr->facts.degraded, &tr->facts.degraded_len,
		    "snap: no iterators without the kernel's own BTF");
	else if (!argv)
		list_add(tr->facts.degraded, &tr->facts.degraded_len,
		    "snap.argv: bpf_copy_from_user_task() came with 5.18");
	tr->facts.rung = c->rung == TRACE_RAW_TP ?
	    group_dead ? "raw_tp group_dead" : "raw_tp live" :
	    group_dead ? "tp_btf group_dead" : "tp_btf live";
}

static void
set_cgroups(struct trace *tr, const struct btf *btf,
    const struct cgroup_host *host)
{
	struct trace_bpf__rodata *ro = tr->skel->rodata;

	ro->v1_subsys = -1;
	if (host->mode == CGROUP_V2)
		return;
	ro->v1_subsys = ktypes_subsys(btf, host->controller);
	if (ro->v1_subsys < 0) {
		list_add(tr->facts.degraded, &tr->facts.degraded_len,
		    "cgroup_v1: the kernel's BTF has no %s controller",
		    host->controller);
		return;
	}
	ro->v1_only = host->mode == CGROUP_V1;
}

/* The raw_tp object differs in its code only: same maps, programs, variables. */
static struct trace_bpf *
skel_open(enum trace_rung rung, const char *btf)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf);
	struct trace_bpf *s;
	size_t size;

	if (rung == TRACE_TP_BTF)
		return trace_bpf__open_opts(&opts);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if (trace_bpf__create_skeleton(s) != 0) {
		trace_bpf__destroy(s);
		return NULL;
	}
	s->skeleton->data = (void *)trace_raw__elf_bytes(&size);
	s->skeleton->data_sz = size;
	if (bpf_object__open_skeleton(s->skeleton, &opts) != 0) {
		trace_bpf__destroy(s);
		return NULL;
	}
	return s;
}

static int
load(struct trace *tr, const struct btf *btf, int kernel_btf,
    const struct cgroup_host *host)
{
	const struct trace_conf *c = &tr->conf;

	if ((tr->skel = skel_open(c->rung, c->btf)) == NULL)
		return -1;
	set_filters(tr->skel->rodata, c);
	set_cgroups(tr, btf, host);
	tr->skel->rodata->argv_max = c->argv_max;
	tr->skel->rodata->page_size = sysconf(_SC_PAGESIZE);
	tr->skel->rodata->tell_fork = KIND(c, fork);
	tr->skel->rodata->tell_exit = KIND(c, exit);
	tr->skel->rodata->tell_reparent = KIND(c, reparent);
	choose(tr, btf, kernel_btf);
	if (set_sizes(tr) == -1 || trace_bpf__load(tr->skel) != 0)
		return -1;
	return 0;
}

static int
attach_one(struct bpf_program *p, struct bpf_link **link)
{
	if (!bpf_program__autoload(p))
		return 0;
	return (*link = bpf_program__attach(p)) != NULL ? 0 : -1;
}

static int
attach(struct trace *tr)
{
	struct trace_bpf *s = tr->skel;
	struct bpf_program *iter;

	iter = bpf_program__autoload(s->progs.snap_argv) ?
	    s->progs.snap_argv : s->progs.snap;
	/* Attached by hand below: the skeleton may not know how. */
	bpf_program__set_autoattach(s->progs.snap, false);
	bpf_program__set_autoattach(s->progs.snap_argv, false);
	if (bpf_program__autoload(iter) &&
	    (tr->link = bpf_program__attach_iter(iter, NULL)) == NULL)
		return -1;
	/* The end first, the beginning last: of whom the fork is told, all else is. */
	if (attach_one(s->progs.exit_group_dead,
	    &s->links.exit_group_dead) == -1 ||
	    attach_one(s->progs.exit_live, &s->links.exit_live) == -1 ||
	    attach_one(s->progs.exec, &s->links.exec) == -1)
		return -1;
	return trace_bpf__attach(s) == 0 ? 0 : -1;
}

/*
 * Before 5.19 bpf(2) refuses unprivileged callers everything, afterwards only
 * new maps and programs.  Ask with the capabilities laid down for a moment.
 */
static int
need_cap_bpf(const struct trace *tr)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct had[2], d[2];
	int fd, need;

	if (tr->link == NULL || syscall(SYS_capget, &h, had) == -1)
		return 0;
	memcpy(d, had, sizeof(d));
	d[0].effective = d[1].effective = 0;
	if (syscall(SYS_capset, &h, d) == -1)
		return 1;
	fd = bpf_iter_create(bpf_link__fd(tr->link));
	need = fd < 0 && errno == EPERM;
	if (fd >= 0)
		close(fd);
	syscall(SYS_capset, &h, had);
	return need;
}

/* Try one rung.  0, or errno. */
static int
try(struct trace *tr, enum trace_rung rung, const struct cgroup_host *host)
{
	struct btf *kernel = btf__load_vmlinux_btf(), *given = NULL;
	int err = ENOENT;

	tr->conf.rung = rung;
	tr->facts.degraded_len = 0;
	if (tr->conf.btf != NULL &&
	    (given = btf__parse(tr->conf.btf, NULL)) == NULL) {
		err = errno;
		goto out;
	}
	if (given == NULL && kernel == NULL)
		goto out;
	if (rung == TRACE_TP_BTF && kernel == NULL)
		goto out;
	errno = EINVAL;
	if (load(tr, given != NULL ? given : kernel, kernel != NULL,
	    host) == -1 || attach(tr) == -1) {
		err = errno;
		trace_unload(tr);
		goto out;
	}
	err = 0;
out:
	btf__free(given);
	btf__free(kernel);
	return err;
}

int
trace_load(struct trace *tr, const struct cgroup_host *host, char *why)
{
	enum trace_rung want = tr->conf.rung;
	struct utsname u;
	int err;

	if (want == TRACE_ANY && tr->conf.btf != NULL)
		want = TRACE_RAW_TP;
	err = try(tr, want == TRACE_ANY ? TRACE_TP_BTF : want, host);
	if (err != 0 && want == TRACE_ANY && err != EPERM && err != ENOMEM) {
		list_add(tr->facts.why, &tr->facts.why_len,
		    "raw_tp: the kernel refuses tp_btf programs: %s",
		    strerror(err));
		err = try(tr, TRACE_RAW_TP, host);
	}
	if (err == 0) {
		tr->facts.need_cap_bpf = need_cap_bpf(tr);
		return 0;
	}
	uname(&u);
	explain_load(why, err, u.release, &tr->conf);
	errno = err;
	return -1;
}

void
trace_unload(struct trace *tr)
{
	bpf_link__destroy(tr->link);
	trace_bpf__destroy(tr->skel);
	tr->link = NULL;
	tr->skel = NULL;
}
