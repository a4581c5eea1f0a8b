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

# psi CGROUP RESOURCE AT_MS INTERVAL_MS SOME_MS [HOST]: a record of its pressure.
psi() {
	printf '{"v":1,"event":"psi","boot_ns":%s000000,"host":"%s","cgroup":"%s","resource":"%s","reason":"interval","interval_ns":%s000000,"some_ns":%s}\n' \
	    "$3" "${6-h}" "$1" "$2" "$4" $(($5 * 1000000))
}

# total CGROUP AT_MS WINDOW_MS WAITED_MS [HOST [RESOURCE [OPEN_NS]]]: what it waited, for itself.
total() {
	printf '{"v":1,"event":"stall_total","boot_ns":%s000000,"host":"%s","resource":"%s","victim":{"cgroup":"%s"},"window_ns":%s000000,"stall_ns":%s,"coverage":1,"method":"measured"%s}\n' \
	    "$2" "${5-h}" "${6-cpu}" "$1" "$3" $(($4 * 1000000)) "${7+,\"open_ns\":$7}"
}

# lives PID COMM CGROUP: a process that is there.
lives() {
	printf '{"v":1,"event":"snap","boot_ns":1000000000,"host":"h","id":"9f8e7d6c-500000000-%s","pid":%s,"comm":"%s","uid":0,"state":"S","cgroup":"%s","snap":1}\n' \
	    "$1" "$1" "$2" "$3"
}

# says: the sentences of the file in, forwards and backwards the same.
says() {
	lnx-tree --text in | sed -n '/^WHO/,$p' >out
	cat out
	tac in | lnx-tree --text | sed -n '/^WHO/,$p' | diff -u out -
}

@test "lnx-tree: pressure beside waits: the six worst, equals by name, then host, then resource" {
	local c
	{
		for c in h g f e d c b a; do
			total "/$c" 5000 4000 400
			psi "/$c" cpu 5000 4000 200
		done
		total /a 5000 4000 400 h memory
		psi /a memory 5000 4000 200
		total /z 5000 4000 800
		psi /z cpu 5000 4000 40
		# Nobody waits there, or nobody knows its pressure.
		psi /idle cpu 5000 4000 4000
		total /dark 5000 4000 4000
	} >in
	says
	sed -n 's/^  \(.*\): pressure says \(.*\) (some).* waited \(.*\) in each.*/\1 \2 \3/p' out | diff -u - <(
		echo "z 1.0 % on CPU 200 ms"
		echo "a 5.0 % on CPU 100 ms"
		echo "a 5.0 % on memory 100 ms"
		printf '%s 5.0 %% on CPU 100 ms\n' b c d)
	grep -q '^  z: .* waited 200 ms in each second, 20.0 times as long$' out
	{
		for c in h2 h1; do
			total /a 5000 4000 400 $c
			psi /a cpu 5000 4000 200 $c
		done
		# A tenth more is not told, nor who never had any pressure.
		total /tenth 5000 4000 220 h1
		psi /tenth cpu 5000 4000 200 h1
		total /none 5000 4000 120 h1
		psi /none cpu 2000 1000 8 h1
		psi /none cpu 5000 3000 0 h1
		total /calm 5000 4000 80 h1
		psi /calm cpu 5000 4000 0 h1
	} >in
	says
	sed -n 's/^  \(.*\): pressure says.*each second\(.*\)/\1\2/p' out | diff -u - <(
		printf '%s\n' "h1:a, 2.0 times as long" "h2:a, 2.0 times as long" \
		    h1:tenth "h1:none, 15.0 times as long")
}

@test "lnx-tree: live, pressure is that of the last look, in a window of its own length" {
	{
		lives 11 front /a
		lives 12 back /b
		lives 13 side /gone
		lives 14 wild /wild
		lives 15 over /a
		echo '{"v":1,"event":"exit","boot_ns":1100000000,"host":"h","id":"9f8e7d6c-500000000-15","pid":15,"comm":"over","uid":0,"cgroup":"/a","exit_code":0}'
		total /a 2000 1000 100
		psi /a cpu 1500 500 50
		psi /a cpu 2000 500 50
		psi /gone cpu 1500 500 400
		total /a 3000 1000 500
		total /gone 3000 1000 80
		psi /b cpu 2400 500 125
		psi /b cpu 2900 500 250
		psi /a cpu 3000 500 200
		psi /wild cpu 3000 500 7000
	} >in
	on_tty 40 bash -c "'{ cat in; sleep 0.4; } | lnx-tree --text'" >out
	cat out
	# Who has ended has no part in it.
	[ "$(grep -c ' -  over' out)" = 2 ]
	# The picture, and below it the sum.
	grep 'a: pressure says' out | sed 's/.*says //; s/\x1b.*//' | sort -u | diff -u - <(
		echo "15.0 % on CPU (some); its tasks waited 300 ms in each second, 2.0 times as long"
		echo "40.0 % on CPU (some); its tasks waited 500 ms in each second, 1.2 times as long")
	grep -q 'gone: pressure says 0.0 % on CPU (some); its tasks waited 80 ms in each second[^,]*$' out
	# Who is not in the last look has none any more; a little earlier is the last.
	some() { grep -o "[-0-9.]*%\? *$1" out | awk '{ print $1 }' | sort -u | paste -sd ' '; }
	[ "$(some front)" = "15.0% 40.0%" ]
	[ "$(some back)" = "18.7% 50.0%" ]
	[ "$(some side)" = "0.0% 20.0%" ]
	[ "$(some wild)" = "350.0% 999.9%" ]
}

