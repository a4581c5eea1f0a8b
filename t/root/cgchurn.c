/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cgchurn DIR RATE SECONDS LIFE_MS - make so many cgroups a second below DIR,
 * and remove each again when it has lived for up to LIFE_MS.  Prints a line for
 * each: its name, its id, a time when it was there at the latest, and one
 * when it was still there (CLOCK_BOOTTIME ns).
 */
#include <sys/stat.h>

#include "stim.h"

struct one {
	uint64_t ino, made, die;
};

static void
until(uint64_t when)
{
	struct timespec ts = { when / 1000000000, when % 1000000000 };

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL) != 0)
		;
}

static void
make(struct one *o, uint64_t i, uint64_t life)
{
	struct stat st;
	char name[32];

	snprintf(name, sizeof(name), "c%llu", (unsigned long long)i);
	must(mkdir(name, 0755) == 0);
	must(stat(name, &st) == 0);
	o->ino = st.st_ino;
	o->made = boot_ns();
	/* All lives from a fifteenth to the whole. */
	o->die = o->made + life * (i % 15 + 1) / 15;
}

static void
end(const struct one *o, uint64_t i)
{
	uint64_t alive = boot_ns();
	char name[32];

	snprintf(name, sizeof(name), "c%llu", (unsigned long long)i);
	must(rmdir(name) == 0);
	printf("%s %llu %llu %llu\n", name, (unsigned long long)o->ino,
	    (unsigned long long)o->made, (unsigned long long)alive);
}

int
main(int argc, char **argv)
{
	uint64_t rate, n, life, begun, now, made = 0, left = 0;
	struct one *all;

	must(argc == 5);
	must(chdir(argv[1]) == 0);
	rate = strtoull(argv[2], NULL, 10);
	n = rate * strtoull(argv[3], NULL, 10);
	life = strtoull(argv[4], NULL, 10) * 1000000;
	must((all = calloc(n, sizeof(*all))) != NULL);
	begun = boot_ns();
	while (left < n) {
		now = boot_ns();
		for (; made < n && begun + made * 1000000000 / rate <= now;
		    made++)
			make(&all[made], made, life);
		for (uint64_t i = 0; i < made; i++)
			if (all[i].die != 0 && all[i].die <= now) {
				end(&all[i], i);
				all[i].die = 0;
				left++;
			}
		until(now + 2000000);
	}
	free(all);
	return 0;
}
