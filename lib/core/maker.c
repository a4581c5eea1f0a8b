/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "core/maker.h"

/* As names of processes are: 15 bytes at most. */
static const char *const runners[] = {
	"ash", "bash", "busybox", "csh", "dash", "entr", "env", "expect", "find",
	"fish", "flock", "gmake", "ksh", "make", "mksh", "ninja", "nohup",
	"parallel", "pwsh", "rbash", "run-parts", "setsid", "sh", "sudo", "tcsh",
	"time", "timeout", "watch", "xargs", "yash", "zsh",
};

static const char *const supervisors[] = {
	"catatonit", "dinit", "docker-init", "dumb-init", "init", "monit", "perpd",
	"runit", "runsv", "runsvdir", "s6-supervise", "s6-svscan", "supervise",
	"supervise-daemo", "supervisord", "systemd", "tini",
};

static const char *const shims[] = { "conmon", "containerd-shim", "crun", "kubelet" };

static const char *const builders[] = {
	"as", "bazel", "c++", "cargo", "cc", "cc1", "cc1plus", "clang", "clang++",
	"cmake", "collect2", "compile", "ctest", "g++", "gcc", "gmake", "go", "javac",
	"ld", "make", "meson", "ninja", "rustc", "samu",
};

static int
listed(const char *const *names, size_t n, const char *s, size_t len)
{
	if (len > 15)
		len = 15;
	for (size_t i = 0; i < n; i++)
		if (names[i][0] == s[0] && strlen(names[i]) == len &&
		    memcmp(names[i], s, len) == 0)
			return 1;
	return 0;
}

#define LISTED(names, s, len)						\
	listed(names, sizeof(names) / sizeof((names)[0]), s, len)

enum maker
maker_of(const char *comm, const char *exe, size_t len)
{
	size_t clen = comm != NULL ? strlen(comm) : 0;

	if ((clen > 0 && LISTED(shims, comm, clen)) ||
	    (len > 0 && LISTED(shims, exe, len)))
		return MAKER_SHIM;
	if (clen > 0 && LISTED(supervisors, comm, clen))
		return MAKER_SUPERVISOR;
	if (len > 0 && LISTED(supervisors, exe, len))
		return MAKER_SUPERVISOR;
	/* A script has its own name, and the program is its interpreter. */
	return (len > 0 && LISTED(runners, exe, len)) ||
	    (clen > 0 && LISTED(runners, comm, clen)) ? MAKER_RUNNER : MAKER_OTHER;
}

int
maker_builds(const char *comm)
{
	return comm != NULL && LISTED(builders, comm, strlen(comm));
}
