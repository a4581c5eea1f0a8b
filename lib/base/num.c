/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/num.h"

#define NS	UINT64_C(1000000000)

struct unit {
	char		name[4];
	uint64_t	one;
};

static int
fail(int e)
{
	errno = e;
	return -1;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from *s on, which is moved behind them. */
static int
digits(const char **s, uint64_t *v)
{
	const char *p = *s;

	if (!digit(*p))
		return fail(EINVAL);
	for (*v = 0; digit(*p); p++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *p - '0', v))
			return fail(ERANGE);
	*s = p;
	return 0;
}

int
num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *v)
{
	uint64_t n;
	size_t len = strspn(s, "0123456789");

	if (s[len] != '\0' || len == 0)
		return fail(EINVAL);
	if (digits(&s, &n) == -1)
		return -1;
	if (n < min || n > max)
		return fail(ERANGE);
	*v = n;
	return 0;
}

/* A number with a unit of the table, whose last row is for "no unit". */
static int
quantity(const char *s, const struct unit *u, uint64_t *v)
{
	uint64_t n, part = 0, scale = 1;
	unsigned __int128 sum;

	if (digits(&s, &n) == -1)
		return -1;
	if (*s == '.') {
		if (!digit(*++s))
			return fail(EINVAL);
		for (; digit(*s); s++)
			if (scale < NS * NS) {
				part = part * 10 + (*s - '0');
				scale *= 10;
			}
	}
	while (strcmp(s, u->name) != 0)
		if (*u++->name == '\0')
			return fail(EINVAL);
	sum = (unsigned __int128)part * u->one / scale +
	    (unsigned __int128)n * u->one;
	if (sum > UINT64_MAX)
		return fail(ERANGE);
	*v = sum;
	return 0;
}

int
num_duration(const char *s, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", NS },
		{ "m", 60 * NS }, { "h", 3600 * NS }, { "d", 86400 * NS },
		{ "", NS },
	};

	return quantity(s, units, ns);
}

int
num_size(const char *s, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "KiB", 1 << 10 }, { "MiB", 1 << 20 },
		{ "GiB", 1 << 30 }, { "TiB", UINT64_C(1) << 40 },
		{ "K", 1 << 10 }, { "M", 1 << 20 },
		{ "G", 1 << 30 }, { "T", UINT64_C(1) << 40 },
		{ "kB", 1000 }, { "MB", 1000000 },
		{ "GB", NS }, { "TB", 1000 * NS },
		{ "", 1 },
	};

	return quantity(s, units, bytes);
}

static const char pairs[] =
	"00010203040506070809" "10111213141516171819"
	"20212223242526272829" "30313233343536373839"
	"40414243444546474849" "50515253545556575859"
	"60616263646566676869" "70717273747576777879"
	"80818283848586878889" "90919293949596979899";

