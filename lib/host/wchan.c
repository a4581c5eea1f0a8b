/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "host/wchan.h"

size_t
wchan_name(const char *line, size_t len)
{
	const char *end = memchr(line, '+', len);

	if (end == NULL || (*line >= '0' && *line <= '9') ||
	    end - line > WCHAN_NAME)
		return 0;
	return end - line;
}
