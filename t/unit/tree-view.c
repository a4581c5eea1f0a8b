/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <regex.h>

#include "tap.h"
#include "unit/tree.h"

#define T(s)	"\"time\":\"2026-01-31T12:00:0" s "Z\","

static int
is(const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return 1;
	printf("# got\n%s\n# want\n%s\n", got, want);
	return 0;
}

/* To be freed. */
static char *
text(const struct tree *t, struct view_opts o)
{
	struct view *v = view_new(t, &o);
	struct dump d = { 0 };

	view_text(v, dump_line, &d);
	view_free(v);
	return d.s;
}

static int
text_is(const struct tree *t, struct view_opts o, const char *want)
{
	char *s = text(t, o);
	int good = is(strchr(s, '\n') + 1, want);

	free(s);
	return good;
}

static struct tree *
some(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(snap, 1000000000, T("1") WHO(1, 1) COMM("init") ",\"uid\":0"));
	feed(t, REC(snap, 1000000000, T("1") WHO(2, 2) COMM("kthreadd") ",\"uid\":0,\"kthread\":true"));
	feed(t, REC(fork, 1000000005, T("1.000000005") WHO(3, 1000000005) PARENT(1, 1) COMM("sh") ",\"uid\":1000"));
	feed(t, REC(exec, 1500000000, T("1.5") WHO(3, 1000000005) COMM("sh") ",\"uid\":1000,\"argv\":[\"sh\",\"-c\",\"x\"]"));
	feed(t, REC(fork, 2000000000, T("2") WHO(4, 2000000000) PARENT(3, 1000000005) COMM("sh") ",\"uid\":1000"));
	feed(t, REC(fork, 2000000001, T("2.000000001") WHO(5, 2000000001) PARENT(3, 1000000005) COMM("a")));
	feed(t, REC(fork, 2000000002, T("2.000000002") WHO(6, 2000000002) PARENT(4, 2000000000) COMM("b")));
	feed(t, REC(exit, 2500000000, T("2.5") WHO(4, 2000000000) PARENT(3, 1000000005) ",\"exit_code\":1"));
	feed(t, REC(exit, 3000000000, T("3") WHO(5, 2000000001) PARENT(3, 1000000005) ",\"signal\":11,\"core\":true"));
	feed(t, REC(exit, 9000000000, T("9") WHO(6, 2000000002) PARENT(1, 1) ",\"signal\":9"));
	return t;
}

static void
as_text(const struct tree *t)
{
	struct view_opts o = { .pid = -1 };

	ok(text_is(t, o,
	    "      1      0 alive           8.9s  init\n"
	    "      3   1000 alive           7.9s  `- sh -c x\n"
	    "      4   1000 exit 1         500ms     |- sh\n"
	    "      6      - SIGKILL         6.9s     |  `- b\n"
	    "      5      - SIGSEGV core   999ms     `- a\n"
	    "      2      0 alive           8.9s  [kthreadd]\n"),
	    "view: text tells how each ended, and how long it lived");
	o.utf8 = 1;
	o.pid = 4;
	ok(text_is(t, o,
	    "      1      0 alive           8.9s  init\n"
	    "      3   1000 alive           7.9s  └─ sh -c x\n"
	    "      4   1000 exit 1         500ms     └─ sh\n"
	    "      6      - SIGKILL         6.9s        └─ b\n"),
	    "view: --pid shows what is above and below");
}

static void
chosen(const struct tree *t)
{
	struct view_opts o = { .pid = -1, .alive = 1 };

	ok(is(shape(t, o), "1(3) 2"), "view: --alive leaves out the dead");
	o = (struct view_opts){ .pid = 6, .alive = 1 };
	ok(is(shape(t, o), "1(3)"), "view: of a dead one, the living ancestors");
	o = (struct view_opts){ .pid = -1, .since = VIEW_LAST, .since_ns = 6000000000 };
	ok(is(shape(t, o), "1(3(5 6)) 2"),
	    "view: --since leaves out who ended before, not who is below it");
	o.since_ns = 5900000000;
	ok(is(shape(t, o), "1(3(6)) 2"), "view: it is exact");
	o = (struct view_opts){ .pid = -1, .since = VIEW_SINCE };
	o.since_ns = 1769860802500000000;	/* 12:00:02.5 */
	ok(is(shape(t, o), "1(3(4(6) 5)) 2"), "view: --since takes a time");
	o.since_ns++;
	ok(is(shape(t, o), "1(3(5 6)) 2"), "view: it is exact too");
	o = (struct view_opts){ .pid = 77 };
	ok(is(shape(t, o), ""), "view: who never was is not shown");
}

static void
crop(const struct tree *t)
{
	struct view_opts o = { .pid = -1, .rows = 6 };

	ok(is(shape(t, o), "1(3(4(6)))"), "view: the latest, with what is above it, is kept");
	o.rows = 4;
	ok(text_is(t, o,
	    "      4   1000 exit 1         500ms  sh\n"
	    "      6      - SIGKILL         6.9s  `- b\n"
	    "... 4 more\n"), "view: what does not fit is counted");
	o.rows = 7;
	ok(strchr(shape(t, o), '2') != NULL, "view: what fits is all shown");
}

