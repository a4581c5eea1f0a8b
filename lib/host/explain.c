/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/explain.h"

int
explain_too_old(const char *release)
{
	unsigned major, minor;

	return sscanf(release, "%u.%u", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 8));
}

void
explain_load(char why[TRACE_WHY], int err, const char *release,
    const struct trace_conf *c)
{
	if (err == EPERM)
		snprintf(why, TRACE_WHY, "no permission to load BPF programs: "
		    "run as root, or with CAP_BPF and CAP_PERFMON "
		    "(setcap cap_bpf,cap_perfmon+ep)");
	else if (explain_too_old(release))
		snprintf(why, TRACE_WHY, "kernel %s is too old: 5.8 is the "
		    "first that can", release);
	else if (err == ENOENT && c->btf != NULL)
		snprintf(why, TRACE_WHY, "%s: no BTF that fits this kernel",
		    c->btf);
	else if (err == ENOENT)
		snprintf(why, TRACE_WHY, "this kernel tells no BTF "
		    "(/sys/kernel/btf/vmlinux): it needs "
		    "CONFIG_DEBUG_INFO_BTF, or --btf FILE");
	else if (err == ENOMEM)
		snprintf(why, TRACE_WHY, "no memory for a ring of %u bytes: "
		    "use a smaller --ring", c->ring);
	else
		snprintf(why, TRACE_WHY, "the kernel refuses %s programs: %s; "
		    "lnx-trace --probe-features tells what is missing",
		    c->rung == TRACE_RAW_TP ? "raw_tp" : "tp_btf",
		    strerror(err));
}
