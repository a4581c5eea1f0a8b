/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Giving up power: each tool does this before its first byte of input. */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

enum {
	SANDBOX_READ	= 1 << 0,	/* files may still be opened for reading */
	SANDBOX_NOBODY	= 1 << 1,	/* root becomes uid and gid 65534 */
	SANDBOX_LIST	= 1 << 3,	/* directories may be listed */
	SANDBOX_BPF	= 1 << 2,	/* keep CAP_BPF, for old kernels: see bpf(2) */
};

/*
 * From here on: no new privileges, no capabilities, no new programs, no
 * processes, no sockets, no mounts, no tracing of others (seccomp(2)), and no
 * files (landlock(7), since Linux 5.13) but as flags say.  What an old kernel
 * does not know is left out; what it knows and refuses is an error: -1 with
 * errno.
 */
int sandbox_enter(unsigned flags);

#endif
