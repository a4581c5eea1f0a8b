/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "host/cgroup.h"
#include "rec/wire.h"

static const char *const controllers[] = {
	"memory", "pids", "cpu", "cpuset", "blkio", "devices", "freezer",
};

enum { NCONTROLLERS = sizeof(controllers) / sizeof(controllers[0]) };

/* Which of the controllers is in a list like "rw,cpu,cpuacct". */
static int
controller_in(const char *options)
{
	char buf[256], *save, *word;

	for (int i = 0; i < NCONTROLLERS; i++) {
		snprintf(buf, sizeof(buf), "%s", options);
		for (word = strtok_r(buf, ",\n", &save); word != NULL;
		    word = strtok_r(NULL, ",\n", &save))
			if (strcmp(word, controllers[i]) == 0)
				return i;
	}
	return NCONTROLLERS;
}

int
cgroup_host(struct cgroup_host *h)
{
	char line[4096], point[256], type[32], options[256], *dash;
	int best = NCONTROLLERS, i;
	FILE *f;

	memset(h, 0, sizeof(*h));
	if ((f = fopen("/proc/self/mountinfo", "re")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((dash = strstr(line, " - ")) == NULL ||
		    sscanf(line, "%*s %*s %*s %*s %255s", point) != 1 ||
		    sscanf(dash, " - %31s %*s %255s", type, options) != 2)
			continue;
		if (strcmp(type, "cgroup2") == 0 && h->v2[0] == '\0')
			strcpy(h->v2, point);
		if (strcmp(type, "cgroup") != 0)
			continue;
		if ((i = controller_in(options)) < best) {
			best = i;
			strcpy(h->v1, point);
			strcpy(h->controller, controllers[i]);
		}
	}
	fclose(f);
	if (h->controller[0] == '\0')
		h->mode = CGROUP_V2;
	else
		h->mode = h->v2[0] != '\0' ? CGROUP_HYBRID : CGROUP_V1;
	return 0;
}

const char *
cgroup_mode_name(enum cgroup_mode m)
{
	switch (m) {
	case CGROUP_V2:
		return "v2";
	case CGROUP_V1:
		return "v1";
	case CGROUP_HYBRID:
		return "hybrid";
	}
	return NULL;
}

/* Of which hierarchy a directory is, if of one whose ids are told.  0, or -1. */
static int
look(const struct cgroup_host *h, const char *path, uint64_t *id, int *v1)
{
	struct statfs fs;
	struct stat st, root;

	if (stat(path, &st) == -1 || statfs(path, &fs) == -1)
		return -1;
	*id = st.st_ino;
	*v1 = fs.f_type == CGROUP_SUPER_MAGIC;
	if (S_ISDIR(st.st_mode) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	/* Each hierarchy of v1 has a file system, and ids, of its own. */
	if (S_ISDIR(st.st_mode) && *v1 && h->v1[0] != '\0' &&
	    stat(h->v1, &root) == 0 && root.st_dev == st.st_dev)
		return 0;
	errno = ENOTDIR;
	return -1;
}

/* What is left of path behind a mount point; NULL if it is not below that. */
static const char *
behind(const char *path, const char *point)
{
	size_t n = strlen(point);

	return n > 0 && strncmp(path, point, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

static const char *
below(const struct cgroup_host *h, const char *path)
{
	const char *a = behind(path, h->v2), *b = behind(path, h->v1);

	/* One may be mounted below the other. */
	if (a != NULL && (b == NULL || strlen(a) < strlen(b)))
		return a;
	return b != NULL ? b : path;
}

/* As path, and without ways round.  NULL with errno. */
static char *
canonical(const struct cgroup_host *h, const char *path)
{
	char *real = realpath(path, NULL);
	const char *p;

	if (real != NULL && (p = below(h, real)) != real)
		memmove(real, p, strlen(p) + 1);
	return real;
}

int
cgroup_id(const struct cgroup_host *h, const char *path, uint64_t *id, int *v1,
    char **name)
{
	const char *const points[] = { "", h->v2, h->v1 };
	char full[8192];

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		if (i > 0 && *points[i] == '\0')
			continue;
		snprintf(full, sizeof(full), "%s%s%s", points[i],
		    i > 0 ? "/" : "", path);
		if (look(h, full, id, v1) == 0)
			return (*name = canonical(h, full)) != NULL ? 0 : -1;
	}
	errno = ENOENT;
	return -1;
}

int
cgroup_open(int root, const char *path, uint64_t id)
{
	int dir = openat(root, *path != '\0' ? path : ".",
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir == -1 || (fstat(dir, &st) == 0 &&
	    (id == WIRE_UNKNOWN_64 || st.st_ino == id)))
		return dir;
	close(dir);
	errno = ENODEV;
	return -1;
}

int
cgroup_dir(char *buf, size_t size, const char *names, size_t len)
{
	size_t n = 0, l;

	if (len == 0)
		return -1;
	while (len > 1) {
		/* The last name first; an empty one at the end is a cut. */
		for (l = 1; l < len && names[len - l - 1] != '\0'; l++)
			;
		if (l == 1 || n + l >= size)
			return -1;
		memcpy(buf + n, names + len - l, l - 1);
		n += l;
		buf[n - 1] = '/';
		len -= l;
	}
	buf[n] = '\0';
	return 0;
}
