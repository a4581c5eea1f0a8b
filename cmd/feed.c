/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/in.h"
#include "base/out.h"

#include "cmd.h"
#include "feed.h"

int *
feed_open(char **paths, const char *output, int *rc)
{
	size_t n = 0;
	int *fds;

	while (paths[n] != NULL)
		n++;
	if ((fds = calloc(n + 1, sizeof(*fds))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		fds[i] = strcmp(paths[i], "-") == 0 ? STDIN_FILENO :
		    open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fds[i] == -1) {
			warn("%s", paths[i]);
			*rc = EX_LNX_SYSTEM;
		} else if (cmd_same_file(fds[i], output))
			errx(EX_LNX_USAGE, "%s: is input and output", output);
	}
	return fds;
}

static void
skip(struct feed *f, const char *path, unsigned long line, enum feed_why why)
{
	static const char *const text[FEED_WHYS] = {
		[FEED_NOT_JSON] = "not JSON",
		[FEED_NOT_RECORD] = "not a record",
		[FEED_NO_TIME] = "boot_ns is no time",
		[FEED_TOO_LONG] = "line too long, dropped",
		[FEED_HALF] = "half a line, dropped",
	};

	f->skipped++;
	if (!f->told[why] && !f->quiet)
		warnx("%s:%lu: %s", path, line, text[why]);
	f->told[why] = 1;
}

static int
read_one(struct feed *f, struct in *in, const char *path)
{
	enum feed_why why;
	char *line;
	size_t len;

	for (;;)
		switch (in_line(in, &line, &len)) {
		case IN_LINE:
			f->lines++;
			if ((why = f->line(f->arg, line, len)) != FEED_TAKEN)
				skip(f, path, in_lineno(in), why);
			break;
		case IN_LONG:
			skip(f, path, in_lineno(in), FEED_TOO_LONG);
			break;
		case IN_HALF:
			skip(f, path, in_lineno(in), FEED_HALF);
			break;
		case IN_READ:
			warn("%s", path);
			return -1;
		case IN_WRITE:	/* cmd_end() tells */
		case IN_STOP:
		case IN_END:
			return 0;
		}
}

int
feed_read(struct feed *f, char **paths, const int *fds, int rc)
{
	struct in *in;

	for (size_t i = 0; paths[i] != NULL; i++) {
		if ((f->fd = fds[i]) == -1 || out_error(f->out) != 0)
			continue;
		if ((in = in_fd(f->fd, f->out)) == NULL)
			err(EX_LNX_SYSTEM, "%s", paths[i]);
		if (f->idle != NULL)
			in_idle(in, f->idle, f->arg);
		if (f->silent != NULL)
			in_silent(in, f->silent_ms, f->silent, f->arg);
		if (read_one(f, in, paths[i]) == -1)
			rc = EX_LNX_SYSTEM;
		in_close(in);
		if (f->fd != STDIN_FILENO)
			close(f->fd);
	}
	return rc == EX_LNX_OK && f->skipped > 0 ? EX_LNX_DATA : rc;
}
