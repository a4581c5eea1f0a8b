/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "host/sample_diff.h"
#include "host/sample_path.h"
#include "host/wchan.h"
#include "rec/wire.h"

#include "tap.h"

#define SECOND	1000000000ULL
#define U	WIRE_UNKNOWN_64

static struct sample_diff *d;

/* A process as the kernel half sees it, with paths behind it. */
static struct {
	struct sample_seen s;
	char paths[64];
} in;

static void
reset(uint32_t pid, uint64_t start)
{
	memset(&in, 0, sizeof(in));
	in.s.size = sizeof(in.s);
	in.s.pid = pid;
	in.s.start = start;
	in.s.cgroup_id = 7;
	in.s.cgroup_v1_id = U;
	in.s.state = 'S';
	in.s.threads = 1;
	strcpy(in.s.comm, "a");
}

static const char *line = "";	/* behind it */

static const struct wire_sample *
see(uint64_t boot_ns)
{
	const struct wire_sample *w = NULL;

	in.s.boot_ns = boot_ns;
	if (sample_diff_seen(d, &in.s, line, strlen(line), &w) == -1)
		return (void *)-1;
	return w;
}

static void
begin(int all)
{
	sample_diff_free(d);
	d = sample_diff_new(all);
}

static int
used(const struct wire_sample *w, uint64_t interval, uint64_t cpu,
    uint64_t user, uint64_t system)
{
	return w != NULL && w->interval_ns == interval && w->cpu_ns == cpu &&
	    w->user_ns == user && w->system_ns == system;
}

static void
life(void)
{
	const struct wire_sample *w;

	begin(0);
	sample_diff_begin(d, 10 * SECOND);
	reset(5, SECOND);
	in.s.cpu = 900;
	in.s.utime = 300;
	in.s.stime = 100;
	w = see(10 * SECOND + 1);
	ok(used(w, U, U, U, U) && w->run_delay_ns == U && w->voluntary == U &&
	    w->read_bytes == U && w->pid == 5 && w->threads == 1,
	    "the first look has no interval, but what is now");
	sample_diff_begin(d, 11 * SECOND);
	ok(see(11 * SECOND + 1) == NULL, "nothing new, nothing told");
	sample_diff_begin(d, 12 * SECOND);
	in.s.cpu += 400;
	in.s.utime += 100;
	in.s.run_delay = 33;
	in.s.voluntary = 4;
	in.s.involuntary = 3;
	in.s.read_bytes = 512;
	in.s.write_bytes = 1024;
	w = see(12 * SECOND + 5);
	/* 225 of the first 900 in the kernel, by 300 ticks to 100; 260 of 1300. */
	ok(used(w, SECOND + 4, 400, 365, 35) && w->run_delay_ns == 33 &&
	    w->voluntary == 4 && w->involuntary == 3 && w->read_bytes == 512 &&
	    w->write_bytes == 1024, "then what was used since the look before");
	sample_diff_begin(d, 13 * SECOND);
	sample_diff_begin(d, 14 * SECOND);
	w = see(14 * SECOND);
	ok(used(w, U, U, U, U), "who was not in the look before has no interval");

	sample_diff_begin(d, 15 * SECOND);
	reset(6, 14 * SECOND + 100);
	in.s.cpu = 50;
	w = see(15 * SECOND + 100);
	ok(used(w, SECOND, 50, 50, 0), "but who is younger than that, its whole life");
	sample_diff_begin(d, 16 * SECOND);
	reset(6, 15 * SECOND + 500);
	in.s.cpu = 20;
	w = see(16 * SECOND + 500);
	ok(used(w, SECOND, 20, 20, 0) && w->id_start == 15 * SECOND + 500,
	    "the same pid with another start is another process");
	sample_diff_begin(d, 17 * SECOND);
	in.s.rss_bytes = 4096;
	w = see(17 * SECOND);
	ok(used(w, SECOND - 500, 0, 0, 0) && w->rss_bytes == 4096,
	    "a change of what it has is told without any use");
	sample_diff_begin(d, 18 * SECOND);
	in.s.state = 'Z';
	see(18 * SECOND);
	sample_diff_begin(d, 19 * SECOND);
	ok(see(19 * SECOND) != NULL, "who is dead and not buried is told always");
}

