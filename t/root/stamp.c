/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* stamp: lines of stdin, each behind the moment at which it came: CLOCK_BOOTTIME
 * in ns, and a tab. */
#include "stim.h"

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	setvbuf(stdin, NULL, _IONBF, 0);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		printf("%llu\t%s", (unsigned long long)boot_ns(), line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
