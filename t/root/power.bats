# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
	NOP=$(command -v nop)
	chmod 755 "$BATS_TEST_TMPDIR"
}

status_of() {
	awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/status"
}

# The whole chain of records of a small program.
whole() {
	spawn -n 5 "$NOP" >truth
	trace_stop
	nothing_lost
	pick -w "ppid=$(cut -f 1 truth | head -n 1)" fork,exec,exit event <"$OUT" |
		sort | uniq -c | tr -s ' ' | diff -u <(printf ' 5 exec\n 5 exit\n 5 fork\n') -
}

# What only lives as nobody, with two capabilities and no more.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs
	--bounding-set -all,+bpf,+perfmon
	--inh-caps -all,+bpf,+perfmon --ambient-caps -all,+bpf,+perfmon)

@test "once it watches it is nobody, with no capability and no way to get one" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer's build keeps what it needs"
	trace_start
	[ "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$TRACE/status")" = "65534 65534 65534 65534" ]
	[ "$(awk '$1 == "Gid:" { print $2, $3, $4, $5 }' "/proc/$TRACE/status")" = "65534 65534 65534 65534" ]
	[ -z "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$TRACE/status")" ]
	for set in CapEff CapPrm CapInh CapAmb; do
		[ "$(status_of "$TRACE" $set)" = 0000000000000000 ] || {
			echo "$set: $(status_of "$TRACE" $set)"
			return 1
		}
	done
	[ "$(status_of "$TRACE" NoNewPrivs)" = 1 ]
	whole
	# It says so itself: no capability was kept.
	head -n 1 "$OUT" | pick source caps_kept | diff -u <(echo -) -
}

@test "nobody with CAP_BPF and CAP_PERFMON sees everything" {
	me=$BASHPID
	"${nobody[@]}" lnx-trace 3>&- >"$OUT" 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE")
	wait_for 10 trace_said_or_gone synced
	cat "$ERR"
	trace_said synced
	[ "$(status_of "$TRACE" Uid)" = 65534 ]
	whole
	# The snapshot too has everybody.
	[ "$(pick -w pid=2 snap pid <"$OUT")" = 2 ]
	[ "$(pick -w "pid=$me" snap pid <"$OUT")" = "$me" ]
}

@test "without tracefs and debugfs it sees everything" {
	unshare -m bash -c '
		for fs in tracefs debugfs bpf; do
			awk -v t=$fs "\$3 == t { print \$2 }" /proc/mounts | tac |
				while read -r dir; do umount -l "$dir"; done
		done
		! grep -qE " (tracefs|debugfs|bpf) " /proc/mounts || exit 99
		exec lnx-trace -o "$0"' "$OUT" 3>&- 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE")
	wait_for 10 trace_said_or_gone synced
	cat "$ERR"
	trace_said synced
	whole
}

# refused STATUS COMMAND...: one sentence on stderr, nothing on stdout.
refused() {
	local want=$1
	shift
	run --separate-stderr timeout 10 "$@"
	echo "status $status, said: $stderr"
	[ "$status" = "$want" ]
	[ -z "$output" ]
	# shellcheck disable=SC2154
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 1 ]
	[[ "$stderr" == lnx-trace:* ]]
}

@test "without privileges: one sentence that names them, status 4" {
	refused 4 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all --inh-caps -all lnx-trace
	[[ "$stderr" == *CAP_BPF* ]]
	[[ "$stderr" == *CAP_PERFMON* ]]
}

@test "root without CAP_BPF: one sentence that names it, status 4" {
	refused 4 setpriv --bounding-set -bpf,-perfmon,-sys_admin \
		--inh-caps -bpf,-perfmon,-sys_admin lnx-trace
	[[ "$stderr" == *CAP_BPF* ]]
}

@test "without BTF: one sentence that names it, status 4" {
	refused 4 unshare -m bash -c 'mount -t tmpfs none /sys/kernel/btf 2>/dev/null ||
		mount -t tmpfs none /sys/kernel && exec lnx-trace'
	[[ "$stderr" == *BTF* ]]
}

@test "a file that cannot be written: one sentence, status 4" {
	refused 4 lnx-trace -o /nowhere/at/all
	[[ "$stderr" == */nowhere/at/all* ]]
}

