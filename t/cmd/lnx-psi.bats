# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-psi on files that stand for a machine: t/data/psi.
setup() {
	load ../helper
	command -v jq >/dev/null || skip "no jq"
	cd "$BATS_TEST_TMPDIR" || return
	PSI=$DATA/psi
}

teardown() {
	[ -z "${BG-}" ] || { kill -KILL "$BG" && wait "$BG"; } 2>/dev/null || true
}

# machine NAME: a copy of it that may be written to, as $M.
machine() {
	M=$BATS_TEST_TMPDIR/$1
	cp -r "$PSI/$1" "$M"
	chmod -R u+w "$M"
}

# once NAME [OPTION...]: records without what differs from run to run, sorted.
once() {
	local m=$1

	shift
	lnx-psi --once -q --root "$PSI/$m" "$@" |
	    jq -c 'del(.time, .boot_ns, .host, .version, .boot_id, .kernel, .arch,
		.boot_time, .cpus, .memory_total_bytes)' | sort
}

# overwrite FILE TEXT: in place, as the kernel does; the text is as long.
overwrite() {
	[ "$(stat -c %s "$1")" = "$(printf %s "$2" | wc -c)" ]
	printf %s "$2" 1<>"$1"
}

wait_for() {
	local i

	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "never: $*"
	return 1
}

lines() { [ "$(grep -c "$1" out)" -ge "$2" ]; }

# start [OPTION...]: in the background, writing out.
start() {
	lnx-psi --interval 100ms --root "$M" -o out "$@" 2>err 3>&- &
	BG=$!
	wait_for lines '"event":"psi"' 1
}

stop() {
	kill -INT "$BG"
	wait "$BG"
	BG=
}

@test "lnx-psi: each file becomes what it says, machine and cgroups" {
	once two-cgroups | diff -u "$PSI/two-cgroups.once" -
}

@test "lnx-psi: source is first and last, and says what kinds there are" {
	lnx-psi --once --root "$PSI/two-cgroups" >out
	[ "$(head -n 1 out | jq -c '[.event, .tool, .state, .events]')" = \
	    '["source","lnx-psi","start",["source","lost","psi","cgroup"]]' ]
	[ "$(tail -n 1 out | jq -c '[.event, .state, .received, .lost]')" = \
	    '["source","end",14,0]' ]
	[ "$(grep -c '"event":"source"' out)" = 2 ]
}

@test "lnx-psi: 5.10 has no full line for cpu: absent, not 0, and said" {
	once kernel-5.10 >out
	[ "$(jq -s 'map(select(.resource == "cpu")) | length' out)" = 3 ]
	jq -e -s 'map(select(.resource == "cpu")) |
	    all(has("full_total_ns") or has("full_avg10") | not)' out
	grep '"degraded":\[' out | grep -q "no line full"
	# It is nothing that this kernel should have: no sentence but with -v.
	run --separate-stderr lnx-psi --once --root "$PSI/kernel-5.10"
	[ -z "$stderr" ]
	run --separate-stderr lnx-psi --once -v --root "$PSI/kernel-5.10"
	[[ $stderr == *"no line full"* ]]
}

@test "lnx-psi: without PSI: said in one sentence and in source, status 4" {
	run --separate-stderr lnx-psi --root "$PSI/no-psi"
	[ "$status" -eq 4 ]
	[[ ${stderr_lines[0]} == "lnx-psi: "*"/proc/pressure: "*"psi=1"* ]]
	[[ ${stderr_lines[-1]} == "lnx-psi: nothing can be watched: "* ]]
	[ "$(jq -r .event <<<"$output" | sort | uniq -c | tr -s ' ')" = " 2 source" ]
	jq -e -s '.[0].degraded | length > 0' <<<"$output"
}

@test "lnx-psi: a malformed file has no record, the others have" {
	run --separate-stderr lnx-psi --once --root "$PSI/one-file-malformed"
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[[ $stderr == *"/proc/pressure/io: a number is none"* ]]
	[[ $stderr == *"/a/memory.pressure: neither a line some nor full"* ]]
	jq -r 'select(.event == "psi") | "\(.cgroup // "machine") \(.resource)"' \
	    <<<"$output" | sort | diff -u - <(printf '%s\n' "/a cpu" "/a io" "/a irq" \
	    "machine cpu" "machine irq" "machine memory")
	[ "$(jq -s '.[0].degraded | length' <<<"$output")" = 2 ]
}

