# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Stalls of what is unusual: names, ways to run a program, namespaces, numbers.
load ../helper
load stall

setup() { need_stalls; }

teardown() {
	[ -z "${CROWD-}" ] || kill -KILL "$CROWD" 2>/dev/null || true
	stalls_end
}

# between VICTIM CULPRIT: what one waited for the other by the records, in ns; paths
# as jq has them.
between() {
	jq -s --arg v "/$TOP/$1" --arg c "/$TOP/$2" 'map(select(.event == "stall" and
	    .victim.cgroup == $v and .culprit.cgroup == $c) | .stall_ns) | add // 0' records
}

@test "stall: cgroups with spaces, quotes, escapes and bytes that are no UTF-8 in their names" {
	local first second text
	first=$'a "b" \\c\t\033[2J'
	second=$'\377\300\257\355\240\200 \303\251'
	group "$first" "$second"
	# The kernel takes no newline.
	run mkdir "$V2/$TOP/"$'a\nb'
	[ "$status" -ne 0 ]
	# WORK_IN is cut at spaces: these enter by themselves.
	for name in "$first" "$second"; do
		bash -c 'echo $$ >"$0/cgroup.procs" && exec work 60 0 spin' "$V2/$TOP/$name" 3>&- 7>&- &
		WORKERS+=($!)
	done
	quiet
	lnx-trace -q -e stall,stall_total,stall_culprit --resource cpu \
	    --window 500ms -o records 3>&- 7>&- 2>err &
	trace=$!
	wait_for 60 grep -qs '"state":"start"' records
	kill -CONT "${WORKERS[@]}"
	sleep 2
	kill -INT $trace
	wait $trace
	# All of it is JSON of one line each, and clean.
	jq -es 'length > 3' records
	if LC_ALL=C.UTF-8 grep -vax '.*' records; then false; fi
	if grep -q '[[:cntrl:]]' records; then false; fi
	# Six bytes, or beginnings of characters, that are none.
	text=$(printf '\357\277\275%.0s' 1 2 3 4 5 6)$' \303\251'
	[ "$(between "$first" "$text")" -gt 100000000 ]
	[ "$(between "$text" "$first")" -gt 100000000 ]
	jq -es --arg at "/$TOP/" 'map(select(.event == "stall" and
	    (.culprit.cgroup // "" | startswith($at)) and .victim.cgroup != .culprit.cgroup) |
	    .replaced) | map(select(. != null)) | length > 0' records
	# Nothing of it reaches a terminal, and readers take it.
	lnx-tree --text records >text
	grep -q "WHO MAKES WHOM WAIT" text
	if grep -q $'\033' text; then false; fi
	lnx-rules records >/dev/null
}

@test "stall: a thread that is not the first runs another program: the process has its name" {
	group victim culprit
	ln -s "$(command -v work)" after
	stalls_start -p -s 16384
	work_in victim 0 light 300 3000
	victim=$!
	WORK_IN="$V2/$TOP/culprit" work 60 0 exec ./after 60 0 spin 3>&- 7>&- &
	culprit=$!
	WORKERS+=($culprit)
	quiet
	# It runs the other program, and stops as that begins.
	kill -CONT $culprit
	wait_for 60 grep -qx after "/proc/$culprit/comm"
	quiet
	measure 2
	conserved victim $victim
	awk -v v="/$TOP/victim" -v c="/$TOP/culprit" '$1 == "edge" && $2 == v && $4 == c' window
	ns=$(awk -v pid=$culprit -v v="/$TOP/victim" '$1 == "edge" && $2 == v &&
	    $8 == pid && $9 == "after" { n += $6 } END { printf "%.0f\n", n }' window)
	[ "$ns" -gt 0 ]
	[ "$ns" -eq "$(waited victim cgroup culprit)" ]
}

@test "stall: a program run while its process makes others wait: one process, two names" {
	group victim culprit
	ln -s "$(command -v work)" after
	stalls_start -p -s 16384
	work_in victim 0 light 300 3000
	victim=$!
	# Busy before and after, without a stop that could hide the change.
	WORK_IN="$V2/$TOP/culprit" work 60 0 exec bash -c \
	    'for ((i = 0; i < 300000; i++)); do :; done; echo >done; while :; do :; done' 3>&- 7>&- &
	culprit=$!
	WORKERS+=($culprit)
	measure 3
	[ -e done ]
	conserved victim $victim
	awk -v v="/$TOP/victim" -v c="/$TOP/culprit" '$1 == "edge" && $2 == v && $4 == c' window
	# No other pid is blamed: not that of the thread that is gone.
	awk -v pid=$culprit -v v="/$TOP/victim" -v c="/$TOP/culprit" '
	    $1 == "edge" && $2 == v && $4 == c { if ($8 == pid) n += $6; else bad = 1 }
	    END { exit bad || n == 0 }' window
}

@test "stall: in a cgroup namespace: paths are those of the host" {
	group box box/in culprit
	command -v unshare >/dev/null || skip "no unshare"
	stalls_start
	bash -c 'echo $$ >"$0/cgroup.procs" && exec unshare -C bash -c "
	    echo \$\$ >\"$0/in/cgroup.procs\" && exec work 60 0 light 300 3000"' \
	    "$V2/$TOP/box" 3>&- 7>&- &
	victim=$!
	WORKERS+=($victim)
	work_in culprit 0 spin
	quiet
	# As it sees itself.
	nsenter -t $victim -C cat /proc/$victim/cgroup | grep -qx 0::/in
	measure 2
	conserved box/in $victim
	[ "$(waited box/in cgroup culprit)" -gt 0 ]
}

@test "stall: ten thousand that sleep do not disturb" {
	group victim culprit crowd
	[ "$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)" -gt 1500 ] ||
	    skip "too little memory"
	work_in crowd 1 sleepers 10000
	CROWD=$!
	WORKERS=()
	wait_for 60 state_is $CROWD T
	kill -CONT $CROWD
	wait_for 120 crowded 10001
	stalls_start
	work_in victim 0 light 300 3000
	victim=$!
	work_in culprit 0 spin
	measure 3
	conserved victim $victim
	told victim
	[ "$(waited victim cgroup culprit)" -gt 0 ]
	# It hardly waited: of the threads none ran but the first.
	[ "$(waited crowd)" -lt 100000000 ]
}

crowded() { [ "$(awk '$1 == "Threads:" { print $2 }' "/proc/$CROWD/status")" -ge "$1" ]; }

@test "stall: the root of v2 has no pressure of its own, its file is the machine's" {
	command -v unshare >/dev/null || skip "no unshare"
	group victim culprit
	work_in victim 0 spin
	work_in culprit 0 spin
	WORK_IN=$V2 work 60 0 spin 3>&- &
	WORKERS+=($!)
	quiet
	kill -CONT "${WORKERS[@]}"
	# Without hierarchies of v1 who is in the root is told as that.
	unshare -m bash -c '
		awk "\$3 == \"cgroup\" { print \$2 }" /proc/mounts | tac |
			while read -r dir; do umount -l "$dir"; done
		exec lnx-trace -q -e stall,stall_total --resource cpu \
			--min-stall 0 -d 4s' >records 3>&-
	of() {
		jq -s --arg v "$1" "[.[] | select(.event == \"stall_total\" and
		    .victim.cgroup == \$v and .stall_ns > 0)] | $2" records
	}
	[ "$(of "/$TOP/victim" 'any(.psi_some_ns > 0 and .psi_full_ns != null)')" = true ]
	[ "$(of / length)" -gt 0 ]
	[ "$(of / 'any(.psi_some_ns != null or .psi_full_ns != null)')" = false ]
}