@test "a full disk: said once, status 4" {
	refused 4 bash -c 'lnx-trace -d 2s >/dev/full'
}

@test "a process to filter that is not there is no error of the kernel" {
	run --separate-stderr timeout 10 lnx-trace --pid 4194303 -d 200ms
	[ "$status" = 0 ]
}

@test "--probe-features: the core works here, and a line for each feature" {
	run --separate-stderr lnx-trace --probe-features
	[ "$status" = 0 ]
	[ "$(printf '%s\n' "$output" | wc -l)" -ge 5 ]
	[[ "$output" == *btf* ]]
	[[ "$output" == *ringbuf* ]]
	# What looks from time to time, too.
	for name in sample oom stall.cpu stall.io stall.memory psi; do
		grep -qE "^(ok|missing) +$name " <<<"$output" || { echo "no $name"; return 1; }
	done
	if lnx-trace -qe sample -n 1 >/dev/null; then
		grep -qE '^ok +sample .*\([1-9][0-9]* processes\)$' <<<"$output"
	fi
	if lnx-trace -qe stall -d 100ms --strict >/dev/null; then
		grep -qE '^ok +stall\.cpu ' <<<"$output"
	fi
}

@test "--probe-features without privileges: says what to do, status 4" {
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all --inh-caps -all lnx-trace --probe-features
	echo "status $status: $output / $stderr"
	[ "$status" = 4 ]
	[[ "$output$stderr" == *CAP_BPF* ]]
	for name in sample oom stall.cpu stall.io stall.memory; do
		grep -qE "^missing +$name .*\(.*CAP_BPF.*\)$" <<<"$output" ||
			{ echo "$name: no reason"; return 1; }
	done
}

# Wake-ups of all its threads, by choice or not.
switches() {
	cat "/proc/$1"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

@test "idle it does not wake: no context switch in 3 s" {
	sleep 60 3>&- &
	idle=$!
	# All that is not looked at from time to time.
	trace_start -e snap,fork,exec,exit,reparent,oom --pid $idle
	wait_for 10 trace_said synced
	sleep 0.5
	before=$(switches "$TRACE")
	sleep 3
	after=$(switches "$TRACE")
	kill $idle
	trace_stop
	echo "switches: $before, 3 s later $after"
	[ "$before" = "$after" ]
}

@test "a record is out within 200 ms, though nothing follows it" {
	noisy
	mkfifo go
	bash -c 'read -r go <go; exec nop' 3>&- &
	pid=$!
	trace_start --pid $pid
	echo >go
	wait $pid
	sleep 0.2
	pick -w "pid=$pid" exit exit_code <"$OUT" | diff -u <(echo 0) -
	trace_stop
}

@test "a reader that leaves ends it by SIGPIPE" {
	run bash -c 'set -o pipefail; (sleep 0.3; for i in 1 2 3 4 5; do nop; sleep 0.1; done) &
		timeout 10 lnx-trace 2>err | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"; cat err'
	[ "$output" = 141 ]
}

@test "a reader of a socket that leaves ends it, though nothing happens" {
	command -v perl >/dev/null || skip "no perl for a socket"
	[ "$(left_alone lnx-trace -q -e oom)" = 141 ]
}

@test "the second ^C kills a lnx-trace that cannot write" {
	mkfifo stuck
	exec 8<>stuck
	spawn -s 2 "$NOP" >/dev/null 3>&- 8>&- &
	storm=$!
	lnx-trace >stuck 3>&- 8>&- 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE")
	sleep 1
	kill -INT "$TRACE"
	sleep 0.5
	kill -INT "$TRACE" 2>/dev/null || true
	rc=0
	wait "$TRACE" || rc=$?
	exec 8>&-
	wait $storm
	[ "$rc" = 130 ]
}

@test "^C ends it though its reader is slower than what happens" {
	mkfifo slow
	spawn -s 15 "$NOP" >/dev/null 3>&- &
	storm=$!
	bash -c 'while [ "$(head -c 16384 | wc -c)" -gt 0 ]; do sleep 0.1; done' <slow 3>&- &
	reader=$!
	lnx-trace --no-snap --ring 64KiB >slow 3>&- 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE")
	sleep 2
	kill -INT "$TRACE"
	wait "$TRACE"
	# It did not wait for the end of the storm.
	kill $storm
	wait $storm || true
	wait $reader
}

# usage WORD OPTION...: status 2, one sentence that has the word.
usage() {
	local word=$1
	shift
	run --separate-stderr timeout 10 lnx-trace -d 100ms "$@"
	echo "$*: status $status, said: $stderr"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[[ ${stderr_lines[0]} == "lnx-trace: "*"$word"* ]]
}

@test "an option that would have no effect is refused" {
	usage "--window: has no effect" -e exec --window 2s
	usage "--resource: has no effect" -e exec --resource io
	usage "--culprit: has no effect" -e stall_total --culprit process
	usage "--min-stall: has no effect" -e stall_total --min-stall 1s
	usage "--interval: has no effect" -e stall --interval 2s
	usage "--all: has no effect" -e exec,exit --all
	usage "--rate: has no effect" -e stall,exit --rate 5
	usage "--argv-max: has no effect" -e stall,exit --argv-max 8KiB
	usage "--no-snap: has no effect" -e stall,exec --no-snap
	usage "--rung: has no effect" -e stall,sample --rung tp_btf
	usage "--culprit=process: has no effect" --culprit process --resource io
	for filter in "-p 1" "--ppid 1" "-t 1" "--comm nope" "-u 0"; do
		usage "choose by --cgroup" -e stall $filter
	done
	usage "choose by --cgroup" --window 2s -p 1
}

@test "with a filter by process stalls are left out, and that is said" {
	run --separate-stderr timeout 20 lnx-trace -v --comm nope -d 1500ms
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "lnx-trace: stalls: not told with --comm: they are of cgroups, not of processes" ]
	jq -e -s '.[0] | (.degraded | any(startswith("stall: not told with --comm"))) and
	    (.events | index("stall") == null)' <<<"$output"
	if grep '"event":"stall' <<<"$output"; then false; fi
	run --separate-stderr timeout 20 lnx-trace --comm nope -d 200ms
	[ -z "$stderr" ]
}