# all_of_a CONTENT WHY: the three files of a cgroup hold that, and each look says
# so of them, and nothing that is not so.
all_of_a() {
	local r

	machine two-cgroups
	P=$M/sys/fs/cgroup/kubepods.slice
	rm -f "$P/irq.pressure"
	for r in cpu memory io; do
		printf "$1" >"$P/$r.pressure"
	done
	run --separate-stderr timeout 20 lnx-psi --interval 100ms -n 3 --root "$M" \
	    --cgroup /kubepods.slice
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -eq 3 ]
	for r in cpu memory io; do
		[[ $stderr == *"/kubepods.slice/$r.pressure: $2"* ]]
	done
	rm -rf "$M"
}

@test "lnx-psi: files that are there and wrong are not said to be switched off" {
	all_of_a 'some avg10=0.00 avg60=0.00 avg300=0.00 total=7\r\n' "a carriage return"
	all_of_a '' empty
	all_of_a 'some avg10=0.00 avg60=0.00 avg300=0.00 total=7' "its last line has no end"
	all_of_a 'some avg10=0.00 avg60=0.00 avg300=0.00 total=7 total=8\n' \
	    "a number is there twice"
}

@test "lnx-psi: one file that is not there is said, not to be all of them" {
	machine two-cgroups
	rm "$M/sys/fs/cgroup/kubepods.slice/memory.pressure"
	touch "$M/sys/fs/cgroup/kubepods.slice/cgroup.procs"
	run --separate-stderr timeout 20 lnx-psi --interval 100ms -n 3 --root "$M"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"/kubepods.slice/memory.pressure: not there, though others are" ]]
}

@test "lnx-psi: what is no file is not read: a pipe keeps nobody waiting" {
	machine two-cgroups
	P=$M/sys/fs/cgroup/kubepods.slice
	rm "$P/memory.pressure" "$P/io.pressure" "$P/memory.events"
	mkfifo "$P/memory.pressure" "$P/memory.events"
	mkdir "$P/io.pressure"
	run --separate-stderr timeout 20 lnx-psi --interval 100ms -n 2 -v --root "$M"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[[ $stderr == *"/memory.pressure: not a regular file"* ]]
	[[ $stderr == *"/memory.events: not a regular file"* ]]
	[[ $stderr == *"/io.pressure: not a regular file"* ]]
	[ "$(jq -s '[.[] | select(.event == "psi" and .cgroup ==
	    "/kubepods.slice" and .resource == "cpu")] | length' <<<"$output")" = 2 ]
	# Nor by who asks for a trigger.
	run --separate-stderr timeout 20 lnx-psi --root "$M" \
	    --trigger 'memory some 1s/2s@/kubepods.slice'
	[ "$status" -eq 4 ]
}

@test "lnx-psi: a file that cannot be read is told once, not at each look" {
	[ "$(id -u)" -ne 0 ] || skip "root can read all"
	machine two-cgroups
	chmod 0 "$M/proc/pressure/io"
	run --separate-stderr lnx-psi --interval 100ms -n 4 --root "$M"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"/proc/pressure/io: Permission denied" ]]
}

@test "lnx-psi: pressure of cgroups that is switched off is told once for all" {
	run --separate-stderr lnx-psi --interval 100ms -n 3 --root "$PSI/cgroup-pressure-off"
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"cgroup.pressure is 0"*"(and so in 1 more)" ]]
	[ "$(jq -r 'select(.event == "psi" and .cgroup) | .cgroup' <<<"$output")" = "" ]
}

@test "lnx-psi: without a tree of cgroups the machine is told" {
	run --separate-stderr lnx-psi --once --root "$PSI/no-cgroup-tree"
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ "$(jq -r 'select(.event == "psi") | .resource' <<<"$output" | wc -l)" = 4 ]
}

