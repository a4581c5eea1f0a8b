# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Who waits for a processor, and for whom, against what the kernel itself adds
# up: run_delay, in /proc/PID/schedstat.  Everyone is stopped while both are
# read, so no wait is half over, and the difference must be 0 ns.
load ../helper
load stall

setup() { need_stalls; }

teardown() { stalls_end; }

@test "stall: two hogs on one processor; who runs elsewhere is not blamed" {
	group victim culprit innocent
	stalls_start
	work_in victim 0 spin
	victim=$!
	work_in culprit 0 spin
	culprit=$!
	work_in innocent 1 spin
	measure 3
	conserved victim $victim
	conserved culprit $culprit
	told victim
	[ "$(waited victim cgroup innocent)" -eq 0 ]
	[ "$(waited innocent cgroup victim)" -eq 0 ]
	# Most of it is the other one's.
	[ $(($(waited victim cgroup culprit) * 10)) -gt "$(waited victim)" ]
}

@test "stall: one that runs now and then" {
	group victim culprit
	stalls_start
	work_in victim 0 light 300 3000
	victim=$!
	work_in culprit 0 spin
	measure 3
	conserved victim $victim
	told victim
}

@test "stall: many that run now and then, and others that always do" {
	group victim culprit
	stalls_start
	victims=()
	for _ in 1 2 3 4 5; do
		work_in victim 0 light 1000 2000
		victims+=($!)
	done
	work_in culprit 0 spin
	a=$!
	work_in culprit 0 spin
	measure 3
	conserved victim "${victims[@]}"
	conserved culprit $a $!
	told victim
	# They wait for each other, too.
	[ "$(waited victim self)" -gt 0 ]
}

@test "stall: tasks that move from processor to processor while they wait" {
	group victim culprit
	stalls_start
	victims=()
	for _ in 1 2 3; do
		work_in victim -1 light 2000 3000
		victims+=($!)
	done
	hogs=()
	for _ in 1 2 3 4; do
		work_in culprit -1 spin
		hogs+=($!)
	done
	measure 4
	conserved victim "${victims[@]}"
	conserved culprit "${hogs[@]}"
	told culprit
}

@test "stall: a task that changes its affinity all the time" {
	group victim culprit
	stalls_start
	work_in victim -1 alternate 2000
	victim=$!
	work_in culprit 0 spin
	a=$!
	work_in culprit 1 spin
	measure 3
	conserved victim $victim
	conserved culprit $a $!
}

@test "stall: a hundred cgroups" {
	group $(seq 100)
	stalls_start
	declare -A of
	for i in $(seq 100); do
		work_in "$i" -1 light 1000 4000
		of[$i]=$!
	done
	measure 4
	for i in $(seq 100); do
		conserved "$i" "${of[$i]}"
	done
	grep -q 'no_slot 0 no_cell 0 no_task 0' window
}

@test "stall: two hundred that want one processor" {
	group a b
	stalls_start
	for _ in $(seq 100); do
		work_in a 0 light 1000 100
		a+=($!)
		work_in b 0 light 1000 100
		b+=($!)
	done
	measure 5
	conserved a "${a[@]}"
	conserved b "${b[@]}"
	# Each waits for more runs than are looked at one by one.
	grep -q ' sampled ' window
	# Both had their half of it.
	self=$(waited a self) other=$(waited a cgroup b)
	echo "self $self other $other"
	[ $((self * 2)) -gt "$other" ]
	[ $((other * 2)) -gt "$self" ]
}

@test "stall: its own quota is no neighbour's fault" {
	cpu=/sys/fs/cgroup/cpu
	group victim culprit
	if [ -e "$V2/$TOP/cpu.max" ]; then
		echo +cpu >"$V2/$TOP/cgroup.subtree_control"
		echo "5000 100000" >"$V2/$TOP/victim/cpu.max"
		stat=$V2/$TOP/victim/cpu.stat
	elif [ -e $cpu/cpu.cfs_quota_us ]; then
		mkdir "$cpu/$TOP"
		GROUPS_MADE+=("$cpu/$TOP")
		echo 100000 >"$cpu/$TOP/cpu.cfs_period_us"
		echo 5000 >"$cpu/$TOP/cpu.cfs_quota_us"
		stat=$cpu/$TOP/cpu.stat
	else
		skip "no quota here"
	fi
	stalls_start
	ALSO=
	[ ! -d "$cpu/$TOP" ] || ALSO=$cpu/$TOP
	work_in victim 0 spin
	victim=$!
	ALSO=
	work_in culprit 0 spin
	quiet
	before=$(throttled "$stat")
	measure 4
	after=$(throttled "$stat")
	conserved victim $victim
	told victim
	ours=$(waited victim throttle) theirs=$((after - before))
	unknown=$(waited victim unknown)
	echo "throttled: the kernel says $theirs, the edges $ours"
	[ $theirs -gt 1000000000 ]
	[ $(((ours - theirs) * 1000)) -le $theirs ]
	# Of what was not seen it is not known, either.
	[ $(((theirs - ours - unknown) * 1000)) -le $theirs ]
	[ "$(waited culprit throttle)" -eq 0 ]
}

throttled() {
	awk '$1 == "throttled_time" { print $2 }
	    $1 == "throttled_usec" { print $2 "000" }' "$1"
}
