/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shape NAME ME: run the program ME (see me.c) by the shape of exec called
 * NAME, in the working directory.  Prints, beside what ME prints, what only the
 * caller knows: "PID FIELD VALUE".
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "stim.h"

extern char **environ;
static const char *me;
static char *args[] = { "me", "one", "two words", "", "last", NULL };

static void
say(const char *field, const char *value)
{
	printf("%d\t%s\t%s\n", getpid(), field, value);
	fflush(stdout);
}

/* A file may not be run while anybody holds it open for writing. */
static void
copy(const char *to, int to_fd)
{
	int in = open(me, O_RDONLY);
	int out = to_fd != -1 ? to_fd : open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	struct stat st;

	must(in != -1 && out != -1 && fstat(in, &st) == 0);
	must(sendfile(out, in, NULL, (size_t)st.st_size) == st.st_size);
	close(in);
	if (to_fd == -1)
		close(out);
}

static void
do_plain(void)
{
	say("filename", "");
	say("script", "");
	say("from_tid", "");
	execve(me, args, environ);
}

static void
do_relative(void)
{
	copy("rel", -1);
	say("filename", "./rel");
	execve("./rel", args, environ);
}

static void
do_symlink(void)
{
	char path[4096];

	must(symlink(me, "link") == 0);
	must(getcwd(path, sizeof(path) - 8) != NULL);
	strcat(path, "/link");
	say("filename", path);
	execve(path, args, environ);
}

static void
do_execveat(void)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	char name[64];

	copy("at", -1);
	snprintf(name, sizeof(name), "/dev/fd/%d/at", dir);
	say("filename", name);
	syscall(SYS_execveat, dir, "at", args, environ, 0);
}

static void
do_empty_path(void)
{
	int fd = open(me, O_PATH);
	char name[64];

	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	say("filename", name);
	say("script", "");
	syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH);
}

static void
do_memfd(void)
{
	int fd = memfd_create("truth", 0);

	must(fd != -1);
	copy(NULL, fd);
	say("exe", "/memfd:truth");
	say("exe_memfd", "true");
	say("script", "");
	fexecve(fd, args, environ);
}

static void
do_deleted(void)
{
	int fd;

	copy("gone", -1);
	must((fd = open("gone", O_RDONLY)) != -1);
	must(unlink("gone") == 0);
	say("exe_deleted", "true");
	fexecve(fd, args, environ);
}

static void
do_script(void)
{
	FILE *fp = fopen("script", "w");
	char path[4096];

	must(fp != NULL);
	fprintf(fp, "#!%s of a script\n", me);
	must(fclose(fp) == 0);
	must(chmod("script", 0755) == 0);
	must(getcwd(path, sizeof(path) - 8) != NULL);
	strcat(path, "/script");
	say("script", path);
	say("filename", "");
	say("exe", me);
	execve(path, args, environ);
}

static void *
from_thread(void *arg)
{
	char tid[16];

	(void)arg;
	snprintf(tid, sizeof(tid), "%d", gettid());
	say("from_tid", tid);
	execve(me, args, environ);
	return NULL;
}

static void
do_thread(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, from_thread, NULL) == 0);
	pthread_join(t, NULL);
}

static pid_t
by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve(me, args, environ);
		_exit(127);
	}
	return pid;
}

static pid_t
by_posix_spawn(void)
{
	pid_t pid;

	must(posix_spawn(&pid, me, NULL, NULL, args, environ) == 0);
	return pid;
}

/* With a directory of cgroup v2 in $CGROUP the child is born there. */
static pid_t
by_clone3(void)
{
	const char *dir = getenv("CGROUP");
	struct clone_args ca = { .exit_signal = SIGCHLD };
	pid_t pid;

	if (dir != NULL) {
		must((ca.cgroup = (uint64_t)open(dir, O_RDONLY | O_CLOEXEC)) != (uint64_t)-1);
		ca.flags = CLONE_INTO_CGROUP;
	}
	fflush(stdout);
	must((pid = (pid_t)syscall(SYS_clone3, &ca, sizeof(ca))) != -1);
	if (pid == 0) {
		execve(me, args, environ);
		_exit(127);
	}
	return pid;
}

static const struct {
	const char *name;
	void (*in_child)(void);
	pid_t (*make)(void);
} shapes[] = {
	{ "plain", do_plain, NULL }, { "relative", do_relative, NULL },
	{ "symlink", do_symlink, NULL }, { "execveat", do_execveat, NULL },
	{ "empty-path", do_empty_path, NULL }, { "memfd", do_memfd, NULL },
	{ "deleted", do_deleted, NULL }, { "script", do_script, NULL },
	{ "thread", do_thread, NULL }, { "vfork", NULL, by_vfork },
	{ "posix_spawn", NULL, by_posix_spawn }, { "clone3", NULL, by_clone3 },
};

int
main(int argc, char **argv)
{
	size_t i;
	pid_t pid;

	if (argc != 3)
		return 2;
	me = argv[2];
	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (strcmp(shapes[i].name, argv[1]) == 0)
			break;
	if (i == sizeof(shapes) / sizeof(*shapes))
		return 2;
	if (shapes[i].make != NULL)
		must((pid = shapes[i].make()) > 0);
	else if ((pid = stim_fork()) == 0) {
		shapes[i].in_child();
		must(!"exec");
	}
	printf("%d\tppid\t%d\n", pid, getpid());
	return stim_reap(pid) != 0;
}
