# SPDX-License-Identifier: AGPL-3.0-or-later
# Sourced by the bats files here: lnx-trace on the live kernel.
# shellcheck shell=bash
PATH=$BUILD/t/root:$PATH

# Called in setup(): what these tests cannot do without.
need_kernel() {
	need_root
	OUT=$BATS_TEST_TMPDIR/out.ndjson
	ERR=$BATS_TEST_TMPDIR/err
	TRACES=()
	cd "$BATS_TEST_TMPDIR" || return
}

# wait_for SECONDS COMMAND...: until it is true.  SLOW: as in stall.bash.
wait_for() {
	local end=$((SECONDS + $1 * ${SLOW:-1}))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.02
	done
}

# trace_start [OPTION...]: lnx-trace -o $OUT in the background, as $TRACE, until
# it watches, and has told all processes that are alive if it is to.  INTO=-w:
# record instead.
trace_start() {
	local state=synced
	case "$* " in
	*--no-snap*|*"-e "*) state=start ;;
	esac
	rm -f "$OUT"
	lnx-trace "${INTO:--o}" "$OUT" "$@" 3>&- 2>"$ERR" &
	TRACE=$!
	TRACES+=("$TRACE")
	wait_for 30 trace_said_or_gone $state
	trace_said $state || { echo "lnx-trace never said $state"; cat "$ERR"; return 1; }
}

trace_said() {
	if [ "${INTO-}" = -w ]; then
		grep -qsa "$1" "$OUT"
	else
		grep -qs "\"state\":\"$1\"" "$OUT"
	fi
}

trace_said_or_gone() {
	trace_said "$1" || ! kill -0 "$TRACE" 2>/dev/null
}

# ^C for lnx-trace: it must end well, and its account must be right.
trace_stop() {
	local rc=0
	kill -INT "$TRACE"
	wait "$TRACE" || rc=$?
	[ $rc = "${1:-0}" ] || { echo "lnx-trace: status $rc"; cat "$ERR"; return 1; }
	[ "${INTO-}" = -w ] || account "$OUT"
}

# Whatever a stream holds: it begins and ends with its source, and
# generated = received + lost, by its own words and by count.
account() {
	head -n 1 "$1" | pick source state | diff -u <(echo start) - || return 1
	tail -n 1 "$1" | pick source state | diff -u <(echo end) - || return 1
	tail -n 1 "$1" | pick source generated received lost >account
	# pick reads the whole stream here: all of it is JSON.
	pick all event count seq <"$1" | awk '
		$3 != "-" { got++ }
		$1 == "lost" { lost += $2 }
		END { printf "%d\t%d\t%d\n", got + lost, got, lost }' >counted
	diff -u counted account
}

teardown() {
	local p
	for p in "${TRACES[@]}"; do
		kill -CONT "$p" 2>/dev/null || true
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	undo
}

# What a test changed; files that do, say it again.
undo() { :; }

# Whether any record was lost at all.
nothing_lost() {
	pick lost count source forks execs exits <"$OUT" | diff -u /dev/null -
}
