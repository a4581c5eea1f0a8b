/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/sandbox.h"
#include "rec/wirefile.h"

#include "cmd.h"
#include "replay.h"

int
replay_open(const char *path, const char *output)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO :
	    open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		err(EX_LNX_SYSTEM, "%s", path);
	if (cmd_same_file(fd, output))
		errx(EX_LNX_USAGE, "%s: is input and output", output);
	return fd;
}

int
replay(struct sink *s, int fd, const char *path, int strict)
{
	enum wirefile_status st;
	struct wirefile *f;
	const void *rec;
	uint64_t at;
	size_t size;
	int bad, rc;

	if ((f = wirefile_new(fd, s->out)) == NULL)
		err(EX_LNX_SYSTEM, "%s", path);
	if (sandbox_enter(0) == -1)
		err(EX_LNX_SYSTEM, "giving up privileges");
	while ((st = wirefile_next(f, &s->ctx, &rec, &size, &at)) ==
	    WIREFILE_OK && !cmd_stop) {
		bad = s->bad;
		if (sink_put(s, rec, size) != 0)
			break;
		if (bad == 0 && s->bad > 0)
			warnx("%s: byte %llu: not a record, skipped, as all "
			    "that follow like it", path,
			    (unsigned long long)at);
	}
	rc = s->bad > 0 || (strict && s->lost) ? EX_LNX_DATA : EX_LNX_OK;
	switch (st) {
	case WIREFILE_HALF:
		warnx("%s: the last record is cut off", path);
		rc = EX_LNX_DATA;
		break;
	case WIREFILE_BAD:
		warnx("%s: byte %llu: %s", path, (unsigned long long)at,
		    at == 0 ? "not a recording of lnx-trace" :
		    "not a record; the rest is left out");
		rc = EX_LNX_DATA;
		break;
	case WIREFILE_READ:
		if (errno == EINTR && cmd_stop)
			break;
		warn("%s", path);
		rc = EX_LNX_SYSTEM;
		break;
	case WIREFILE_OK: case WIREFILE_END:
		break;
	}
	wirefile_free(f);
	return rc;
}
