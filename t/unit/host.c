/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/explain.h"
#include "host/sandbox.h"
#include "host/trace.h"
#include "rec/wire.h"
#include "tap.h"

static int
says(int err, const char *release, const char *btf, const char *part)
{
	struct trace_conf c = { .ring = 1 << 20, .rung = TRACE_TP_BTF,
	    .btf = btf };
	char why[TRACE_WHY] = "";

	explain_load(why, err, release, &c);
	return strstr(why, part) != NULL && strchr(why, '\n') == NULL;
}

static void
sentences(void)
{
	ok(says(EPERM, "6.1.0", NULL, "CAP_BPF and CAP_PERFMON"),
	    "without permission: how to get it");
	ok(says(EPERM, "4.19.0", NULL, "no permission"),
	    "permission comes first: the kernel's age is not known before");
	ok(says(EINVAL, "5.4.0-150-generic", NULL,
	    "kernel 5.4.0-150-generic is too old: 5.8"),
	    "an old kernel: which is old enough");
	ok(says(EINVAL, "5.8.0", NULL, "the kernel refuses tp_btf programs"),
	    "5.8 is not too old");
	ok(says(EINVAL, "10.1", NULL, "refuses"), "nor is 10.1");
	ok(says(ENOENT, "6.1.0", NULL, "CONFIG_DEBUG_INFO_BTF"),
	    "no BTF: what the kernel needs");
	ok(says(ENOENT, "6.1.0", "/x/btf", "/x/btf: no BTF that fits"),
	    "a file with the wrong BTF is named");
	ok(says(ENOMEM, "6.1.0", NULL, "smaller --ring"),
	    "no memory: what to make smaller");
}

static int
set(struct trace_conf *c, const char *name, const char *value)
{
	const char *want = NULL;
	int rc = trace_conf_set(c, name, value, &want);

	return rc == 0 ? 0 : want != NULL ? errno : -errno;
}

static void
settings(void)
{
	struct trace_conf c;

	trace_conf_init(&c);
	ok(c.argv_max == 4096 && c.ring == 8 << 20, "sizes have defaults");
	ok(set(&c, "events", "exec,exit") == 0 &&
	    c.kinds == (1 << EV_exec | 1 << EV_exit), "kinds by name");
	ok(set(&c, "events", "exec,") == EINVAL, "an empty kind is none");
	ok(set(&c, "events", "lost") == EINVAL, "lost is not to be had off");
	ok(set(&c, "events", "execs") == EINVAL, "nor is one that is none");
	ok(set(&c, "pid", "0") == EINVAL, "pid 0 is no process");
	ok(set(&c, "pid", "12x") == EINVAL, "a number is whole");
	for (int i = 1; i <= TRACE_FILTERS; i++)
		set(&c, "pid", "7");
	ok(c.npid == TRACE_FILTERS && set(&c, "pid", "8") == EINVAL,
	    "eight of a kind, no more");
	ok(set(&c, "comm", "fifteen-bytes-x") == 0, "15 bytes are a comm");
	ok(set(&c, "comm", "sixteen-bytes-xy") == EINVAL, "16 are not");
	ok(set(&c, "comm", "") == EINVAL, "none are not");
	ok(set(&c, "uid", "root") == 0 && c.uid[0] == 0, "a user by name");
	ok(set(&c, "uid", "4294967295") == EINVAL, "-1 is no user");
	ok(set(&c, "uid", "no such user") == EINVAL, "nor is this");
	ok(set(&c, "ring", "5000") == 0 && c.ring == 8192,
	    "a ring is a power of two");
	ok(set(&c, "ring", "2GiB") == EINVAL, "and not too large");
	ok(set(&c, "argv-max", "128KiB") == 0 && c.argv_max == 128 << 10,
	    "arguments up to 128KiB");
	ok(set(&c, "argv-max", "129KiB") == EINVAL, "not more");
	ok(set(&c, "rate", "0") == EINVAL, "a rate of 0 is none");
	ok(set(&c, "rung", "kprobe") == EINVAL, "no rung is a kprobe");
	ok(set(&c, "btf", "/nonexistent") == EINVAL,
	    "a file must be there");
	ok(set(&c, "cgroup", "/no/such/cgroup") != 0, "a cgroup must, too");
	ok(set(&c, "nothing", "1") == -ENOENT, "and a name must be one");
}

#ifndef LOOSE_SANDBOX
/* In a sandbox: does the call, with arguments that would be wrong, fail by this? */
static int
refused(long nr, int by)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (sandbox_enter(0) == -1)
			_exit(2);
		_exit(syscall(nr, -1L, -1L, -1L, -1L, -1L) != -1 || errno != by);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int
opens(unsigned flags, int by)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (sandbox_enter(flags) == -1)
			_exit(2);
		errno = 0;
		open("/proc/self/status", O_RDONLY);
		_exit(errno != by);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
sandbox(void)
{
	static const long nrs[] = {
		SYS_execve, SYS_clone, SYS_socket, SYS_ptrace, SYS_kill,
		SYS_io_uring_setup, SYS_pidfd_open,
	};

	for (size_t i = 0; i < sizeof(nrs) / sizeof(nrs[0]); i++) {
		ok(refused(nrs[i], EPERM), "call %ld is refused", nrs[i]);
#ifdef __x86_64__
		ok(refused(nrs[i] | 0x40000000, EPERM),
		    "so is call %ld of x32", nrs[i]);
#endif
	}
	ok(refused(SYS_read, EBADF), "read(2) is not");
	/* 1: tell the version; there is none without landlock(7). */
	if (syscall(SYS_landlock_create_ruleset, NULL, 0L, 1L) > 0) {
		ok(opens(0, EACCES), "no file is opened");
		ok(opens(SANDBOX_READ, 0), "but to read, if that is asked for");
	}
}
#endif

int
main(void)
{
	sentences();
	settings();
#ifndef LOOSE_SANDBOX
	sandbox();
#endif
	ok(strcmp(cgroup_mode_name(CGROUP_HYBRID), "hybrid") == 0,
	    "modes have names");
	return tap_done();
}
