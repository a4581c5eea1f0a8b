# SPDX-License-Identifier: AGPL-3.0-or-later
# Sourced by the bats files here that measure stalls: cgroups, work in them, and
# what t/root/stalls tells of it.
# shellcheck shell=bash
PATH=$BUILD/t/root:$PATH

# Called in setup().
need_stalls() {
	need_root
	cd "$BATS_TEST_TMPDIR" || return
	V2=$(awk '$9 == "cgroup2" { print $5; exit }
	    { for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") {
	    print $5; exit } }' /proc/self/mountinfo)
	[ -n "$V2" ] || skip "no cgroup v2 file system"
	TOP=lnx-cpu-stall-$$-$BATS_TEST_NUMBER
	mkdir "$V2/$TOP"
	GROUPS_MADE=("$V2/$TOP")
	WORKERS=()
	WINDOWS=0
	STALLS=
}

# Called in teardown().
stalls_end() {
	local i pid
	exec 7>&- || true
	[ -z "${STALLS-}" ] || wait "$STALLS" || true
	for pid in "${WORKERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		kill -CONT "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	for ((i = ${#GROUPS_MADE[@]} - 1; i >= 0; i--)); do
		for _ in $(seq 100); do
			rmdir "${GROUPS_MADE[i]}" 2>/dev/null && break
			[ -d "${GROUPS_MADE[i]}" ] || break
			sleep 0.05
		done
	done
}

# wait_for SECONDS COMMAND...: until it is true.  In a guest the processor is
# emulated: SLOW says how much longer to wait.
wait_for() {
	local end=$((SECONDS + $1 * ${SLOW:-1}))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.02
	done
}

# group NAME...: a cgroup of v2 each, below that of this test.
group() {
	local name
	for name; do
		mkdir "$V2/$TOP/$name"
		GROUPS_MADE+=("$V2/$TOP/$name")
	done
}

# work_in GROUP CPU WHAT...: a task that waits for measure(), and works for a
# minute at most; $! is it.  ALSO: directories of other cgroups for it.
work_in() {
	local in="$V2/$TOP/$1 ${ALSO-}"
	shift
	WORK_IN=$in work 60 "$@" 3>&- 7>&- &
	WORKERS+=($!)
}

# stalls_start [OPTION...]: count from here on.
stalls_start() {
	mkfifo go
	stalls "$@" <go >all 2>err 3>&- &
	STALLS=$!
	exec 7>go
	wait_for 60 ready_or_gone
	grep -q ready all || { cat err; return 1; }
}

ready_or_gone() {
	grep -q ready all || ! kill -0 "$STALLS" 2>/dev/null
}

windows_are() {
	[ "$(grep -c '^end$' all)" -ge "$1" ]
}

# window: what was since the window before, in the file window.
window() {
	echo >&7
	WINDOWS=$((WINDOWS + 1))
	wait_for 30 windows_are "$WINDOWS"
	awk -v n=$WINDOWS '/^window/ { k++ } k == n' all >window
}

state_is() {
	local pid=$1 want=$2 stat
	stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	[ "${stat%% *}" = "$want" ]
}

# quiet: no worker runs or waits.
quiet() {
	local pid
	for pid in "${WORKERS[@]}"; do
		wait_for 60 state_is "$pid" T
	done
	# The state comes first, the switch right after it.
	sleep 0.3
}

# delays PID...: the sum of what they waited, in ns, by the kernel's account.
delays() {
	local pid sum=0 waited
	for pid; do
		read -r _ waited _ <"/proc/$pid/schedstat"
		sum=$((sum + waited))
	done
	echo "$sum"
}

# waited GROUP [KIND [CULPRIT]]: what the window says of it, in ns; without a kind
# also what it slept, as the kernel counts that too.
waited() {
	awk -v v="/$TOP/$1" -v k="${2-}" -v c="${3+/$TOP/$3}" '
	    $1 == "edge" && $2 == v && (k == "" || $3 == k) &&
	    (c == "" || $4 == c) { n += $6 }
	    $1 == "party" && $2 == v && k == "" { n += $NF }
	    END { printf "%.0f\n", n }' window
}

# measure SECONDS [COMMAND]: everyone at work for so long, with quiet edges.  Then
# window has it, and delay[PID] is what each waited.  COMMAND takes that time.
declare -A delay
measure() {
	local pid
	quiet
	window
	for pid in "${WORKERS[@]}"; do
		delay[$pid]=$(delays "$pid")
	done
	kill -CONT "${WORKERS[@]}"
	"${2-sleep}" "$1"
	kill -STOP "${WORKERS[@]}"
	quiet
	window
	for pid in "${WORKERS[@]}"; do
		delay[$pid]=$(($(delays "$pid") - delay[$pid]))
	done
}

# conserved GROUP PID...: to the last ns.
conserved() {
	local group=$1 pid sum=0
	shift
	for pid; do
		sum=$((sum + delay[$pid]))
	done
	echo "$group: the kernel says $sum, the edges $(waited "$group")"
	[ $sum -gt 0 ]
	[ "$(waited "$group")" -eq $sum ]
}

# told GROUP: unknown is at most a twentieth of its wait.  Where the kernel hands
# out all of its switches it is 0; see nr_switches.  There are machines that lose
# some in bursts when much is going on: then measure anew, twice at most.
told() {
	local all unknown left
	for left in 2 1 0; do
		all=$(waited "$1") unknown=$(waited "$1" unknown)
		echo "$1: unknown $unknown of $all"
		[ $((unknown * 20)) -gt "$all" ] || return 0
		[ $left = 0 ] || measure 3
	done
	return 1
}
