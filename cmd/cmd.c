/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/out.h"

#include "cmd.h"

volatile int cmd_stop;

static void
stop(int sig)
{
	(void)sig;
	cmd_stop = 1;
}

static void
on_stop(int flags)
{
	struct sigaction sa = { .sa_handler = stop };

	sigemptyset(&sa.sa_mask);
	/* Gone after one use: a second ^C always kills. */
	sa.sa_flags = SA_RESETHAND | flags;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

void
cmd_start(void)
{
	/* Open the wrong way round: using one that was closed fails, EBADF. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
	/* A parent may have left it ignored, which would hide a closed pipe. */
	signal(SIGPIPE, SIG_DFL);
	on_stop(0);
}

void
cmd_drain(void)
{
	on_stop(SA_RESTART);
}

int
cmd_usage(void)
{
	fprintf(stderr, "Try '%s -h'.\n", program_invocation_short_name);
	return EX_LNX_USAGE;
}

int
cmd_bad(const char *option, const char *value, const char *want)
{
	warnx("%s: '%s': want %s", option, value, want);
	return cmd_usage();
}

int
cmd_number(const char *option, const char *value, uint64_t min, uint64_t max,
    uint64_t *v)
{
	char want[80];

	if (num_u64(value, min, max, v) == 0)
		return 0;
	snprintf(want, sizeof(want), "a number from %" PRIu64 " to %" PRIu64,
	    min, max);
	return cmd_bad(option, value, want);
}

int
cmd_choice(const char *option, const char *value, const char *const *names,
    uint64_t *v)
{
	char want[256] = "";

	for (*v = 0; names[*v] != NULL; ++*v) {
		size_t n = strlen(want);

		if (strcmp(names[*v], value) == 0)
			return 0;
		snprintf(want + n, sizeof(want) - n, "%s%s", *v == 0 ? "" :
		    names[*v + 1] != NULL ? ", " : " or ", names[*v]);
	}
	return cmd_bad(option, value, want);
}

int
cmd_help(const char *text)
{
	fputs(text, stdout);
	return cmd_end(EX_LNX_OK, NULL, NULL);
}

int
cmd_version(void)
{
	printf("%s " PACKAGE_VERSION "\n", program_invocation_short_name);
	return cmd_end(EX_LNX_OK, NULL, NULL);
}

int
cmd_same_file(int fd, const char *path)
{
	struct stat a, b;

	return path != NULL && fstat(fd, &a) == 0 && S_ISREG(a.st_mode) &&
	    stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

int
cmd_end(int rc, struct out *out, const char *path)
{
	int bad = ferror(stdout);

	if (out != NULL && out_close(out) == -1) {
		warn("%s", path != NULL && strcmp(path, "-") != 0 ? path :
		    "standard output");
		return EX_LNX_SYSTEM;
	}
	/* fclose(3) is the last chance to hear of a full disk. */
	if (fclose(stdout) == EOF || bad) {
		warn("standard output");
		return EX_LNX_SYSTEM;
	}
	return rc;
}

int
cmd_chatty(int verbose)
{
	return verbose > 0 || isatty(STDERR_FILENO);
}
