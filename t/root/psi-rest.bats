# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Cgroups in which nobody is are not read again and again by lnx-psi, and
# nothing that happens in them is missed.
load ../helper
load psi

# Calls of read(2) and the like so far.
reads() { awk '$1 == "syscr:" { print $2 }' "/proc/$1/io"; }

# What is written of all pressure files below $CG: cgroup, resource, total in ns.
totals() {
	(cd "$CG" && grep -H ^some ./*/{cpu,memory,io}.pressure) |
	    sed "s|^\./\([^/]*\)/\([a-z]*\)\.pressure:.*total=|$P/\1 \2 |" |
	    awk '{ printf "%s %s %.0f\n", $1, $2, $3 * 1000 }' | sort
}

# The last total told of each.
last() {
	jq -r 'select(.event == "psi" and .cgroup and .resource != "irq") |
	    "\(.cgroup) \(.resource) \(.some_total_ns)"' "$1" |
	    awk '{ t[$1 " " $2] = $3 } END { for (k in t) print k, t[k] }' | sort
}

# Two tasks want one processor in that cgroup, for so many seconds.
visit() {
	# shellcheck disable=SC2016
	(taskset -c 0 timeout -s KILL "$2" bash -c 'echo $$ >"$1/cgroup.procs"
		(while :; do :; done) & while :; do :; done' - "$1" || true) 3>&- 2>/dev/null
	for p in $(cat "$1/cgroup.procs"); do kill -KILL "$p" 2>/dev/null || true; done
}

# Somebody comes and goes, and does not wait.
pass_by() { (echo "$BASHPID" >"$1/cgroup.procs"); }

@test "psi: cgroups in which nobody is are read no more, and told all the same" {
	for i in {1..50}; do mkdir "$CG/c$i"; done
	start --interval 100ms --no-stat --cgroup "$P/*"
	wait_for 10 eval '[ "$(grep -c "\"$P/c50\"" out)" -gt 30 ]'
	a=$(reads "$PSI")
	lines=$(grep -c "\"$P/c" out)
	sleep 3
	b=$(reads "$PSI")
	told=$(($(grep -c "\"$P/c" out) - lines))
	stop
	echo "$((b - a)) reads, $told records"
	# A sixty-fourth of the looks reads them; the machine and the clock are read, too.
	[ "$told" -gt 1500 ]
	[ $((b - a)) -lt $((told / 5)) ]
	jq -e -s --arg p "$P/" '[.[] | select(.event == "psi" and .cgroup != null)] |
	    .[200:] | length > 1500 and all(.some_ns == 0 and .interval_ns > 0 and
	    .some_pct == 0 and .avg300 == 0 and .some_total_ns == 0)' out
}

@test "psi: a task comes, waits and goes: the totals are those of one who reads all" {
	noisy
	for i in {1..97}; do mkdir "$CG/c$i"; done
	start --interval 100ms --no-stat --cgroup "$P/*"
	# Without room for open files each file is opened and read in each look.
	lnx-psi --max-files 1 --interval 100ms --no-stat --cgroup "$P/*" -o all \
	    3>&- 2>/dev/null &
	ALL=$!
	PIDS+=("$ALL")
	sleep 1
	# Shorter and longer than a look; one right after the other; in a cgroup
	# that rests, and in one that was woken for nothing and rests again.
	for i in {1..97}; do
		pass_by "$CG/c$((i * 31 % 97 + 1))"
		visit "$CG/c$i" "0.0$((i % 9 + 1))"
		[ $((i % 3)) -ne 0 ] || visit "$CG/c$i" 0.02
		[ $((i % 10)) -ne 0 ] || visit "$CG/c$i" 0.25
	done
	sleep 1
	totals >want
	stop
	kill -INT "$ALL"
	wait "$ALL"
	[ "$(awk '$2 == "cpu" && $3 > 5000000' want | wc -l)" -gt 50 ]
	last out | diff -u want -
	last all | diff -u want -
	unequal | diff -u /dev/null -
	# Averages fade, each 2 s, and are told as they do.
	jq -r 'select(.event == "psi" and .resource == "cpu" and .cgroup != null) |
	    "\(.cgroup) \(.boot_ns) \(.avg10)"' out | awk '
		$3 != was[$1] { was[$1] = $3; since[$1] = $2 }
		$3 > 0.1 && $2 - since[$1] > 4500000000 { print; exit }
	' | diff -u /dev/null -
	[ "$(jq -r 'select(.avg10 > 0.1 and .cgroup) | .cgroup' out | sort -u | wc -l)" -gt 20 ]
	# It is told when it was: no look has more than there can have been.
	jq -r 'select(.event == "psi" and .some_pct > 115) |
	    "\(.cgroup) \(.some_pct) \(.interval_ns)"' out | diff -u /dev/null -
}
