/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * stalls [-p] [-s SLOTS] [-c CELLS] [-t TASKS] - the CPU stall matrix as text.
 * Each line read is a window: "machine" with what /proc/schedstat says that all
 * tasks have waited, before and after it was read; parties, edges, and "end".
 * For what lib/host measures, before it is made into records.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "host/boot.h"
#include "host/stall.h"

static const char *const kinds[STALL_KINDS] = {
	"cgroup", "self", "throttle", "limit", "kthread", "irq", "steal",
	"idle", "unknown", "older",
};
static const char *const methods[] = { "measured", "sampled", "estimated" };

static void
print_path(const char *path, uint32_t len)
{
	const char *end = path + len, *name;

	if (len == 0 || (len == 1 && *path == '\0')) {
		printf(len == 0 ? "?" : "/");
		return;
	}
	for (; end > path; end = name) {
		for (name = end - 1; name > path && name[-1] != '\0'; name--)
			;
		printf("/%s", name);
	}
}

static void
print_party(const struct stall_window *w, uint32_t i)
{
	const struct stall_party *p;

	if (i == STALL_NOBODY) {
		printf("-");
		return;
	}
	p = &w->party[i];
	if (p->cgroup_v1_len != 0) {
		printf("v1:");
		print_path(p->cgroup_v1, p->cgroup_v1_len);
	} else
		print_path(p->cgroup, p->cgroup_len);
}

/* What all tasks of the machine waited so far; 0: this kernel does not say. */
static uint64_t
machine_delay(void)
{
	unsigned long long ns;
	uint64_t sum = 0;
	char line[1024];
	FILE *f = fopen("/proc/schedstat", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "cpu%*u %*s %*s %*s %*s %*s %*s %*s %llu", &ns) == 1)
			sum += ns;
	if (f != NULL)
		fclose(f);
	return sum;
}

static void
print_window(const struct stall *st, const struct stall_window *w,
    uint64_t before, uint64_t after)
{
	struct stall_counts n = stall_counts(st);
	const struct stall_party *p;
	const struct stall_edge *e;

	printf("window %" PRIu64 "\n", w->to - w->from);
	printf("machine %" PRIu64 " %" PRIu64 "\n", before, after);
	for (size_t i = 0; i < w->nparty; i++) {
		p = &w->party[i];
		printf("party ");
		print_party(w, i);
		printf(" id %" PRId64 " v1 %" PRId64 " cpu %" PRId64 " max %"
		    PRId64 " open %" PRId64 " some %" PRId64 " full %" PRId64
		    " slept %" PRId64 "\n", p->cgroup_id, p->cgroup_v1_id, p->cpu_ns,
		    p->wait_max_ns, p->open_ns, p->psi_some_ns, p->psi_full_ns,
		    p->slept_ns);
	}
	for (size_t i = 0; i < w->nedge; i++) {
		e = &w->edge[i];
		printf("edge ");
		print_party(w, e->victim);
		printf(" %s ", kinds[e->kind]);
		print_party(w, e->culprit);
		printf(" %s %" PRIu64 " %" PRIu64 " %" PRId32 " %.16s\n",
		    methods[e->method], e->ns, e->waits, e->pid, e->comm);
	}
	printf("counts missed %" PRIu64 " no_slot %" PRIu64 " no_cell %" PRIu64
	    " no_task %" PRIu64 "\nend\n", n.missed, n.no_slot, n.no_cell,
	    n.no_task);
	fflush(stdout);
}

static int
complain(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, fmt, ap);
}

int
main(int argc, char **argv)
{
	struct stall_conf conf = { 0 };
	const struct stall_window *w;
	struct cgroup_host host;
	const struct stall_facts *f;
	char why[TRACE_WHY], line[64];
	struct stall *st;
	uint64_t before, from, end = 0;
	int c;

	libbpf_set_print(NULL);
	while ((c = getopt(argc, argv, "ps:c:t:v")) != -1) {
		if (c == 'p')
			conf.by_process = 1;
		else if (c == 's')
			conf.slots = atoi(optarg);
		else if (c == 'c')
			conf.cells = atoi(optarg);
		else if (c == 't')
			conf.tasks = atoi(optarg);
		else if (c == 'v')
			libbpf_set_print(complain);
		else
			return 2;
	}
	if (cgroup_host(&host) == -1 ||
	    (st = stall_open(&conf, &host, why)) == NULL) {
		fprintf(stderr, "stalls: %s\n", why);
		return 4;
	}
	f = stall_facts(st);
	for (size_t i = 0; i < f->degraded_len;
	    i += strlen(f->degraded + i) + 1)
		fprintf(stderr, "degraded: %s\n", f->degraded + i);
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		before = machine_delay();
		from = boot_now();
		if (stall_read(st, &w) == -1) {
			perror("stalls: stall_read");
			return 4;
		}
		if ((end != 0 && w->from != end) || w->to < from ||
		    w->to > boot_now()) {
			fprintf(stderr, "stalls: a window ends at another "
			    "moment than it was read\n");
			return 1;
		}
		end = w->to;
		print_window(st, w, before, machine_delay());
	}
	stall_close(st);
	return 0;
}
