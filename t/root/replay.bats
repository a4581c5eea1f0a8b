# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
	NOP=$(command -v nop)
	chmod 755 "$BATS_TEST_TMPDIR"
}

@test "-w then -r: the stream is whole, and the same each time, by whomever" {
	OUT=wire.bin INTO=-w trace_start
	spawn -n 2000 "$NOP" >truth
	for s in plain script memfd thread; do
		shape "$s" "$(command -v me)" >/dev/null
	done
	family many >/dev/null
	argv 7 500 500 "$NOP" >truth-argv
	OUT=wire.bin INTO=-w trace_stop
	lnx-trace -r wire.bin -o replay
	account replay
	setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
		lnx-trace -r - <wire.bin >again
	cmp replay again
	# All that was done is in it.
	pick -w "ppid=$(head -n 1 truth | cut -f 1)" exec pid <replay |
		diff -u <(cut -f 2 truth) -
	pick -w "ppid=$(head -n 1 truth-argv)" exec pid argc argv_len argv replaced <replay |
		diff -u <(tail -n +2 truth-argv) -
	[ "$(wc -l <replay)" -ge 6000 ]
}

@test "-w to a pipe and -r from it at once is a live stream" {
	# Two watch the same: one plainly, one by way of the wire.
	name=a-$BASHPID
	cp "$NOP" "$name"
	trace_start --comm "$name"
	bash -c 'exec lnx-trace --comm "$1" -w - 2>"$0"' "$ERR.wire" "$name" 3>&- > >(lnx-trace -r - -o again 3>&-) &
	wire=$!
	TRACES+=("$wire")
	wait_for 10 grep -qs '"state":"synced"' again
	spawn -n 500 "./$name" >/dev/null
	kill -INT $wire
	wait $wire
	trace_stop
	wait_for 5 grep -q '"state":"end"' again
	account again
	# But for the clock and the counters the records are the same.
	same='exec,exit event id ppid comm uid cgroup exe argv argc cwd exit_code pid_ns cap_eff cpu'
	# shellcheck disable=SC2086
	pick $same <"$OUT" | sort | diff -u - <(pick $same <again | sort) | head -n 20 | diff -u /dev/null -
	[ "$(pick exec id <again | wc -l)" = 500 ]
}

@test "-r tells also what was lost" {
	OUT=wire.bin INTO=-w trace_start --ring 64KiB
	kill -STOP "$TRACE"
	spawn -n 5000 "$NOP" >/dev/null
	kill -CONT "$TRACE"
	sleep 1.5
	OUT=wire.bin INTO=-w trace_stop
	lnx-trace -r wire.bin -o replay
	account replay
	[ -n "$(pick lost count <replay)" ]
	grep -q '"state":"synced".*"snap":2' replay
	run lnx-trace -r wire.bin --strict -o /dev/null
	[ "$status" = 3 ]
}

@test "-r: a recording is not written over by what is made of it" {
	cp "$DATA/flow/1-wire.bin" wire.bin
	run lnx-trace -r wire.bin -o wire.bin
	[ "$status" = 2 ]
	[ "$output" = "lnx-trace: wire.bin: is input and output" ]
	run bash -c 'lnx-trace -r - -o wire.bin <wire.bin'
	[ "$status" = 2 ]
	cmp wire.bin "$DATA/flow/1-wire.bin"
}

@test "-r -e: of a recording only the kinds that were asked for" {
	OUT=wire.bin INTO=-w trace_start
	nop
	OUT=wire.bin INTO=-w trace_stop
	lnx-trace -r wire.bin >replay
	lnx-trace -r wire.bin -e exec >only
	pick fork,exec,exit,reparent,snap event <only | sort -u | diff -u <(echo exec) -
	diff -u <(pick exec id seq <replay) <(pick exec id seq <only)
}

@test "a recording that is cut off: what is whole is told, status 3" {
	OUT=wire.bin INTO=-w trace_start
	nop
	OUT=wire.bin INTO=-w trace_stop
	lnx-trace -r wire.bin -o replay
	head -c -7 wire.bin >cut.bin
	run --separate-stderr lnx-trace -r cut.bin -o part
	[ "$status" = 3 ]
	[[ "$stderr" == *cut.bin* ]]
	head -n "$(wc -l <part)" replay | cmp part -
	[ "$(wc -l <part)" = $(($(wc -l <replay) - 1)) ]
}

@test "-n: ends after so many records" {
	spawn -s 5 "$NOP" >/dev/null 3>&- &
	storm=$!
	run --separate-stderr timeout 10 lnx-trace -n 10 -e exec -o "$OUT"
	[ "$status" = 0 ]
	wait $storm
	pick fork,exec,exit,reparent event <"$OUT" | uniq -c | tr -s ' ' |
		diff -u <(echo ' 10 exec') -
	tail -n 1 "$OUT" | pick source state received | diff -u <(printf 'end\t10\n') -
}

# By the clock a start depends on who else is busy: so let it be a short one.
lives=snap,fork,exec,exit,reparent

@test "-d: ends after that time" {
	noisy
	start=${EPOCHREALTIME/./}
	run --separate-stderr timeout 10 lnx-trace -e "$lives" -d 700ms -o "$OUT"
	took=$((${EPOCHREALTIME/./} - start))
	[ "$status" = 0 ]
	echo "took $took us"
	[ $took -ge 700000 ]
	[ $took -le 2500000 ]
	account "$OUT"
}

@test "the first event is out soon after the start" {
	noisy
	start=${EPOCHREALTIME/./}
	trace_start -e "$lives"
	wait_for 10 trace_said synced
	took=$((${EPOCHREALTIME/./} - start))
	trace_stop
	echo "synced after $took us"
	[ $took -le 2000000 ]
}

@test "a start takes less than a second of a processor, with all kinds" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer takes its time"
	least=9999
	for _ in 1 2 3; do
		{ TIMEFORMAT='%3U %3S'; time lnx-trace -d 1ms -o "$OUT" 2>err; } 2>took
		took=$(tail -n 1 took | awk '{ print int(($1 + $2) * 1000) }')
		echo "took $took ms"
		[ "$took" -ge $least ] || least=$took
	done
	tail -n 1 "$OUT" | pick source state | diff -u <(echo end) -
	[ $least -lt 1000 ]
}