@test "without a file to be had: stalls are told, and that open_ns is missing" {
	trace_start -e stall_total --resource cpu --window 200ms
	setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --pid "$TRACE" --nofile=3:3
	wait_for 10 grep -q 'open_ns is missing' "$OUT"
	sleep 1
	trace_stop
	[ "$(grep -c 'open_ns is missing' "$OUT")" = 1 ]
	sed '1,/open_ns is missing/d' "$OUT" | pick stall_total stall_ns open_ns >after
	[ -s after ]
	if grep -v -- '-$' after; then false; fi
}

files_of() {
	setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --pid "$TRACE" --nofile="$1":
}

@test "without a file to be had for a while: samples and open_ns are missing, and then no longer" {
	local state what
	trace_start -e sample,stall_total --resource cpu --window 200ms --interval 200ms --all
	wait_for 10 grep -q '"event":"sample"' "$OUT"
	files_of 3
	wait_for 10 grep -q 'open_ns is missing' "$OUT"
	wait_for 10 grep -q 'processes cannot be looked at' "$OUT"
	sleep 1
	files_of 1024
	wait_for 10 grep -q '"state":"healed".*open_ns is missing' "$OUT"
	wait_for 10 grep -q '"state":"healed".*processes cannot be looked at' "$OUT"
	sleep 0.5
	trace_stop
	for what in 'open_ns is missing' 'sample: the processes cannot be looked at: Too many open files'; do
		for state in degraded healed; do
			[ "$(grep "$what" "$OUT" | grep -c "\"state\":\"$state\"")" = 1 ]
		done
	done
	# Nothing is told twice or lost: who was seen before goes on where it was.
	sed '1,/"state":"healed".*processes cannot/d' "$OUT" | pick sample pid interval_ns >after
	awk -v p=$$ '$1 == p && $2 != "-" { n++ } END { exit n == 0 }' after
	sed '/processes cannot be looked at/q' "$OUT" | pick sample pid >before
	grep -qx $$ before
	sed -n '/degraded.*processes cannot/,/healed.*processes cannot/p' "$OUT" | pick sample pid interval_ns |
	    awk -v p=$$ '$1 == p { n++; if ($2 < 1000000000) exit 1 } END { exit n == 0 }'
}
