# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

LIMIT=$((16 << 20))

# A memory cgroup with a limit, of v2 or of v1, as $group.
setup() {
	need_kernel
	local v1 v2
	v1=$(awk '$0 ~ / - cgroup .*[ ,]memory/ { print $5; exit }' /proc/self/mountinfo)
	v2=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	if [ -n "$v1" ]; then
		top=$v1/lnx-oom-$$-$BATS_TEST_NUMBER limit=memory.limit_in_bytes
	elif grep -qsw memory "$v2/cgroup.subtree_control"; then
		top=$v2/lnx-oom-$$-$BATS_TEST_NUMBER limit=memory.max
	else
		skip "no memory controller"
	fi
	mkdir "$top" "$top/in"
	echo $LIMIT >"$top/$limit"
	group=$top/in
	[ -z "$v1" ] || return 0
	echo +memory >"$top/cgroup.subtree_control" 2>/dev/null || true
}

undo() {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "$top/in" "$top" 2>/dev/null && return
		[ -d "$top" ] || return 0
		sleep 0.2
	done
}

# The hog's cgroup in records: that of v2, or else of v1.
cgroup_field() {
	case $limit in
	memory.max) echo cgroup ;;
	*) echo cgroup_v1 ;;
	esac
}

# killed [OPTION...]: the hog meets the limit while lnx-trace watches.
killed() {
	trace_start -e oom,exit "$@"
	local rc=0
	timeout 60 hog 64 "$group" >pid 3>&- || rc=$?
	[ $rc = 137 ]
	run ! grep enough pid
	VICTIM=$(head -n 1 pid)
	trace_stop
}

@test "a process killed at the limit of its cgroup: victim, trigger, limit, memory, and its end by signal 9" {
	killed
	pick oom pid comm uid scope trigger "$(cgroup_field)" <"$OUT" >told
	[ "$(wc -l <told)" = 1 ]
	IFS='	' read -r pid comm uid scope trigger path <told
	[ "$pid $comm $uid $scope $path" = "$VICTIM hog 0 limit /${top##*/}/in" ]
	# It asked for the memory itself.
	jq -e --arg id "$(pick oom id <"$OUT")" --argjson pid "$VICTIM" \
		'.id == $id and .pid == $pid and .comm == "hog" and (.cgroup_id | test("^[0-9]+$"))' \
		<<<"$trigger"
	# What it had is what the limit let it have, and the program itself.
	pick oom rss_bytes swap_bytes <"$OUT" | awk -v l=$LIMIT '
		$1 < l * 0.9 || $1 > l + 4194304 { print; exit 1 }'
	# The end follows, of the same process.
	pick -w "pid=$VICTIM" oom,exit event id signal <"$OUT" |
		diff -u <(id=$(pick oom id <"$OUT")
			printf 'oom\t%s\t-\nexit\t%s\t9\n' "$id" "$id") -
	[ "$(pick oom seq <"$OUT")" = 1 ]
	[ "$(pick oom ppid <"$OUT")" -gt 1 ]
	nothing_lost
}

@test "the same by way of raw_tp" {
	killed --rung raw_tp
	head -n 1 "$OUT" | grep -q '"rung":"raw_tp'
	pick oom pid comm scope <"$OUT" | diff -u <(printf '%s\thog\tlimit\n' "$VICTIM") -
}

@test "who asked for the memory and who is killed can be two" {
	# One that has taken some and waits, and is to be killed first.
	mkfifo steps answers
	trace_start -e oom,exit
	sh -c "echo \$\$ >'$group/cgroup.procs'
		echo 1000 >/proc/self/oom_score_adj; exec use" <steps >answers 3>&- &
	victim=$!
	exec 8>steps 9<answers
	echo "grow 6" >&8
	read -r -t 60 answer <&9
	[ "$answer" = ok ]
	timeout 60 hog 64 "$group" >pid 3>&- 8>&- || true
	exec 8>&- 9<&-
	rc=0
	wait $victim || rc=$?
	[ $rc = 137 ]
	trace_stop
	pick oom pid comm <"$OUT" | head -n 1 | diff -u <(printf '%s\tuse\n' $victim) -
	pick -w "pid=$victim" oom trigger <"$OUT" |
		jq -e --argjson pid "$(head -n 1 pid)" '.pid == $pid and .comm == "hog"'
	pick -w "pid=$victim" oom rss_bytes <"$OUT" | awk '$1 < 6291456 { print; exit 1 }'
}

@test "what is killed by hand is no oom" {
	trace_start -e oom,exit
	sleep 60 3>&- &
	kill -KILL $!
	wait $! || true
	trace_stop
	pick oom pid <"$OUT" | diff -u /dev/null -
}

@test "--pid, --comm and --tree hold for oom" {
	killed --comm other
	pick oom pid <"$OUT" | diff -u /dev/null -
	killed --comm hog
	pick oom pid <"$OUT" | diff -u <(echo "$VICTIM") -
	killed --tree $$
	pick oom pid <"$OUT" | diff -u <(echo "$VICTIM") -
}

@test "-e oom alone: the kinds are oom only" {
	trace_start -e oom
	timeout 60 hog 64 "$group" >pid 3>&- || true
	trace_stop
	pick oom,exit,sample event pid <"$OUT" | diff -u <(printf 'oom\t%s\n' "$(head -n 1 pid)") -
}
