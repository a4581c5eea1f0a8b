# SPDX-License-Identifier: AGPL-3.0-or-later
setup() {
	load ../helper
	T=$DATA/tree
	cd "$BATS_TEST_TMPDIR" || return
}

# none PATTERN [FILE]: no line has it.  (bats does not see that `! grep` fails.)
none() {
	if grep "$@"; then return 1; fi
}

# golden NAME: what passes, and both trees, are as they were blessed.
golden() {
	lnx-tree "$T/$1.ndjson" | diff -u "$T/$1.records" -
	lnx-tree --text "$T/$1.ndjson" | diff -u "$T/$1.text" -
	lnx-tree --text --by parent "$T/$1.ndjson" | diff -u "$T/$1.parent" -
}

@test "lnx-tree: a daemon that forked twice keeps its makers" {
	golden daemon-forked-twice
}

@test "lnx-tree: an orphan is under the subreaper by parent, and under its maker by maker" {
	golden orphan-goes-to-the-subreaper
}

@test "lnx-tree: two processes of one pid are two" {
	golden pid-used-twice
}

@test "lnx-tree: a process is the same after exec" {
	golden three-programs-one-process
}

@test "lnx-tree: a child seen before its parent is adopted when the parent appears" {
	golden child-before-its-parent
}

@test "lnx-tree: after a loss a whole snapshot tells who is gone" {
	golden loss-then-a-snapshot
}

@test "lnx-tree: a snapshot that is not whole by its own word tells of nobody that he is gone" {
	grep -q 'gone' "$T/loss-then-a-snapshot.text"
	sed '/"state":"synced"/s/}$/,"degraded":["snap: only what the filters let pass"]}/' \
		"$T/loss-then-a-snapshot.ndjson" | lnx-tree --text >text
	grep -q 'alive' text
	[ "$(grep -c gone text)" = 0 ]
}

@test "lnx-tree: claims that make a cycle are broken" {
	golden each-claims-the-other-as-parent
	run --separate-stderr lnx-tree -v "$T/each-claims-the-other-as-parent.ndjson"
	[[ $stderr == *" 4 impossible parents" ]]
}

@test "lnx-tree: two hosts in one stream are two trees" {
	golden two-hosts
}

@test "lnx-tree: hostile names do not reach the terminal" {
	golden hostile-names
	for f in text dot; do
		run bash -c 'lnx-tree --format "$0" "$1" | LC_ALL=C grep -c "[[:cntrl:]]"' \
		    "$f" "$T/hostile-names.ndjson"
		# dot has its tabs
		[ "$f" = dot ] || [ "$output" = 0 ]
	done
	run bash -c 'lnx-tree --format dot "$0" | tr -d "\t" | LC_ALL=C grep -c "[[:cntrl:]]"' \
	    "$T/hostile-names.ndjson"
	[ "$output" = 0 ]
}

@test "lnx-tree: the final tree does not depend on the order of records" {
	lnx-tree --text "$T/orphan-goes-to-the-subreaper.ndjson" >a
	tac "$T/orphan-goes-to-the-subreaper.ndjson" | lnx-tree --text | diff -u a -
	lnx-tree --format json "$T/loss-then-a-snapshot.ndjson" >a
	tac "$T/loss-then-a-snapshot.ndjson" | lnx-tree --format json | diff -u a -
}