static void
colour(const struct tree *t)
{
	struct view_opts o = { .pid = 5, .colour = 1, .since = VIEW_LAST,
	    .since_ns = 6000000000 };
	char *s = text(t, o);

	ok(strstr(s, "\033[2m      5      - \033[31mSIGSEGV core\033[0m\033[2m") != NULL,
	    "view: colour says who was killed");
	free(s);
	o.colour = 0;
	s = text(t, o);
	ok(strchr(s, '\033') == NULL, "view: no colour, no escapes");
	free(s);
}

static void
hostile(void)
{
	struct tree *t = tree_new(64);
	struct view_opts o = { .pid = -1 };
	char *s;

	feed(t, REC(exec, 5, WHO(2, 5) COMM("\\u001b[2J\\\"x\\\\")
	    ",\"argv\":[\"a\\u001b]0;x\\u0007\",\"\\r\\n\",\"\\u009b\",\"\\u202e\",\"é\xf0\x9f\x98\x80\"]"));
	ok(text_is(t, o, "      2      - alive            0us  "
	    "a\\x1b]0;x\\x07 \\x0d\\x0a \\u009b \\u202e \\u00e9\\U0001f600\n"),
	    "view: no byte of a command steers the terminal");
	o.utf8 = 1;
	ok(text_is(t, o, "      2      - alive            0us  "
	    "a\\x1b]0;x\\x07 \\x0d\\x0a \\u009b \\u202e é\xf0\x9f\x98\x80\n"),
	    "view: a terminal that can gets the rest as it is");
	{
		struct view *v = view_new(t, &o);
		struct dump d = { 0 };

		view_dot(v, dump_line, &d);
		s = d.s;
		view_free(v);
	}
	ok(strstr(s, "label=\"\\\\x1b[2J\\\"x\\\\\\n2\\nalive\"") != NULL,
	    "view: dot is quoted");
	free(s);
	tree_free(t);
}

/* Every line of dot, as far as we write it. */
static void
dot(const struct tree *t)
{
	static const char want[] = "^(digraph processes \\{|\tnode \\[shape=box\\];|"
	    "\t\"[0-9a-f-]+\" \\[label=\"([^\"\\]|\\\\.)*\"(, style=dashed)?\\];|"
	    "\t\"[0-9a-f-]+\" -> \"[0-9a-f-]+\";|\\})$";
	struct view_opts o = { .pid = -1 };
	struct view *v = view_new(t, &o);
	struct dump d = { 0 };
	regex_t re;
	int good = 1, arrows = 0;

	regcomp(&re, want, REG_EXTENDED | REG_NOSUB);
	view_dot(v, dump_line, &d);
	for (char *l = strtok(d.s, "\n"); l != NULL; l = strtok(NULL, "\n")) {
		good &= regexec(&re, l, 0, NULL, 0) == 0;
		arrows += strstr(l, "->") != NULL;
	}
	ok(good && arrows == 4, "view: dot is dot, an arrow for each that has a maker");
	regfree(&re);
	free(d.s);
	view_free(v);
}

static void
deep(void)
{
	struct tree *t = tree_new(4096);
	char line[256], *s, *l;
	size_t longest = 0;

	for (int i = 2; i <= 3000; i++) {
		snprintf(line, sizeof(line), "{\"event\":\"fork\",\"boot_ns\":%d,"
		    "\"id\":\"b007b007-%d-2\",\"parent_id\":\"b007b007-%d-2\"}",
		    i, i, i - 1);
		feed(t, line);
	}
	s = text(t, (struct view_opts){ .pid = -1 });
	for (l = strtok(s, "\n"); l != NULL; l = strtok(NULL, "\n"))
		if (strlen(l) > longest)
			longest = strlen(l);
	ok(longest < 160, "view: 3000 generations do not make lines of 9000");
	free(s);
	tree_free(t);
}

static void
hosts(void)
{
	struct tree *t = tree_new(64);

	feed(t, "{\"event\":\"exec\",\"boot_ns\":5,\"host\":\"a\",\"id\":\"0000000a-5-2\"}");
	feed(t, "{\"event\":\"exec\",\"boot_ns\":5,\"host\":\"b\\u001b\",\"id\":\"0000000b-5-2\"}");
	ok(text_is(t, (struct view_opts){ .pid = -1 },
	    "a (boot 0000000a)\n"
	    "      2      - alive            0us  ?\n"
	    "b\\x1b (boot 0000000b)\n"
	    "      2      - alive            0us  ?\n"), "view: hosts are told apart");
	tree_free(t);
}

int
main(void)
{
	struct tree *t = some();

	as_text(t);
	chosen(t);
	crop(t);
	colour(t);
	dot(t);
	tree_free(t);
	hostile();
	deep();
	hosts();
	return tap_done();
}