@test "lnx-psi: deltas are the difference of totals, percent is of the interval" {
	machine two-cgroups
	start
	overwrite "$M/proc/pressure/io" "$(cat <<-'END'
	some avg10=3.00 avg60=2.00 avg300=1.00 total=37777
	full avg10=2.00 avg60=1.00 avg300=0.50 total=20001
	END
	)"$'\n'
	overwrite "$M/sys/fs/cgroup/kubepods.slice/pids.current" 34$'\n'
	wait_for lines '"some_total_ns":37777000' 2
	wait_for lines '"pids":34' 1
	stop
	[ ! -s err ]
	jq -s '[.[] | select(.event == "psi" and .resource == "io" and
	    (.cgroup | not))] | map(.some_ns // 0) | add' out | diff -u - <(echo 7777000)
	jq -e -s '[.[] | select(.some_ns == 7777000)] | length == 1 and (.[0] |
	    .full_ns == 1000 and .interval_ns > 50000000 and
	    ((.some_pct - 777700000 / .interval_ns) | fabs < 0.001))' out
	# The first has no interval, all others have.
	jq -e -s '[.[] | select(.resource == "irq" and (.cgroup | not))] |
	    (.[0] | has("interval_ns") | not) and (.[1:] | all(has("interval_ns")
	    and .full_ns == 0 and (has("some_ns") | not)))' out
}

@test "lnx-psi: a total that goes back is no negative stall" {
	machine two-cgroups
	start
	overwrite "$M/proc/pressure/irq" \
	    'full avg10=0.10 avg60=0.20 avg300=0.30 total=11'$'\n'
	wait_for lines '"full_total_ns":11000' 2
	stop
	jq -e -s '[.[] | select(.resource == "irq" and .full_total_ns == 11000)] |
	    (.[0] | has("full_ns") | not) and .[1].full_ns == 0' out
}

@test "lnx-psi: a cgroup that is made later is found, one that goes is left out" {
	machine two-cgroups
	cp -r "$M/sys/fs/cgroup/kubepods.slice/pod1" new
	start
	cp -r new "$M/sys/fs/cgroup/kubepods.slice/pod2"
	wait_for lines '"/kubepods.slice/pod2","resource":"cpu","reason":"interval","interval_ns"' 1
	rm -r "$M/sys/fs/cgroup/kubepods.slice/pod1"
	n=$(grep -c '"/kubepods.slice/pod2"' out)
	wait_for lines '"/kubepods.slice/pod2"' $((n + 12))
	tail -n 20 out | grep -v '"state":"end"' >tail
	stop
	if grep '"/kubepods.slice/pod1"' tail; then false; fi
	[ ! -s err ]
	[ "$(tail -n 1 out | jq .lost)" = 0 ]
}

@test "lnx-psi: a cgroup made anew under its old name is another one" {
	machine two-cgroups
	P=$M/sys/fs/cgroup/kubepods.slice/pod1
	cp -r "$P" new
	printf 'some avg10=0.00 avg60=0.00 avg300=0.00 total=7000\n' >new/cpu.pressure
	start
	# No look sees that it was away.
	kill -STOP "$BG"
	rm -r "$P"
	cp -r new "$P"
	kill -CONT "$BG"
	wait_for lines '"some_total_ns":7000000' 3
	stop
	# 1000 us were its predecessor's: no 6000 us of stall.
	jq -e -s '[.[] | select(.cgroup == "/kubepods.slice/pod1" and
	    .resource == "cpu")] | map(.some_ns // 0) | add == 0' out
	jq -e -s '[.[] | select(.some_total_ns == 7000000)][0] |
	    has("interval_ns") | not' out
}

@test "lnx-psi: few open files are enough, and it says so" {
	once two-cgroups | grep -v '"event":"source"' >many
	for n in 1 5 20; do
		once two-cgroups --max-files "$n" | grep -v '"event":"source"' |
		    diff -u many -
	done
	run --separate-stderr bash -c 'ulimit -n 70
		lnx-psi --interval 100ms -n 3 --root "$1"' - "$PSI/two-cgroups"
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *RLIMIT_NOFILE* ]]
	[ "$(jq -s '[.[] | select(.event == "psi" and .some_ns == 0)] | length' \
	    <<<"$output")" = 18 ]
	jq -e -s '.[0].degraded[0] | test("RLIMIT_NOFILE")' <<<"$output"
}

