/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tap.h"
#include "unit/tree.h"

static int
is(const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return 1;
	printf("# got  %s\n# want %s\n", got, want);
	return 0;
}

static const struct tree_node *
node(struct tree *t, const char *id)
{
	const struct tree_node *n;
	char line[256];

	snprintf(line, sizeof(line), "{\"event\":\"x\",\"id\":\"%s\"}", id);
	tree_feed(t, line, strlen(line), &n);
	return n;
}

static void
double_fork(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(snap, 10, WHO(1, 1) COMM("init")));
	feed(t, REC(fork, 20, WHO(2, 20) PARENT(1, 1) COMM("sh")));
	feed(t, REC(fork, 30, WHO(3, 30) PARENT(2, 20) COMM("sh")));
	feed(t, REC(fork, 40, WHO(4, 40) PARENT(3, 30) COMM("sh")));
	feed(t, REC(exit, 50, WHO(3, 30) PARENT(2, 20) ",\"exit_code\":0"));
	feed(t, REC(reparent, 51, WHO(4, 40) PARENT(1, 1) OLD(3, 30)));
	feed(t, REC(exec, 60, WHO(4, 40) PARENT(1, 1) COMM("daemon")));
	ok(is(shape_by(t, TREE_BY_MAKER), "1(2(3(4)))"),
	    "tree: a daemon that forked twice is under who started it");
	ok(is(shape_by(t, TREE_BY_PARENT), "1(2(3) 4)"),
	    "tree: by parent it is under init");
	ok(is(added(t, REC(exit, 70, WHO(4, 40) PARENT(1, 1)), TREE_BY_MAKER),
	    ",\"ancestors\":[{\"id\":\"" ID(3, 30) "\",\"pid\":3,\"comm\":\"sh\"},"
	    "{\"id\":\"" ID(2, 20) "\",\"pid\":2,\"comm\":\"sh\"},"
	    "{\"id\":\"" ID(1, 1) "\",\"pid\":1,\"comm\":\"init\"}]"),
	    "tree: its exit tells of all who made it, nearest first");
	tree_free(t);
}

static void
subreaper(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(snap, 10, WHO(1, 1) COMM("init")));
	feed(t, REC(snap, 10, WHO(2, 2) PARENT(1, 1) COMM("systemd")));
	feed(t, REC(fork, 20, WHO(3, 20) PARENT(2, 2)));
	feed(t, REC(fork, 30, WHO(4, 30) PARENT(3, 20)));
	feed(t, REC(reparent, 40, WHO(4, 30) PARENT(2, 2) OLD(3, 20)));
	ok(is(shape_by(t, TREE_BY_PARENT), "1(2(3 4))"),
	    "tree: an orphan goes to the subreaper");
	ok(is(shape_by(t, TREE_BY_MAKER), "1(2(3(4)))"),
	    "tree: and keeps its maker");
	ok(node(t, ID(3, 20))->state == TREE_GONE,
	    "tree: who lost its child that way has ended");
	feed(t, REC(exit, 39, WHO(3, 20) PARENT(2, 2) ",\"signal\":9"));
	ok(node(t, ID(3, 20))->state == TREE_DEAD &&
	    node(t, ID(3, 20))->signal == 9, "tree: its exit, come late, says how");
	tree_free(t);
}

static void
clone_parent(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(fork, 20, WHO(2, 20) PARENT(1, 1)));
	feed(t, REC(fork, 30, WHO(3, 30) PARENT(1, 1) MAKER(2, 20)));
	ok(is(shape_by(t, TREE_BY_MAKER), "1(2(3))"),
	    "tree: CLONE_PARENT: the creator is the maker");
	ok(is(shape_by(t, TREE_BY_PARENT), "1(2 3)"),
	    "tree: CLONE_PARENT: the parent is the parent");
	tree_free(t);
}

static void
pid_reuse(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(fork, 20, WHO(7, 20) PARENT(1, 1) COMM("old")));
	feed(t, REC(exit, 30, WHO(7, 20) PARENT(1, 1) ",\"exit_code\":1"));
	feed(t, REC(fork, 40, WHO(7, 40) PARENT(1, 1) COMM("new")));
	feed(t, REC(fork, 50, WHO(8, 50) PARENT(7, 40) COMM("kid")));
	ok(is(shape_by(t, TREE_BY_MAKER), "1(7 7(8))"),
	    "tree: two that had one pid are two");
	ok(node(t, ID(7, 20))->exit_code == 1 &&
	    node(t, ID(7, 40))->state == TREE_ALIVE,
	    "tree: the end of the first is not that of the second");
	tree_free(t);
}

