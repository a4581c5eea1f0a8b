# SPDX-License-Identifier: AGPL-3.0-or-later
# Waits for IO and memory, on a real disk and with a real limit.
# bats file_tags=root
load ../helper
load trace

setup() {
	need_kernel
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	V1M=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	CG=lnx-iomem-$$
	OTHER=$(($(nproc) > 1))
	PIDS=()
	[ -r /proc/pressure/io ] || skip "no pressure stall information"
	[ -n "$V2" ] && [ -w "$V2/cgroup.procs" ] || skip "no cgroup v2 to write to"
}

need_disk() {
	case $(stat -f -c %T .) in
	tmpfs | ramfs | overlayfs | nfs | 9p | fuseblk)
		skip "no disk below $BATS_TEST_TMPDIR" ;;
	esac
}

undo() {
	local p
	for p in "${PIDS[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for p in "$V2/$CG"-* ${V1M:+"$V1M/$CG"-*}; do
		[ ! -d "$p" ] || wait_for 5 rmdir "$p"
	done
}

# windows_start [MS]: t/root/windows in the background, into the file told.
windows_start() {
	mkfifo stop
	exec 8<>stop
	windows "${1:-1000}" <stop >told 2>"$ERR" 3>&- 8>&- &
	WINDOWS=$!
	PIDS+=("$WINDOWS")
	wait_for 30 grep -qs '^up' told || { cat "$ERR"; return 1; }
}

# One more window, and the end.  Totals of pressure files are folded every 2 s.
windows_stop() {
	sleep 2.3
	echo >&8
	wait "$WINDOWS"
	exec 8>&-
	rm stop
}

# in_cgroup NAME CPU COMMAND...: in a cgroup of v2 made for it, on that processor.
in_cgroup() {
	local name=$1 cpu=$2
	shift 2
	mkdir -p "$V2/$CG-$name"
	[ ! -d "${V1M:-/none}/$CG-$name" ] ||
		echo $BASHPID >"$V1M/$CG-$name/cgroup.procs"
	echo $BASHPID >"$V2/$CG-$name/cgroup.procs"
	exec taskset -c "$cpu" "$@" 3>&-
}

# pressure NAME RESOURCE: total of some, in ns.
pressure() {
	awk '$1 == "some" { sub("total=", "", $NF); printf "%.0f\n", $NF * 1000 }' \
		"$V2/$CG-$1/$2.pressure"
}

# sum NAME RESOURCE WORD: of the windows told.
sum() {
	awk -F'\t' -v cg="/$CG-$1" -v r="$2" -v word="$3" \
		'$2 == r && $3 == cg && $4 == word { n += $5 } END { printf "%.0f\n", n }' told
}

# near WHAT GOT WANT PERCENT
near() {
	echo "$1: $2 ns, the kernel says $3 ns"
	awk -v got="$2" -v want="$3" -v most="$4" 'BEGIN {
		off = want > 0 ? 100 * (got - want) / want : 100
		printf "%+.2f %%, at most %s %%\n", off, most
		exit !(want > 0 && off <= most && off >= -most) }'
}

# In each window of each victim the parts add up to the whole, and there is not
# more of anything than there was.
conserved() {
	awk -F'\t' '
	$4 == "total" { want[$1 FS $2 FS $3] = $5; next }
	NF == 9 { got[$1 FS $2 FS $3] += $5; edges++ }
	END {
		for (k in want)
			if (want[k] != got[k])
				print k ": " got[k] " of " want[k]
		for (k in got)
			if (!(k in want))
				print k ": no total"
		if (edges == 0)
			print "no edges"
	}' told | diff -u /dev/null -
}

@test "a pinned victim's wait for the disk is that of its io.pressure within 1 %" {
	noisy
	need_disk
	io fill data 262144
	windows_start
	in_cgroup vic 0 io data 262144 "${BLOCK:-256}" 5 >did &
	wait $!
	windows_stop
	cat did told
	[ "$(cut -d' ' -f1 did)" -gt 100 ]
	near io "$(sum vic io total)" "$(pressure vic io)" "${MOST:-1}"
	conserved
	# The file is of its own cgroup, and so is what the record has.
	awk -F'\t' -v cg="/$CG-vic" '$2 == "io" && $3 == cg && $4 == "total" &&
		$9 != "-" { n += $9 } END { exit !(n > 0) }' told
	# Direct reads are no wait for memory.
	[ "$(sum vic memory total)" -le 10000000 ]
}

@test "no more is told than the reads took, and no wait is longer than the longest of them" {
	noisy
	need_disk
	io fill data 65536
	windows_start 300
	in_cgroup vic 0 io data 65536 64 2 r 2 >did &
	wait $!
	windows_stop
	read -r n ns max <did
	got=$(sum vic io total)
	echo "$n reads, $ns ns, longest $max; told $got"
	[ "$got" -le "$ns" ]
	# A part of that the reader waited for the processor; how much, the
	# kernel knows.
	near io "$got" "$(pressure vic io)" 4
	awk -F'\t' -v cg="/$CG-vic" -v max="$max" '$2 == "io" && $3 == cg &&
		$4 == "total" && $7 > max { exit 1 }' told
}

