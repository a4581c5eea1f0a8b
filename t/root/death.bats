# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
}

undo() {
	if [ -n "${pattern-}" ]; then
		echo "$pattern" >/proc/sys/kernel/core_pattern
	fi
}

# Cores fall into the working directory, whatever this host does with them.
cores_here() {
	[ "$(ulimit -Hc)" = unlimited ] || skip "may not dump core: hard limit is $(ulimit -Hc)"
	pattern=$(cat /proc/sys/kernel/core_pattern)
	echo core >/proc/sys/kernel/core_pattern
}

# exits_of PID: the exit records of its children, in the order of their ends.
exits_of() {
	pick -w "ppid=$1" exit pid exit_code signal core utime_ns stime_ns \
		maxrss_bytes min_faults maj_faults rchar_bytes wchar_bytes \
		duration_ns boot_ns id <"$OUT"
}

# judge TRUTH EXITS: what does not agree, one sentence each.  The scheduler adds
# up the time of a running thread at each tick, and once more when it leaves the
# processor, which is after the record: a tick for each thread that runs at the
# end, and the tick may come late: for one in fifty at most, and no later than the
# hypervisor took a processor away, all in all.  A last fault may come after the
# record.
judge() {
	awk -F'\t' -v hz="$(tick_hz)" -v stolen="$(($(stolen_us) - STOLEN))" '
	function bad(what, got, want) {
		printf "%s %s: %s: got %s, want %s\n", way[k], pid[k], what, got, want
	}
	function off(what, got, want, most) {
		if (got - want > most || want - got > most)
			bad(what, got, want)
	}
	NR == FNR {
		if (NF < 2) next
		k = $1 SUBSEP (++made[$1])
		all++
		pid[k] = $1; way[k] = $2; said[k] = $3 "\t" $4 "\t" $5
		cpu[k] = $6; rss[k] = $7; minor[k] = $8; major[k] = $9
		r[k] = $10; w[k] = $11; born[k] = $12; ended[k] = $13
		next
	}
	{
		k = $1 SUBSEP (++died[$1])
		if (!(k in said)) { printf "%s: an exit too many: %s\n", $1, $0; next }
		if ($2 "\t" $3 "\t" $4 != said[k])
			bad("status", $2 " " $3 " " $4, said[k])
		most = 1000000 / hz * (way[k] == "burn_2" ? 2 : 1) + 1000
		lacks = cpu[k] - ($5 + $6) / 1000
		if (lacks > most && lacks - most <= stolen && late * 50 < all) {
			stolen -= lacks - most
			late++
		} else
			off("cpu_us", ($5 + $6) / 1000, cpu[k], most)
		off("maxrss", $7 / 1024, rss[k], 4)
		off("minor faults", $8, minor[k], 1)
		off("major faults", $9, major[k], 0)
		off("rchar", $10, r[k], 0)
		off("wchar", $11, w[k], 0)
		if ($13 - $12 < born[k] || $13 > ended[k])
			bad("times", $13 - $12 ".." $13, born[k] ".." ended[k])
		if (ids[$14]++)
			bad("id", $14, "one exit")
		seen[k] = 1
	}
	END { for (k in said) if (!(k in seen)) print way[k], pid[k], "has no exit" }
	' "$1" "$2" >wrong
	if [ -s wrong ]; then
		echo "$(wc -l <wrong) wrong, of these:"
		head -n 40 wrong
		return 1
	fi
}

# What the hypervisor took so far, in steps of 10 ms.
stolen_us() { awk '$1 == "cpu" { print $9 * 10000 }' /proc/stat; }

tick_hz() {
	local hz
	hz=$(zcat /proc/config.gz 2>/dev/null | sed -n 's/^CONFIG_HZ=//p')
	echo "${hz:-100}"
}

deaths() {
	local n=$1
	shift
	trace_start -e fork,exec,exit "$@"
	STOLEN=$(stolen_us)
	# A part with cores, a part without: the limit is what decides.
	die -c $((n / 5)) 11 >truth-1
	die $((n - n / 5)) 12 >truth-2
	trace_stop
	nothing_lost
	for i in 1 2; do
		self=$(head -n 1 truth-$i)
		exits_of "$self" >exits
		judge truth-$i exits
		# As many forks, of no thread.
		tail -n +2 truth-$i | cut -f 1 |
			diff -u - <(pick -w "ppid=$self" fork pid <"$OUT")
	done
	# No process ends twice, of whichever parent.
	pick exit id <"$OUT" | sort | uniq -d | diff -u /dev/null -
	# The stimulus did dump cores, and the records say so.
	[ "$(awk '$5 == "true"' truth-1 | wc -l)" -ge $((n / 5 / 50)) ]
}

@test "10,000 mixed deaths: code, signal, core, times, memory, faults and io are those of wait4(2)" {
	cores_here
	deaths 10000
}

@test "2,000 mixed deaths by way of raw_tp are those of wait4(2)" {
	cores_here
	deaths 2000 --rung raw_tp
	head -n 1 "$OUT" | grep -q '"rung":"raw_tp'
}

@test "an exit tells how many living children were left, and only living ones" {
	trace_start
	: >truth
	for scene in subreaper many zombie two-reapers leader-first; do
		family "$scene" >>truth
	done
	trace_stop
	awk '$1 == "children" { print $2 "\t" $3 }' truth | sort >want
	pick exit pid children <"$OUT" |
		awk 'NR == FNR { mine[$1]; next } $1 in mine' want - |
		sort | diff -u want -
	[ "$(wc -l <want)" -ge 6 ]
}
