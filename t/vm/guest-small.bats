# SPDX-License-Identifier: AGPL-3.0-or-later
# Runs in a guest of little memory and no swap only: what a machine does that has
# too little of it.
load ../helper
load ../root/trace

setup() {
	need_kernel
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	CG=lnx-small-$BATS_TEST_NUMBER
	PIDS=()
	# Who is killed when there is none left: not bats.
	echo -900 >/proc/self/oom_score_adj
}

undo() {
	local p

	exec 8>&- 9<&- || true
	for p in "${PIDS[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for p in "$V2/$CG"-*; do
		[ ! -d "$p" ] || wait_for 20 rmdir "$p"
	done
}

# The processor is emulated.
wait_for() {
	local end=$((SECONDS + 6 * $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

# A test that does not run proves nothing: the guest has what it takes.
skip() {
	echo "skipped: $*"
	exit 1
}

# available PERCENT: of the memory that can be had, in MiB.
available() {
	awk -v p="$1" '$1 == "MemAvailable:" { print int($2 / 1024 * p / 100) }' \
	    /proc/meminfo
}

# run_as SCORE COMMAND...: the higher, the sooner it is killed.
run_as() {
	echo "$1" >/proc/self/oom_score_adj
	shift
	exec "$@"
}

# oom_start [OPTION...]: lnx-trace, which is not to be killed either.
oom_start() {
	trace_start -e oom,exit "$@"
	echo -900 >"/proc/$TRACE/oom_score_adj"
}

@test "the host has no memory left: who is killed, who asked, and that no limit was met" {
	for RUNG in tp_btf raw_tp; do
		oom_start --rung $RUNG
		rc=0
		(run_as 1000 timeout 100 hog 1024) >pid 3>&- || rc=$?
		# timeout(1) is told by the signal that its child got.
		[ $rc = 137 ]
		run ! grep enough pid
		victim=$(head -n 1 pid)
		trace_stop
		pick -w "pid=$victim" oom pid comm uid scope <"$OUT" |
			diff -u <(printf '%s\thog\t0\thost\n' "$victim") -
		pick -w "pid=$victim" oom trigger <"$OUT" |
			jq -e '.pid > 0 and (.comm | length > 0)'
		pick -w "pid=$victim" oom rss_bytes <"$OUT" |
			awk '{ print "# small: killed with", $1, "bytes" } $1 < 50e6 { exit 1 }' >&3
		pick -w "pid=$victim" oom,exit event id signal <"$OUT" |
			diff -u <(id=$(pick -w "pid=$victim" oom id <"$OUT")
				printf 'oom\t%s\t-\nexit\t%s\t9\n' "$id" "$id") -
		pick oom scope <"$OUT" | sort -u | diff -u <(echo host) -
		nothing_lost
	done
}

@test "who asks for the memory that the host has not is not who is killed for it" {
	mkfifo steps answers
	oom_start
	(run_as 1000 use) <steps >answers 3>&- &
	victim=$!
	PIDS+=($victim)
	exec 8>steps 9<answers
	size=$(available 60)
	echo "grow $size" >&8
	read -r -t 60 answer <&9
	[ "$answer" = ok ]
	(run_as -900 timeout 100 hog "$size") >pid 3>&- 8>&- 9<&-
	grep enough pid
	exec 8>&- 9<&-
	rc=0
	wait $victim || rc=$?
	[ $rc = 137 ]
	trace_stop
	pick oom pid comm scope <"$OUT" | diff -u <(printf '%s\tuse\thost\n' $victim) -
	pick oom trigger <"$OUT" |
		jq -e --argjson pid "$(head -n 1 pid)" '.pid == $pid and .comm == "hog"'
}

@test "memory is freed for the host: the wait is measured, who did it a guess, and no limit is blamed" {
	borrowed=$(sed -n '/^# windows_start/,/^@test/p' "$SRC/t/root/iomem.bats" | sed '$d')
	eval "$borrowed"
	V1M=
	windows_start 500
	grep '^degraded' told | diff -u /dev/null -
	in_cgroup vic 1 io map /dev/nvme0n1 $(($(available 60) * 1024)) 8 x >did &
	victim=$!
	PIDS+=($victim)
	sleep 2
	size=$(available 85)
	(
		for _ in 1 2 3 4 5; do
			in_cgroup cul 0 timeout 20 hog "$size" >/dev/null || true
		done
	) 3>&- &
	PIDS+=($!)
	wait $victim
	windows_stop
	grep "$CG" told
	tail -n 1 told
	conserved
	got=$(sum vic memory total) want=$(pressure vic memory)
	echo "# small: memory: told $got ns, the kernel says $want ns" >&3
	# The kernel counts the start of a read as well, which takes long on an
	# emulated processor.
	[ $((got * 10)) -ge "$want" ]
	[ $((got * 20)) -le $((want * 21)) ]
	# None of it is said to be measured; of no limit is spoken.
	run awk -F'\t' '$2 == "memory" && NF == 9 && ($4 == "limit" ||
	    $4 == "cgroup" && $7 != "estimated")' told
	[ "$output" = "" ]
	awk -F'\t' -v vic="/$CG-vic" '$2 == "memory" && NF == 9 && $3 == vic {
	    n[$4 " " $7 " " $9] += $5 } END { for (k in n)
	    printf "# small: %s: %.3f ms\n", k, n[k] / 1e6 }' told >&3
}
