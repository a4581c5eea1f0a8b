/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes at all are a stream of lines, however they are cut into reads. */
#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/in.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The line that begins at *p, as a simpler reader sees it. */
static enum in_status
expected(const uint8_t **p, const uint8_t *end, size_t *len)
{
	const uint8_t *nl = memchr(*p, '\n', end - *p);

	*len = (nl != NULL ? nl : end) - *p;
	if (*p == end)
		return IN_END;
	*p = nl != NULL ? nl + 1 : end;
	return *len > IN_MAX ? IN_LONG : nl != NULL ? IN_LINE : IN_HALF;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p = data, *at;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	enum in_status s, want;
	size_t len, n;
	struct in *in;
	char *line;

	if (fd == -1 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) == -1 || (in = in_fd(fd, NULL)) == NULL)
		abort();
	do {
		at = p;
		want = expected(&p, data + size, &n);
		if ((s = in_line(in, &line, &len)) != want)
			abort();
		if (s == IN_LINE && (len != n || memcmp(line, at, n) != 0 ||
		    line[len] != '\0'))
			abort();
	} while (s != IN_END);
	in_close(in);
	close(fd);
	return 0;
}