size_t
num_put(char *p, uint64_t v)
{
	char tmp[20], *q = tmp + sizeof(tmp);
	size_t n;

	if (v < 10) {
		*p = '0' + v;
		return 1;
	}
	for (; v >= 100; v /= 100)
		memcpy(q -= 2, pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(q -= 2, pairs + v * 2, 2);
	else
		*--q = '0' + v;
	n = tmp + sizeof(tmp) - q;
	for (size_t i = 0; i < n; i++)
		p[i] = q[i];
	return n;
}

static char *
two(char *p, unsigned v)
{
	memcpy(p, pairs + v * 2, 2);
	return p + 2;
}

/*
 * The calendar is counted in years that begin in March, so that the leap day
 * is the last of its year, in eras of 400 years = 146097 days, from 0000-03-01,
 * which is 719468 days before 1970-01-01.
 */
static char *
put_date(char *p, uint32_t days)
{
	uint32_t z = days + 719468, doe = z % 146097;
	uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint32_t mp = (5 * doy + 2) / 153, m = mp < 10 ? mp + 3 : mp - 9;
	uint32_t y = yoe + z / 146097 * 400 + (m <= 2);

	p = two(two(p, y / 100), y % 100);
	*p++ = '-';
	p = two(p, m);
	*p++ = '-';
	return two(p, doy - (153 * mp + 2) / 5 + 1);
}

static int64_t
days(int64_t y, unsigned m, unsigned d)
{
	int64_t era, yoe;
	unsigned doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
num_put_time(char *p, uint64_t real_ns)
{
	uint64_t s = real_ns / NS;
	uint32_t ns = real_ns % NS, t = s % 86400;

	p = put_date(p, s / 86400);
	*p++ = 'T';
	p = two(p, t / 3600);
	*p++ = ':';
	p = two(p, t / 60 % 60);
	*p++ = ':';
	p = two(p, t % 60);
	*p++ = '.';
	*p++ = '0' + ns / 100000000;
	p = two(p, ns / 1000000 % 100);
	p = two(p, ns / 10000 % 100);
	p = two(p, ns / 100 % 100);
	p = two(p, ns % 100);
	*p = 'Z';
}

/* n digits and then one of the characters of ends ("" is any); -1 if not. */
static int
part(const char **s, const char *end, int n, const char *ends)
{
	const char *p = *s;
	int v = 0;

	if (end - p < n + (*ends != '\0'))
		return -1;
	for (; n > 0; n--, p++) {
		if (!digit(*p))
			return -1;
		v = v * 10 + (*p - '0');
	}
	if (*ends != '\0' && (*p == '\0' || strchr(ends, *p++) == NULL))
		return -1;
	*s = p;
	return v;
}

/* Days of that month, -1 if there is no such month. */
static int
month_days(int y, int m)
{
	static const signed char len[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	if (m < 1 || m > 12)
		return -1;
	return len[m - 1] +
	    (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

/* ".123", any number of decimals; more than nine are left out. */
static int
decimals(const char **s, const char *end, uint64_t *ns)
{
	uint64_t unit = NS;
	const char *p = *s;

	*ns = 0;
	if (p == end || *p != '.')
		return 0;
	if (++p == end || !digit(*p))
		return -1;
	for (; p < end && digit(*p); p++) {
		unit /= 10;
		*ns += unit * (*p - '0');
	}
	*s = p;
	return 0;
}

/* "Z" or "+01:30", which is all that is left; in seconds. */
static int
offset(const char *s, const char *end, int *off)
{
	int h, m, sign;

	*off = 0;
	if (end - s == 1 && (*s == 'Z' || *s == 'z'))
		return 0;
	if (end - s != 6 || (*s != '+' && *s != '-'))
		return -1;
	sign = *s++ == '-' ? -1 : 1;
	h = part(&s, end, 2, ":");
	m = part(&s, end, 2, "");
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*off = sign * (h * 3600 + m * 60);
	return 0;
}

int
num_time(const char *s, size_t len, uint64_t *real_ns)
{
	const char *end = s + len;
	int y, mo, d, h, mi, sec, off;
	uint64_t ns, sum;
	int64_t t;

	if ((y = part(&s, end, 4, "-")) < 0 ||
	    (mo = part(&s, end, 2, "-")) < 0 ||
	    (d = part(&s, end, 2, "Tt ")) < 1 || d > month_days(y, mo) ||
	    (h = part(&s, end, 2, ":")) < 0 || h > 23 ||
	    (mi = part(&s, end, 2, ":")) < 0 || mi > 59 ||
	    /* 60 is a leap second, which the clock counts as the next one. */
	    (sec = part(&s, end, 2, "")) < 0 || sec > 60 ||
	    decimals(&s, end, &ns) == -1 || offset(s, end, &off) == -1)
		return fail(EINVAL);
	t = days(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - off;
	if (t < 0 || __builtin_mul_overflow((uint64_t)t, NS, &sum) ||
	    __builtin_add_overflow(sum, ns, real_ns))
		return fail(EINVAL);
	return 0;
}
