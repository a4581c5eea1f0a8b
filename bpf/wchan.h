/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Where a task sleeps that no signal wakes. */
#ifndef BPF_WCHAN_H
#define BPF_WCHAN_H

/* The kernel has bpf_get_task_stack(): 5.9. */
const volatile bool has_stack = false;

/*
 * As kernel/sched/core.c get_wchan(), an address in the function that called the
 * scheduler: what the kernel saves of the stack of another task leaves the
 * scheduler's own functions out.  0 if it is not known, or not asleep any more.
 */
static __always_inline u64
wchan_of(struct task_struct *t)
{
	u64 ip = 0, times = t->nvcsw;

	if (!has_stack ||
	    bpf_get_task_stack(t, &ip, sizeof(ip), 0) != sizeof(ip))
		return 0;
	/* Of one that went on meanwhile that may be anything. */
	if (state_of(t, t->signal) != 'D' || t->nvcsw != times)
		return 0;
	return ip;
}

/* Its name, as a line.  Not 0: it has no room. */
static __always_inline long
wchan_put(struct seq_file *seq, u64 ip)
{
	char line[] = "%pB\n";

	if (bpf_seq_printf(seq, line, sizeof(line), &ip, sizeof(ip)) == 0)
		return 0;
	/* Empty, if that went wrong otherwise. */
	return bpf_seq_write(seq, line + 3, 1);
}

#endif
