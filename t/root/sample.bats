# SPDX-License-Identifier: AGPL-3.0-or-later
# bats file_tags=root
# Ground truth is what /proc says of a process whose threads all wait: it must
# be what the sum of its samples says, to the last nanosecond.
load ../helper
load trace

setup() {
	need_kernel
	USE=()
}

undo() {
	local p
	for p in "${USE[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	[ -z "${group-}" ] || rmdir "$group"
}

# sample_start [OPTION...]: as trace_start, and the first look is over.
sample_start() {
	trace_start -e sample --interval 100ms "$@"
	wait_for 10 grep -q '"event":"sample"' "$OUT"
}

# use_start [COMMAND...]: the stimulus, as $USED; step LINE makes it act.
use_start() {
	mkfifo steps answers
	"$@" use <steps >answers 3>&- &
	USED=$!
	USE+=("$USED")
	exec 8>steps 9<answers
}

step() {
	echo "$*" >&8
	read -r -t 60 answer <&9
	[ "${answer%% *}" = ok ]
}

use_end() {
	exec 8>&- 9<&-
	wait "$USED" || true
}

# All its threads wait, and have done so for a moment.
quiet() {
	local p=$1 was='' now
	for _ in $(seq 200); do
		now=$(cat /proc/"$p"/task/*/stat | sed 's/.*) //' | cut -d' ' -f1 | sort -u)$(
			cat /proc/"$p"/task/*/schedstat)
		[ "$now" = "$was" ] && [ "${now:0:1}" = S ] && return
		was=$now
		sleep 0.02
	done
	return 1
}

# What /proc says of a process: the names of the record's fields, and values.
# Sums over threads miss those that have ended; its CPU clock does not.
truth() {
	local p=$1
	echo "cpu_ns $(use -c "$p")"
	cat /proc/"$p"/task/*/schedstat |
		awk '{ n += $2 } END { printf "run_delay_ns %.0f\n", n }'
	cat /proc/"$p"/task/*/status | awk '
		$1 == "voluntary_ctxt_switches:" { v += $2 }
		$1 == "nonvoluntary_ctxt_switches:" { n += $2 }
		END { print "voluntary", v; print "involuntary", n }'
	awk '$1 == "read_bytes:" || $1 == "write_bytes:" {
		sub(":", "", $1); print }' /proc/"$p"/io
	awk '$1 == "Threads:" { print "threads", $2 }
		$1 == "VmSwap:" { print "swap_bytes", $2 * 1024 }
		$1 == "PPid:" { print "ppid", $2 }' /proc/"$p"/status
	echo "fds $(ls /proc/"$p"/fd | wc -l)"
	awk '/^Max open files/ { print "fds_max", $4 }' /proc/"$p"/limits
	awk -v p="$(getconf PAGESIZE)" '{ print "rss_bytes", $2 * p }' /proc/"$p"/statm
}

