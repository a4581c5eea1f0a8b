# SPDX-License-Identifier: AGPL-3.0-or-later
# Sourced by the bats files here that run lnx-trace | lnx-rules: behind trace.bash.
# shellcheck shell=bash

setup() {
	noisy
	need_kernel
	V2=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	PIDS=$(awk '$0 ~ / - cgroup .*[ ,]pids/ { print $5; exit }' /proc/self/mountinfo)
	CG=lnx-rules-$$-$BATS_TEST_NUMBER
	V1=()
}

undo() {
	local dir
	[ -z "$V2" ] || echo 1 2>/dev/null >"$V2/$CG/cgroup.kill" || true
	for dir in "$V2/$CG"/[abc] "$V2/$CG" "$PIDS/$CG" "${V1[@]}"; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			rmdir "$dir" 2>/dev/null
			[ -d "$dir" ] || break
			sleep 0.1
		done
	done
}

# rules_start [TRACE-OPTION...]: lnx-trace | lnx-rules, by the rules in $RULES if
# that is set.  The records come to $OUT too, and the incidents, each behind the
# time at which it came, to stamped.  Stalls, which are of the whole machine, only
# if asked for.
rules_start() {
	local state=synced
	case "$* " in
	*"-e "*) state=start ;;
	*) set -- -e snap,fork,exec,exit,reparent,sample,oom "$@" ;;
	esac
	rm -f "$OUT" stream
	mkfifo stream
	{
		# shellcheck disable=SC2086
		tee "$OUT" <stream | { lnx-rules ${RULES:+-r $RULES} 2>rules.err
			echo $? >rules.rc; } | stamp >stamped
	} 3>&- &
	RULER=$!
	lnx-trace "$@" 3>&- >stream 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE" "$RULER")
	wait_for 30 trace_said_or_gone $state
	trace_said $state || { echo "lnx-trace never said $state"; cat "$ERR"; return 1; }
}

# ^C for lnx-trace; lnx-rules reads to the end, skips nothing, says nothing.
rules_stop() {
	trace_stop
	wait "$RULER"
	diff -u /dev/null rules.err
	[ "$(cat rules.rc)" = 0 ]
	cut -f 2- stamped >incidents
}

# told [-w FIELD=VALUE]... FIELD...: of the incidents that opened.
told() {
	local where=()
	while [ "$1" = -w ]; do
		where+=(-w "$2")
		shift 2
	done
	pick "${where[@]}" -w state=opened incident "$@" <incidents
}

of() { awk -F '\t' -v k="$2" '$1 == k { print $2 }' "$1"; }

# within VALUE LEAST MOST
within() {
	awk -v v="$1" -v a="$2" -v b="$3" 'BEGIN {
		if (v == "-" || v < a || v > b) {
			print v ": not from " a " to " b; exit 1 } }'
}

# The id of a process, by the record that tells of its birth.
id_of() {
	pick -w "pid=$1" fork id <"$OUT" | tail -n 1
}

# Nothing above info.
nothing_worse() {
	pick incident severity rule summary <incidents | grep -v '^info' |
		diff -u /dev/null -
}

# in_group NAME CPU COMMAND...: there, on that processor.
in_group() {
	local dir=$V2/$CG/$1 cpu=$2
	shift 2
	mkdir -p "$dir"
	bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$dir" taskset -c "$cpu" "$@" 3>&-
}

# v1_group CONTROLLER: a cgroup of this test's own in that hierarchy of v1, as $v1;
# skips where there is none.
v1_group() {
	v1=$(awk -v c="$1" '$0 ~ " - cgroup .*[ ,]" c "(,|$)" { print $5; exit }' \
		/proc/self/mountinfo)
	[ -n "$v1" ] || skip "no controller $1 of v1"
	v1=$v1/$CG
	mkdir "$v1"
	V1+=("$v1")
}

# both_start TRACE-KINDS: what lnx-trace and lnx-psi tell, in one stream, to
# lnx-rules by $RULES.
both_start() {
	mkfifo stream
	{ tee "$OUT" <stream | lnx-rules -r "$RULES" >incidents 2>rules.err; } 3>&- &
	RULER=$!
	exec 7>stream
	lnx-trace -q -e "$1" >&7 2>"$ERR" 3>&- 7>&- &
	TRACE=$!
	lnx-psi -q --interval 500ms >&7 3>&- 7>&- &
	PSI=$!
	exec 7>&-
	TRACES+=("$TRACE" "$PSI" "$RULER")
	wait_for 30 grep -qs '"tool":"lnx-trace"' "$OUT"
	wait_for 30 grep -qs '"tool":"lnx-psi"' "$OUT"
}

both_stop() {
	kill -INT "$TRACE" "$PSI"
	wait "$TRACE"
	wait "$PSI"
	wait "$RULER"
	diff -u /dev/null rules.err
}
