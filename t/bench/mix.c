/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a busy host's sources write together: of ALIVE processes in a hundred
 * cgroups, samples of all in turn, processes that come and go, pressure,
 * cgroups, stalls.  COUNT records in all; nothing in it is random.
 *
 *	mix COUNT ALIVE
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/out.h"

enum { CGROUPS = 100, STEP_NS = 20000, EARLY = 50 };

#define BOOT	"9f8e7d6c"

static struct out *out;
static uint64_t now = 1000000000000, written;

/* A record: the common head, then what fmt makes. */
__attribute__((format(printf, 2, 3))) static void
put(const char *kind, const char *fmt, ...)
{
	char *p = out_room(out, 4096), *s = p, time[NUM_TIME];
	va_list ap;

	if (p == NULL)
		abort();
	num_put_time(time, 1770000000000000000 + now);
	p += sprintf(p, "{\"v\":1,\"event\":\"%s\",\"time\":\"%.30s\",\"boot_ns\":%"
	    PRIu64 ",\"host\":\"bench\"", kind, time, now);
	va_start(ap, fmt);
	p += vsprintf(p, fmt, ap);
	va_end(ap);
	p += sprintf(p, "}\n");
	out_took(out, p - s);
	now += STEP_NS;
	written++;
}

#define CGROUP	"/kubepods.slice/kubepods-burstable-pod%08" PRIx64 ".slice/" \
		"cri-containerd-%016" PRIx64 ".scope"
#define CG(i)	(i) % CGROUPS, (i) % CGROUPS * UINT64_C(0x9e3779b97f4a7c15)

/* What every record of a process has. */
#define PROC	",\"id\":\"" BOOT "-%" PRIu64 "-%" PRIu64 "\",\"pid\":%" PRIu64	\
		",\"parent_id\":\"" BOOT "-%" PRIu64 "-%" PRIu64		\
		"\",\"ppid\":%" PRIu64 ",\"comm\":\"%s\",\"uid\":1000"
#define CGID	",\"cgroup_id\":\"%" PRIu64 "\",\"cgroup\":\"" CGROUP "\""
#define P(start, pid, up, comm)	(uint64_t)(start), (uint64_t)(pid),	\
		(uint64_t)(pid), (uint64_t)(EARLY + (up)),		\
		(uint64_t)(100 + (up)), (uint64_t)(100 + (up)), comm
#define C(i)	(uint64_t)(4000 + (i) % CGROUPS), CG((uint64_t)(i))

static void
sample(uint64_t i)
{
	put("sample", PROC ",\"state\":\"S\",\"threads\":3" CGID
	    ",\"interval_ns\":5000000000,\"cpu_ns\":%" PRIu64
	    ",\"user_ns\":10000000,\"system_ns\":2345678,\"run_delay_ns\":345678,"
	    "\"voluntary\":812,\"involuntary\":17,\"read_bytes\":4096,"
	    "\"write_bytes\":0,\"rss_bytes\":%" PRIu64 ",\"swap_bytes\":0,"
	    "\"fds\":64,\"fds_max\":1024", P(EARLY + i, 100 + i, i / 10, "postgres"),
	    C(i), 12345678 + i, 67108864 - i % 4096 * 4096);
}

/* One comes, becomes something, and goes. */
static void
life(uint64_t i)
{
	uint64_t start = now, pid = 2000000 + i % 1000000, up = 1 + i % 50;

	put("fork", PROC CGID ",\"cpu\":1,\"seq\":%" PRIu64, P(start, pid, up, "sh"),
	    C(up), i);
	put("exec", PROC ",\"gid\":1000,\"loginuid\":1000,\"sessionid\":3" CGID
	    ",\"exe\":\"/usr/bin/true\",\"cwd\":\"/home/me\","
	    "\"cap_eff\":\"0000000000000000\",\"cap_prm\":\"0000000000000000\","
	    "\"cap_inh\":\"0000000000000000\",\"pid_ns\":4026531836,"
	    "\"mnt_ns\":4026531841,\"net_ns\":4026531840,\"user_ns\":4026531837,"
	    "\"uts_ns\":4026531838,\"ipc_ns\":4026531839,"
	    "\"cgroup_ns\":4026531835,\"time_ns\":4026531834,"
	    "\"cpu\":1,\"seq\":%" PRIu64
	    ",\"argc\":3,\"argv_len\":43,\"argv\":[\"/bin/true\",\"--verbose\","
	    "\"--file=/tmp/some/file\"]", P(start, pid, up, "true"), C(up), i);
	put("exit", PROC CGID ",\"exit_code\":0,\"children\":0,\"duration_ns\":%"
	    PRIu64 ",\"utime_ns\":1000000,\"stime_ns\":500000,"
	    "\"maxrss_bytes\":4194304,\"min_faults\":512,\"maj_faults\":0,"
	    "\"read_bytes\":0,\"write_bytes\":0,\"rchar_bytes\":18230,"
	    "\"wchar_bytes\":77,\"cpu\":1,\"seq\":%" PRIu64,
	    P(start, pid, up, "true"), C(up), now - start, i);
}

static void
psi(uint64_t i)
{
	static const char *const res[] = { "cpu", "memory", "io" };

	put("psi", CGID ",\"resource\":\"%s\",\"reason\":\"interval\","
	    "\"interval_ns\":1000000000,\"some_ns\":12345678,\"full_ns\":345678,"
	    "\"some_pct\":1.234567,\"full_pct\":0.034567,"
	    "\"some_total_ns\":123456789012,\"full_total_ns\":23456789012,"
	    "\"avg10\":1.23,\"avg60\":1.23,\"avg300\":1.23,\"full_avg10\":0,"
	    "\"full_avg60\":0,\"full_avg300\":0", C(i), res[i % 3]);
}

static void
cgroup(uint64_t i)
{
	put("cgroup", CGID ",\"interval_ns\":1000000000,\"cpu_ns\":250000000,"
	    "\"user_ns\":200000000,\"system_ns\":50000000,\"periods\":10,"
	    "\"throttled_periods\":0,\"throttled_ns\":0,"
	    "\"cpu_quota_ns\":50000000,\"cpu_period_ns\":100000000,"
	    "\"memory_bytes\":94371840,\"memory_max_bytes\":134217728,"
	    "\"memory_max_events\":0,\"oom_events\":0,\"oom_kills\":0,"
	    "\"pids\":12,\"pids_max\":100", C(i));
}

static void
stall(uint64_t i)
{
	put("stall", ",\"resource\":\"cpu\",\"victim\":{\"cgroup_id\":\"%" PRIu64
	    "\",\"cgroup\":\"" CGROUP "\"},\"culprit\":{\"kind\":\"cgroup\","
	    "\"cgroup_id\":\"9000\",\"cgroup\":\"/kubepods.slice/batch\"},"
	    "\"window_ns\":1000000000,\"stall_ns\":1234567,\"waits\":812,"
	    "\"share\":0.5,\"method\":\"measured\",\"confidence\":0.99", C(i));
}

int
main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	uint64_t alive = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;

	if ((out = out_fd(1)) == NULL)
		return 1;
	/* Of twenty: ten samples, two lives of three, two psi, a cgroup, a stall. */
	for (uint64_t i = 0; written < count; i++) {
		for (int k = 0; k < 10; k++)
			sample((i * 10 + k) % alive);
		life(i * 2);
		life(i * 2 + 1);
		psi(i * 2);
		psi(i * 2 + 1);
		cgroup(i);
		stall(i);
	}
	return out_close(out) == -1;
}
