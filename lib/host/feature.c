/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <linux/landlock.h>
#include <linux/magic.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/cgroup.h"
#include "host/explain.h"
#include "host/feature.h"
#include "host/iomem.h"
#include "host/sample.h"
#include "host/stall.h"
#include "host/trace.h"
#include "rec/wire.h"

static int
probe_kernel(const char *btf, char *detail, size_t n)
{
	struct utsname u;

	(void)btf;
	uname(&u);
	snprintf(detail, n, "%s", u.release);
	return !explain_too_old(u.release);
}

static int
probe_btf(const char *btf, char *detail, size_t n)
{
	struct btf *b = btf != NULL ? btf__parse(btf, NULL) :
	    btf__load_vmlinux_btf();

	if (b == NULL) {
		/* Of several places that were tried errno tells the last. */
		snprintf(detail, n, "none in %s", btf != NULL ? btf :
		    "/sys/kernel/btf/vmlinux");
		return 0;
	}
	snprintf(detail, n, "%u types", btf__type_cnt(b));
	btf__free(b);
	return 1;
}

static int
probe_ring(const char *btf, char *detail, size_t n)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "lnx_probe", 0, 0,
	    sysconf(_SC_PAGESIZE), NULL);

	(void)btf;
	if (fd < 0) {
		snprintf(detail, n, "%s", strerror(errno));
		return 0;
	}
	close(fd);
	return 1;
}

