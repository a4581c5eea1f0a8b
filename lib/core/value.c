/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#include "core/value.h"

const char *
value_want(enum unit unit)
{
	static const char *const want[] = {
		[UNIT_COUNT] = "a whole number",
		[UNIT_TIME] = "a time as 500ms, 2s, 5m",
		[UNIT_SIZE] = "a size as 64MiB",
		[UNIT_PCT] = "a percentage as 40%",
		[UNIT_RATE] = "a rate as 10/s or 600/min",
		[UNIT_ANY] = "a number, with or without a unit: 40%, 2s, 64MiB, 10/s",
		[UNIT_CHOICE] = "one word",
		[UNIT_TEXT] = "text",
	};

	return want[unit];
}

/* A decimal number without sign or exponent, up to the end or a unit. */
static int
plain(const char *s, const char *unit, double *v)
{
	size_t n = strspn(s, "0123456789.");
	char buf[32], *end;

	if (n == 0 || n >= sizeof(buf) || strcmp(s + n, unit) != 0 ||
	    s[0] == '.' || s[n - 1] == '.')
		return -1;
	memcpy(buf, s, n);
	buf[n] = '\0';
	*v = strtod(buf, &end);
	return *end == '\0' ? 0 : -1;
}

static int
duration(const char *s, double *v)
{
	uint64_t ns;

	if (num_duration(s, &ns) == -1)
		return -1;
	*v = ns;
	return 0;
}

static int
size(const char *s, double *v)
{
	uint64_t bytes;

	if (num_size(s, &bytes) == -1)
		return -1;
	*v = bytes;
	return 0;
}

static int
rate(const char *s, double *v)
{
	const char *slash = strrchr(s, '/');
	char buf[32];

	if (slash == NULL || slash - s >= (long)sizeof(buf))
		return -1;
	memcpy(buf, s, slash - s);
	buf[slash - s] = '\0';
	if (plain(buf, "", v) == -1 && size(buf, v) == -1)
		return -1;
	if (strcmp(slash, "/min") == 0 || strcmp(slash, "/m") == 0)
		*v /= 60;
	else if (strcmp(slash, "/h") == 0)
		*v /= 3600;
	else if (strcmp(slash, "/s") != 0)
		return -1;
	return 0;
}

int
value_any(const char *s, double *v)
{
	double sign = 1;

	if (*s == '-') {
		sign = -1;
		s++;
	}
	if (plain(s, "", v) == -1 && plain(s, "%", v) == -1 &&
	    rate(s, v) == -1 && size(s, v) == -1 && duration(s, v) == -1)
		return -1;
	*v *= sign;
	return 0;
}

enum unit
value_unit(const char *s)
{
	char buf[64];
	double v;

	s += *s == '-';
	snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(s, "/"), s);
	return plain(buf, "", &v) == 0 ? UNIT_COUNT :
	    plain(buf, "%", &v) == 0 ? UNIT_PCT :
	    size(buf, &v) == 0 ? UNIT_SIZE : UNIT_TIME;
}

enum unit
value_unit_of(const char *field)
{
	const char *end = strrchr(field, '_');

	/* As the kernel names them: avg10, of some and of full. */
	if (strncmp(end != NULL ? end + 1 : field, "avg", 3) == 0)
		return UNIT_PCT;
	if (end == NULL)
		return UNIT_COUNT;
	return strcmp(end, "_ns") == 0 ? UNIT_TIME :
	    strcmp(end, "_bytes") == 0 ? UNIT_SIZE :
	    strcmp(end, "_pct") == 0 ? UNIT_PCT : UNIT_COUNT;
}

int
value_parse(enum unit unit, const char *s, double *v)
{
	uint64_t n;

	switch (unit) {
	case UNIT_COUNT:
		if (num_u64(s, 0, UINT32_MAX, &n) == -1)
			return -1;
		*v = n;
		return 0;
	case UNIT_TIME:
		return duration(s, v);
	case UNIT_SIZE:
		return size(s, v);
	case UNIT_PCT:
		return plain(s, "%", v);
	case UNIT_RATE:
		return rate(s, v);
	case UNIT_ANY:
		return value_any(s, v);
	case UNIT_CHOICE:
	case UNIT_TEXT:
		break;
	}
	return -1;
}

int
value_within(enum unit unit, const char *range, double v, char *why,
    size_t size)
{
	char least[VALUE_TEXT], most[VALUE_TEXT] = "";
	double lo = 0, hi = INFINITY;

	sscanf(range, "%39s %39s", least, most);
	value_parse(unit, least, &lo);
	if (most[0] != '\0')
		value_parse(unit, most, &hi);
	if (v >= lo && v <= hi)
		return 1;
	snprintf(why, size, "from %s%s%s", least, most[0] != '\0' ? " to " :
	    " on", most);
	return 0;
}

int
value_choice(const char *words, const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || strchr(s, ' ') != NULL)
		return -1;
	for (int i = 0; *words != '\0'; i++) {
		size_t len = strcspn(words, " ");

		if (len == n && memcmp(words, s, n) == 0)
			return i;
		words += len + (words[len] == ' ');
	}
	return -1;
}

char *
value_json(char *p, double v)
{
	size_t n;

	if (!isfinite(v) || fabs(v) > 0x1p64)
		v = v < 0 ? -0x1p64 : 0x1p64;
	n = snprintf(p, VALUE_TEXT, "%.3f", v);
	while (p[n - 1] == '0')
		n--;
	if (p[n - 1] == '.')
		n--;
	p[n] = '\0';
	if (strcmp(p, "-0") == 0)
		strcpy(p, "0");
	return p;
}

static char *
scaled(char *p, double v, const char *const *names, double step, size_t n)
{
	size_t i = 0;

	/* As it is written: 999.6 ms is a second. */
	while (i + 1 < n && round(fabs(v)) >= step) {
		v /= step;
		i++;
	}
	snprintf(p, VALUE_TEXT, "%.*f %s", fabs(v) < 9.95 && i > 0 ? 1 : 0, v,
	    names[i]);
	return p;
}

char *
value_text(char *p, enum unit unit, double v)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const sizes[] = { "B", "KiB", "MiB", "GiB", "TiB" };

	switch (unit) {
	case UNIT_TIME:
		if (fabs(v) >= 599.5e9)
			snprintf(p, VALUE_TEXT, "%.0f min", v / 60e9);
		else
			scaled(p, v, times, 1000, 4);
		break;
	case UNIT_SIZE:
		scaled(p, v, sizes, 1024, 5);
		break;
	case UNIT_PCT:
		value_json(p, round(v * 10) / 10);
		strcat(p, " %");
		break;
	case UNIT_RATE:
		value_json(p, round(v * 10) / 10);
		strcat(p, "/s");
		break;
	default:
		value_json(p, v);
	}
	return p;
}
