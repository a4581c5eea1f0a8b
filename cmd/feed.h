/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What every filter does with its operands: open, read, skip what is no record. */
#ifndef FEED_H
#define FEED_H

#include <stddef.h>
#include <stdint.h>

struct out;

/* What became of a line. */
enum feed_why {
	FEED_TAKEN, FEED_NOT_JSON, FEED_NOT_RECORD, FEED_NO_TIME, FEED_TOO_LONG,
	FEED_HALF, FEED_WHYS
};

struct feed {
	struct out	*out;		/* flushed before input is waited for */
	enum feed_why	(*line)(void *arg, const char *line, size_t len);
	void		(*idle)(void *arg);	/* before a wait; NULL is fine */
	void		(*silent)(void *arg);	/* no input for silent_ms; NULL is fine */
	int		 silent_ms;
	void		*arg;
	int		 quiet;		/* do not tell why lines are skipped */
	int		 fd;		/* read now */
	uint64_t	 lines, skipped;
	uint8_t		 told[FEED_WHYS];	/* each why is told once */
};

/*
 * Open them all: after that no file is needed.  "-" is standard input.  What
 * could not be opened is told, is -1, and makes *rc EX_LNX_SYSTEM.  NULL
 * without memory; the caller's to free.  Exits if output is one of the files:
 * to open it for writing would empty it.
 */
int *feed_open(char **paths, const char *output, int *rc);

/* Feed line() with all of them; fds are closed.  rc, made worse by what
 * happened. */
int feed_read(struct feed *, char **paths, const int *fds, int rc);

#endif