paths() {
	jq -r 'select(.event == "psi" and .resource == "cpu") |
	    .cgroup // "machine"' | sort | paste -sd ' '
}

@test "lnx-psi: --cgroup takes globs in which * is also /, and a backslash is one" {
	[ "$(once two-cgroups --cgroup '/kube*' | paths)" = \
	    "/kubepods.slice /kubepods.slice/pod1 machine" ]
	[ "$(once two-cgroups --cgroup '*/pod1' | paths)" = \
	    "/kubepods.slice/pod1 machine" ]
	[ "$(once two-cgroups --cgroup /no --cgroup /kubepods.slice | paths)" = \
	    "/kubepods.slice machine" ]
	machine two-cgroups
	mv "$M/sys/fs/cgroup/kubepods.slice" "$M/sys/fs/cgroup/a\\x2db.slice"
	[ "$(lnx-psi --once --root "$M" --cgroup '/a\x2db.slice' | paths)" = \
	    '/a\x2db.slice machine' ]
}

@test "lnx-psi: --depth, --min-pct, --top choose; the machine is always told" {
	[ "$(once two-cgroups --depth 0 | paths)" = machine ]
	[ "$(once two-cgroups --depth 1 | paths)" = "/kubepods.slice machine" ]
	[ "$(once two-cgroups --min-pct 2.5 | paths)" = "/kubepods.slice machine" ]
	[ "$(once two-cgroups --min-pct 2 | paths)" = \
	    "/kubepods.slice /kubepods.slice/pod1 machine" ]
	[ "$(once two-cgroups --min-pct 100 | paths)" = machine ]
	[ "$(once two-cgroups --top 1 | paths)" = "/kubepods.slice machine" ]
	# Of equals the first, no more: io is the same in both.
	[ "$(once two-cgroups --top 1 | jq -c 'select(.resource == "io")' | wc -l)" = 2 ]
	[ "$(once two-cgroups --top 2 | paths)" = "$(once two-cgroups | paths)" ]
}

@test "lnx-psi: --no-stat leaves the records cgroup out" {
	[ "$(once two-cgroups --no-stat | grep -c '"event":"cgroup"')" = 0 ]
	[ "$(once two-cgroups --no-stat | grep -c '"event":"psi"')" = 12 ]
}

@test "lnx-psi: --count and --duration end it, at status 0" {
	lnx-psi --interval 100ms -n 3 --root "$PSI/two-cgroups" >out
	[ "$(grep -c '"resource":"irq","reason"' out)" = 9 ]
	start=$(date +%s%N)
	lnx-psi --interval 100ms -d 500ms --root "$PSI/two-cgroups" >out
	[ $(($(date +%s%N) - start)) -ge 400000000 ]
	tail -n 1 out | grep -q '"state":"end"'
}

@test "lnx-psi: --duration ends with a look at its end, also between two ticks" {
	# lasts INTERVAL DURATION MS: the looks, and the ms of the last interval.
	lasts() {
		timeout 20 lnx-psi --interval "$1" -d "$2" --no-stat --depth 0 \
		    --root "$PSI/two-cgroups" >out
		jq -e -s --argjson ms "$3" '[.[] | select(.resource == "cpu")] |
		    .[-1].boot_ns - .[0].boot_ns >= ($ms - 40) * 1000000 and
		    .[-1].interval_ns > 40000000' out
	}
	lasts 7s 600ms 600
	[ "$(grep -c '"resource":"cpu"' out)" = 2 ]
	lasts 1s 400ms 400
	[ "$(grep -c '"resource":"cpu"' out)" = 2 ]
	lasts 500ms 1250ms 1250
	[ "$(grep -c '"resource":"cpu"' out)" = 4 ]
	lasts 200ms 600ms 600
	[ "$(grep -c '"resource":"cpu"' out)" = 4 ]
}