static void
exec_chain(void)
{
	struct tree *t = tree_new(64);
	const struct tree_node *n;

	feed(t, REC(fork, 20, WHO(2, 20) PARENT(1, 1) COMM("sh")));
	feed(t, REC(exec, 30, WHO(2, 20) COMM("env") ",\"argv\":[\"env\",\"a b\"]"));
	feed(t, REC(exec, 40, WHO(2, 20) COMM("python3")
	    ",\"argv\":[\"python3\",\"x\\u001b.py\"]"));
	n = node(t, ID(2, 20));
	ok(n->execs == 2 && is(n->comm, "python3") &&
	    is(n->cmd, "python3 x\033.py"), "tree: the last program counts");
	feed(t, REC(exec, 35, WHO(2, 20) COMM("late") ",\"argv\":[\"late\"]"));
	n = node(t, ID(2, 20));
	ok(n->execs == 3 && is(n->comm, "python3") &&
	    is(n->cmd, "python3 x\033.py"), "tree: a late record changes nothing");
	feed(t, REC(exec, 50, WHO(2, 20) COMM("x") ",\"exe\":\"/bin/x\""));
	n = node(t, ID(2, 20));
	ok(is(n->cmd, "/bin/x"), "tree: without arguments the program is told");
	feed(t, REC(exec, 60, WHO(2, 20) COMM("y")));
	n = node(t, ID(2, 20));
	ok(n->cmd == NULL, "tree: arguments of the last program are not told of the next");
	tree_free(t);
}

static void
long_cmd(void)
{
	struct tree *t = tree_new(64);
	const struct tree_node *n;
	char line[4096], arg[1024];

	memset(arg, 'x', sizeof(arg) - 1);
	arg[sizeof(arg) - 1] = '\0';
	snprintf(line, sizeof(line), REC(exec, 20, WHO(2, 20) COMM("x")
	    ",\"argv\":[\"a\",\"%s\"]"), arg);
	feed(t, line);
	n = node(t, ID(2, 20));
	ok(strlen(n->cmd) == TREE_CMD - 1 && strcmp(n->cmd + TREE_CMD - 4,
	    "...") == 0, "tree: long arguments are cut, and look it");
	tree_free(t);
}

static void
lost_and_synced(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(snap, 10, WHO(1, 1) ",\"snap\":1"));
	feed(t, REC(snap, 11, WHO(2, 2) PARENT(1, 1) ",\"snap\":1"));
	feed(t, REC(snap, 12, WHO(3, 3) PARENT(2, 2) ",\"snap\":1"));
	feed(t, REC(source, 13, "\"boot_id\":\"b007b007-0000\",\"state\":\"synced\",\"snap\":1,\"procs\":3"));
	feed(t, REC(fork, 20, WHO(5, 20) PARENT(1, 1)));
	ok(feed(t, REC(lost, 30, "\"count\":7")) == TREE_OTHER &&
	    tree_count(t).lost == 7, "tree: losses are counted");
	ok(node(t, ID(2, 2))->state == TREE_ALIVE, "tree: a loss ends nobody");
	feed(t, REC(snap, 40, WHO(1, 1) ",\"snap\":2"));
	feed(t, REC(snap, 41, WHO(3, 3) PARENT(1, 1) ",\"snap\":2"));
	feed(t, REC(fork, 42, WHO(6, 42) PARENT(1, 1)));
	ok(node(t, ID(2, 2))->state == TREE_ALIVE,
	    "tree: a snapshot under way ends nobody");
	feed(t, REC(source, 43, "\"boot_id\":\"b007b007-0000\",\"state\":\"synced\",\"snap\":2,\"procs\":2"));
	ok(node(t, ID(2, 2))->state == TREE_GONE && node(t, ID(5, 20))->state ==
	    TREE_GONE, "tree: whom a whole snapshot lacks is gone");
	ok(node(t, ID(3, 3))->state == TREE_ALIVE && node(t, ID(6, 42))->state ==
	    TREE_ALIVE, "tree: whom it tells, or who is younger, is not");
	ok(is(shape_by(t, TREE_BY_MAKER), "1(2(3) 5 6)"),
	    "tree: the gone are remembered");
	feed(t, REC(exec, 44, WHO(5, 20)));
	ok(node(t, ID(5, 20))->state == TREE_ALIVE,
	    "tree: who is heard of again was not gone");
	tree_free(t);
}

static void
not_whole(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(fork, 20, WHO(5, 20) PARENT(1, 1)));
	feed(t, REC(snap, 40, WHO(1, 1) ",\"snap\":2"));
	feed(t, REC(source, 43, "\"boot_id\":\"b007b007-0000\",\"state\":\"synced\",\"snap\":2,\"procs\":2"));
	ok(node(t, ID(5, 20))->state == TREE_ALIVE,
	    "tree: a snapshot with holes ends nobody");
	tree_free(t);
}

