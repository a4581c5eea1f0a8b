/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TAP_H
#define TAP_H
#include <stdio.h>
#include <stdlib.h>

/* Enough of the Test Anything Protocol.  End main() with return tap_done(). */
static int tap_count, tap_failed;

#define ok(cond, ...) do {						\
	int good_ = !!(cond);						\
	printf("%sok %d - ", good_ ? "" : "not ", ++tap_count);		\
	printf(__VA_ARGS__);						\
	putchar('\n');							\
	if (!good_) {							\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		tap_failed++;						\
	}								\
	fflush(stdout);							\
} while (0)

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}
#endif
