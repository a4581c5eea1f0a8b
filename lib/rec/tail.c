/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "rec/event.h"
#include "rec/json.h"
#include "rec/scan.h"
#include "rec/tail.h"
#include "rec/text.h"

/* Of n bytes those to be written; *told if the wire says that it is cut. */
static size_t
str_len(const char *s, size_t n, int *told)
{
	if (s[n - 1] != '\0')
		return n;
	*told |= TAIL_CUT;
	return text_trim(s, n - 1);
}

static size_t
list_len(const char *s, size_t n, int *told)
{
	if (s[n - 1] == '\0')
		return n - 1;
	*told |= TAIL_CUT;
	return text_trim(s, n);
}

static size_t
path_len(const char *s, size_t n, int *told)
{
	n -= s[n - 1] == '\0';
	if (n == 0 || s[n - 1] != '\0')
		return n;
	*told |= TAIL_CUT;
	return n - 1;
}

static char *
put_str(char *p, size_t room, const char *s, size_t n, int *told)
{
	size_t used;
	int bad = 0;

	n = str_len(s, n, told);
	*p++ = '"';
	p += json_escape(p, room, s, n, &used, &bad);
	*p++ = '"';
	*told |= (used < n ? TAIL_FULL : 0) | (bad ? TAIL_REPLACED : 0);
	return p;
}

static char *
put_list(char *p, size_t room, const char *s, size_t n, int *told)
{
	size_t used;
	int bad = 0;

	n = list_len(s, n, told);
	*p++ = '[';
	*p++ = '"';
	p += json_escape_list(p, room, s, n, &used, &bad);
	/* The last element of a list that is cut has a byte: without its NUL
	 * it would not be one. */
	for (size_t end = used; used < n && end > 0 && s[end - 1] == '\0'; end--)
		p -= 3;
	*p++ = '"';
	*p++ = ']';
	*told |= (used < n ? TAIL_FULL : 0) | (bad ? TAIL_REPLACED : 0);
	return p;
}

/*
 * How much of n bytes of names, leaf first, fits into so much room.  A path
 * that is not whole has no slash in front.
 */
static size_t
leaves(const char *s, size_t n, size_t room, int whole)
{
	size_t fits = 0, pos, len, sum = 0;

	if (n * JSON_WORST < room)
		return n;
	for (pos = 0; pos < n; pos += len + 1) {
		len = strnlen(s + pos, n - pos);
		if (len > 0)
			sum += json_measure(s + pos, len) + 1;
		if (sum > room + !(whole && pos + len == n))
			break;
		fits = pos + len;
	}
	return fits;
}

/* Where the name that ends before end begins. */
static const char *
name(const char *s, const char *end)
{
	const char *nul = memrchr(s, '\0', end - s);

	return nul != NULL ? nul + 1 : s;
}

static char *
put_names(char *p, const char *s, size_t n, int slash, int *bad)
{
	const char *end = s + n, *at;

	if (n == 0 && slash)
		*p++ = '/';
	for (; end > s; end = at > s ? at - 1 : s) {
		at = name(s, end);
		if (at == end)
			continue;
		if (slash)
			*p++ = '/';
		p += json_escape(p, (end - at) * JSON_WORST, at, end - at, NULL,
		    bad);
		slash = 1;
	}
	return p;
}

static char *
put_path(char *p, size_t room, const char *s, size_t n, int *told)
{
	int whole, bad = 0;
	size_t fits;

	n = path_len(s, n, told);
	whole = !(*told & TAIL_CUT);
	if ((fits = leaves(s, n, room, whole)) < n)
		*told |= TAIL_FULL;
	*p++ = '"';
	if (fits == 0 && n > 0)		/* not even the leaf */
		p += json_escape(p, room, s, strnlen(s, n), NULL, &bad);
	else
		p = put_names(p, s, fits, whole && fits == n, &bad);
	*p++ = '"';
	*told |= bad ? TAIL_REPLACED : 0;
	return p;
}