static void
fall(void)
{
	const struct wire_sample *w;

	begin(0);
	sample_diff_begin(d, 1);
	reset(5, 0);
	in.s.cpu = 1000;
	in.s.run_delay = 100;
	see(2);
	sample_diff_begin(d, 3);
	in.s.cpu = 700;
	in.s.run_delay = 90;
	ok(see(4) == NULL, "a sum that falls is no use, and no news");
	sample_diff_begin(d, 5);
	in.s.cpu = 1010;
	in.s.run_delay = 95;
	w = see(6);
	ok(used(w, 2, 10, 10, 0) && w->run_delay_ns == 0,
	    "what grew past it is told, once");

	sample_diff_begin(d, 7);
	in.s.cpu = U;
	in.s.run_delay = 101;
	w = see(8);
	ok(used(w, 2, U, U, U) && w->run_delay_ns == 1, "unknown is unknown");
	sample_diff_begin(d, 9);
	in.s.cpu = 2000;
	w = see(10);
	ok(used(w, 2, U, U, U), "and so is what came since");
	sample_diff_begin(d, 11);
	in.s.cpu = 2001;
	w = see(12);
	ok(w != NULL && w->cpu_ns == 1 && w->user_ns + w->system_ns == 1,
	    "until the next");
}

/* Neither part of the CPU time ever falls, and they make it up. */
static void
parts(void)
{
	const struct wire_sample *w;
	uint64_t user = 0, system = 0, want;
	int bad = 0, i;

	begin(1);
	sample_diff_begin(d, 1);
	reset(5, 2);
	for (i = 0; i < 1000; i++) {
		sample_diff_begin(d, 10 + 10 * i);
		in.s.cpu += 1000003;
		if (i % 7 < 3)
			in.s.utime += 4000000;
		if (i % 11 == 5)
			in.s.stime += 4000000;
		w = see(12 + 10 * i);
		bad += w == NULL || w->user_ns + w->system_ns != w->cpu_ns ||
		    w->user_ns > w->cpu_ns;
		user += w->user_ns;
		system += w->system_ns;
	}
	ok(bad == 0 && user + system == in.s.cpu,
	    "user and system time add up, a thousand times");
	want = 1000003ULL * 1000 * 91 / (91 + 429);
	ok(system + 4000000 > want && system < want + 4000000,
	    "and end as the ticks have it, but for one");

	begin(1);
	sample_diff_begin(d, 1);
	reset(5, 2);
	in.s.cpu = in.s.utime = UINT64_C(1) << 62;
	in.s.stime = UINT64_C(1) << 62;
	sample_diff_begin(d, 9);
	w = see(12);
	ok(used(w, 10, UINT64_C(1) << 62, UINT64_C(1) << 61, UINT64_C(1) << 61),
	    "146 years do not overflow");
}

