/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What every tool does alike. */
#ifndef CMD_H
#define CMD_H

#include <stdint.h>

struct out;

/* What the shell sees.  man/lnx.7 has the same table; t/lint checks that. */
enum {
	EX_LNX_OK	= 0,	/* done, also after SIGINT or SIGTERM */
	EX_LNX_NO	= 1,	/* the question was answered: no */
	EX_LNX_USAGE	= 2,	/* used wrongly: options, configuration, rules */
	EX_LNX_DATA	= 3,	/* some input was not a record and was skipped */
	EX_LNX_SYSTEM	= 4,	/* the system refused: file, memory, permission, kernel */
	EX_LNX_REMOTE	= 5,	/* a peer refused: model, node, HTTP */
};

/* Set by the first SIGINT or SIGTERM; the second kills. */
extern volatile int cmd_stop;

/*
 * First thing in main(): signals as a tool in a pipe wants them (SIGPIPE
 * kills, SIGINT and SIGTERM set cmd_stop once), and a descriptor for each of
 * stdin, stdout, stderr, so that no file opened later is taken for one.
 */
void cmd_start(void);

/* A filter stops at the end of its input, not at the first ^C: the signal
 * changes nothing but that the second one kills. */
void cmd_drain(void);

/* "Try 'lnx-x -h'" to stderr; the status. */
int cmd_usage(void);

/* An option's value is not what it must be: say so; the status.
 * "lnx-x: --count: 'abc': want a number from 1 to 10" */
int cmd_bad(const char *option, const char *value, const char *want);

/* An option's value as a number, or as one of names (*v counts from 0), which
 * end with NULL.  0; or it was told what is wanted, and this is the status. */
int cmd_number(const char *option, const char *value, uint64_t min,
    uint64_t max, uint64_t *v);
int cmd_choice(const char *option, const char *value,
    const char *const *names, uint64_t *v);

/* The text to stdout; the status. */
int cmd_help(const char *text);
int cmd_version(void);

/* True if fd reads the file at path (NULL: none), which writing would empty. */
int cmd_same_file(int fd, const char *path);

/*
 * Last thing: close out (NULL is fine), which goes to path (NULL or "-":
 * standard output), say once if anything could not be written, and turn rc
 * into the exit status.
 */
int cmd_end(int rc, struct out *out, const char *path);

/* True if standard error should get counts at the end: a tty, or verbose. */
int cmd_chatty(int verbose);

#endif
