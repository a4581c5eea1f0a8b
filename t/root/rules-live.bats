# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Real pressure, quotas and limits, in cgroups of the test's own.
load ../helper
load trace
load rules

# spinners NAME N MS: so many there, all on processor 0.
spinners() {
	local i
	pids=()
	for i in $(seq "$2"); do
		in_group "$1" 0 mischief spin "$3" >/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
}

@test "psi_saturation: two that share a processor: whose pressure, and who made it" {
	[ -n "$V2" ] && [ -e "$V2/cpu.pressure" ] || [ -e /proc/pressure/cpu ] || skip "no PSI"
	mkdir "$V2/$CG"
	[ -e "$V2/$CG/cpu.pressure" ] || skip "no pressure of cgroups"
	printf '[psi_saturation]\nresource = cpu\nabove = 50%%\nfor = 3s\nby = cgroup\nwhere = cgroup ~ "/%s/*"\n' \
		"$CG" >my.conf
	RULES=my.conf both_start stall
	spinners a 3 6000 &
	local first=$!
	in_group b 1 mischief spin 1000 >/dev/null
	wait $first
	both_stop
	told subject.kind subject.cgroup resource severity |
		diff -u <(printf 'cgroup\t/%s/a\tcpu\tmedium\n' "$CG") -
	within "$(told values.pressure.value)" 50 100.1
	within "$(told values.for.value)" 3000000000 4600000000
	# It made itself wait: nobody else is named but who really ran there.
	told evidence.why culprit.cgroup
}

@test "circuit_breaker: busy processors and pressure, and who causes most of it" {
	[ -n "$V2" ] && [ -e /proc/pressure/cpu ] || skip "no PSI"
	mkdir "$V2/$CG"
	printf '[circuit_breaker]\ncpu = 20%%\npressure = 30%%\nfor = 3s\nupdate = 2s\n' >my.conf
	RULES=my.conf both_start snap,fork,exec,exit,sample,stall
	spinners a 3 50000 &
	spinners b 3 50000 &
	# On a busy machine it takes long to begin.
	wait_for 40 grep -qs "\"event\":\"stall\".*/$CG/" "$OUT"
	sleep 6
	echo 1 >"$V2/$CG/cgroup.kill"
	both_stop
	told rule subject.kind resource severity |
		diff -u <(printf 'circuit_breaker\thost\tcpu\tcritical\n') -
	within "$(told values.pressure.value)" 30 100.1
	within "$(told values.cpu.value)" 20 100
	# What else runs on this machine may have begun it; while it goes on somebody
	# is named, by stalls, and each of the two is among those that make others wait.
	pick -w state=updated incident culprit.kind evidence.method evidence.confidence <incidents >more
	grep -xE '(tree|cgroup)	(measured|estimated)	1' more
	pick -w state=updated incident top <incidents | grep -e "/$CG/a" -e "/$CG/b"
	# How many processors there are was told, not guessed.
	[ "$(pick -w tool=lnx-trace -w state=start source cpus <"$OUT")" = \
		"$(getconf _NPROCESSORS_ONLN)" ]
	run ! grep 'no source told' incidents
}

@test "oom_kill: a real one: whom the kernel killed, where, and whose memory it was" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	v1_group memory
	echo $((16 << 20)) >"$v1/memory.limit_in_bytes"
	mkdir "$V2/$CG" "$V2/$CG/a"
	rules_start --tree $BASHPID
	local rc=0
	bash -c 'echo $$ >"$0/cgroup.procs" && exec timeout 60 hog 64 "$1"' "$V2/$CG/a" "$v1" >pid 3>&- || rc=$?
	[ $rc = 137 ]
	sleep 1
	rules_stop
	victim=$(head -n 1 pid)
	told -w rule=oom_kill subject.kind subject.cgroup victim.pid victim.comm resource severity |
		diff -u <(printf 'cgroup\t/%s/a\t%s\thog\tmemory\thigh\n' "$CG" "$victim") -
	[ "$(told -w rule=oom_kill victim.id)" = "$(id_of "$victim")" ]
	# The limit, less what others there have, and the pages of its program.
	within "$(told -w rule=oom_kill values.rss.value)" 8388608 20971520
	told -w rule=oom_kill summary | grep -q "killed hog\\[$victim\\].*the cgroup's memory ran out"
}

