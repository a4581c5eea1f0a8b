/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The kernel half of lnx-trace: the life of processes.  Built twice: with
 * RAW_TP for kernels where tp_btf programs cannot be loaded.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rec/wire.h"

#include "maps.h"
#include "walk.h"
#include "task.h"
#include "filter.h"
#include "rate.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#ifdef RAW_TP
#define TRACEPOINT(name)	SEC("raw_tp/" #name)
#else
#define TRACEPOINT(name)	SEC("tp_btf/" #name)
#endif

/* Room for a record of this slot on this cpu. */
static __always_inline struct scratch *
scratch_of(enum slot slot, u32 *key)
{
	*key = cpu_now() * SLOTS + slot;
	return bpf_map_lookup_elem(&scratch, key);
}

static __always_inline u32
uid_of(struct task_struct *t)
{
	const struct cred *cred = GET(t, real_cred);

	return GET(cred, uid.val);
}

static __always_inline u32
gid_of(struct task_struct *t)
{
	const struct cred *cred = GET(t, real_cred);

	return GET(cred, gid.val);
}

const volatile bool tell_fork = true;

/* kernel/fork.c kernel_clone(): before the child first runs. */
static __always_inline int
on_fork(struct task_struct *creator, struct task_struct *child)
{
	struct task_struct *parent = GET(child, real_parent);
	u64 now = bpf_ktime_get_boot_ns();
	struct wire_fork *w;
	struct scratch *s;
	struct groups g;
	u32 key, off = 0;

	if (GET(child, pid) != GET(child, tgid) || !in_tree(child))
		return 0;
	tree_join(GET(child, tgid), GET(child, start_boottime));
	if (!wanted(child))
		return 0;
	s = scratch_of(SLOT_fork, &key);
	if (s == NULL || !tell_fork)
		return 0;
	w = AT(s, struct wire_fork);
	head_fill(&w->head, EV_fork, SLOT_fork, now);
	PROC_PUT(w, id, pid, child);
	PROC_PUT(w, parent_id, ppid, parent);
	PROC_NONE(w, creator_id, creator_pid);
	if ((u32)GET(creator, tgid) != w->ppid)
		PROC_PUT(w, creator_id, creator_pid, creator);
	comm_put(w->comm, child);
	w->uid = uid_of(child);
	w->gid = gid_of(child);
	w->ns_pid = ns_pid_of(child);
	w->pad0 = 0;
	groups_fill(&g, child, key, &off);
	GROUPS_PUT(w, g);
	if (!held_back(&g, SLOT_fork, now))
		send(w, sizeof(*w), off, TAIL_PATHS, SLOT_fork, now);
	return 0;
}

/* ns_of_pid(): nsproxy has the pid namespace of children to come. */
static __always_inline struct pid_namespace *
pid_ns_of(struct task_struct *t)
{
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	struct pid_namespace *ns = NULL;

	bpf_probe_read_kernel(&ns, sizeof(ns), (char *)pid +
	    bpf_core_field_offset(struct pid, numbers) +
	    BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid) +
	    bpf_core_field_offset(struct upid, ns));
	return ns;
}

static __always_inline void
namespaces_put(struct wire_exec *w, struct task_struct *t,
    const struct cred *cred)
{
	struct pid_namespace *pid_ns = pid_ns_of(t);
	struct nsproxy *ns = GET(t, nsproxy);

	w->pid_ns = BPF_CORE_READ(pid_ns, ns.inum);
	w->mnt_ns = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	w->net_ns = BPF_CORE_READ(ns, net_ns, ns.inum);
	w->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	w->uts_ns = BPF_CORE_READ(ns, uts_ns, ns.inum);
	w->ipc_ns = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	w->cgroup_ns = BPF_CORE_READ(ns, cgroup_ns, ns.inum);
	w->time_ns = WIRE_UNKNOWN_32;
	if (bpf_core_field_exists(ns->time_ns))
		w->time_ns = BPF_CORE_READ(ns, time_ns, ns.inum);
}

static __always_inline void
creds_put(struct wire_exec *w, const struct cred *cred)
{
	w->uid = GET(cred, uid.val);
	w->gid = GET(cred, gid.val);
	w->euid = GET(cred, euid.val);
	w->egid = GET(cred, egid.val);
	if (w->euid == w->uid)
		w->euid = WIRE_UNKNOWN_32;
	if (w->egid == w->gid)
		w->egid = WIRE_UNKNOWN_32;
	bpf_probe_read_kernel(&w->cap_eff, 8, &cred->cap_effective);
	bpf_probe_read_kernel(&w->cap_prm, 8, &cred->cap_permitted);
	bpf_probe_read_kernel(&w->cap_inh, 8, &cred->cap_inheritable);
}