char *
tail_put(char *p, size_t room, int type, const char *s, size_t n, int *told)
{
	*told = 0;
	return type == F_str ? put_str(p, room, s, n, told) :
	    type == F_path ? put_path(p, room, s, n, told) :
	    put_list(p, room, s, n, told);
}

static size_t
path_need(const char *s, size_t n)
{
	size_t sum = 0, len, end;
	int told = 0;

	if ((end = path_len(s, n, &told)) == 0)
		return 1;
	for (size_t pos = 0; pos < end; pos += len + 1) {
		len = strnlen(s + pos, end - pos);
		if (len > 0)
			sum += json_measure(s + pos, len) + 1;
	}
	return sum - (told && sum > 0);
}

size_t
tail_need(int type, const char *s, size_t n)
{
	int told = 0;

	return type == F_str ? json_measure(s, str_len(s, n, &told)) :
	    type == F_path ? path_need(s, n) :
	    json_measure_list(s, list_len(s, n, &told));
}

size_t
tail_level(const size_t *needs, size_t n, size_t budget)
{
	size_t sum, longer, at = 0, last;

	do {
		last = at;
		sum = longer = 0;
		for (size_t i = 0; i < n; i++) {
			longer += needs[i] > last;
			sum += needs[i] > last ? 0 : needs[i];
		}
		if (longer == 0)
			return last;
		at = (budget - sum) / longer;
	} while (at > last);
	return last;
}

/* The bytes of a string at p, and more room behind them. */
static ssize_t
get(char *p, size_t room, const struct scan_val *v, size_t more)
{
	size_t n;

	if (v->type != SCAN_STR) {
		errno = EINVAL;
		return -1;
	}
	n = json_unescape(p, room, v->p, v->len, NULL);
	if (n > room || more > room - n) {
		errno = EOVERFLOW;
		return -1;
	}
	return n;
}

/* The same of a name, in which there can be no NUL. */
static ssize_t
get_name(char *p, size_t room, const struct scan_val *v, size_t more)
{
	ssize_t n = get(p, room, v, more);

	if (n > 0 && memchr(p, '\0', n) != NULL) {
		errno = EINVAL;
		return -1;
	}
	return n;
}

static void
reverse(char *p, char *end)
{
	char c;

	while (p < end) {
		c = *p;
		*p++ = *--end;
		*end = c;
	}
}

/* "/usr/bin" is "bin\0usr\0": turned around as a whole, then name by name. */
static ssize_t
get_path(char *p, size_t room, const struct scan_val *v)
{
	ssize_t n = get_name(p, room, v, 2);
	size_t slashes = 0;
	char *end, *at, *q;

	if (n <= 0)
		return n;
	while (slashes < (size_t)n && p[slashes] == '/')
		slashes++;
	memmove(p, p + slashes, n - slashes);
	end = p + n - slashes;
	reverse(p, end);
	for (at = p; at < end; at = q + 1) {
		if ((q = memchr(at, '/', end - at)) == NULL)
			q = end;
		reverse(at, q);
		*q = '\0';
	}
	*end++ = '\0';
	if (slashes == 0)
		*end++ = '\0';
	return end - p;
}

static ssize_t
get_list(char *p, size_t room, const struct scan_val *v, int cut)
{
	struct scan_val key, elem;
	size_t pos = 0, len = 0;
	ssize_t n;

	if (v->type != SCAN_ARR) {
		errno = EINVAL;
		return -1;
	}
	while (scan_next(v, &pos, &key, &elem)) {
		if ((n = get_name(p + len, room - len, &elem, 1)) == -1)
			return -1;
		len += n;
		p[len++] = '\0';
	}
	return len > 1 && cut ? len - 1 : len;
}

ssize_t
tail_get(char *p, size_t room, int type, const struct scan_val *v, int cut)
{
	ssize_t n;

	if (type == F_path)
		return get_path(p, room, v);
	if (type == F_list)
		return get_list(p, room, v, cut);
	if ((n = get(p, room, v, cut)) != -1 && cut)
		p[n++] = '\0';
	return n;
}
