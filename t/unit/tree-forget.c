/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A table that is full. */
#include "tap.h"
#include "unit/random.h"
#include "unit/tree.h"

static void
make(struct tree *t, const char *kind, uint64_t now, uint32_t pid,
    uint32_t parent)
{
	char line[512];

	snprintf(line, sizeof(line), "{\"event\":\"%s\",\"time\":\"2026-01-31T"
	    "12:00:00Z\",\"boot_ns\":%" PRIu64 ",\"host\":\"h\",\"id\":\""
	    "b007b007-%u-%u\",\"parent_id\":\"b007b007-%u-%u\",\"comm\":\"c%u\"}",
	    kind, now, pid, pid, parent, parent, pid);
	feed(t, line);
}

/* Which of 1 .. 20 are there. */
static const char *
there(struct tree *t)
{
	static char buf[256];
	char line[128], *p = buf;

	*buf = '\0';
	for (uint32_t i = 1; i <= 20; i++) {
		snprintf(line, sizeof(line),
		    "{\"event\":\"x\",\"id\":\"b007b007-%u-%u\"}", i, i);
		if (feed(t, line) == TREE_PROCESS)
			p += sprintf(p, "%s%u", p > buf ? " " : "", i);
	}
	return buf;
}

static int
is(const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return 1;
	printf("# got  %s\n# want %s\n", got, want);
	return 0;
}

static void
dead_first(void)
{
	struct tree *t = tree_new(8);

	for (uint32_t i = 2; i <= 8; i++)
		make(t, "fork", i, i, 1);
	make(t, "exit", 20, 5, 1);
	make(t, "exit", 21, 3, 1);
	make(t, "fork", 22, 9, 1);
	ok(is(there(t), "1 2 3 4 6 7 8 9"), "tree: who ended first is forgotten first");
	make(t, "fork", 23, 10, 1);
	ok(is(there(t), "1 2 4 6 7 8 9 10"), "tree: then who ended next");
	make(t, "exec", 24, 2, 1);
	make(t, "fork", 25, 11, 1);
	ok(is(there(t), "1 2 6 7 8 9 10 11"),
	    "tree: when all live, the one that was silent for longest");
	ok(tree_count(t).evicted == 3 && tree_count(t).processes == 8,
	    "tree: the forgotten are counted");
	tree_free(t);
}

static void
parents_later(void)
{
	struct tree *t = tree_new(8);

	for (uint32_t i = 2; i <= 8; i++)
		make(t, "fork", i, i, i - 1);
	make(t, "exit", 20, 2, 1);
	make(t, "exit", 21, 8, 7);
	make(t, "fork", 22, 9, 1);
	ok(is(there(t), "1 2 3 4 5 6 7 9"),
	    "tree: of the dead those that nobody descends from go first");
	make(t, "fork", 23, 10, 1);
	ok(is(there(t), "1 3 4 5 6 7 9 10"), "tree: then the others, before the living");
	ok(is(added(t, REC(exec, 24, WHO(3, 3)), TREE_BY_MAKER),
	    ",\"ancestors_cut\":true"),
	    "tree: who descends from a forgotten one knows that there was one");
	ok(is(added(t, REC(exec, 25, WHO(4, 4)), TREE_BY_MAKER),
	    ",\"ancestors\":[{\"id\":\"" ID(3, 3) "\",\"pid\":3,\"comm\":\"c3\"}]"
	    ",\"ancestors_cut\":true"), "tree: and so does its child");
	tree_free(t);
}

static void
source(void)
{
	struct tree *t = tree_new(8);
	char line[4096];
	size_t n;

	ok(tree_source(t, "1.0", "end", line) == 0,
	    "tree: without a record there is no host to speak of");
	for (uint32_t i = 2; i <= 30; i++)
		make(t, "fork", i, i, 1);
	n = tree_source(t, "1.0", "end", line);
	line[n] = '\0';
	ok(is(line, "{\"v\":1,\"event\":\"source\",\"time\":"
	    "\"2026-01-31T12:00:00.000000000Z\",\"boot_ns\":30,\"host\":\"h\","
	    "\"tool\":\"lnx-tree\",\"state\":\"end\",\"version\":\"1.0\","
	    "\"degraded\":[\"evicted: no room for more than 8 processes, "
	    "those that ended longest ago are forgotten\"],\"evicted\":22}\n"),
	    "tree: what it forgot is a record");
	tree_free(t);
}

static int
no_cycle(const struct tree *t)
{
	struct view_opts o = { .pid = -1 };
	struct view *v = view_new(t, &o);
	int good = 1;

	for (size_t i = 0; i < v->count; i++) {
		const struct tree_node *n = (const void *)v->rows[i].n;

		for (int by = 0; by < 2; by++)
			good &= n->up[by] == NULL ||
			    tree_older(&n->up[by]->id, &n->id);
	}
	good &= v->count == tree_count(t).processes;
	view_free(v);
	return good;
}

/* Whatever is claimed. */
static void
lies(uint64_t r)
{
	static const char *const kind[] = {
		"fork", "exec", "exit", "snap", "reparent", "source", "sample",
	};
	static const char *const key[] = { "parent_id", "creator_id", "old_parent_id" };
	struct tree *t = tree_new(8 + random_below(&r, 60));
	uint64_t max = 0;
	int good = 1;

	for (int i = 0; i < 5000; i++) {
		uint64_t start = random_below(&r, 20), up = random_below(&r, 20);
		char line[512];

		snprintf(line, sizeof(line), "{\"event\":\"%s\",\"boot_ns\":%"
		    PRIu64 ",\"host\":\"h\",\"id\":\"b007b00%u-%" PRIu64 "-%u\","
		    "\"%s\":\"b007b00%u-%" PRIu64 "-%u\",\"comm\":\"%u\","
		    "\"state\":\"%s\",\"snap\":%u,\"procs\":%u}",
		    kind[random_below(&r, 7)], random_below(&r, 100),
		    (unsigned)random_below(&r, 2), start,
		    (unsigned)random_below(&r, 6), key[random_below(&r, 3)],
		    (unsigned)random_below(&r, 2), up,
		    (unsigned)random_below(&r, 6), (unsigned)random_below(&r, 9),
		    random_below(&r, 2) ? "Z" : "synced",
		    (unsigned)random_below(&r, 12), (unsigned)random_below(&r, 9));
		added(t, line, random_below(&r, 2));
		if (tree_count(t).processes > max)
			max = tree_count(t).processes;
		if (i % 50 == 0)
			good &= no_cycle(t);
	}
	ok(good, "tree: no lie makes a cycle");
	ok(max <= 68 && tree_count(t).evicted > 0, "tree: nor takes more than its room");
	tree_free(t);
}

static void
many_boots(void)
{
	struct tree *t = tree_new(1024);
	char line[256];

	for (uint32_t i = 1; i <= TREE_BOOTS + 10; i++) {
		snprintf(line, sizeof(line), "{\"event\":\"exec\",\"boot_ns\":9,"
		    "\"host\":\"h%u\",\"id\":\"%08x-1-2\"}", i, i);
		feed(t, line);
	}
	ok(tree_count(t).processes == TREE_BOOTS && tree_count(t).evicted == 10,
	    "tree: of too many hosts the most silent are forgotten");
	tree_free(t);
}

int
main(void)
{
	dead_first();
	parents_later();
	source();
	lies(random_seed());
	many_boots();
	ok(tree_new(TREE_MAX_MIN - 1) == NULL, "tree: there is a smallest table");
	return tap_done();
}