@test "lnx-psi: a --cgroup that fits nothing is told, and waited for" {
	machine two-cgroups
	run --separate-stderr lnx-psi --once --root "$M" --cgroup 'kube*'
	[ "$status" -eq 0 ]
	[ "$stderr" = "lnx-psi: --cgroup: 'kube*' fits no cgroup: their paths begin with /" ]
	jq -e -s '.[0].degraded[0] | test("fits no cgroup")' <<<"$output"
	run --separate-stderr lnx-psi --once --root "$M" --cgroup /later
	[ "$status" -eq 0 ]
	[ "$stderr" = "lnx-psi: --cgroup: no cgroup fits so far" ]
	start --cgroup /later
	cp -r "$M/sys/fs/cgroup/kubepods.slice/pod1" "$M/sys/fs/cgroup/later"
	wait_for lines '"cgroup":"/later","resource":"cpu"' 2
	stop
	grep -q "no cgroup fits so far" err
	run --separate-stderr lnx-psi --once --root "$M" --cgroup '/kube*'
	[ -z "$stderr" ]
}

@test "lnx-psi: --text: columns are columns, whatever the names are made of" {
	command -v python3 >/dev/null || skip "no python3"
	machine two-cgroups
	cp -r "$M/sys/fs/cgroup/kubepods.slice/pod1" one
	for name in é $'e\u0301' 日本語 "$(printf 'é%.0s' {1..100})" \
	    "$(printf '日%.0s' {1..60})"; do
		cp -r one "$M/sys/fs/cgroup/$name"
	done
	LC_ALL=C.UTF-8 lnx-psi --once --text --root "$M" >text
	PYTHONIOENCODING=utf-8 LC_ALL=C.UTF-8 python3 - >widths <<-'END'
	import unicodedata as u
	def columns(s):
	    return sum(0 if u.combining(c) else
	        2 if u.east_asian_width(c) in "WF" else 1 for c in s)
	for line in open("text", encoding="utf-8"):
	    print(columns(line.rstrip("\n")))
	END
	[ "$(wc -l <widths)" = 9 ]
	[ "$(sort -u widths | wc -l)" = 1 ]
}