@test "lnx-tree: who still waits is told from a second on; who harms, the six worst" {
	local i
	{
		for i in 1 2 3 4 5 6 7 8; do
			edge "/victim$i" cgroup "/hog$i" cpu 40000000 measured
		done
		edge "/victim1" irq "" cpu 50000000 measured
		edge "/victim1" steal "" cpu 60000000 measured
		total /nearly 5000 4000 0 h cpu 999999999
		total /stuck 5000 4000 0 h cpu 1000000000
		echo '{"v":1,"event":"stall_culprit","boot_ns":5000000000,"host":"h","resource":"io","culprit":{"kind":"cgroup","cgroup":"/disk"},"window_ns":4000000000,"induced_ns":90000000,"cpu_ns":4000000,"method":"measured"}'
	} >in
	says
	[ "$(grep 'still waits' out)" = "  stuck still waits on CPU, 1.00 s so far: in no sum yet" ]
	grep -o '^  [a-z0-9]*: others' out | diff -u - <(
		printf '  %s: others\n' disk hog1 hog2 hog3 hog4 hog5)
	grep -q '^  disk: others waited 90 ms of 4.00 s on I/O for it$' out
	grep -q '^  interrupts kept victim1 waiting 50 ms ' out
	grep -q '^  the hypervisor kept victim1 waiting 60 ms ' out
	# One left out is told, too.
	[ "$(grep -c ' kept ' out)" = 10 ]
	run ! grep 'and [0-9]* more' out
	edge /victim9 cgroup /hog9 cpu 30000000 measured >>in
	says
	grep -qx '  and 1 more' out
}

@test "lnx-tree: pairs that were forgotten are told" {
	local i
	for i in {1..17000}; do
		echo '{"v":1,"event":"stall","boot_ns":5000000000,"host":"h","resource":"cpu","victim":{"cgroup":"/v'$((i % 130))'"},"culprit":{"kind":"cgroup","cgroup":"/c'$((i / 130))'"},"window_ns":4000000000,"stall_ns":'$i',"method":"measured"}'
	done >in
	lnx-tree --text in | grep -E '^  \([0-9]+ pairs forgotten\)$' >out
	[ "$(tr -cd '0-9' <out)" -ge $((17000 - 16384)) ]
}

@test "lnx-tree: longer than the time there was is a sum; and nobody may wait" {
	{
		edge /a cgroup /hog cpu 4000000000 measured
		edge /b cgroup /hog cpu 4000000001 measured
	} >in
	says
	grep -q 'hog kept a waiting 4.00 s of 4.00 s on CPU (measured' out
	grep -q 'hog kept b waiting 4.00 s on CPU in waits that ended in 4.00 s (measured' out
	total /a 5000 4000 0 >in
	says
	diff -u <(printf 'WHO MAKES WHOM WAIT\n  nobody waited\n') out
}

@test "lnx-tree: one confidence of two estimates, by how much each says" {
	local at
	for at in "5 30000000 1" "6 10000000 0.2"; do
		# shellcheck disable=SC2086
		set -- $at
		printf '{"v":1,"event":"stall","boot_ns":%s000000000,"host":"h","resource":"io","victim":{"cgroup":"/a"},"culprit":{"kind":"cgroup","cgroup":"/b"},"window_ns":1000000000,"stall_ns":%s,"method":"estimated","confidence":%s}\n' "$@"
	done >in
	says
	grep -q 'b kept a waiting 40 ms of 2.00 s on I/O (estimated, confidence 0.80)$' out
}

@test "lnx-tree: the column for pressure is there if one of the hosts has any" {
	local h boot=7
	for h in h g; do
		boot=$((boot + 1))
		lives 11 "of-$h" /a | sed "s/\"host\":\"h\"/\"host\":\"$h\"/; s/9f8e7d6c/${boot}f8e7d6c/"
		total /a 5000 4000 400 $h
	done >in
	psi /a cpu 5000 4000 200 h >>in
	lnx-tree --text in >out
	cat out
	grep -q ' SOME ' out
	grep -q ' 5.0%  of-h' out
	grep -q ' -  of-g' out
}
