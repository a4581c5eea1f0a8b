/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Prints what the exec record of this very process must say, as the process
 * finds it in its own /proc/self: "PID FIELD VALUE", no VALUE where the field
 * must be absent.  With "-w" as an argument it then waits for the end of stdin.
 *
 * Of v1 cgroups it prints all, as "cgroup_v1:CONTROLLER": which one counts, the
 * source record says.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "stim.h"

static int pid;

static void
say(const char *field, const char *value)
{
	printf("%d\t%s\t%s\n", pid, field, value);
}

static void
say_num(const char *field, long long n)
{
	printf("%d\t%s\t%lld\n", pid, field, n);
}

static ssize_t
slurp(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	must(fd != -1);
	while ((n = read(fd, buf + len, cap - 1 - (size_t)len)) > 0)
		len += n;
	close(fd);
	buf[len] = '\0';
	return len;
}

/* /proc/self names the process as the one who mounted /proc sees it. */
static void
say_pid(void)
{
	char buf[32];
	ssize_t n = readlink("/proc/self", buf, sizeof(buf) - 1);

	must(n > 0);
	buf[n] = '\0';
	pid = atoi(buf);
	say_num("pid", pid);
	if (getpid() != pid)
		say_num("ns_pid", getpid());
	else
		say("ns_pid", "");
}

static void
say_exe(void)
{
	static const char gone[] = " (deleted)";
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);
	size_t glen = sizeof(gone) - 1;
	int deleted, memfd;

	must(n > 0);
	buf[n] = '\0';
	memfd = strncmp(buf, "/memfd:", 7) == 0;
	deleted = (size_t)n > glen && strcmp(buf + n - glen, gone) == 0;
	if (deleted)
		buf[(size_t)n - glen] = '\0';
	say("exe", buf);
	say("exe_memfd", memfd ? "true" : "");
	/* A memfd never had a name that it could lose. */
	if (!memfd)
		say("exe_deleted", deleted ? "true" : "");
	must(getcwd(buf, sizeof(buf)) != NULL);
	say("cwd", buf);
}

static void
say_argv(void)
{
	static char buf[1 << 18];
	ssize_t n = slurp("/proc/self/cmdline", buf, sizeof(buf)), i;
	int argc = 0;

	printf("%d\targv\t[\"", pid);
	for (i = 0; i < n; i++) {
		/* The tests give it nothing that JSON would escape. */
		must(buf[i] != '"' && buf[i] != '\\');
		if (buf[i] != '\0')
			putchar(buf[i]);
		else if (argc++, i + 1 < n)
			printf("\",\"");
	}
	printf("\"]\n");
	say_num("argc", argc);
	say_num("argv_len", n);
	say("argv_cut", "");
}

static void
say_status(void)
{
	static const char *const want[][2] = {
		{ "CapEff:\t", "cap_eff" }, { "CapPrm:\t", "cap_prm" },
		{ "CapInh:\t", "cap_inh" }, { "Name:\t", "comm" },
	};
	char buf[8192], *line, *save;
	size_t i, n;

	slurp("/proc/self/status", buf, sizeof(buf));
	for (line = strtok_r(buf, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		for (i = 0; i < 4; i++)
			if (strncmp(line, want[i][0], n = strlen(want[i][0])) == 0)
				say(want[i][1], line + n);
	say_num("uid", getuid());
	say_num("gid", getgid());
	if (geteuid() != getuid())
		say_num("euid", geteuid());
	else
		say("euid", "");
	if (getegid() != getgid())
		say_num("egid", getegid());
	else
		say("egid", "");
}

static void
say_login(const char *field, const char *path)
{
	char buf[32];

	if (access(path, R_OK) == -1)
		return;		/* a kernel without audit */
	slurp(path, buf, sizeof(buf));
	say(field, strcmp(buf, "4294967295") == 0 ? "" : buf);
}

static void
say_tty(void)
{
	char buf[1024], name[32], *p;
	unsigned nr, major, minor;

	slurp("/proc/self/stat", buf, sizeof(buf));
	must((p = strrchr(buf, ')')) != NULL);
	must(sscanf(p + 1, " %*c %*d %*d %*d %u", &nr) == 1);
	major = nr >> 8 & 0xfff;
	minor = (nr & 0xff) | (nr >> 12 & 0xfff00);
	if (nr == 0)
		say("tty", "");
	else if (major >= 136 && major < 144) {
		snprintf(name, sizeof(name), "pts/%u", minor + 256 * (major - 136));
		say("tty", name);
	}
}

static void
say_ns(void)
{
	static const char *const ns[] = { "pid", "mnt", "net", "user", "uts",
	    "ipc", "cgroup", "time" };
	char path[32], buf[64], field[32];
	unsigned long ino;
	ssize_t n;
	size_t i;

	for (i = 0; i < sizeof(ns) / sizeof(*ns); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns[i]);
		if ((n = readlink(path, buf, sizeof(buf) - 1)) == -1)
			continue;
		buf[n] = '\0';
		must(sscanf(strchr(buf, '['), "[%lu]", &ino) == 1);
		snprintf(field, sizeof(field), "%s_ns", ns[i]);
		say_num(field, (long long)ino);
	}
}

static void
say_cgroup(void)
{
	char buf[8192], field[256], v2[4096] = "", *line, *save, *name, *path;

	slurp("/proc/self/cgroup", buf, sizeof(buf));
	must((line = strstr(buf, "0::")) == NULL ||
	    sscanf(line, "0::%4095[^\n]", v2) == 1);
	if (*v2 != '\0')
		say("cgroup", v2);
	for (line = strtok_r(buf, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		must((name = strchr(line, ':')) != NULL);
		must((path = strchr(++name, ':')) != NULL);
		*path++ = '\0';
		snprintf(field, sizeof(field), "cgroup_v1:%s", name);
		if (*name != '\0')
			say(field, strcmp(path, v2) == 0 ? "" : path);
	}
}

int
main(int argc, char **argv)
{
	say_pid();
	say_exe();
	say_argv();
	say_status();
	say_login("loginuid", "/proc/self/loginuid");
	say_login("sessionid", "/proc/self/sessionid");
	say_tty();
	say_ns();
	say_cgroup();
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "-w") == 0)
		while (getchar() != EOF)
			;
	return 0;
}