@test "lnx-psi: looks do not drift: twenty of 100 ms take two seconds" {
	lnx-psi --interval 100ms -n 21 --no-stat --depth 0 --root "$PSI/two-cgroups" >out
	# The intervals are all the time there was.  A busy machine may look late,
	# or leave looks out, but the clock goes on: of 20 looks, most are within
	# 20 ms of a tick.
	jq -e -s '[.[] | select(.resource == "cpu")] | .[0].boot_ns as $t |
	    (map(.interval_ns // 0) | add) == .[-1].boot_ns - $t and
	    (map((.boot_ns - $t + 10000000) % 100000000 | select(. < 30000000)) |
		length) > 10' out
}

@test "lnx-psi: a tool that was stopped says that cgroups ended unread" {
	machine two-cgroups
	start
	kill -STOP "$BG"
	rm -r "$M/sys/fs/cgroup/kubepods.slice/pod1"
	mkdir "$M/sys/fs/cgroup/short"
	rmdir "$M/sys/fs/cgroup/short"
	sleep 0.5
	kill -CONT "$BG"
	wait_for lines '"event":"lost"' 1
	stop
	jq -e -s '.[] | select(.event == "lost") | .count == 2 and .source == "late" and
	    .from < .to' out
	[ "$(grep -c '"event":"lost"' out)" = 1 ]
	[ "$(tail -n 1 out | jq .lost)" = 2 ]
}

@test "lnx-psi: with --text that is a sentence" {
	machine two-cgroups
	lnx-psi --interval 100ms --root "$M" --text -o out 2>err 3>&- &
	BG=$!
	wait_for lines machine 1
	kill -STOP "$BG"
	rm -r "$M/sys/fs/cgroup/kubepods.slice/pod1"
	sleep 0.5
	kill -CONT "$BG"
	wait_for grep -q "looks were left out" err
	stop
}

@test "lnx-psi: --text: who is new has no share of the interval yet" {
	machine two-cgroups
	mv "$M/sys/fs/cgroup/kubepods.slice/pod1" pod1
	lnx-psi --interval 1s --count 3 --root "$M" --text -o out 2>err 3>&- &
	BG=$!
	wait_for lines "% of the last" 1
	cp -r pod1 "$M/sys/fs/cgroup/kubepods.slice/pod1"
	wait "$BG"
	BG=
	grep pod1 out >rows
	cat out
	[ "$(sed -n 1p rows | tr -cd 0-9)" = 1 ]
	[ "$(sed -n 2p rows | tr -cd 0-9)" != 1 ]
}

@test "lnx-psi: --text is a table, the most pressed first" {
	run --separate-stderr lnx-psi --once --text --root "$PSI/two-cgroups"
	[ "$status" -eq 0 ]
	diff -u "$PSI/two-cgroups.text" - <<<"$output"
	[[ $output != *$'\033'* ]]
}

@test "lnx-psi: --trigger where there are none reads the file once a window" {
	machine two-cgroups
	lnx-psi --trigger 'io some 5ms/200ms' --trigger 'cpu full 1ms/300ms@/kubepods.slice' \
	    --root "$M" -n 1 -o out 2>err 3>&- &
	BG=$!
	wait_for lines '"reason":"start"' 2
	overwrite "$M/proc/pressure/io" "$(cat <<-'END'
	some avg10=3.00 avg60=2.00 avg300=1.00 total=37777
	full avg10=2.00 avg60=1.00 avg300=0.50 total=20001
	END
	)"$'\n'
	wait "$BG"
	BG=
	jq -e -s '.[] | select(.reason == "trigger") | .some_ns == 7777000 and
	    .resource == "io" and (has("cgroup") | not)' out
	jq -e -s '.[0].degraded | length == 2' out
	[ "$(wc -l <err)" = 2 ]
	grep -q "^lnx-psi: .*read every 0.2 s instead$" err
}

@test "lnx-psi: a trigger that nothing can be asked of: said, status 4" {
	run --separate-stderr lnx-psi --trigger 'cpu some 1s/2s@/none' --root "$PSI/two-cgroups"
	[ "$status" -eq 4 ]
	[[ ${stderr_lines[0]} == *"no such cgroup"* ]]
	[ "$(jq -rs 'map(.state) | join(" ")' <<<"$output")" = "start end" ]
}

@test "lnx-psi: wrong options exit 2 and say what is wanted" {
	while read -r -a a; do
		run --separate-stderr lnx-psi "${a[@]}"
		echo "${a[*]}: $status: $stderr"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "${stderr_lines[-1]}" = "Try 'lnx-psi -h'." ]
	done <<-'END'
	--interval 99ms
	--interval 25h
	--interval x
	--min-pct 101
	--min-pct -1
	--min-pct nan
	--min-pct 5%
	--depth -1
	--top 0
	-n 0
	-d 0
	--max-files 0
	--trigger cpu
	--trigger cpu some 1s/2s --once
	--min-pct 0x10
	--min-pct 1e1
	--once --count 3
	--once --interval 5s
	--once -d 5s
	operand
	END
	run --separate-stderr lnx-psi --trigger 'cpu some 1s/2s' --max-files 7
	[ "$status" -eq 2 ]
	run --separate-stderr lnx-psi --trigger 'cpu some 1s/2s' --interval 1s
	[ "$status" -eq 2 ]
	run --separate-stderr lnx-psi --trigger 'cpu some 1s/2s' --depth 1
	[ "$status" -eq 2 ]
	[[ $stderr == *"--depth: chooses no cgroup for --trigger without --cgroup"* ]]
	run --separate-stderr lnx-psi --trigger 'cpu some 3s/2s'
	[ "$status" -eq 2 ]
	[[ $stderr == *"not shorter"* ]]
}

@test "lnx-psi: a control character in the path of a cgroup is harmless" {
	machine two-cgroups
	mv "$M/sys/fs/cgroup/kubepods.slice" "$M/sys/fs/cgroup/"$'evil\n\033[2J\377'
	lnx-psi --once --root "$M" >out
	[ "$(jq -r .event out | wc -l)" = "$(wc -l <out)" ]
	grep -qF '"replaced":["cgroup"]' out
	lnx-psi --once --text --root "$M" >text
	[ "$(wc -l <text)" = 4 ]
	if grep $'\033' text; then false; fi
	echo x >"$M/sys/fs/cgroup/"$'evil\n\033[2J\377/io.pressure'
	lnx-psi --once --root "$M" >out 2>err
	[ "$(wc -l <err)" = 1 ]
	grep -q 'evil.*/io.pressure: neither' err
	if grep $'\033' err; then false; fi
}
