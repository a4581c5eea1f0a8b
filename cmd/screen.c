/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sys/ioctl.h>

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "screen.h"

struct screen {
	int	 fd;
	size_t	 drawn;		/* lines on the terminal that are ours */
	size_t	 lines;		/* of the next picture */
	char	*buf;
	size_t	 len;
	FILE	*mem;		/* into buf */
	uint64_t shown_ms;	/* when the last one was drawn */
};

enum { FRAME_MS = 250 };

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
screen_is(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0;
}

int
screen_colour(int fd)
{
	const char *no = getenv("NO_COLOR");

	return screen_is(fd) && (no == NULL || *no == '\0');
}

int
screen_utf8(void)
{
	return setlocale(LC_CTYPE, "") != NULL &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The cursor goes to where the last picture began.  While one is drawn, lines
 * are not wrapped: they would take two rows. */
static void
begin(struct screen *s)
{
	s->lines = 0;
	rewind(s->mem);
	fputs("\033[?7l", s->mem);
	if (s->drawn > 0)
		fprintf(s->mem, "\033[%zuA", s->drawn);
	putc('\r', s->mem);
}

struct screen *
screen_new(int fd)
{
	struct screen *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->fd = fd;
	if ((s->mem = open_memstream(&s->buf, &s->len)) == NULL) {
		free(s);
		return NULL;
	}
	begin(s);
	return s;
}

void
screen_free(struct screen *s)
{
	if (s == NULL)
		return;
	fclose(s->mem);
	free(s->buf);
	free(s);
}

int
screen_due(const struct screen *s)
{
	return now_ms() - s->shown_ms >= FRAME_MS;
}

int
screen_wait(const struct screen *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t ms = now_ms() - s->shown_ms;

	return ms >= FRAME_MS || poll(&p, 1, FRAME_MS - ms) == 0;
}

size_t
screen_rows(const struct screen *s)
{
	struct winsize w;

	/* One row is for the cursor. */
	if (ioctl(s->fd, TIOCGWINSZ, &w) == -1 || w.ws_row < 2)
		return 23;
	return w.ws_row - 1;
}

void
screen_line(void *arg, const char *line, size_t len)
{
	struct screen *s = arg;

	fwrite(line, 1, len - 1, s->mem);
	fputs("\033[K\n", s->mem);
	s->lines++;
}

void
screen_show(struct screen *s)
{
	size_t pos = 0;
	ssize_t n;

	fputs("\033[J\033[?7h", s->mem);
	if (fflush(s->mem) == EOF)
		return;
	/* One write: a ^C between two would leave the terminal without wrap. */
	while (pos < s->len && ((n = write(s->fd, s->buf + pos, s->len - pos))
	    > 0 || (n == -1 && errno == EINTR)))
		pos += n > 0 ? n : 0;
	s->drawn = s->lines;
	s->shown_ms = now_ms();
	begin(s);
}

void
screen_clear(struct screen *s)
{
	if (s->drawn == 0)
		return;
	begin(s);
	screen_show(s);
	s->drawn = 0;
	begin(s);
}
