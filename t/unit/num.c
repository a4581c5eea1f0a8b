/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#include "tap.h"

#define NS	UINT64_C(1000000000)

typedef int reader(const char *, uint64_t *);

static void
reads(reader *f, const char *s, uint64_t want)
{
	uint64_t v = 0;

	ok(f(s, &v) == 0 && v == want, "%s is %" PRIu64 ", not %" PRIu64, s,
	    want, v);
}

static void
refuses(reader *f, const char *s, int why)
{
	uint64_t v;

	errno = 0;
	ok(f(s, &v) == -1 && errno == why, "'%s' is refused", s);
}

static int
time_of(const char *s, uint64_t *v)
{
	return num_time(s, strlen(s), v);
}

static int
small(const char *s, uint64_t *v)
{
	return num_u64(s, 5, 10, v);
}

static int
any(const char *s, uint64_t *v)
{
	return num_u64(s, 0, UINT64_MAX, v);
}

static void
numbers(void)
{
	reads(any, "0", 0);
	reads(any, "18446744073709551615", UINT64_MAX);
	refuses(any, "18446744073709551616", ERANGE);
	refuses(any, "99999999999999999999999", ERANGE);
	refuses(any, "", EINVAL);
	refuses(any, "-1", EINVAL);
	refuses(any, "+1", EINVAL);
	refuses(any, " 1", EINVAL);
	refuses(any, "1 ", EINVAL);
	refuses(any, "0x10", EINVAL);
	reads(small, "5", 5);
	reads(small, "0010", 10);
	refuses(small, "4", ERANGE);
	refuses(small, "11", ERANGE);
}

static void
durations(void)
{
	reads(num_duration, "250ms", 250000000);
	reads(num_duration, "5s", 5 * NS);
	reads(num_duration, "5", 5 * NS);
	reads(num_duration, "2m", 120 * NS);
	reads(num_duration, "1h", 3600 * NS);
	reads(num_duration, "1d", 86400 * NS);
	reads(num_duration, "7us", 7000);
	reads(num_duration, "0", 0);
	reads(num_duration, "1.5", 1500000000);
	reads(num_duration, "0.25us", 250);
	reads(num_duration, "0.9ns", 0);
	reads(num_duration, "0.1234567890123456789999s", 123456789);
	reads(num_duration, "18446744073709551615ns", UINT64_MAX);
	refuses(num_duration, "18446744073709551615.5us", ERANGE);
	refuses(num_duration, "213504d", ERANGE);
	refuses(num_duration, "", EINVAL);
	refuses(num_duration, "s", EINVAL);
	refuses(num_duration, "1.s", EINVAL);
	refuses(num_duration, ".5s", EINVAL);
	refuses(num_duration, "1 s", EINVAL);
	refuses(num_duration, "1S", EINVAL);
	refuses(num_duration, "1ss", EINVAL);
	refuses(num_duration, "-1s", EINVAL);
	refuses(num_duration, "1e3", EINVAL);
}

static void
sizes(void)
{
	reads(num_size, "64KiB", 65536);
	reads(num_size, "64K", 65536);
	reads(num_size, "64kB", 64000);
	reads(num_size, "1.5MiB", 1572864);
	reads(num_size, "1MB", 1000000);
	reads(num_size, "2GiB", UINT64_C(1) << 31);
	reads(num_size, "1TB", NS * 1000);
	reads(num_size, "17", 17);
	reads(num_size, "17B", 17);
	refuses(num_size, "16777216TiB", ERANGE);
	refuses(num_size, "1KB", EINVAL);
	refuses(num_size, "1k", EINVAL);
	refuses(num_size, "1KiBs", EINVAL);
}