static __always_inline u32
string_put(u32 key, u64 off, const char *str)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &key);
	long n;

	barrier_var(off);
	if (s == NULL || str == NULL || off > TAIL_PATHS - PATH_LEN)
		return 0;
	n = bpf_probe_read_kernel_str(s->tail + off, PATH_LEN, str);
	return n > 1 && n <= PATH_LEN ? n - 1 : 0;
}

/*
 * The arguments lie in the new memory map, which the kernel has just written:
 * the pages are there, as they are not when the system call is entered.
 */
static __always_inline u32
argv_put(struct scratch *s, u64 off, struct mm_struct *mm, u32 *whole)
{
	u64 start = GET(mm, arg_start), end = GET(mm, arg_end);
	u64 len = end - start;

	*whole = len;
	barrier_var(off);
	if (end <= start || off > TAIL_PATHS)
		return 0;
	if (len > argv_max)
		len = argv_max;
	if (bpf_probe_read_user(s->tail + off, len, (void *)start) != 0)
		return 0;
	return len;
}

/* fs/exec.c exec_binprm(): the new program is in place and has not run. */
static __always_inline int
on_exec(struct task_struct *t, u32 old_pid, struct linux_binprm *bprm)
{
	struct task_struct *parent = GET(t, real_parent);
	const struct cred *cred = GET(t, real_cred);
	u64 now = bpf_ktime_get_boot_ns();
	struct mm_struct *mm = GET(t, mm);
	struct fs_struct *fs = GET(t, fs);
	struct wire_exec *w;
	struct scratch *s;
	struct image im;
	struct groups g;
	u32 key, off = 0, n;
	const char *name;

	if (!in_tree(t) || !wanted(t))
		return 0;
	s = scratch_of(SLOT_exec, &key);
	if (s == NULL)
		return 0;
	w = AT(s, struct wire_exec);
	head_fill(&w->head, EV_exec, SLOT_exec, now);
	PROC_PUT(w, id, pid, t);
	PROC_PUT(w, parent_id, ppid, parent);
	comm_put(w->comm, t);
	creds_put(w, cred);
	w->loginuid = GET(t, loginuid.val);
	w->sessionid = GET(t, sessionid);
	w->ns_pid = ns_pid_of(t);
	w->from_tid = old_pid != w->pid ? old_pid : WIRE_UNKNOWN_32;
	w->pad0 = 0;
	w->len_tty = tty_put(t, key, off);
	off += w->len_tty;
	groups_fill(&g, t, key, &off);
	GROUPS_PUT(w, g);
	if (held_back(&g, SLOT_exec, now))
		return 0;
	image_put(&im, mm, key, off);
	w->len_exe = im.len;
	w->exe_deleted = im.deleted;
	w->exe_memfd = im.memfd;
	off += im.len;

	/* The two are one pointer until an interpreter is found. */
	name = GET(bprm, filename);
	n = string_put(key, off, name);
	off += n;
	w->len_script = name != GET(bprm, interp) ? n : 0;
	w->len_filename = n - w->len_script;

	n = walk_path((u64)BPF_CORE_READ(fs, pwd.mnt),
	    (u64)BPF_CORE_READ(fs, pwd.dentry), key, off);
	w->len_cwd = n - off;
	off = n;
	namespaces_put(w, t, cred);

	w->argc = GET(bprm, argc);
	w->len_argv = argv_put(s, off, mm, &w->argv_len);
	w->argv_cut = w->len_argv < w->argv_len;
	off += w->len_argv;
	send(w, sizeof(*w), off, TAIL_PATHS + argv_max, SLOT_exec, now);
	return 0;
}

#include "orphan.h"
#include "exit.h"
#include "rss.h"
#include "oom.h"

/*
 * libbpf attaches them in this order, and it matters: of a process whose
 * beginning is told the end must be told too.
 */

/* Since 6.16 the kernel says which thread is the last. */
TRACEPOINT(sched_process_exit)
int exit_group_dead(u64 *ctx)
{
	return (bool)ctx[1] ? on_exit((void *)ctx[0]) : 0;
}

TRACEPOINT(sched_process_exit)
int exit_live(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[0];

	return last_thread(t) ? on_exit(t) : 0;
}

TRACEPOINT(sched_process_fork)
int fork(u64 *ctx)
{
	return on_fork((void *)ctx[0], (void *)ctx[1]);
}

TRACEPOINT(sched_process_exec)
int exec(u64 *ctx)
{
	return on_exec((void *)ctx[0], ctx[1], (void *)ctx[2]);
}

/* Since 6.9, and in what distributions made of older ones. */
TRACEPOINT(mark_victim)
int oom_task(u64 *ctx)
{
	u64 task = 0;

	/* As a number, which the global functions take. */
	bpf_probe_read_kernel(&task, sizeof(task), ctx);
	return on_oom(ctx, task);
}

/* Before, it had the pid of the thread. */
TRACEPOINT(mark_victim)
int oom_pid(u64 *ctx)
{
	return on_oom(ctx, task_of_pid(ctx[0]));
}

#include "snap.h"
