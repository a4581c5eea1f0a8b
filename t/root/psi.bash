# SPDX-License-Identifier: AGPL-3.0-or-later
# What the tests of lnx-psi share: a cgroup of their own, and tasks that wait.
# shellcheck shell=bash

setup() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cat /proc/pressure/cpu >/dev/null 2>&1 || skip "kernel without PSI"
	command -v jq >/dev/null || skip "no jq"
	V2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[ -e "$V2/cpu.pressure" ] || [ -e "$V2/cgroup.procs" ] || skip "no cgroup v2"
	PATH=$BUILD/t/root:$PATH
	P=/lnx-psi-test-$BATS_TEST_NUMBER-$$
	CG=$V2$P
	mkdir "$CG" || skip "cgroups cannot be made here"
	[ -e "$CG/cpu.pressure" ] || { rmdir "$CG"; skip "no pressure of cgroups"; }
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return
	chmod 755 .
}

teardown() {
	local p

	for p in "${PIDS[@]}"; do
		kill -CONT "$p" 2>/dev/null || true
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	[ -z "${CG-}" ] || [ ! -d "$CG" ] || find "$CG" -depth -type d -exec rmdir {} +
}

# In a guest the processor is emulated: SLOW says how much longer to wait.
wait_for() {
	local end=$((SECONDS + $1 * ${SLOW:-1}))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.02
	done
}

# start [OPTION...]: in the background, writing out; its pid is $PSI.
start() {
	rm -f out
	lnx-psi -o out "$@" 3>&- 2>err &
	PSI=$!
	PIDS+=("$PSI")
	wait_for 10 grep -qs '"event":"psi"' out
}

stop() {
	kill -INT "$PSI"
	wait "$PSI"
	[ "$(tail -n 1 out | jq -r .state)" = end ]
	[ "$(head -n 1 out | jq -r .state)" = start ]
}

# spin CGROUP CPU: a task that always wants to run; its pid is the last of PIDS.
spin() {
	mkdir -p "$1"
	# shellcheck disable=SC2016
	taskset -c "$2" bash -c 'echo $$ >"$1/cgroup.procs"; while :; do :; done' \
	    - "$1" 3>&- &
	PIDS+=("$!")
}

rest() {
	kill -KILL "$1"
	wait "$1" 2>/dev/null || true
}

# The kernel's total of some, in us.
total() { sed -n 's/^some .*total=//p' "$1"; }

# Sums of deltas that are not the difference of the totals.
unequal() {
	jq -c -s '[.[] | select(.event == "psi")] | group_by([.cgroup_id, .resource]) |
	    .[] | . as $r | ["some", "full"] | .[] | . as $k |
	    select($r[0][$k + "_total_ns"]) |
	    [($r | map(.[$k + "_ns"] // 0) | add),
	    $r[-1][$k + "_total_ns"] - $r[0][$k + "_total_ns"]] |
	    select(.[0] != .[1]) | [$r[0].cgroup, $r[0].resource] + .' out
}