static void
times(void)
{
	reads(time_of, "1970-01-01T00:00:00Z", 0);
	reads(time_of, "1970-01-01T00:00:00.000000001Z", 1);
	reads(time_of, "2000-02-29T23:59:59.5Z", 951868799 * NS + NS / 2);
	reads(time_of, "2024-02-29T00:00:00Z", 1709164800 * NS);
	reads(time_of, "2026-01-31T12:00:00.123456789Z",
	    1769860800 * NS + 123456789);
	reads(time_of, "2026-01-31T12:00:00.1234567899Z",
	    1769860800 * NS + 123456789);
	reads(time_of, "2026-01-31t12:00:00z", 1769860800 * NS);
	reads(time_of, "2026-01-31T13:30:00+01:30", 1769860800 * NS);
	reads(time_of, "2026-01-31T00:00:00-12:00", 1769860800 * NS);
	reads(time_of, "1969-12-31T23:00:00-01:00", 0);
	reads(time_of, "2016-12-31T23:59:60Z", 1483228800 * NS);
	reads(time_of, "2554-07-21T23:34:33.709551615Z", UINT64_MAX);
	refuses(time_of, "2554-07-21T23:34:33.709551616Z", EINVAL);
	refuses(time_of, "9999-12-31T23:59:59Z", EINVAL);
	refuses(time_of, "1969-12-31T23:59:59Z", EINVAL);
	refuses(time_of, "2023-02-29T00:00:00Z", EINVAL);
	refuses(time_of, "2100-02-29T00:00:00Z", EINVAL);
	refuses(time_of, "2026-04-31T00:00:00Z", EINVAL);
	refuses(time_of, "2026-13-01T00:00:00Z", EINVAL);
	refuses(time_of, "2026-00-01T00:00:00Z", EINVAL);
	refuses(time_of, "2026-01-00T00:00:00Z", EINVAL);
	refuses(time_of, "2026-01-01T24:00:00Z", EINVAL);
	refuses(time_of, "2026-01-01T00:60:00Z", EINVAL);
	refuses(time_of, "2026-01-01T00:00:61Z", EINVAL);
	refuses(time_of, "2026-01-01T00:00:00", EINVAL);
	refuses(time_of, "2026-01-01T00:00:00.Z", EINVAL);
	refuses(time_of, "2026-01-01T00:00:00Zx", EINVAL);
	refuses(time_of, "2026-01-01T00:00:00+0100", EINVAL);
	refuses(time_of, "2026-01-01T00:00:00+24:00", EINVAL);
	refuses(time_of, "2026-01-01", EINVAL);
	refuses(time_of, "", EINVAL);
}

/* Every day of the era, against the C library. */
static void
calendar(void)
{
	char mine[NUM_TIME + 1] = "", libc[40];
	uint64_t back;
	size_t bad = 0;
	struct tm tm;

	for (time_t t = 0; t < 18446744073; t += 86399) {
		gmtime_r(&t, &tm);
		strftime(libc, sizeof(libc), "%Y-%m-%dT%H:%M:%S.000000042Z", &tm);
		num_put_time(mine, t * NS + 42);
		bad += strcmp(mine, libc) != 0 ||
		    num_time(mine, NUM_TIME, &back) != 0 || back != t * NS + 42;
	}
	ok(bad == 0, "every day until 2554 is written and read as libc does");
}

static void
digits(void)
{
	char mine[24], libc[24];
	uint64_t v = 1;
	size_t bad = 0;

	for (int i = 0; i < 64; i++, v <<= 1)
		for (uint64_t d = 0; d < 3; d++) {
			mine[num_put(mine, v - 1 + d)] = '\0';
			sprintf(libc, "%" PRIu64, v - 1 + d);
			bad += strcmp(mine, libc) != 0;
		}
	mine[num_put(mine, UINT64_MAX)] = '\0';
	ok(bad == 0, "numbers around each power of two are written as libc does");
	ok(strcmp(mine, "18446744073709551615") == 0, "and the greatest");
}

int
main(void)
{
	numbers();
	durations();
	sizes();
	times();
	calendar();
	digits();
	return tap_done();
}
