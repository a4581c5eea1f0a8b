# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Tests with the tag guest also run on other kernels: t/vm.
# lnx-psi on the pressure of this machine, and of cgroups with tasks that wait.
load ../helper
load psi

# bats test_tags=guest
@test "psi: two tasks on one cpu wait: what is told is what the file says" {
	noisy
	start --interval 200ms --cgroup "$P/pair"
	spin "$CG/pair" 0
	spin "$CG/pair" 0
	sleep 3
	rest "${PIDS[1]}"
	rest "${PIDS[2]}"
	# Now nobody waits there any more, and the total stands.
	sleep 0.5
	want=$(total "$CG/pair/cpu.pressure")
	sleep 0.5
	[ "$(total "$CG/pair/cpu.pressure")" = "$want" ]
	stop
	cat err
	# At first no cgroup fits.
	run ! grep -v "no cgroup fits so far" err
	# One of two always waited, from the first look at the cgroup on.
	jq -s --arg p "$P/pair" --argjson want "$((want * 1000))" '[.[] |
	    select(.cgroup == $p and .resource == "cpu")] | { want: $want,
	    last: .[-1].some_total_ns, sum: (map(.some_ns // 0) | add),
	    first: .[0].some_total_ns, most: (map(.some_pct // 0) | max) }' out >got
	cat got
	jq -e '.last == .want and .sum == .last - .first and .want > 2000000000 and
	    .most > 80 and .most < 120' got
	unequal | diff -u /dev/null -
}

@test "psi: deltas are the kernel's totals, of all cgroups, ten looks a second" {
	for i in 1 2 3 4 5; do
		spin "$CG/a$i" 0
	done
	before=$(total "$CG/a1/cpu.pressure")
	machine=$(total /proc/pressure/cpu)
	start --interval 100ms
	sleep 6
	stop
	after=$(total "$CG/a1/cpu.pressure")
	unequal | diff -u /dev/null -
	jq -e -s --arg p "$P/a1" --argjson b "$before" --argjson a "$after" \
	    --argjson m "$machine" '[.[] | select(.resource == "cpu")] |
	    (map(select(.cgroup == $p)) | .[0].some_total_ns >= $b * 1000 and
		.[-1].some_total_ns <= $a * 1000 and
		(map(.some_ns // 0) | add) > 1000000000) and
	    (map(select(.cgroup | not)) | .[0].some_total_ns >= $m * 1000)' out
	# Its intervals are all the time between the first look and the last.
	jq -e -s --arg p "$P/a1" '[.[] | select(.cgroup == $p and
	    .resource == "cpu")] | (map(.interval_ns // 0) | add) ==
	    .[-1].boot_ns - .[0].boot_ns' out
	# The root is told as the machine.
	[ "$(jq -c 'select(.event == "psi" and .cgroup == "/")' out)" = "" ]
}

@test "psi: a cgroup has its id and what it used of the cpu" {
	spin "$CG/one" 0
	start --interval 500ms --cgroup "$P/one" -n 5
	wait "$PSI"
	id=$(stat -c %i "$CG/one")
	[ "$(jq -r --arg p "$P/one" 'select(.cgroup == $p) | .cgroup_id' out | uniq)" = "$id" ]
	grep -q usage_usec "$CG/one/cpu.stat" || skip "no cpu.stat"
	jq -e -s --arg p "$P/one" '[.[] | select(.event == "cgroup" and
	    .cgroup == $p)] | (map(.cpu_ns // 0) | add) > 100000000 and
	    all(.[1:][]; .cpu_ns <= .interval_ns * 1.1)' out
}

@test "psi: cgroups made and removed, 100/s for a minute: no whole interval is lost" {
	start --interval 500ms --no-stat --cgroup "$P/*"
	cgchurn "$CG" 100 60 2500 >truth
	sleep 1
	stop
	cat err
	# At first no cgroup fits.
	run ! grep -v "no cgroup fits so far" err
	[ "$(wc -l <truth)" = 6000 ]
	jq -r 'select(.resource == "cpu") | "\(.boot_ns) \(.cgroup_id // 0) \(
	    if .interval_ns then 1 else 0 end)"' out >told
	# A look is from the machine's record to the last before the next one's.
	awk 'FNR == NR {
		if ($2 == 0) { begin[++looks] = $1 }
		end[looks] = $1
		if ($3 && $2) told[$2, looks] = 1
		if ($2) records++
		next
	}
	{
		for (k = 1; k < looks; k++)
			if ($3 < begin[k] && $4 > end[k + 1]) {
				whole++
				if (!told[$2, k + 1]) { print "not told:", $0, k; bad++ }
			}
	}
	END {
		print looks " looks, " records " records, " whole " whole intervals, " \
		    bad + 0 " not told"
		exit !(looks > 100 && whole > 5000 && bad == 0)
	}' told truth
}

# With no inotify the tree is walked; with few files they are opened each time.
churn_with() {
	rm -f out
	"$@" lnx-psi --interval 200ms --no-stat --cgroup "$P/*" -o out 3>&- 2>err &
	PSI=$!
	PIDS+=("$PSI")
	wait_for 10 grep -qs '"event":"psi"' out
	cgchurn "$CG" 50 5 1500 >truth
	stop
	jq -r 'select(.resource == "cpu" and .cgroup and .interval_ns) |
	    .cgroup_id' out | sort -u >got
	# Those that lived for a second had five looks.
	awk '$4 - $3 > 1000000000 { print $2 }' truth | sort -u >want
	[ "$(wc -l <want)" -gt 50 ]
	comm -23 want got | diff -u /dev/null -
	unequal | diff -u /dev/null -
}

@test "psi: without inotify nothing is lost, and it says so" {
	limits=(unshare -U --map-user=65534 --keep-caps)
	no=/proc/sys/user/max_inotify_instances
	# shellcheck disable=SC2016
	"${limits[@]}" sh -c 'echo 0 >$0' $no 2>/dev/null || skip "no user namespaces"
	# shellcheck disable=SC2016
	churn_with "${limits[@]}" sh -c 'echo 0 >$0; exec "$@"' $no
	grep -q '"degraded":\[.*inotify: Too many open files' out
}

@test "psi: with few open files nothing is lost, and it says so" {
	# shellcheck disable=SC2016
	churn_with bash -c 'ulimit -n 100; exec "$@"' -
	grep -q RLIMIT_NOFILE err
	grep -q '"degraded":\[.*RLIMIT_NOFILE' out
}

status_of() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/status"; }

@test "psi: once it looks it is nobody, with no capability" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer's build keeps what it needs"
	start --interval 100ms
	[ "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$PSI/status")" = "65534 65534 65534 65534" ]
	for set in CapEff CapPrm CapInh CapAmb; do
		[ "$(status_of "$PSI" $set)" = 0000000000000000 ]
	done
	[ "$(status_of "$PSI" NoNewPrivs)" = 1 ]
	# It still finds what is new.
	mkdir -p "$CG/late/r"
	wait_for 5 grep -q "\"$P/late/r\",\"resource\":\"io\"" out
	stop
}

# bats test_tags=guest
@test "psi: anybody may look" {
	mkdir "$CG/x"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
	    --bounding-set -all --inh-caps -all "$(command -v lnx-psi)" --once --cgroup "$P/x"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	jq -e -s --arg p "$P/x" 'map(select(.event == "psi")) |
	    (map(select(.cgroup == $p)) | length >= 3) and
	    (map(select(.cgroup | not)) | length >= 3)' <<<"$output"
}

@test "psi: the root of a cgroup namespace is a cgroup" {
	spin "$CG" 0
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'echo $$ >"$1/cgroup.procs"
		exec unshare -Cm bash -c "umount -l \"\$0\" &&
			mount -t cgroup2 cg \"\$0\" &&
			exec lnx-psi --once --depth 0" "$0"' "$V2" "$CG"
	echo "$stderr"
	[ "$status" -eq 0 ]
	jq -e -s --arg id "$(stat -c %i "$CG")" 'map(select(.event == "psi" and
	    .cgroup == "/")) | length >= 3 and all(.cgroup_id == $id)' <<<"$output"
}

# bats test_tags=guest
@test "psi: what the controllers count is in the records" {
	{ echo +cpu +memory >"$CG/cgroup.subtree_control"; } 2>/dev/null ||
	    skip "cpu and memory are controllers of v1 here"
	mkdir "$CG/q"
	echo 20000 100000 >"$CG/q/cpu.max"
	echo 50M >"$CG/q/memory.max"
	start --interval 500ms --cgroup "$P/q"
	spin "$CG/q" 0
	sleep 3
	rest "${PIDS[1]}"
	sleep 2
	stop
	stat() { awk -v k="$1" '$1 == k { print $2 }' "$CG/q/cpu.stat"; }
	jq -s --arg p "$P/q" --argjson cpu "$(stat usage_usec)" \
	    --argjson user "$(stat user_usec)" --argjson n "$(stat nr_throttled)" \
	    --argjson t "$(stat throttled_usec)" 'def sum(f): map(f // 0) | add;
	    map(select(.event == "cgroup" and .cgroup == $p)) |
	    [sum(.cpu_ns), $cpu * 1000, sum(.user_ns), $user * 1000,
	    sum(.throttled_periods), $n, sum(.throttled_ns), $t * 1000,
	    (map(.memory_bytes) | max), .[-1].memory_max_bytes,
	    .[-1].cpu_quota_ns, .[-1].cpu_period_ns]' out >got
	cat got
	jq -e '.[0] == .[1] and .[2] == .[3] and .[4] == .[5] and .[6] == .[7] and
	    .[5] > 5 and .[8] > 0 and .[9:] == [52428800, 20000000, 100000000]' got
}

switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"; }

# Unprivileged triggers came with 6.4.
need_trigger() {
	# shellcheck disable=SC2016
	bash -c 'exec 7<>"$1/cpu.pressure" && printf "some 1000000 2000000\0" >&7' \
	    - "$CG" 2>/dev/null || skip "no triggers here"
}

# bats test_tags=guest
@test "psi: a trigger sleeps until tasks wait, then tells" {
	need_trigger
	mkdir "$CG/t"
	start --trigger "cpu some 400ms/2s@$P/t" -n 1
	sleep 0.3
	a=$(switches "$PSI")
	sleep 3
	[ "$(switches "$PSI")" = "$a" ]
	[ "$(grep -c '"event":"psi"' out)" = 1 ]
	[ "$(sed -n 2p out | jq -r .reason)" = start ]
	spin "$CG/t" 0
	spin "$CG/t" 0
	wait_for 10 grep -q '"reason":"trigger"' out
	wait "$PSI"
	[ ! -s err ]
	jq -e -s --arg p "$P/t" '[.[] | select(.reason == "trigger")] | length == 1
	    and (.[0] | .cgroup == $p and .resource == "cpu" and
	    .some_ns >= 400000000 and .interval_ns > 3000000000)' out
	unequal | diff -u /dev/null -
}

@test "psi: a trigger of all cgroups that fit tells the one that waits" {
	need_trigger
	mkdir "$CG/w" "$CG/idle"
	start --trigger "cpu some 400ms/2s" --cgroup "$P/*" -n 1
	[ "$(grep -c '"reason":"start"' out)" = 2 ]
	spin "$CG/w" 0
	spin "$CG/w" 0
	wait_for 10 grep -q '"reason":"trigger"' out
	wait "$PSI"
	[ "$(jq -r 'select(.reason == "trigger") | .cgroup' out)" = "$P/w" ]
}

# bats test_tags=guest
@test "psi: a window that needs a capability becomes one that does not" {
	need_trigger
	less=(setpriv --bounding-set -sys_resource --inh-caps -sys_resource)
	run --separate-stderr "${less[@]}" "$(command -v lnx-psi)" \
	    --trigger "cpu some 150ms/1s@$P" -d 200ms
	[ "$status" -eq 0 ]
	echo "$stderr"
	# Older kernels ask for the capability only where the machine is watched.
	# shellcheck disable=SC2016
	if "${less[@]}" bash -c 'exec 7<>"$1/cpu.pressure" &&
	    printf "some 150000 1000000\0" >&7' - "$CG" 2>/dev/null; then
		[ -z "$stderr" ]
		return
	fi
	want=": 0.3 s in 2 s instead"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"$want" ]]
	jq -e -s --arg w "$want" '.[0].degraded[0] | endswith($w)' <<<"$output"
}

