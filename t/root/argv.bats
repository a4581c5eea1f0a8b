# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
	NOP=$(command -v nop)
}

# random COUNT MOST [OPTION...]: argument lists of at most MOST bytes.
random() {
	local n=$1 most=$2
	shift 2
	trace_start -e exec "$@"
	for seed in 1 2; do
		argv "${LNX_SEED:-$seed}" $((n / 2)) "$most" "$NOP" >truth-$seed &
		jobs[seed]=$!
	done
	wait "${jobs[1]}" "${jobs[2]}"
	trace_stop
	nothing_lost
	for seed in 1 2; do
		[ "$(wc -l <truth-$seed)" = $((n / 2 + 1)) ]
		pick -w "ppid=$(head -n 1 truth-$seed)" -w argv_cut=- exec \
			pid argc argv_len argv replaced <"$OUT" >told
		tail -n +2 truth-$seed >want
		cmp want told || { diff want told | head -n 20; return 1; }
	done
}

@test "100,000 execs are told with the arguments that were passed" {
	random 100000 200
}

@test "10,000 execs by way of raw_tp are told with the arguments that were passed" {
	random 10000 200 --rung raw_tp
}

@test "with --argv-max 10,000 long argument lists are told whole" {
	random 10000 4000 --argv-max 128KiB --ring 64MiB
}

# long BYTES: the shell's words; prints the pid of the exec.
long() {
	bash -c 'echo $$; exec "$0" "$@"' "$NOP" first "$(printf "%0$1d" 7)" last
}

@test "argv that is too long for a pipe is cut and says so, with what it would be" {
	trace_start -e exec
	long 100000 >pid
	trace_stop
	pick -w "pid=$(cat pid)" exec argc argv_len argv_cut <"$OUT" | tail -n 1 |
		diff -u <(printf '4\t%d\ttrue\n' $((${#NOP} + 1 + 6 + 100001 + 5))) -
	# What is told of it is a true beginning.
	pick -w "pid=$(cat pid)" exec argv <"$OUT" | tail -n 1 |
		jq -e --arg nop "$NOP" '.[0] == $nop and .[1] == "first" and (.[2] | test("^0{100,}$"))'
	# And the line still is one write to a pipe.
	[ "$(awk 'length($0) >= 4096' "$OUT" | wc -l)" = 0 ]
}

@test "with --argv-max 128KiB an argument of 100 KB is told whole" {
	trace_start -e exec --argv-max 128KiB
	long 100000 >pid
	trace_stop
	pick -w "pid=$(cat pid)" exec argc argv_len argv_cut argv <"$OUT" | tail -n 1 |
		diff -u <(printf '4\t%d\t-\t["%s","first","%0100000d","last"]\n' \
			$((${#NOP} + 1 + 6 + 100001 + 5)) "$NOP" 7) -
}

@test "argc is right also when thousands of arguments are cut" {
	trace_start -e exec
	# shellcheck disable=SC2046
	bash -c 'echo $$; exec "$0" "$@"' "$NOP" $(seq 20000) >pid
	trace_stop
	pick -w "pid=$(cat pid)" exec argc argv_len argv_cut <"$OUT" | tail -n 1 |
		diff -u <(printf '20001\t%d\ttrue\n' \
			$((${#NOP} + 1 + $(seq 20000 | wc -c)))) -
}