@test "lnx-tree: lines that are no records are skipped, each reason told once, exits 3" {
	run --separate-stderr lnx-tree "$T/some-lines-are-no-records.ndjson"
	[ "$status" -eq 3 ]
	[ "$output" = "$(cat "$T/some-lines-are-no-records.records")" ]
	[ "${stderr_lines[0]}" = "lnx-tree: $T/some-lines-are-no-records.ndjson:2: not JSON" ]
	[ "${stderr_lines[1]}" = "lnx-tree: $T/some-lines-are-no-records.ndjson:4: not a record" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	run --separate-stderr lnx-tree -q "$T/some-lines-are-no-records.ndjson"
	[ "$status" -eq 3 ]
	[ "$stderr" = "" ]
}

@test "lnx-tree: what it does not know passes byte for byte" {
	printf '%s\n' '{"v":1,"event":"tomorrow","x":1.50,"x":{"id":null}}' \
	    ' { "event" : "psi" , "v":1 } ' '{"v":1,"event":"exec","id":5}' >in
	lnx-tree in | cmp in -
}

@test "lnx-tree: what is added comes before the last brace, and once" {
	echo '{"event":"fork", "id":"9f8e7d6c-5-2","parent_id":"9f8e7d6c-1-1" } ' >in
	lnx-tree in >out
	[ "$(cat out)" = '{"event":"fork", "id":"9f8e7d6c-5-2","parent_id":"9f8e7d6c-1-1" ,"ancestors":[{"id":"9f8e7d6c-1-1","pid":1}]} ' ]
	lnx-tree out | cmp out -
}

# chain N PAD: the fork of a process with N ancestors, in a line with PAD bytes more.
chain() {
	local i
	for ((i = 2; i <= $1; i++)); do
		echo "{\"event\":\"fork\",\"boot_ns\":$i,\"id\":\"9f8e7d6c-$i-$i\",\"parent_id\":\"9f8e7d6c-$((i - 1))-$((i - 1))\",\"comm\":\"fifteen-letters\"}"
	done
	printf '{"event":"fork","boot_ns":%d,"id":"9f8e7d6c-%d-%d","parent_id":"9f8e7d6c-%d-%d","pad":"%*s"}\n' \
	    "$i" "$i" "$i" "$((i - 1))" "$((i - 1))" "$2" ""
}

@test "lnx-tree: --depth says how many are told, and that there are more" {
	[ "$(chain 20 1 | lnx-tree | tail -n 1 | jq -c '[(.ancestors | length), .ancestors_cut]')" = '[8,true]' ]
	[ "$(chain 20 1 | lnx-tree --depth 19 | tail -n 1 | jq -c '[(.ancestors | length), .ancestors_cut]')" = '[19,true]' ]
	[ "$(chain 20 1 | lnx-tree --depth 20 | tail -n 1 | jq -c '[(.ancestors | length), .ancestors_cut]')" = '[20,null]' ]
}

@test "lnx-tree: no line grows over 4096 bytes, and a cut is told" {
	local pad seen=
	for ((pad = 3400; pad < 4000; pad += 7)); do
		chain 9 $pad | lnx-tree --depth 64 | tail -n 1 >line
		[ "$(wc -c <line)" -le 4096 ]
		n=$(jq '.ancestors // [] | length' line)
		seen+=" $n"
		[ "$n" -eq 9 ] || [ "$(jq .ancestors_cut line)" = true ] ||
		    [ "$(wc -c <line)" -gt 4075 ]
	done
	[[ $seen == *" 9 "* && $seen == *" 5 "* && $seen == *" 0"* ]]
}

@test "lnx-tree: a line that was longer than that gets all" {
	[ "$(chain 9 5000 | lnx-tree --depth 64 | tail -n 1 | jq '.ancestors | length')" -eq 9 ]
}

@test "lnx-tree: what it forgets is told in the stream: the first time, and at the end" {
	for ((i = 2; i <= 30; i++)); do
		echo "{\"event\":\"fork\",\"time\":\"2026-01-31T12:00:00Z\",\"boot_ns\":$i,\"host\":\"h\",\"id\":\"9f8e7d6c-$i-$i\",\"parent_id\":\"9f8e7d6c-1-1\"}"
	done >in
	run --separate-stderr lnx-tree --max 8 -v in
	[ "$status" -eq 0 ]
	[ "$(jq -c 'select(.event == "source") | [.tool, .state, .evicted, .host]' <<<"$output")" = \
	    $'["lnx-tree","degraded",1,"h"]\n["lnx-tree","end",22,"h"]' ]
	[ "$(jq -r .event <<<"$output" | sed -n 9p)" = source ]
	[[ $stderr == *" 22 forgotten"* ]]
	lnx-tree --max 8 --text in | grep -qx '(22 forgotten)'
	[ "$(lnx-tree --max 8 --format json in | jq .evicted)" -eq 22 ]
	lnx-tree --max 30 in | grep -c source | grep -qx 0
}

@test "lnx-tree: --alive shows who lives" {
	lnx-tree --alive "$T/pid-used-twice.ndjson" >out
	[ "$(grep -c -e alive -e '?' out)" -eq 2 ]
	none -e exit -e SIG out
}

@test "lnx-tree: --pid shows all that had it, with makers and descendants; exits 1 if none had" {
	lnx-tree --pid 201 "$T/daemon-forked-twice.ndjson" >out
	diff -u "$T/daemon-forked-twice.text" out
	lnx-tree --pid 300 "$T/orphan-goes-to-the-subreaper.ndjson" | grep -c alive | grep -qx 3
	run --separate-stderr lnx-tree --pid 4711 "$T/daemon-forked-twice.ndjson"
	[ "$status" -eq 1 ]
	[ "$output" = "" ]
	[ "$stderr" = "lnx-tree: no process had pid 4711" ]
}

@test "lnx-tree: --since takes a time, and a duration before the last record" {
	f=$T/daemon-forked-twice.ndjson
	lnx-tree --since 2026-01-31T12:00:02.012Z "$f" | none detach
	lnx-tree --since 2026-01-31T12:00:02.011Z "$f" | grep -q detach
	lnx-tree --since 2026-01-31T13:00:02.011+01:00 "$f" | grep -q detach
	lnx-tree --since 7s "$f" | none detach
	lnx-tree --since 7.009s "$f" | grep -q detach
	lnx-tree --since 7s "$f" | grep -q forever
}

@test "lnx-tree: json is one object, with all that is known" {
	lnx-tree --format json "$T/daemon-forked-twice.ndjson" >out
	[ "$(jq -s length out)" -eq 1 ]
	[ "$(jq -c '.processes[] | select(.pid == 202)' out)" = '{"id":"9f8e7d6c-2010000000-202","pid":202,"host":"web1","maker_id":"9f8e7d6c-2000000000-201","maker_pid":201,"parent_id":"9f8e7d6c-1000000-1","ppid":1,"comm":"worker","cmd":"worker --forever","uid":1000,"state":"dead","execs":1,"start":"2026-01-31T12:00:02.010000000Z","end":"2026-01-31T12:00:09.020000000Z","duration_ns":7010000000,"signal":9}' ]
	lnx-tree --format json "$T/hostile-names.ndjson" | jq -r '.processes[1].comm' | cmp - <(printf '\033[2J"\\\n')
	[ "$(lnx-tree --format json </dev/null | jq -c .)" = '{"processes":[],"evicted":0}' ]
}

@test "lnx-tree: dot is dot" {
	lnx-tree --format dot "$T/hostile-names.ndjson" >out
	[ "$(head -n 1 out)" = 'digraph processes {' ]
	[ "$(tail -n 1 out)" = '}' ]
	sed '1,2d;$d' out | none -vE '^	"[0-9a-f-]+" (\[label="([^"\\]|\\.)*"(, style=dashed)?\]|-> "[0-9a-f-]+");$'
	[ "$(grep -c -e '->' out)" -eq 2 ]
}

@test "lnx-tree: - is standard input, and so is nothing; files are read in turn" {
	f=$T/two-hosts.ndjson
	lnx-tree <"$f" >all
	[ "$(wc -l <all)" -eq "$(wc -l <"$f")" ]
	lnx-tree - <"$f" | cmp all -
	head -n 3 "$f" >a
	tail -n +4 "$f" >b
	lnx-tree "$f" | cmp all -
	lnx-tree a b | cmp all -
	lnx-tree a - <b | cmp all -
}

@test "lnx-tree: a file that is not there exits 4, the others are read" {
	run --separate-stderr lnx-tree nowhere "$T/two-hosts.ndjson"
	[ "$status" -eq 4 ]
	[ "$output" = "$(cat "$T/two-hosts.records")" ]
	[ "$stderr" = "lnx-tree: nowhere: No such file or directory" ]
}

@test "lnx-tree: -o writes to a file, but not over its input" {
	lnx-tree -o out "$T/two-hosts.ndjson"
	cmp out "$T/two-hosts.records"
	cp "$T/two-hosts.ndjson" same
	run --separate-stderr lnx-tree -o same same
	[ "$status" -eq 2 ]
	[ "$stderr" = "lnx-tree: same: is input and output" ]
	cmp same "$T/two-hosts.ndjson"
}

@test "lnx-tree: a record is out before the next one is in" {
	coproc lnx-tree 3>&-
	while read -r line; do
		echo "$line" >&"${COPROC[1]}"
		read -r -t 5 got <&"${COPROC[0]}"
		[ "${got%%,\"ancestors\"*}" = "${line%\}}" ] || [ "$got" = "$line" ]
	done <"$T/daemon-forked-twice.ndjson"
}

@test "lnx-tree: half a line is no record" {
	run --separate-stderr bash -c 'printf "{\"event\":\"a\"}\n{\"event\":\"b\"}" | lnx-tree'
	[ "$status" -eq 3 ]
	[ "$output" = '{"event":"a"}' ]
	[ "$stderr" = "lnx-tree: -:2: half a line, dropped" ]
}

@test "lnx-tree: a line of 2 MiB is dropped, told, and exits 3" {
	run --separate-stderr bash -c '{ head -c 2097152 /dev/zero | tr "\0" x; echo; echo "{\"event\":\"a\"}"; } | lnx-tree'
	[ "$status" -eq 3 ]
	[ "$output" = '{"event":"a"}' ]
	[ "$stderr" = "lnx-tree: -:1: line too long, dropped" ]
}

@test "lnx-tree: a full disk exits 4 and is told once" {
	for form in records text dot json; do
		run bash -c 'lnx-tree --format "$1" "$0" >/dev/full' "$T/two-hosts.ndjson" "$form"
		[ "$status" -eq 4 ]
		[ "$output" = "lnx-tree: standard output: No space left on device" ]
	done
}

@test "lnx-tree: a reader that leaves ends it by SIGPIPE, quietly" {
	run --separate-stderr bash -c 'yes "{\"event\":\"a\"}" | lnx-tree | head -n 1 >/dev/null; echo "${PIPESTATUS[1]}"'
	[ "$output" = 141 ]
	[ "$stderr" = "" ]
}

# started OUT: lnx-tree reads the fifo in, fd 7 is its writer, one record is through.
started() {
	# A tool that does not start must not leave us waiting.
	timeout --foreground 20 lnx-tree in >"$1" 2>err 3>&- &
	exec 7<>in
	echo '{"event":"a"}' >&7
	for ((i = 0; i < 100; i++)); do
		[ -s "$1" ] && return
		sleep 0.05
	done
	return 1
}

@test "lnx-tree: after the first SIGINT it reads to the end, the second kills it" {
	mkfifo in
	started out
	pid=$(pgrep -P $!)
	kill -INT "$pid"
	sleep 0.1
	echo '{"event":"b"}' >&7
	exec 7>&-
	wait $!
	[ "$(cat out)" = $'{"event":"a"}\n{"event":"b"}' ]
	started out2
	pid=$(pgrep -P $!)
	kill -INT "$pid"
	sleep 0.1
	kill -INT "$pid"
	status=0
	wait $! || status=$?
	[ "$status" -eq 130 ]
	exec 7>&-
}

@test "lnx-tree: bad values are usage errors" {
	for bad in '--depth 0' '--depth 65' '--max 7' '--pid x' '--by me' \
	    '--format xml' '--since soon' '--nope' '-o'; do
		# shellcheck disable=SC2086
		run --separate-stderr lnx-tree $bad
		[ "$status" -eq 2 ]
		[ "$output" = "" ]
		[ "${stderr_lines[1]}" = "Try 'lnx-tree -h'." ]
	done
}

# on_tty ENV... COMMAND: what a terminal of 10 rows would get.
on_tty() {
	command -v script >/dev/null || skip "no script(1)"
	script -qec "stty rows 10 cols 80; env $*" /dev/null </dev/null | tr -d '\r'
}

@test "lnx-tree: on a terminal text is drawn in place, and the whole tree at the end" {
	chain 30 1 >in
	on_tty TERM=xterm bash -c "'{ cat in; sleep 0.4; echo \"{}\"; } | lnx-tree -q --text'" >out || true
	grep -q $'\033\[?7l' out
	grep -q '^\.\.\. 24 more' out
	# every picture leaves a row for the cursor
	none -E $'\033\\[([0-9]{2,})A' out
	# the last one is taken away, then comes all
	[ "$(tac out | sed '/\x1b\[9A/q' | grep -c fifteen)" -eq 29 ]
}

@test "lnx-tree: NO_COLOR and a dumb terminal get no colour; a pipe neither" {
	f=$T/pid-used-twice.ndjson
	on_tty TERM=xterm NO_COLOR= lnx-tree --text "$f" | grep -q $'\033\[31mSIGSEGV'
	on_tty TERM=xterm NO_COLOR=1 lnx-tree --text "$f" | none $'\033\[31m'
	on_tty TERM=dumb lnx-tree --text "$f" | none $'\033'
	lnx-tree --text "$f" | none $'\033'
}

@test "lnx-tree: lines are drawn where the terminal's encoding is UTF-8" {
	locale -a | grep -qix 'C\.utf-\?8' || skip "no C.UTF-8"
	LC_ALL=C.UTF-8 lnx-tree --text "$T/hostile-names.ndjson" | grep -q '└─ \\x1b.*naïve'
}

@test "lnx-tree: it reads nothing but its input" {
	command -v strace >/dev/null || skip "no strace"
	! nm -D "$(command -v lnx-tree)" | grep -q __asan_init || skip "AddressSanitizer reads /proc itself"
	strace -f -e trace=%file,%network -o log lnx-tree --text "$T/two-hosts.ndjson" >/dev/null
	sed '/two-hosts/,$!d' log | none -E '/proc|socket|connect'
}