static void
paths(void)
{
	static const char first[] = "b\0a", second[] = "c";
	const struct wire_sample *w;
	int told = 0, i;

	begin(1);
	sample_diff_begin(d, 1);
	reset(5, 0);
	in.s.cgroup_v1_id = 7;
	in.s.len_cgroup = sizeof(first);
	in.s.len_cgroup_v1 = sizeof(second);
	memcpy(in.paths, first, sizeof(first));
	memcpy(in.paths + sizeof(first), second, sizeof(second));
	see(2);
	sample_diff_begin(d, 3);
	reset(6, 0);
	in.s.cgroup_v1_id = 7;
	w = see(4);
	ok(w->len_cgroup == sizeof(first) && w->len_cgroup_v1 == sizeof(second) &&
	    w->head.size == sizeof(*w) + sizeof(first) + sizeof(second) &&
	    memcmp(w + 1, "b\0a\0c", 6) == 0,
	    "a path is remembered, and v1 is another hierarchy");
	in.s.cgroup_id = 8;
	in.s.cgroup_v1_id = U;
	w = see(4);
	ok(w->len_cgroup == 0 && w->len_cgroup_v1 == 0 &&
	    w->head.size == sizeof(*w), "one never told is unknown");

	for (i = 0; i < 20000; i++) {
		reset(100 + i, 0);
		in.s.cgroup_id = 1000 + i;
		in.s.len_cgroup = 4;
		memcpy(in.paths, &i, 4);
		see(5);
	}
	reset(9, 0);
	in.s.cgroup_id = 1000 + 77;
	w = see(5);
	i = 77;
	ok(w->len_cgroup == 4 && memcmp(w + 1, &i, 4) == 0,
	    "20,000 in one look are remembered");
	told = sample_diff_begin(d, 6);
	w = see(7);
	ok(told == 1 && w->len_cgroup == 0,
	    "and forgotten in the next, which is said");
	ok(sample_diff_begin(d, 8) == 0, "once");
}

static int
in_function(const struct wire_sample *w, const char *name)
{
	size_t n = strlen(name);

	return w != NULL && w->len_wchan == n && w->head.size == sizeof(*w) +
	    w->len_cgroup + n && memcmp((const char *)(w + 1) + w->len_cgroup,
	    name, n) == 0;
}

static void
sleeps(void)
{
	char far[WCHAN_NAME + 32];

	begin(0);
	sample_diff_begin(d, 1);
	reset(5, 0);
	in.s.state = 'D';
	in.s.len_cgroup = 2;
	memcpy(in.paths, "a", 2);
	line = "kernel_clone+0x1f4/0x3c0\n";
	ok(in_function(see(2), "kernel_clone"), "a line tells the function");
	line = "nfs_wait.isra.0+0x9/0x40 [nfs]\n";
	sample_diff_begin(d, 3);
	ok(in_function(see(4), "nfs_wait.isra.0"), "also of a module");
	line = "0xffffffff81000000\n";
	sample_diff_begin(d, 5);
	ok(in_function(see(6), ""), "an address is no name");
	line = "\n";
	sample_diff_begin(d, 7);
	ok(in_function(see(8), ""), "nor is nothing");
	memset(far, 'f', sizeof(far));
	strcpy(far + WCHAN_NAME, "+0x9/0x40\n");
	line = far;
	sample_diff_begin(d, 9);
	ok(see(10)->len_wchan == WCHAN_NAME, "the longest name has room");
	strcpy(far + WCHAN_NAME, "f+0x9/0x40\n");
	sample_diff_begin(d, 11);
	ok(in_function(see(12), ""), "none is longer");
	line = "";
	sample_diff_begin(d, 13);
	ok(in_function(see(14), ""), "and none is kept from before");
}

static void
many(void)
{
	uint64_t bad = 0;

	begin(0);
	for (uint64_t look = 1; look <= 3; look++) {
		sample_diff_begin(d, look * SECOND);
		for (uint32_t pid = 1; pid <= 50000; pid++) {
			const struct wire_sample *w;

			/* Half of them are new in each look. */
			reset(pid, pid % 2 == 0 ? 0 : (look - 1) * SECOND + pid);
			in.s.cpu = look * pid;
			w = see(look * SECOND + pid);
			if (w == NULL || w->pid != pid ||
			    w->cpu_ns != (look == 1 ? U :
			    pid % 2 == 0 ? pid : look * pid))
				bad++;
		}
	}
	ok(bad == 0, "50,000 processes, half of them new in each look");
}

int
main(void)
{
	life();
	fall();
	parts();
	paths();
	sleeps();
	many();
	sample_diff_free(d);
	sample_diff_free(NULL);
	sample_paths_free(NULL);
	return tap_done();
}
