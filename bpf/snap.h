/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Processes that are alive already: an iterator over all tasks (5.8) writes
 * wire records into a file that lnx-trace reads.
 */
#ifndef BPF_SNAP_H
#define BPF_SNAP_H

/* Set by the reader before each snapshot: its number, and whom to leave out
 * because their fork is told: started after this time. */
__u64 snap_number, snap_until;

static __always_inline u32
snap_fill(struct wire_snap *w, struct task_struct *t, u32 key, u32 off)
{
	struct task_struct *parent = BPF_CORE_READ(t, real_parent);
	struct signal_struct *sig = BPF_CORE_READ(t, signal);
	struct mm_struct *mm = BPF_CORE_READ(t, mm);
	struct groups g;
	struct image im;

	w->head.kind = EV_snap;
	w->head.cpu = 0;
	w->head.seq = 0;
	w->head.boot_ns = bpf_ktime_get_boot_ns();
	PROC_PUT(w, id, pid, t);
	w->parent_id_start = BPF_CORE_READ(parent, group_leader,
	    start_boottime);
	w->ppid = BPF_CORE_READ(parent, tgid);
	w->parent_id_pad = 0;
	comm_put(w->comm, t);
	w->uid = BPF_CORE_READ(t, real_cred, uid.val);
	w->gid = BPF_CORE_READ(t, real_cred, gid.val);
	w->loginuid = BPF_CORE_READ(t, loginuid.val);
	w->ns_pid = ns_pid_of(t);
	w->state = state_of(t, sig);
	w->threads = BPF_CORE_READ(sig, nr_threads);
	w->kthread = (BPF_CORE_READ(t, flags) & PF_KTHREAD) != 0;
	w->len_tty = tty_put(t, key, off);
	off += w->len_tty;
	groups_fill(&g, t, key, &off);
	GROUPS_PUT(w, g);
	image_put(&im, mm, key, off);
	w->len_exe = im.len;
	w->exe_deleted = im.deleted;
	w->exe_memfd = im.memfd;
	w->argv_len = WIRE_UNKNOWN_32;
	w->argv_cut = 0;
	w->len_argv = 0;
	w->snap = snap_number;
	return off + im.len;
}

static __always_inline int
on_snap(struct bpf_iter__task *ctx, bool with_argv)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *t = ctx->task;
	u32 key = SLOT_snap;
	u64 off, len;
	struct wire_snap *w;
	struct mm_struct *mm;
	struct scratch *s;
	u64 start, end;

	if (t == NULL || t->pid != t->tgid ||
	    t->start_boottime > snap_until || !in_tree(t))
		return 0;
	tree_join(t->tgid, t->start_boottime);
	if (!wanted(t))
		return 0;
	s = bpf_map_lookup_elem(&scratch, &key);
	if (s == NULL)
		return 0;
	w = AT(s, struct wire_snap);
	off = snap_fill(w, t, key, 0);
	barrier_var(off);
	if (off > TAIL_PATHS)
		return 0;
	mm = BPF_CORE_READ(t, mm);
	if (with_argv && mm != NULL) {
		start = BPF_CORE_READ(mm, arg_start);
		end = BPF_CORE_READ(mm, arg_end);
		len = end > start ? end - start : 0;
		w->argv_len = len;
		if (len > argv_max)
			len = argv_max;
		barrier_var(len);
		if (len > argv_max)
			return 0;
		if (len > 0 && bpf_copy_from_user_task(s->tail + off, len,
		    (void *)start, t, 0) == 0)
			w->len_argv = len;
		w->argv_cut = w->len_argv < w->argv_len;
		off += w->len_argv;
	}
	barrier_var(off);
	if (off > TAIL_PATHS + argv_max)
		return 0;
	w->head.size = sizeof(*w) + off;
	bpf_seq_write(seq, w, sizeof(*w) + off);
	return 0;
}

SEC("iter/task")
int snap(struct bpf_iter__task *ctx)
{
	return on_snap(ctx, false);
}

/* Since 5.18: may sleep, and so read the arguments of others. */
SEC("iter.s/task")
int snap_argv(struct bpf_iter__task *ctx)
{
	return on_snap(ctx, true);
}

#endif
