# SPDX-License-Identifier: AGPL-3.0-or-later
# Who makes whom wait, as lnx-tree --text tells it.
setup() {
	load ../helper
	S=$DATA/stall
	cd "$BATS_TEST_TMPDIR" || return
}

# golden NAME [OPTION...]: the text is as it was blessed, in any order of the records.
golden() {
	local f=$S/$1.ndjson

	shift
	lnx-tree --text "$@" "$f" | diff -u "${f%.ndjson}${1:+.rolled}.text" -
	tac "$f" | lnx-tree --text "$@" | diff -u "${f%.ndjson}${1:+.rolled}.text" -
	lnx-tree "$f" | grep '"event":"stall' >out || :
	grep '"event":"stall' "$f" | cmp - out
}

@test "lnx-tree: a neighbour is named, with what it did and what it used" {
	golden a-neighbour
}

@test "lnx-tree: of a wait for its own quota it says that no neighbour did it" {
	golden its-own-quota
	lnx-tree --text "$S/its-own-quota.ndjson" |
	    grep -q 'for its own cpu.max: no neighbour did this (74.6 % of its wait)$'
}

@test "lnx-tree: what a model says of I/O stands apart from what is measured" {
	golden io-is-estimated
	# Of the estimated, nothing is in the harm that a process did.
	lnx-tree --text "$S/io-is-estimated.ndjson" | grep -q ' 50ms\*  .*spark'
}

@test "lnx-tree: where processes are told, a line says what its process did" {
	golden processes-are-told
}

@test "lnx-tree: with --cgroup-depth who waits for its sibling waits for itself" {
	golden a-sidecar
	golden a-sidecar --cgroup-depth 2
}

@test "lnx-tree: pressure stands beside what was waited, and of a roaming task it says half" {
	golden beside-pressure
	# That of a cgroup is its own: not the sum of those below it.
	golden beside-pressure --cgroup-depth 1
	lnx-tree --text "$S/beside-pressure.ndjson" |
	    grep -q 'says 49.6 % on CPU (some); its tasks waited 993 ms in each second, 2.0 times as long$'
	# Without it there is no column for it.
	grep -v '"event":"psi"' "$S/beside-pressure.ndjson" | lnx-tree --text >out
	grep -c -e SOME -e pressure out | grep -qx 0
	grep '"event":"psi"' "$S/beside-pressure.ndjson" | lnx-tree --text >out
	grep -c -e SOME -e pressure out | grep -qx 0
}

@test "lnx-tree: where the v2 hierarchy is not in use, the other one names the parties" {
	golden v1-tells
}

@test "lnx-tree: names of cgroups do not reach the terminal, hosts are told apart" {
	golden hostile-and-starving
	[ "$(lnx-tree --text "$S/hostile-and-starving.ndjson" | tr -d '\n' |
	    LC_ALL=C grep -c '[[:cntrl:]]')" = 0 ]
}

@test "lnx-tree: without a record of it there is no column for waiting" {
	lnx-tree --text "$DATA/tree/two-hosts.ndjson" | grep -c WAIT | grep -qx 0
	grep -v '"event":"stall' "$S/a-neighbour.ndjson" >in
	lnx-tree --text in | grep -c WAIT | grep -qx 0
	lnx-tree --text "$S/a-neighbour.ndjson" | grep -c WAIT | grep -qx 2
}

