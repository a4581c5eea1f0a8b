/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Which programs a kernel can take, and getting them in. */
#include <sys/utsname.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "host/explain.h"
#include "host/load.h"
#include "host/trace.h"
#include "host/trace_impl.h"
#include "rec/wire.h"

#include "trace.skel.h"
#include "trace_raw.skel.h"

#define KIND(c, k)	((c)->kinds >> EV_##k & 1)

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

/* The tracepoint has a pid, or since 6.9 a task and more. */
static void
choose_oom(struct trace *tr, const struct btf *btf)
{
	int args = load_tracepoint_args(btf, "btf_trace_mark_victim");
	struct trace_bpf *s = tr->skel;

	bpf_program__set_autoload(s->progs.oom_task,
	    KIND(&tr->conf, oom) && args > 2);
	bpf_program__set_autoload(s->progs.oom_pid,
	    KIND(&tr->conf, oom) && args == 2);
	if (KIND(&tr->conf, oom) && args < 2)
		load_note(tr->facts.degraded, &tr->facts.degraded_len,
		    "oom: this kernel does not tell");
}

/* By which way a process came to be killed. */
static void
set_callers(struct trace *tr)
{
	static const char *const names[] = {
		"mem_cgroup_out_of_memory", "out_of_memory",
	};
	struct trace_bpf__rodata *ro = tr->skel->rodata;
	struct load_range r[2];

	if (!KIND(&tr->conf, oom))
		return;
	load_functions(names, r, 2);
	ro->limit_from = r[0].from;
	ro->limit_to = r[0].to;
	ro->oom_from = r[1].from;
	ro->oom_to = r[1].to;
	if (r[0].from == 0 || r[1].from == 0)
		load_note(tr->facts.degraded, &tr->facts.degraded_len,
		    "oom.scope: /proc/kallsyms does not say where mem_cgroup_out_of_memory() is");
}

/* Which programs this kernel can take and the user wants. */
static void
choose(struct trace *tr, const struct btf *btf, int kernel_btf)
{
	const struct trace_conf *c = &tr->conf;
	struct trace_bpf *s = tr->skel;
	int group_dead, ends, argv;

	group_dead = load_tracepoint_args(btf, "btf_trace_sched_process_exit") > 2;
	argv = btf__find_by_name_kind(btf, "bpf_copy_from_user_task",
	    BTF_KIND_FUNC) > 0;
	/* A followed tree must hear of each beginning and end. */
	ends = KIND(c, exit) || KIND(c, reparent) || c->tree != 0;
	bpf_program__set_autoload(s->progs.fork, KIND(c, fork) || c->tree != 0);
	bpf_program__set_autoload(s->progs.exec, KIND(c, exec));
	bpf_program__set_autoload(s->progs.exit_group_dead,
	    ends && group_dead);
	bpf_program__set_autoload(s->progs.exit_live, ends && !group_dead);
	choose_oom(tr, btf);
	bpf_program__set_autoload(s->progs.snap, kernel_btf && !argv);
	bpf_program__set_autoload(s->progs.snap_argv, kernel_btf && argv);
	if (!group_dead)
		load_note(tr->facts.why, &tr->facts.why_len,
		    "live: this kernel does not say which thread is the last (6.16 does)");
	if (!kernel_btf)
		load_note(tr->facts.degraded, &tr->facts.degraded_len,
		    "snap: no iterators without the kernel's own BTF");
	else if (!argv)
		load_note(tr->facts.degraded, &tr->facts.degraded_len,
		    "snap.argv: bpf_copy_from_user_task() came with 5.18");
	tr->facts.rung = c->rung == TRACE_RAW_TP ?
	    group_dead ? "raw_tp group_dead" : "raw_tp live" :
	    group_dead ? "tp_btf group_dead" : "tp_btf live";
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
	LOAD_FILTERS(tr->skel->rodata, c);
	tr->skel->rodata->rate = c->rate;
	tr->skel->rodata->v1_subsys = load_v1_subsys(btf, host,
	    tr->facts.degraded, &tr->facts.degraded_len);
	tr->skel->rodata->v1_only = tr->skel->rodata->v1_subsys >= 0 &&
	    host->mode == CGROUP_V1;
	tr->skel->rodata->argv_max = c->argv_max;
	tr->skel->rodata->page_size = sysconf(_SC_PAGESIZE);
	tr->skel->rodata->tell_fork = KIND(c, fork);
	tr->skel->rodata->tell_exit = KIND(c, exit);
	tr->skel->rodata->tell_reparent = KIND(c, reparent);
	tr->skel->rodata->ncpu = tr->ncpu;
	set_callers(tr);
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
		load_note(tr->facts.why, &tr->facts.why_len,
		    "raw_tp: the kernel refuses tp_btf programs: %s",
		    strerror(err));
		err = try(tr, TRACE_RAW_TP, host);
	}
	if (err == 0) {
		tr->facts.need_cap_bpf = tr->link != NULL &&
		    load_needs_cap_bpf(bpf_link__fd(tr->link));
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
