/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "core/maker.h"

/* As names of processes are: 15 bytes at most. */
#define RUNNERS(X)							\
	X("ash") X("bash") X("busybox") X("csh") X("dash") X("entr")	\
	X("env") X("expect") X("find") X("fish") X("flock") X("gmake")	\
	X("ksh") X("make") X("mksh") X("ninja") X("nohup") X("parallel")	\
	X("pwsh") X("rbash") X("run-parts") X("setsid") X("sh") X("sudo")	\
	X("tcsh") X("time") X("timeout") X("watch") X("xargs") X("yash")	\
	X("zsh")

#define SUPERVISORS(X)							\
	X("catatonit") X("dinit") X("docker-init") X("dumb-init") X("init")	\
	X("monit") X("perpd") X("runit") X("runsv") X("runsvdir")	\
	X("s6-supervise") X("s6-svscan") X("supervise")			\
	X("supervise-daemo") X("supervisord") X("systemd") X("tini")

#define SHIMS(X)							\
	X("conmon") X("containerd-shim") X("crun") X("kubelet")

#define BUILDERS(X)							\
	X("as") X("bazel") X("c++") X("cargo") X("cc") X("cc1")		\
	X("cc1plus") X("clang") X("clang++") X("cmake") X("collect2")	\
	X("compile") X("ctest") X("g++") X("gcc") X("gmake") X("go")	\
	X("javac") X("ld") X("make") X("meson") X("ninja") X("rustc")	\
	X("samu")

/* What most names that are not in a list can be told by. */
static inline uint64_t
bit(const char *s, size_t len)
{
	return UINT64_C(1) << (((unsigned char)s[0] * 7u +
	    (unsigned char)s[len - 1] + (unsigned)len * 5u) % 64);
}

static int
listed(const char *const *names, size_t n, const char *s, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (names[i][0] == s[0] && strlen(names[i]) == len &&
		    memcmp(names[i], s, len) == 0)
			return 1;
	return 0;
}

#define NAME(s)	s,
#define BIT(s)	| bit(s, sizeof(s) - 1)
#define LIST(name, NAMES)						\
static int								\
name(const char *s, size_t len)						\
{									\
	static const char *const names[] = { NAMES(NAME) };		\
									\
	if (len > 15)							\
		len = 15;						\
	return len > 0 && ((0 NAMES(BIT)) & bit(s, len)) != 0 &&	\
	    listed(names, sizeof(names) / sizeof(names[0]), s, len);	\
}

LIST(runner, RUNNERS)
LIST(supervisor, SUPERVISORS)
LIST(shim, SHIMS)
LIST(builder, BUILDERS)

enum maker
maker_of(const char *comm, const char *exe, size_t len)
{
	size_t clen = comm != NULL ? strlen(comm) : 0;

	if (shim(comm, clen) || shim(exe, len))
		return MAKER_SHIM;
	if (supervisor(comm, clen) || supervisor(exe, len))
		return MAKER_SUPERVISOR;
	/* A script has its own name, and the program is its interpreter. */
	return runner(exe, len) || runner(comm, clen) ? MAKER_RUNNER :
	    MAKER_OTHER;
}

int
maker_builds(const char *comm)
{
	return comm != NULL && builder(comm, strlen(comm));
}