/* Load and attach for real: nothing else tells the truth. */
static int
probe_rung(enum trace_rung rung, const char *btf, char *detail, size_t n)
{
	struct trace_conf c = {
		.kinds = 1 << EV_fork | 1 << EV_exec | 1 << EV_exit |
		    1 << EV_reparent,
		.argv_max = 4096, .ring = 1 << 16, .rung = rung,
		.btf = btf,
	};
	struct cgroup_host host;
	char why[TRACE_WHY] = "";
	struct trace *tr;

	cgroup_host(&host);
	if ((tr = trace_open(&c, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	snprintf(detail, n, "%s", trace_facts(tr)->rung);
	trace_close(tr);
	return 1;
}

static int
probe_tp_btf(const char *btf, char *detail, size_t n)
{
	(void)btf;	/* the verifier takes the kernel's own only */
	return probe_rung(TRACE_TP_BTF, NULL, detail, n);
}

static int
probe_raw_tp(const char *btf, char *detail, size_t n)
{
	return probe_rung(TRACE_RAW_TP, btf, detail, n);
}

static int
count_one(void *arg, const void *rec, size_t size)
{
	(void)rec;
	(void)size;
	++*(unsigned *)arg;
	return 0;
}

static int
probe_snap(const char *btf, char *detail, size_t n)
{
	struct trace_conf c = {
		.argv_max = 4096, .ring = 1 << 16, .btf = btf,
	};
	struct cgroup_host host;
	char why[TRACE_WHY] = "";
	struct trace *tr;
	unsigned count = 0;

	cgroup_host(&host);
	if ((tr = trace_open(&c, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	if (trace_snap(tr, 1, UINT64_MAX, count_one, &count) != 0)
		snprintf(detail, n, "%s", strerror(errno));
	else
		snprintf(detail, n, "%u processes%s", count,
		    trace_facts(tr)->degraded_len > 0 ? ", without argv" : "");
	trace_close(tr);
	return count > 0;
}

/* A function of the kernel, or an argument of a tracepoint. */
static int
probe_group_dead(const char *btf, char *detail, size_t n)
{
	struct trace_conf c = {
		.kinds = 1 << EV_exit, .argv_max = 4096, .ring = 1 << 16,
		.btf = btf,
	};
	struct cgroup_host host;
	char why[TRACE_WHY] = "";
	struct trace *tr;
	int yes;

	cgroup_host(&host);
	if ((tr = trace_open(&c, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	yes = strstr(trace_facts(tr)->rung, "group_dead") != NULL;
	trace_close(tr);
	return yes;
}

static int
probe_sample(const char *btf, char *detail, size_t n)
{
	struct trace_conf c = { .all = 1 };
	struct cgroup_host host;
	char why[TRACE_WHY] = "";
	unsigned count = 0;
	struct gauge g;
	int rc;

	(void)btf;
	cgroup_host(&host);
	if (sample_open(&c, &host, &g, why) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	rc = g.look(g.self, boot_now(), 0, count_one, &count);
	sample_close(g.self);
	if (rc != 0)
		snprintf(detail, n, "%s", strerror(errno));
	else
		snprintf(detail, n, "%u processes", count);
	return rc == 0 && count > 0;
}

/* What of a list is about that: a sentence; NULL. */
static const char *
said_of(const char *list, size_t len, const char *what)
{
	for (size_t i = 0; i < len; i += strlen(list + i) + 1)
		if (strncmp(list + i, what, strlen(what)) == 0)
			return list + i;
	return NULL;
}

static int
probe_oom(const char *btf, char *detail, size_t n)
{
	struct trace_conf c = {
		.kinds = 1 << EV_oom, .argv_max = 4096, .ring = 1 << 16,
		.btf = btf,
	};
	char why[TRACE_WHY] = "";
	const struct trace_facts *f;
	struct cgroup_host host;
	const char *no, *less;
	struct trace *tr;

	cgroup_host(&host);
	if ((tr = trace_open(&c, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	f = trace_facts(tr);
	no = said_of(f->degraded, f->degraded_len, "oom:");
	less = said_of(f->degraded, f->degraded_len, "oom.");
	if (no != NULL || less != NULL)
		snprintf(detail, n, "%s", no != NULL ? no : less);
	trace_close(tr);
	return no == NULL;
}

static int
probe_stall_cpu(const char *btf, char *detail, size_t n)
{
	const struct stall_conf c = { 0 };
	char why[TRACE_WHY] = "";
	struct cgroup_host host;
	struct stall *st;

	(void)btf;
	cgroup_host(&host);
	if ((st = stall_open(&c, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	if (stall_facts(st)->degraded_len > 0)
		snprintf(detail, n, "%s", stall_facts(st)->degraded);
	stall_close(st);
	return 1;
}

static int
probe_iomem(enum stall_resource r, char *detail, size_t n)
{
	char why[TRACE_WHY] = "";
	struct cgroup_host host;
	struct iomem *m;

	cgroup_host(&host);
	if ((m = iomem_open(1U << r, &host, why)) == NULL) {
		snprintf(detail, n, "%s", why);
		return 0;
	}
	if (iomem_facts(m)->degraded_len > 0)
		snprintf(detail, n, "%s", iomem_facts(m)->degraded);
	iomem_close(m);
	return 1;
}

static int
probe_stall_io(const char *btf, char *detail, size_t n)
{
	(void)btf;
	return probe_iomem(STALL_IO, detail, n);
}

static int
probe_stall_memory(const char *btf, char *detail, size_t n)
{
	(void)btf;
	return probe_iomem(STALL_MEMORY, detail, n);
}

static int
probe_cgroup(const char *btf, char *detail, size_t n)
{
	struct cgroup_host h;

	(void)btf;
	if (cgroup_host(&h) == -1) {
		snprintf(detail, n, "/proc/self/mountinfo: %s",
		    strerror(errno));
		return 0;
	}
	if (h.v2[0] == '\0' && h.v1[0] == '\0') {
		snprintf(detail, n, "none is mounted");
		return 0;
	}
	snprintf(detail, n, "%s%s%s", cgroup_mode_name(h.mode),
	    h.controller[0] != '\0' ? ", v1 by controller " : "", h.controller);
	return 1;
}

static int
pressure_of_cgroups(void)
{
	char path[sizeof(((struct cgroup_host *)0)->v2) + 16];
	struct cgroup_host h;

	if (cgroup_host(&h) == -1 || h.v2[0] == '\0')
		return 0;
	snprintf(path, sizeof(path), "%s/cpu.pressure", h.v2);
	return access(path, R_OK) == 0;
}

static int
probe_psi(const char *btf, char *detail, size_t n)
{
	char c;
	int fd = open("/proc/pressure/cpu", O_RDONLY | O_CLOEXEC), yes;

	(void)btf;
	yes = fd != -1 && read(fd, &c, 1) == 1;
	if (!yes)
		snprintf(detail, n, "/proc/pressure/cpu: %s", strerror(errno));
	else if (!pressure_of_cgroups())
		snprintf(detail, n, "of the machine only");
	if (fd != -1)
		close(fd);
	return yes;
}

static int
probe_landlock(const char *btf, char *detail, size_t n)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	(void)btf;
	if (abi < 1) {
		snprintf(detail, n, "%s", strerror(errno));
		return 0;
	}
	snprintf(detail, n, "ABI %ld", abi);
	return 1;
}

static int
probe_tracefs(const char *btf, char *detail, size_t n)
{
	struct statfs fs;

	(void)btf;
	if (statfs("/sys/kernel/tracing", &fs) == 0 &&
	    fs.f_type == TRACEFS_MAGIC)
		return 1;
	snprintf(detail, n, "not mounted at /sys/kernel/tracing");
	return 0;
}

static const struct feature table[] = {
	{ "kernel", "5.8 or later", "use a newer kernel", 1, probe_kernel },
	{ "btf", "types of this kernel",
	    "a kernel with CONFIG_DEBUG_INFO_BTF, or --btf FILE", 0,
	    probe_btf },
	{ "ringbuf", "the way from the kernel",
	    "run as root, or with CAP_BPF and CAP_PERFMON", 1, probe_ring },
	{ "tp_btf", "fork exec exit reparent, at the lowest cost",
	    "raw_tp will be used", 0, probe_tp_btf },
	{ "raw_tp", "the same where tp_btf cannot be had",
	    "see above: the permission, or the types", 1, probe_raw_tp },
	{ "group_dead", "the kernel says which thread ends a process",
	    "nothing: lnx-trace finds out itself", 0, probe_group_dead },
	{ "snap", "processes that are alive at the start, and after a loss",
	    "see above: the permission, or a kernel with its own types", 0,
	    probe_snap },
	{ "sample", "what each process uses, each interval",
	    "see above: the permission, or a kernel with its own types", 0,
	    probe_sample },
	{ "oom", "whom the kernel kills when memory runs out",
	    "see above: the permission, or a newer kernel", 0, probe_oom },
	{ "stall.cpu", "who makes whom wait for a processor",
	    "see above: the permission, or a kernel with its own types", 0,
	    probe_stall_cpu },
	{ "stall.io", "the same for io: who is to blame is estimated",
	    "see above and psi below", 0, probe_stall_io },
	{ "stall.memory", "the same for memory",
	    "see above and psi below", 0, probe_stall_memory },
	{ "cgroup", "cgroup paths", "mount cgroup2 at /sys/fs/cgroup", 0,
	    probe_cgroup },
	{ "psi", "pressure, for lnx-psi",
	    "boot with psi=1, on a kernel with CONFIG_PSI", 0, probe_psi },
	{ "landlock", "no file can be opened after the start",
	    "a kernel with CONFIG_SECURITY_LANDLOCK, and lsm=...,landlock", 0,
	    probe_landlock },
	{ "tracefs", "nothing yet: lnx-trace works without",
	    "mount -t tracefs tracefs /sys/kernel/tracing", 0, probe_tracefs },
	{ NULL, NULL, NULL, 0, NULL },
};

const struct feature *
features(void)
{
	return table;
}