@test "pids_exhaustion: a fork bomb at its pids.max: which cgroup, how many of how many" {
	[ -e /proc/pressure/cpu ] || skip "no PSI"
	v1_group pids
	# The files of that controller are called as those of v2: lnx-psi is shown them
	# where it looks for v2.
	mkdir -p root/sys/fs
	ln -s /proc root/proc
	ln -s "${v1%/*}" root/sys/fs/cgroup
	echo 100 >"$v1/pids.max"
	lnx-psi -q --root root --interval 500ms --duration 6s 3>&- >"$OUT" &
	PSI=$!
	TRACES+=("$PSI")
	bash -c 'echo $$ >"$0/cgroup.procs" && exec mischief bomb 2000 3000 500' "$v1" >truth 3>&-
	wait "$PSI"
	grep -q '^max [1-9]' "$v1/pids.events"
	lnx-rules "$OUT" >incidents
	told subject.kind subject.cgroup rule severity |
		grep "/$CG" | diff -u <(printf 'cgroup\t/%s\tpids_exhaustion\thigh\n' "$CG") -
	within "$(told -w "subject.cgroup=/$CG" values.pids.value)" 81 100
	[ "$(told -w "subject.cgroup=/$CG" values.limit.value)" = 100 ]
}

@test "throttled: by its own quota, as much as the kernel says, and no neighbour is blamed" {
	[ -n "$V2" ] || skip "no cgroup v2 mounted"
	v1_group cpu
	[ -e "$v1/cpu.cfs_quota_us" ] || skip "no quota here"
	echo 100000 >"$v1/cpu.cfs_period_us"
	echo 10000 >"$v1/cpu.cfs_quota_us"
	mkdir "$V2/$CG" "$V2/$CG/a"
	printf '[throttled]\nthrottled = 1s\nwindow = 3s\n[noisy_neighbor]\nfor = 0s\nstall = 2s\nwindow = 3s\nwhere = victim.cgroup ~ "/%s/*"\n' \
		"$CG" >my.conf
	RULES=my.conf rules_start -e stall
	bash -c 'echo $$ >"$0/cgroup.procs" && echo $$ >"$1/cgroup.procs" && exec mischief spin 5000' \
		"$V2/$CG/a" "$v1" >/dev/null 3>&-
	sleep 1.5
	rules_stop
	told rule subject.kind subject.cgroup resource | grep "/$CG" |
		diff -u <(printf 'throttled\tcgroup\t/%s/a\tcpu\n' "$CG") -
	# The quota leaves 10 %: of 3 s not more than 2.7 s are held back.
	within "$(told -w "subject.cgroup=/$CG/a" values.throttled.value)" 1000000000 3100000000
	told -w "subject.cgroup=/$CG/a" culprit.cgroup | diff -u <(echo -) -
	grep throttled_time "$v1/cpu.stat"
}

@test "crash_loop: is told within a second of the last death, though nothing else happens" {
	# A loaded machine may make us late; three times is no accident.
	for _ in 1 2 3; do
		rules_start -e fork,exec,exit --tree $BASHPID
		mischief again 5 600 sh -c 'exit 3' >truth 3>&-
		sleep 3
		rules_stop
		grep '"rule":"crash_loop".*"state":"opened"' stamped >lines
		[ "$(wc -l <lines)" = 1 ]
		arrival=$(cut -f 1 lines)
		record=$(cut -f 2- lines | pick incident boot_ns)
		awk -v a="$arrival" -v r="$record" 'BEGIN {
			printf "%.3f s after it\n", (a - r) / 1e9; exit a - r > 1e9 }' && return
	done
	return 1
}