# told PID: the same from the samples: what is of an interval is summed.
told() {
	grep "\"pid\":$1," "$OUT" | grep '"event":"sample"' | jq -rs '
		def sum(f): map(f // 0) | add;
		last as $l | {
			cpu_ns: sum(.cpu_ns), run_delay_ns: sum(.run_delay_ns),
			voluntary: sum(.voluntary), involuntary: sum(.involuntary),
			read_bytes: sum(.read_bytes), write_bytes: sum(.write_bytes),
			threads: $l.threads, swap_bytes: $l.swap_bytes,
			ppid: $l.ppid, fds: $l.fds, fds_max: $l.fds_max,
			rss_bytes: $l.rss_bytes
		} | to_entries[] | "\(.key) \(.value)"'
}

boot_now() {
	awk '{ printf "%.0f\n", $1 * 1000000000 }' /proc/uptime
}

# A whole look has begun after this moment, and its records are out.
looked() {
	local at n
	at=$(boot_now)
	# One that is under way may have passed it already.
	wait_for 10 looked_since $((at + 200000000))
}

looked_since() {
	[ "$(tail -n 5 "$OUT" | grep '"event":"sample"' | tail -n 1 |
		grep -o '"boot_ns":[0-9]*' | cut -d: -f2)" -gt "$1" ] 2>/dev/null
}

# A process that keeps the samples coming, so that looked() sees them.
pulse() {
	while sleep 0.05; do :; done 3>&- 8>&- 9>&- &
	USE+=($!)
}

# agree PID: what is told of it is true.  Its resident set is the one figure
# that /proc itself may round, to a batch of pages for each kind and processor.
agree() {
	local pages
	truth "$1" | sort >true
	told "$1" | sort >said
	pages=$((3 * 64 * $(nproc --all)))
	join true said | awk -v most=$((pages * 4096)) '
		$1 == "rss_bytes" ? ($2 - $3 > most || $3 - $2 > most) : $2 != $3 {
			print $1 ": /proc says " $2 ", the samples " $3; bad = 1 }
		END { exit NR < 12 || bad }'
}

@test "all figures of a new process with many threads are those of /proc" {
	sample_start --all
	use_start
	step threads 16
	for _ in 1 2 3; do
		step burn 30
		step naps 20
		step open 10
		step grow 8
		step write "$BATS_TEST_TMPDIR/file" 256
		sleep 0.25
	done
	quiet "$USED"
	looked
	agree "$USED"
	[ "$(told "$USED" | awk '$1 == "cpu_ns" { print $2 }')" -ge $((16 * 90 * 1000000)) ]
	[ "$(told "$USED" | awk '$1 == "rss_bytes" { print $2 }')" -ge $((24 << 20)) ]
	# Where there is a device to write to.
	[ "$(stat -f -c %T .)" = tmpfs ] ||
		[ "$(told "$USED" | awk '$1 == "write_bytes" { print $2 }')" -ge $((3 * 256 << 10)) ]
	trace_stop
	use_end
}

@test "the resident set is whole, whatever processor counted it" {
	grep -q '^Rss:' /proc/self/smaps_rollup || skip "no smaps_rollup"
	sample_start --all
	use_start
	step threads 16
	# Few pages at a time: the kernel keeps them with each processor at first.
	for _ in 1 2 3 4; do
		step grow 1
		step naps 5
	done
	quiet "$USED"
	looked
	# What the pages say, not the counters.
	pages=$(awk '/^Rss:/ { print $2 * 1024 }' "/proc/$USED/smaps_rollup")
	rss=$(told "$USED" | awk '$1 == "rss_bytes" { print $2 }')
	echo "pages $pages, told $rss"
	[ $((rss - pages)) -le 32768 ]
	[ $((pages - rss)) -le 32768 ]
	trace_stop
	use_end
}

@test "threads that end between two samples leave their time behind" {
	local waited=0
	sample_start --all
	use_start
	step threads 2
	for _ in 1 2 3 4; do
		step die 8 20
		waited=$((waited + ${answer#ok }))
		step burn 10
		sleep 0.15
	done
	quiet "$USED"
	looked
	truth "$USED" >true
	told "$USED" >said
	# Those that ended have no run_delay in /proc any more; what they said
	# before their end is missing what they waited after that.
	grep -vE 'run_delay|rss_bytes|voluntary' true | sort | join - <(sort said) |
		awk '$2 != $3 { print; bad = 1 } END { exit NR < 8 || bad }'
	least=$((waited + $(awk '$1 == "run_delay_ns" { print $2 }' true)))
	got=$(awk '$1 == "run_delay_ns" { print $2 }' said)
	echo "run_delay_ns: at least $least, told $got"
	[ "$waited" -gt 0 ]
	[ "$got" -ge "$least" ]
	# Nothing is negative, which would be a number near 2^64.
	[ "$(pick -w "pid=$USED" sample cpu_ns user_ns system_ns run_delay_ns \
		voluntary involuntary <"$OUT" | tr '\t' '\n' |
		awk '$1 > 1e12' | wc -l)" = 0 ]
	trace_stop
	use_end
}

@test "user and system time make up the CPU time, in each sample and in all" {
	sample_start --all
	use_start
	step threads 2
	step burn 200
	step write "$BATS_TEST_TMPDIR/file" 4096
	quiet "$USED"
	looked
	pick -w "pid=$USED" sample cpu_ns user_ns system_ns <"$OUT" >parts
	[ "$(wc -l <parts)" -ge 3 ]
	awk '$1 != $2 + $3 { print; bad = 1 } END { exit bad }' parts
	# Within a tick of what getrusage(2) gives its parent: two of 10 ms each.
	awk '{ u += $2; s += $3 } END { printf "%.0f %.0f\n", u / 1e7, s / 1e7 }' parts >said
	sed 's/.*) //' "/proc/$USED/stat" | awk '{ print $12, $13 }' >true
	paste true said
	paste -d' ' true said | awk '{ d = $1 - $3; e = $2 - $4
		exit d * d > 4 || e * e > 4 }'
	trace_stop
	use_end
}

@test "the first look has no intervals, and tells everybody that is alive" {
	sleep 60 3>&- &
	USE+=($!)
	sample_start
	trace_stop
	# Everybody whom /proc knew then and knows now.
	for p in /proc/[0-9]*; do echo "${p#/proc/}"; done | sort >alive
	# There are kernels that hide init from BPF iterators.
	pick sample pid <"$OUT" | sort -u | comm -13 - alive | grep -vx 1 |
		while read -r p; do
			# No, it is younger.
			[ ! -d "/proc/$p" ] || ps -o etimes= -p "$p" | awk -v p="$p" '$1 > 2 { print p, "is not told" }'
		done >untold
	cat untold
	[ ! -s untold ]
	pick -w "pid=${USE[0]}" sample interval_ns cpu_ns user_ns system_ns \
		run_delay_ns voluntary involuntary read_bytes write_bytes <"$OUT" |
		head -n 1 | diff -u <(printf -- '-\t-\t-\t-\t-\t-\t-\t-\t-\n') -
	pick -w "pid=${USE[0]}" sample comm state threads fds_max rss_bytes <"$OUT" |
		head -n 1 | awk '$1 != "sleep" || $2 != "S" || $3 != 1 || $4 == "-" ||
			$5 <= 0 { print; bad = 1 } END { exit bad }'
}

@test "a process younger than the last look is told from its start, its samples without a gap" {
	sample_start --all
	use_start
	step naps 300
	quiet "$USED"
	looked
	# Each interval reaches back to the sample before, the first to the start.
	pick -w "pid=$USED" sample id boot_ns interval_ns <"$OUT" | awk -F'\t' '
		NR == 1 { split($1, part, "-"); at = part[length(part) - 1] }
		$2 - $3 != at { printf "%.0f - %.0f is not %.0f\n", $2, $3, at; bad = 1 }
		{ at = $2 }
		END { exit NR < 3 || bad }'
	trace_stop
	use_end
}

@test "who did nothing is not told, and with --all is" {
	use_start
	step naps 1
	pulse
	sample_start
	looked
	before=$(grep -c "\"pid\":$USED," "$OUT")
	looked
	looked
	echo "$before, later $(grep -c "\"pid\":$USED," "$OUT")"
	[ "$before" -ge 1 ]
	[ "$(grep -c "\"pid\":$USED," "$OUT")" = "$before" ]
	# A thing changes without CPU time: the limit, by another process.
	prlimit --pid "$USED" --nofile=77:
	looked
	pick -w "pid=$USED" sample fds_max <"$OUT" | tail -n 1 | diff -u <(echo 77) -
	trace_stop
	sample_start --all
	looked
	looked
	trace_stop
	[ "$(grep -c "\"pid\":$USED," "$OUT")" -ge 4 ]
	use_end
}

@test "a process that got the pid of another is another" {
	local first second
	pulse
	sample_start --all
	bash -c 'for ((i = 0; i < 100000; i++)); do :; done; sleep 0.5' 3>&- &
	first=$!
	wait $first
	# The next pid is the one behind this.
	for _ in $(seq 50); do
		echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 2 3>&- &
		second=$!
		[ $second = $first ] && break
		kill $second
		wait $second || true
	done
	[ "$second" = "$first" ] || skip "that pid did not come again"
	USE+=("$second")
	looked
	trace_stop
	pick -w "pid=$first" sample id comm cpu_ns interval_ns boot_ns <"$OUT" >both
	[ "$(cut -f 1 both | sort -u | wc -l)" = 2 ]
	# The second began with its own start, and used less than the first had.
	awk -F'\t' '$1 != id { id = $1; split(id, part, "-")
			if (n++ && $5 - $4 != part[length(part) - 1]) bad = 1 }
		{ cpu[id] += $3; order[n] = id }
		END { print cpu[order[1]], cpu[order[2]]
			exit bad || cpu[order[2]] >= cpu[order[1]] }' both
}

@test "2,000 open files and a raised limit are counted" {
	sample_start --all
	use_start prlimit --nofile=4000:
	step open 2000
	quiet "$USED"
	looked
	agree "$USED"
	[ "$(told "$USED" | awk '$1 == "fds" { print $2 }')" -ge 2000 ]
	trace_stop
	use_end
}

@test "a process of 1,000 threads is one sample, with the sum of them" {
	sample_start --all
	use_start prlimit --nofile=4000:
	step threads 1000
	step burn 1
	quiet "$USED"
	looked
	agree "$USED"
	pick -w "pid=$USED" sample threads <"$OUT" | tail -n 1 | diff -u <(echo 1001) -
	trace_stop
	use_end
}

@test "what a process and its threads used before an exec stays with it" {
	sample_start --all
	use_start
	step threads 2
	step burn 50
	step naps 50
	step exec "$(command -v use)"
	step naps 5
	quiet "$USED"
	looked
	truth "$USED" | sort >true
	told "$USED" | sort >said
	# /proc has no switches and waits of threads that ended any more.
	join true said | awk '
		/^(cpu_ns|fds|fds_max|threads|read_bytes|write_bytes) / && $2 != $3 ||
		/^(run_delay_ns|voluntary|involuntary) / && $2 > $3 { print; bad = 1 }
		$1 == "cpu_ns" && $3 < 100000000 { print; bad = 1 }
		$1 == "voluntary" && $3 < 50 { print; bad = 1 }
		END { exit NR < 12 || bad }'
	trace_stop
	use_end
}

# The sample with the state D of a process that is $1, and only that, has what
# /proc says of it.
stuck_is() {
	pick -w "pid=$1" -w state=D sample wchan <"$OUT" | sort -u | diff -u <(echo "$2") -
}

@test "state D: the function of the kernel in which it sleeps, as /proc says, and no other state" {
	use_start
	step naps 1
	sample_start --all --pid "$USED"
	echo "stuck 3000" >&8
	wait_for 2 grep -q '^State:.D' "/proc/$USED/status"
	where=$(cat "/proc/$USED/wchan")
	wait_for 10 grep -q '"state":"D"' "$OUT"
	read -r -t 60 answer <&9
	step naps 1
	looked
	trace_stop
	# Before 5.16 most kernels are at a loss there.
	[ "$where" != 0 ] || where=$(grep -owm 1 'kernel_clone\|_do_fork' /proc/kallsyms)
	grep -qx 'kernel_clone\|_do_fork' <<<"$where"
	stuck_is "$USED" "$where"
	pick -w "pid=$USED" sample state wchan <"$OUT" | awk '$1 != "D" && $2 != "-" { bad = 1 }
		$1 == "S" { s++ } END { exit bad || s < 2 }'
	use_end
}

@test "300 frozen processes: each is told with its place, whatever the buffer cuts" {
	top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)freezer(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$top" ] || skip "no freezer of cgroup v1"
	group=$top/lnx-sample-$$
	mkdir "$group"
	for _ in $(seq 300); do
		sleep 600 3>&- &
		USE+=($!)
	done
	for p in "${USE[@]}"; do echo "$p" >"$group/cgroup.procs"; done
	wait_for 10 eval '[ "$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c "(sleep) S ")" -ge 300 ]'
	echo FROZEN >"$group/freezer.state"
	wait_for 10 grep -qx FROZEN "$group/freezer.state"
	sample_start
	looked
	trace_stop
	echo THAWED >"$group/freezer.state"
	where=
	pick -w comm=sleep -w state=D sample pid wchan <"$OUT" | sort -u >said
	head -n 3 said
	printf '%s\n' "${USE[@]}" | sort | diff -u - <(cut -f 1 said | sort)
	[ "$(grep -c '	[a-z_]' said)" = 300 ]
}

@test "a zombie has a state and no memory and no files" {
	use_start
	step zombie
	zombie=${answer#ok }
	wait_for 10 grep -q '^State:.Z' "/proc/$zombie/status"
	sample_start --all
	trace_stop
	pick -w "pid=$zombie" sample state rss_bytes swap_bytes fds <"$OUT" |
		tail -n 1 | diff -u <(printf 'Z\t-\t-\t-\n') -
	use_end
}

@test "a process whose main thread has ended is no zombie while others live" {
	use_start
	step threads 1
	step leave
	wait_for 10 grep -q '^State:.Z' "/proc/$USED/status"
	sample_start --all -e sample,snap
	trace_stop
	for kind in snap sample; do
		pick -w "pid=$USED" "$kind" state threads <"$OUT" | tail -n 1 |
			diff -u <(printf 'X\t2\n') -
	done
}

@test "samples of the kernel's threads say so, and have no memory" {
	sample_start
	trace_stop
	pick -w kthread=true sample pid rss_bytes <"$OUT" | sort -u >said
	[ "$(cut -f 2 said | sort -u)" = - ]
	# As /proc has them: those without a command line whose parent is kthreadd.
	for p in $(cut -f 1 said); do
		[ ! -d "/proc/$p" ] || awk '$1 == "PPid:" && $2 != 2 && $2 != 0 { print FILENAME }' "/proc/$p/status"
	done | diff -u /dev/null -
	[ "$(wc -l <said)" -ge 5 ]
}

@test "--pid, --uid, --comm, --ppid: samples of these only" {
	use_start setpriv --reuid 4242 --clear-groups
	step naps 1
	for filter in "--pid $USED" "--uid 4242" "--comm use" "--ppid $$"; do
		# shellcheck disable=SC2086
		sample_start --all $filter
		trace_stop
		pick sample pid <"$OUT" | grep -qx "$USED"
		pick sample pid uid comm ppid <"$OUT" | awk -v f="$filter" '
			{ split(f, w, " ") }
			w[1] == "--pid" && $1 != w[2] || w[1] == "--uid" && $2 != w[2] ||
			w[1] == "--comm" && $3 != w[2] || w[1] == "--ppid" && $4 != w[2] {
				print f ": " $0; bad = 1 }
			END { exit bad }'
	done
	use_end
}

@test "a cgroup of v1 that is renamed has its new path before long" {
	top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$top" ] || skip "no cgroup v1 with memory"
	old=$top/lnx-sample-old-$$
	group=$top/lnx-sample-new-$$
	mkdir "$old"
	use_start
	echo "$USED" >"$old/cgroup.procs"
	sample_start --all --pid "$USED"
	mv "$old" "$group"
	has_moved() { grep -q "\"cgroup\(_v1\)*\":\"/lnx-sample-new-$$\"" "$OUT"; }
	wait_for 10 has_moved
	trace_stop
	# Once it is told, it stays.
	pick sample cgroup cgroup_v1 <"$OUT" | tail -n 1 | grep -q "lnx-sample-new-$$"
	pick sample cgroup cgroup_v1 <"$OUT" | head -n 1 | grep -q "lnx-sample-old-$$"
	use_end
}

@test "--cgroup: samples of the processes in it, with its path, also after a move" {
	group=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/lnx-sample-$$
	[ -n "${group%/lnx*}" ] || skip "no cgroup2"
	mkdir "$group"
	use_start
	step naps 1
	sample_start --all --pid "$USED"
	echo "$USED" >"$group/cgroup.procs"
	looked
	trace_stop
	pick sample cgroup cgroup_id <"$OUT" | tail -n 1 |
		diff -u <(printf '/%s\t%s\n' "${group##*/}" "$(stat -c %i "$group")") -
	pick sample cgroup <"$OUT" | head -n 1 >first
	run ! grep -qx -- "/${group##*/}" first
	sample_start --all --cgroup "$group"
	trace_stop
	pick sample pid <"$OUT" | sort -u | diff -u <(echo "$USED") -
	use_end
}

@test "--tree: samples of the process and its descendants, orphans too" {
	mkfifo go
	bash -c 'read -r _ <go; bash -c "sleep 61 & sleep 0.3"; sleep 62; :' 3>&- &
	root=$!
	USE+=($root)
	sample_start --all --tree $root
	echo >go
	wait_for 10 pgrep -x sleep -P $root
	USE+=("$(pgrep -x sleep -P $root)")
	looked
	looked
	trace_stop
	orphan=$(pick -w comm=sleep sample pid ppid <"$OUT" | awk -v r=$root '$2 != r' | tail -n 1)
	echo "root $root, orphan $orphan"
	USE+=("${orphan%%	*}")
	# It is told after its parent ended, when no way leads to the root.
	[ -n "$orphan" ]
	kill -0 "${orphan%%	*}"
	[ "$(ps -o ppid= -p "${orphan%%	*}")" -eq "${orphan##*	}" ]
	[ "${orphan##*	}" != $root ]
	# And nobody else: all have a start after that of the root.
	pick sample comm <"$OUT" | sort -u | diff -u <(printf 'bash\nsleep\n') -
	kill "${orphan%%	*}"
}

@test "each line of a sample is in the schema's order, and a recording replays it" {
	INTO=-w trace_start -e sample --interval 100ms --all
	sleep 0.5
	INTO=-w trace_stop
	lnx-trace -r "$OUT" >once
	lnx-trace -r "$OUT" | cmp - once
	[ "$(pick sample pid <once | wc -l)" -ge 10 ]
}