@test "four writers in one cgroup slow a reader down: they are named, estimated, and nobody idle is" {
	noisy
	need_disk
	io fill data 262144
	io fill other 262144
	windows_start
	in_cgroup vic 0 io data 262144 256 8 >did &
	PIDS+=($!)
	VIC=$!
	in_cgroup idle $OTHER sleep 8 &
	PIDS+=($!)
	sleep 3
	for i in 1 2 3 4; do
		in_cgroup cul $OTHER io other 262144 1024 3 w >/dev/null &
		PIDS+=($!)
	done
	wait $VIC
	windows_stop
	grep "$CG" told
	conserved
	# A window in which they were active all the time.
	awk -F'\t' -v vic="/$CG-vic" -v cul="/$CG-cul" '
		$2 == "io" && $3 == vic && $4 == "total" { all[$1] = $5 }
		$2 == "io" && $3 == vic && $4 == "cgroup" && $9 == cul {
			if ($7 != "estimated" || $8 < 1 || $8 > 1000)
				exit bad = 1
			part[$1] = $5
		}
		END {
			for (w in part)
				if (part[w] > all[w] / 4)
					good++
			exit bad || !good
		}' told
	run grep -c "	/$CG-idle\$" told
	[ "$output" = 0 ]
	# Before they came nobody was slowed down by them.
	awk -F'\t' -v cul="/$CG-cul" '$9 == cul && $1 < 2 { exit 1 }' told
}

# thrash LIMIT [x]: a mapping of 128 MiB below a limit of v1.
thrash() {
	[ -n "$V1M" ] || skip "no memory controller of v1"
	need_disk
	io fill data 131072
	mkdir "$V1M/$CG-vic"
	echo "$1" >"$V1M/$CG-vic/memory.limit_in_bytes"
	windows_start
	in_cgroup vic 0 io map data 131072 5 $2 >did &
	wait $!
	windows_stop
	grep "$CG" told
	conserved
}

@test "reclaim for the own limit is kind limit, measured, and memory.pressure within 1 %" {
	noisy
	thrash 8M
	got=$(sum vic memory total)
	near memory "$got" "$(pressure vic memory)" 1
	# Preempted meanwhile, and no more, may be unknown.
	limit=$(awk -F'\t' -v cg="/$CG-vic" '$2 == "memory" && $3 == cg &&
		$4 == "limit" && $7 == "measured" { n += $5 } END { printf "%.0f\n", n }' told)
	[ "$limit" -ge $((got * 9 / 10)) ]
	near io "$(sum vic io total)" "$(pressure vic io)" 3
	# No neighbour did that.
	run awk -F'\t' -v cg="/$CG-vic" '$2 == "memory" && $3 == cg && $4 == "cgroup"' told
	[ "$output" = "" ]
}

@test "pages that come back after their eviction: no more than memory.pressure, within 6 %" {
	noisy
	thrash 32M x
	# What is missing is the start of each read, on the processor.
	near memory "$(sum vic memory total)" "$(pressure vic memory)" 6
	[ "$(sum vic memory total)" -le $(($(pressure vic memory) * 101 / 100)) ]
	# What is not reclaim itself is a guess, or unknown.
	run awk -F'\t' -v cg="/$CG-vic" '$2 == "memory" && $3 == cg &&
		$4 != "total" && $4 != "limit" && $4 != "unknown"' told
	[ "$output" = "" ]
}

@test "more cgroups than there is room for: counted and told, the others are right" {
	need_disk
	io fill data 1024
	windows_start 60000
	# One process that goes from one to the next.
	(
		for ((i = 0; i < 1100; i++)); do
			mkdir "$V2/$CG-$i"
			echo $BASHPID >"$V2/$CG-$i/cgroup.procs"
			dd if=data of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
		done
		echo $BASHPID >"$V2/cgroup.procs"
	) 3>&-
	windows_stop
	conserved
	lost=$(sed -n 's/^lost.*\tparties=\([0-9]*\) .*/\1/p' told)
	ns=$(sed -n 's/^lost.* parties_ns=\([0-9]*\) .*/\1/p' told)
	seen=$(grep -c "	io	/$CG-[0-9]*	total	" told)
	echo "$seen cgroups, $lost waits lost, $ns ns"
	tail -n 1 told
	[ "$seen" -gt 500 ]
	[ "$seen" -le 1024 ]
	[ "$lost" -gt 0 ]
	[ "$ns" -gt 0 ]
}

@test "started amid much IO it tells what it cannot know, and blames nobody for it" {
	need_disk
	io fill data 65536
	for i in 1 2 3; do
		in_cgroup vic 0 io data 65536 1024 4 w >/dev/null &
		PIDS+=($!)
	done
	sleep 1
	windows_start 500
	wait "${PIDS[@]:0:3}"
	windows_stop
	conserved
	tail -n 1 told
	run awk -F'\t' -v cg="/$CG-vic" '$3 == cg && $9 == cg' told
	[ "$output" = "" ]
}