@test "lnx-tree: of unknown parties nothing is made up" {
	{
		echo '{"v":1,"event":"stall","boot_ns":9,"resource":"cpu","window_ns":5,"stall_ns":7}'
		echo '{"v":1,"event":"stall","resource":"soul","victim":{"cgroup":"/x"},"stall_ns":7}'
		echo '{"v":1,"event":"stall_total","boot_ns":9,"resource":"cpu","victim":{"cgroup_id":"5"},"window_ns":5,"stall_ns":6,"by":{"unknown":6}}'
		echo '{"v":1,"event":"stall_culprit","boot_ns":9,"resource":"cpu","culprit":7,"window_ns":5}'
		echo '{"v":1,"event":"stall","boot_ns":9,"resource":"cpu","victim":{"cgroup_id":"5"},"culprit":{"kind":"limit"},"window_ns":5,"stall_ns":3,"method":"open"}'
	} >in
	run --separate-stderr lnx-tree --text in
	[ "$status" -eq 0 ]
	[ "$stderr" = "" ]
	[ "${lines[1]}" = "WHO MAKES WHOM WAIT" ]
	[ "${lines[2]}" = "  unknown: 100 % of 13 ns of waiting on CPU" ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "lnx-tree: --no-kthreads shows no thread of the kernel, and means --text" {
	f=$S/a-neighbour.ndjson
	lnx-tree --no-kthreads "$f" >out
	grep -c -e kworker out | grep -qx 1	# what it did is told all the same
	diff -u <(lnx-tree --text "$f" | grep -v '\[') out
}

# on_tty ROWS COMMAND: what a terminal of so many rows would get.
on_tty() {
	local rows=$1

	command -v script >/dev/null || skip "no script(1)"
	shift
	script -qec "stty rows $rows cols 200; env TERM=xterm $*" /dev/null \
	    </dev/null | tr -d '\r'
}

@test "lnx-tree: live, the last window stands above the tree; at the end the sum below it" {
	on_tty 20 bash -c "'{ cat $S/a-neighbour.ndjson; sleep 0.4; } | lnx-tree --text'" >out
	grep -q 'waiting 600 ms of the last 1.00 s on CPU' out
	grep -q 'waiting 900 ms of 2.00 s on CPU' out
	# a picture: sentences, then the tree
	awk '/of the last/ { if (tree) exit 1; said = 1 } /PID/ { tree = 1; exit !said }' out
	# 12 rows are too few for both
	on_tty 8 bash -c "'{ cat $S/a-neighbour.ndjson; sleep 0.4; } | lnx-tree --text'" >out
	grep -c 'of the last' out | grep -qx 0
	grep -q '621ms\*' out
}

# edge VICTIM KIND CULPRIT RESOURCE NS METHOD: a stall record.
edge() {
	local by='"kind":"'$2'"'
	[ -z "$3" ] || by+=',"cgroup":"'$3'"'
	printf '{"v":1,"event":"stall","time":"2026-01-31T12:00:05.000000000Z","boot_ns":5000000000,"host":"h","resource":"%s","victim":{"cgroup":"%s"},"culprit":{%s},"window_ns":4000000000,"stall_ns":%s,"method":"%s","confidence":1}\n' \
	    "$4" "$1" "$by" "$5" "$6"
}

@test "lnx-tree: of many waits, the worst of a small cgroup and of each resource have a place" {
	local i k
	{
		for i in 1 2 3 4 5; do
			for k in 1 2 3 4 5 6; do
				edge "/big$i" cgroup "/hog$k" cpu $((9000000000 + i * 1000 + k)) measured
			done
		done
		edge /small throttle "" cpu 1400000000 measured
		edge /small cgroup /hog1 cpu 30000000 measured
		edge /tiny limit "" memory 716000000 measured
		edge /trifle cgroup /hog2 cpu 1000 measured
	} >in
	lnx-tree --text in | sed -n '/^WHO/,$p' >out
	cat out
	grep -q 'tiny waited 716 ms of 4.00 s on memory for its own memory limit' out
	grep -q 'small waited 1.40 s of 4.00 s on CPU for its own cpu.max' out
	grep -q '^  and 24 more$' out
	if grep -q trifle out; then false; fi
	[ "$(grep -cE ' kept | waited .*: no neighbour' out)" = 10 ]
	for i in 1 2 3 4 5; do grep -q "kept big$i " out; done
	# More than there was time for: of many tasks, or long before.
	grep -q 'hog6 kept big5 waiting 9.00 s on CPU in waits that ended in 4.00 s (measured' out
	grep -q 'hog6: others waited 45.0 s on CPU in waits that ended in 4.00 s for it' out
	tac in | lnx-tree --text | sed -n '/^WHO/,$p' | diff -u out -
}

# between VICTIM CULPRIT NS: a stall record of two objects, as JSON.
between() {
	printf '{"v":1,"event":"stall","boot_ns":5000000000,"host":"h","resource":"cpu","victim":%s,"culprit":{"kind":"cgroup",%s,"window_ns":4000000000,"stall_ns":%s,"method":"measured","confidence":1}\n' \
	    "$1" "${2#?}" "$3"
}

@test "lnx-tree: cgroups of two hierarchies with one path, or of paths cut alike, are two" {
	local deep one two i
	local v1='{"cgroup":"/","cgroup_id":"1","cgroup_v1":"/a","cgroup_v1_id":"7"}'
	local v2='{"cgroup":"/a","cgroup_id":"70"}'
	{
		between "$v1" "$v2" 300000000
		between "$v2" "$v1" 200000000
		between '{"cgroup":"b/c","cgroup_id":"81"}' '{"cgroup":"b/c","cgroup_id":"82"}' 100000000
		echo '{"v":1,"event":"snap","boot_ns":1,"host":"h","id":"9f8e7d6c-1-810","pid":810,"comm":"old","cgroup_id":"1","cgroup":"/","cgroup_v1":"/a","cgroup_v1_id":"7","snap":1}'
		echo '{"v":1,"event":"snap","boot_ns":1,"host":"h","id":"9f8e7d6c-1-811","pid":811,"comm":"new","cgroup_id":"70","cgroup":"/a","snap":1}'
		echo '{"v":1,"event":"snap","boot_ns":1,"host":"h","id":"9f8e7d6c-1-812","pid":812,"comm":"cut","cgroup_id":"82","cgroup":"b/c","snap":1}'
	} >in
	lnx-tree --text in >out
	cat out
	grep -qF '  a kept a (v1) waiting 300 ms of 4.00 s on CPU' out
	grep -qF '  a (v1) kept a waiting 200 ms of 4.00 s on CPU' out
	grep -qF '  b/c (82) kept b/c (81) waiting 100 ms of 4.00 s on CPU' out
	grep -qE ' 810 .* 75ms\* +50ms\*  .*old' out
	grep -qE ' 811 .* 50ms\* +75ms\*  .*new' out
	grep -qE ' 812 .* - +25ms\*  .*cut' out
	tac in | lnx-tree --text | diff -u out -
	# Where there is one only, nothing marks it.
	between "$v1" '{"cgroup":"/","cgroup_id":"1","cgroup_v1":"/b"}' 300000000 |
	    lnx-tree --text | grep -qF '  b kept a waiting 300 ms'

	# What is too long for the table ends alike, with other ids.
	deep=$(for i in $(seq 60); do printf '/%09d' 0; done)
	one='{"cgroup":"'$deep'/x","cgroup_id":"91"}' two='{"cgroup":"'$deep'/y","cgroup_id":"92"}'
	between "$one" "$two" 300000000 | lnx-tree --text | grep -c ' (92) kept .* (91) waiting 300 ms' | grep -qx 1
	between "$one" "$two" 300000000 | lnx-tree --text --cgroup-depth 2 |
	    grep -qF '000000000/000000000 waited 300 ms of 4.00 s on CPU for the turns of its own tasks'
}

@test "lnx-tree: two hosts whose cgroups of one name did the same are both told" {
	edge /v cgroup /hog cpu 300000000 measured >in
	sed 's/"host":"h"/"host":"g"/' in >>in2
	cat in in2 | lnx-tree --text >out
	cat out
	grep -qF '  g:hog: others waited 300 ms of 4.00 s on CPU for it' out
	grep -qF '  h:hog: others waited 300 ms of 4.00 s on CPU for it' out
	cat in2 in | lnx-tree --text | sed -n '/^WHO/,$p' | diff -u <(sed -n '/^WHO/,$p' out) -
}

@test "lnx-tree: one wait that is longer than the window is told as it was" {
	edge /v cgroup /hog cpu 13000000000 measured >in
	lnx-tree --text in >out
	grep -qF '  hog kept v waiting 13.0 s on CPU in waits that ended in 4.00 s (measured, 100 % of its wait explained)' out
	on_tty 20 bash -c "'{ cat in; sleep 0.4; } | lnx-tree --text'" >out
	grep -qF 'waiting 13.0 s on CPU in waits that ended in the last 4.00 s (' out
}

@test "lnx-tree: a thread of the kernel without a name has none; the estimated come last" {
	{
		edge /a kthread "" io 50000000 estimated
		edge /a cgroup /b cpu 20000000 measured
	} >in
	lnx-tree --text in | sed -n '/^WHO/,$p' >out
	cat out
	grep -q '^  threads of the kernel kept a waiting 50 ms of 4.00 s on I/O (estimated' out
	if grep -qF '?' out; then false; fi
	[ "$(sed '1,/^Estimated, not measured:/d' out | grep -vc 'estimated, confidence')" = 0 ]
	grep -q unknown out
}