static void
zombie(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(snap, 10, WHO(2, 2) ",\"state\":\"Z\""));
	ok(node(t, ID(2, 2))->state == TREE_DEAD, "tree: a zombie has ended");
	feed(t, REC(snap, 9, WHO(2, 2) ",\"state\":\"R\""));
	ok(node(t, ID(2, 2))->state == TREE_DEAD,
	    "tree: and was alive before only");
	tree_free(t);
}

static void
cycles(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(fork, 20, WHO(2, 20) PARENT(3, 30)));
	feed(t, REC(fork, 30, WHO(3, 30) PARENT(2, 20)));
	feed(t, REC(fork, 30, WHO(4, 40) PARENT(4, 40)));
	ok(is(shape_by(t, TREE_BY_MAKER), "2(3) 4") && tree_count(t).refused == 2,
	    "tree: nobody descends from the younger, or from itself");
	feed(t, REC(fork, 50, WHO(5, 50)
	    ",\"parent_id\":\"cafecafe-1-1\",\"ppid\":1"));
	ok(tree_count(t).refused == 3, "tree: nor from another boot");
	tree_free(t);
}

static void
hosts(void)
{
	struct tree *t = tree_new(64);

	feed(t, "{\"event\":\"fork\",\"boot_ns\":5,\"host\":\"a\",\"id\":\"0000000a-5-2\",\"parent_id\":\"0000000a-1-1\"}");
	feed(t, "{\"event\":\"fork\",\"boot_ns\":5,\"host\":\"b\",\"id\":\"0000000b-5-2\",\"parent_id\":\"0000000b-1-1\"}");
	feed(t, "{\"event\":\"snap\",\"boot_ns\":9,\"host\":\"b\",\"id\":\"0000000b-1-1\",\"snap\":1}");
	feed(t, "{\"event\":\"source\",\"host\":\"b\",\"state\":\"synced\",\"snap\":1}");
	ok(is(shape_by(t, TREE_BY_MAKER), "1(2) 1(2)"), "tree: two hosts, two trees");
	ok(node(t, "0000000a-5-2")->state == TREE_ALIVE &&
	    node(t, "0000000b-5-2")->state == TREE_GONE,
	    "tree: a snapshot speaks of its own host");
	tree_free(t);
}

static void
adopted(void)
{
	struct tree *t = tree_new(64);

	feed(t, REC(exec, 50, WHO(3, 30) PARENT(2, 20) COMM("kid")));
	ok(node(t, ID(2, 20))->state == TREE_NAMED, "tree: a parent is named first");
	feed(t, REC(fork, 20, WHO(2, 20) PARENT(1, 1) COMM("sh")));
	ok(node(t, ID(2, 20))->state == TREE_ALIVE &&
	    is(shape_by(t, TREE_BY_MAKER), "1(2(3))"),
	    "tree: a child seen before its parent is adopted when it appears");
	tree_free(t);
}

static void
not_records(void)
{
	struct tree *t = tree_new(64);
	static const char nul[] = "{\"event\":\"x\0\"}";
	const struct tree_node *n;

	ok(feed(t, "") == TREE_NOT_JSON, "tree: nothing is no JSON");
	ok(feed(t, "{\"event\":\"exec\"") == TREE_NOT_JSON, "tree: half is no JSON");
	ok(tree_feed(t, nul, sizeof(nul) - 1, &n) == TREE_NOT_JSON,
	    "tree: a NUL is no JSON");
	ok(feed(t, "{\"v\":1}") == TREE_NOT_RECORD, "tree: no event, no record");
	ok(feed(t, "{\"v\":2,\"event\":\"exec\"}") == TREE_NOT_RECORD,
	    "tree: of another version, no record");
	ok(feed(t, "{\"v\":1,\"event\":\"new\"}") == TREE_OTHER,
	    "tree: a kind that is not known is a record");
	ok(feed(t, "{\"v\":1,\"event\":\"exec\",\"id\":\"x\"}") == TREE_OTHER,
	    "tree: so is one of no process");
	ok(feed(t, REC(exec, 50, WHO(3, 30))) == TREE_PROCESS &&
	    feed(t, REC(oom, 60, WHO(3, 30))) == TREE_PROCESS &&
	    feed(t, REC(oom, 60, WHO(3, 31))) == TREE_OTHER,
	    "tree: a record of any kind is one of a process if its id is known");
	ok(feed(t, REC(sample, 60, WHO(3, 31))) == TREE_PROCESS,
	    "tree: a sample makes a process known");
	tree_free(t);
}

int
main(void)
{
	double_fork();
	subreaper();
	clone_parent();
	pid_reuse();
	exec_chain();
	long_cmd();
	lost_and_synced();
	not_whole();
	zombie();
	cycles();
	hosts();
	adopted();
	not_records();
	return tap_done();
}
