/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include "host/sandbox.h"

enum { NOBODY = 65534 };

#ifndef CAP_BPF
#define CAP_BPF	39
#endif

static int
drop_root(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) == -1 ||
	    setresgid(NOBODY, NOBODY, NOBODY) == -1)
		return -1;
	/* Capabilities go with the uid; drop_caps() keeps what must stay. */
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == -1)
		return -1;
	return setresuid(NOBODY, NOBODY, NOBODY);
}

static int
drop_caps(unsigned flags)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct had[2], d[2] = { 0 };
	int i = CAP_BPF / 32;

	if (syscall(SYS_capget, &h, had) == -1)
		return -1;
	if (flags & SANDBOX_BPF)
		d[i].permitted = d[i].effective =
		    had[i].permitted & 1U << CAP_BPF % 32;
	return syscall(SYS_capset, &h, d);
}

static int
landlock(unsigned flags)
{
	struct landlock_ruleset_attr all = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
		    LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		    LANDLOCK_ACCESS_FS_MAKE_FIFO |
		    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	struct landlock_path_beneath_attr below = {
		.allowed_access =
		    (flags & SANDBOX_READ ? LANDLOCK_ACCESS_FS_READ_FILE : 0) |
		    (flags & SANDBOX_LIST ? LANDLOCK_ACCESS_FS_READ_DIR : 0),
	};
	int fd, rc = -1;

	fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd == -1)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
	if (below.allowed_access != 0) {
		below.parent_fd = open("/", O_PATH | O_CLOEXEC);
		if (below.parent_fd == -1)
			goto out;
		rc = syscall(SYS_landlock_add_rule, fd,
		    LANDLOCK_RULE_PATH_BENEATH, &below, 0);
		close(below.parent_fd);
		if (rc == -1)
			goto out;
	}
	rc = syscall(SYS_landlock_restrict_self, fd, 0);
out:
	close(fd);
	return rc;
}

#define X32	0x40000000U		/* __X32_SYSCALL_BIT; no other has it */

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#endif

/*
 * A list of what is refused, not of what is allowed: the C library may change
 * its mind about harmless calls, and a filter of records must not die of it.
 */
static int
no_calls(void)
{
#ifdef ARCH
	static const uint16_t refused[] = {
		SYS_execve, SYS_execveat, SYS_clone, SYS_clone3,
#ifdef SYS_fork
		SYS_fork, SYS_vfork,
#endif
		SYS_socket, SYS_socketpair, SYS_connect, SYS_ptrace, SYS_kill,
		SYS_tkill, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare,
		SYS_setns, SYS_init_module, SYS_finit_module, SYS_kexec_load,
		SYS_perf_event_open, SYS_reboot, SYS_keyctl, SYS_add_key,
		SYS_pidfd_open, SYS_pidfd_send_signal,
#ifdef SYS_io_uring_setup		/* has sockets of its own */
		SYS_io_uring_setup,
#endif
	};
	enum { N = sizeof(refused) / sizeof(refused[0]) };
	struct sock_filter f[N + 6];
	struct sock_fprog prog = { .len = N + 6, .filter = f };

	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch));
	f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH,
	    0, N + 3);
	f[2] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	/* x32 has the same calls by other numbers. */
	f[3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32,
	    N + 1, 0);
	for (int i = 0; i < N; i++)
		f[4 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, refused[i], N - i, 0);
	f[N + 4] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	f[N + 5] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0L, 0L) == -1)
		return errno == EINVAL ? 0 : -1;
#endif
	return 0;
}

int
sandbox_enter(unsigned flags)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1)
		return -1;
#ifdef LOOSE_SANDBOX
	return 0;
#endif
	if (((flags & SANDBOX_NOBODY) && drop_root() == -1) ||
	    drop_caps(flags) == -1)
		return -1;
	if (landlock(flags) == -1)
		return -1;
	return no_calls();
}
