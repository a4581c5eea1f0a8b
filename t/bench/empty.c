/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * empty TRACEPOINT - attach a program that does nothing, and wait for the end:
 * what any tool pays that looks there at all.
 */
#include <err.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <linux/bpf.h>

int
main(int argc, char **argv)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
	    .expected_attach_type = BPF_TRACE_RAW_TP);
	int fd, id;

	if (argc != 2)
		errx(2, "usage: empty TRACEPOINT");
	id = libbpf_find_vmlinux_btf_id(argv[1], BPF_TRACE_RAW_TP);
	if (id < 0)
		errx(4, "%s: no such tracepoint", argv[1]);
	opts.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", nothing,
	    sizeof(nothing) / sizeof(nothing[0]), &opts);
	if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0)
		err(4, "%s", argv[1]);
	for (;;)
		pause();
}