# bats test_tags=guest
@test "psi: when the last cgroup with a trigger is removed it ends, status 4" {
	need_trigger
	mkdir "$CG/r"
	start --trigger "cpu some 400ms/2s@$P/r"
	rmdir "$CG/r"
	rc=0
	wait "$PSI" || rc=$?
	[ "$rc" = 4 ]
	grep -q "$P/r: it is gone" err
	[ "$(jq -rs 'map(select(.event == "source") | .state) | join(" ")' out)" = \
	    "start degraded end" ]
}

@test "psi: the first ^C ends a trigger that would never fire" {
	start --trigger "memory full 10s/10s"
	stop
}

@test "psi: a reader that leaves ends it, though there is nothing to write" {
	for how in "--trigger 'memory full 10s/10s'" "--interval 1h --depth 0"; do
		run bash -c "timeout 20 lnx-psi -q $how | head -n 1 >/dev/null
			echo \"\${PIPESTATUS[0]}\""
		echo "$how: $output"
		[ "$output" = 141 ]
	done
	command -v perl >/dev/null || skip "no perl for a socket"
	[ "$(left_alone lnx-psi -q --trigger 'memory full 10s/10s')" = 141 ]
	[ "$(left_alone lnx-psi -q --interval 1h --depth 0)" = 141 ]
}
