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
	quiet
	read -r ran _ </proc/$culprit/schedstat
	measure 3
	ran=$(($(cut -d ' ' -f 1 /proc/$culprit/schedstat) - ran))
	conserved victim $victim
	conserved culprit $culprit
	[ "$(waited victim cgroup innocent)" -eq 0 ]
	[ "$(waited innocent cgroup victim)" -eq 0 ]
	# It cannot be blamed for more than it ran.
	[ "$(waited victim cgroup culprit)" -gt 0 ]
	[ "$(waited victim cgroup culprit)" -le "$ran" ]
	told victim
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
	# As told(), but what is compared must be of the window that counts.
	for left in 2 1 0; do
		before=$(throttled "$stat")
		measure 4
		after=$(throttled "$stat")
		conserved victim $victim
		[ $(($(waited victim unknown) * 20)) -gt "$(waited victim)" ] || break
		[ $left != 0 ]
	done
	ours=$(waited victim throttle) theirs=$((after - before))
	unknown=$(waited victim unknown)
	echo "throttled: the kernel says $theirs, the edges $ours"
	[ $theirs -gt 1000000000 ]
	# Before 5.19 the clock of it leaves interrupts out.
	case $(uname -r) in
	5.*)	part=50 ;;
	*)	part=1000 ;;
	esac
	[ $(((ours - theirs) * part)) -le $theirs ]
	# Of what was not seen it is not known, either.
	[ $(((theirs - ours - unknown) * part)) -le $theirs ]
	[ "$(waited culprit throttle)" -eq 0 ]
}

throttled() {
	awk '$1 == "throttled_time" { print $2 }
	    $1 == "throttled_usec" { print $2 "000" }' "$1"
}

@test "stall: more cgroups than slots: told as one, and no wait is lost" {
	group $(seq 20)
	stalls_start -s 16
	of=()
	for i in $(seq 20); do
		work_in "$i" 0 light 1000 4000
		of+=($!)
	done
	measure 3
	sum=0
	for pid in "${of[@]}"; do
		sum=$((sum + delay[$pid]))
	done
	# Of the machine, as those without a slot have no name.
	all=$(awk '$1 == "edge" { n += $6 } END { printf "%.0f\n", n }' window)
	echo "the kernel says $sum for ours, the edges $all for all"
	[ "$all" -ge $sum ]
	grep -q '^edge ? cgroup ' window
	if grep -q 'no_slot 0 ' window; then false; fi
}

@test "stall: more pairs than cells: unknown, and no wait is lost" {
	group $(seq 12)
	stalls_start -c 8
	of=()
	for i in $(seq 12); do
		work_in "$i" 0 light 1000 4000
		of+=($!)
	done
	measure 3
	for i in $(seq 12); do
		conserved "$i" "${of[$i - 1]}"
	done
	if grep -q 'no_cell 0 ' window; then false; fi
	grep -q ' unknown ' window
}

@test "stall: more tasks than places for them: no wait is lost" {
	group a b
	stalls_start -t 8
	# Where the kernel has no other place (before 5.12), what waited on two
	# processors is not whole.  In 7.x it has none on a processor without
	# cmpxchg16b, as the guests' is: kmalloc_nolock() gives nothing there.
	at=-1
	case $(uname -r) in
	5.*) at=0 ;;
	7.*)
		case " $(sed -n '/^flags/{p;q;}' /proc/cpuinfo) " in
		*" cx16 "*) ;;
		*" lm "*) at=0 ;;
		esac ;;
	esac
	for _ in $(seq 8); do
		work_in a $at light 1000 2000
		a+=($!)
		work_in b 0 light 1000 2000
		b+=($!)
	done
	measure 3
	conserved a "${a[@]}"
	conserved b "${b[@]}"
}

@test "stall: a cgroup that is gone, and one that comes in its place" {
	group culprit
	stalls_start -s 64
	work_in culprit 0 spin
	culprit=$!
	kill -CONT $culprit
	# Each has the same slots to choose from, and none may be taken for
	# another: all that a window tells is of one that was alive in it.
	for i in $(seq 20); do
		mkdir "$V2/$TOP/v$i"
		GROUPS_MADE+=("$V2/$TOP/v$i")
		WORK_IN=$V2/$TOP/v$i work 1 0 light 500 500 3>&- 7>&- &
		pid=$!
		WORKERS+=($pid)
		wait_for 60 state_is $pid T
		window
		before=$(delays $pid)
		kill -CONT $pid
		sleep 0.3
		kill -STOP $pid
		wait_for 60 state_is $pid T
		sleep 0.1
		window
		told_of=$(awk '$1 == "edge" && $2 ~ /\/v[0-9]+$/ { print $2 }' \
		    window | sort -u)
		echo "v$i: $told_of"
		[ -z "$told_of" ] || [ "$told_of" = "/$TOP/v$i" ]
		[ "$(waited "v$i")" -eq $(($(delays $pid) - before)) ] ||
		    [ -z "$told_of" ]
		kill -KILL $pid
		wait $pid 2>/dev/null || true
		wait_for 10 rmdir "$V2/$TOP/v$i"
		# Ten windows later its slot is free.
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
			window
		done
	done
	echo "$(grep -c "^edge /$TOP/v" all) edges of theirs"
	[ "$(grep "^edge /$TOP/v" all | awk '{ print $2 }' | sort -u | wc -l)" -ge 6 ]
}

@test "stall: pressure is not that of the cgroup that came in its place" {
	local ids round
	group culprit again
	stalls_start -s 64
	work_in culprit 0 spin
	kill -CONT $!
	window
	for round in 1 3; do
		WORK_IN=$V2/$TOP/again work 60 0 spin 3>&- 7>&- &
		WORKERS+=($!)
		wait_for 60 state_is $! T
		kill -CONT $!
		sleep "$round"
		[ "$round" = 3 ] || window
		[ "$round" = 3 ] || sleep 0.3
		kill -KILL $!
		wait $! 2>/dev/null || true
		[ "$round" = 3 ] || wait_for 10 rmdir "$V2/$TOP/again"
		mkdir -p "$V2/$TOP/again"
	done
	window
	grep "^party /$TOP/again " window
	# Both were there, each under its own id; of neither is it known by how
	# much its pressure grew in this window.
	ids=$(awk -v v="/$TOP/again" '$1 == "party" && $2 == v { print $4 }' window)
	[ "$(sort -u <<<"$ids" | wc -l)" = 2 ]
	[ "$(grep -c "^party /$TOP/again .* some -1 full -1 " window)" = 2 ]
}

@test "stall: a cgroup of v1 that is renamed, and one below it, have their new paths" {
	local top what
	top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$top" ] || skip "no cgroup v1 with memory"
	mkdir "$top/$TOP-old" "$top/$TOP-old/below"
	GROUPS_MADE+=("$top/$TOP-old" "$top/$TOP-new" "$top/$TOP-new/below")
	stalls_start
	# Where v2 says only that it is the root.
	for what in "$TOP-old" "$TOP-old/below"; do
		WORK_IN="$V2 $top/$what" work 60 0 spin 3>&- 7>&- &
		WORKERS+=($!)
	done
	measure 1
	parties() { sed 's/ v1:/ /g' window | awk -v at="/$TOP-" '$1 == "party" && index($2, at) { print $2 }' | sort; }
	parties | diff -u <(printf '/%s\n' "$TOP-old" "$TOP-old/below") -
	mv "$top/$TOP-old" "$top/$TOP-new"
	measure 1
	measure 1
	parties | diff -u <(printf '/%s\n' "$TOP-new" "$TOP-new/below") -
	sed 's/ v1:/ /g' window | grep "^edge /$TOP-new/below cgroup /$TOP-new "
}

@test "stall: the process of the culprit, and its name" {
	group victim culprit
	# Others here may start many processes, each of which takes a slot.
	stalls_start -p -s 16384
	work_in victim 0 light 300 3000
	victim=$!
	work_in culprit 0 spin
	culprit=$!
	work_in culprit 1 spin
	measure 2
	conserved victim $victim
	ns=$(awk -v pid=$culprit -v v="/$TOP/victim" '$1 == "edge" && $2 == v &&
	    $8 == pid && $9 == "work" { n += $6 } END { printf "%.0f\n", n }' window)
	echo "by $culprit: $ns"
	[ "$ns" -gt 0 ]
	[ "$ns" -eq "$(waited victim cgroup culprit)" ]
	# The one on the other processor had no part in it.
	awk -v pid=$! -v v="/$TOP/victim" '
	    $1 == "edge" && $2 == v && $8 == pid { bad = 1 }
	    END { exit bad }' window
}

@test "stall: a process has the name of the program that it runs by now" {
	group victim culprit
	stalls_start -p -s 16384
	work_in victim 0 light 300 3000
	victim=$!
	quiet
	window
	taskset -c 0 bash -c 'echo $$ >"$0/cgroup.procs"
		while :; do dd if=/dev/zero of=/dev/null bs=1M count=40 2>/dev/null; done' \
		"$V2/$TOP/culprit" 3>&- 7>&- &
	culprit=$!
	WORKERS+=($culprit)
	kill -CONT $victim
	sleep 2
	kill -STOP $culprit $victim
	window
	# name: what the victim waited for processes of that name, in ns.
	name() {
		awk -v v="/$TOP/victim" -v c="/$TOP/culprit" -v name="$1" '
		    $1 == "edge" && $2 == v && $4 == c && $9 == name { n += $6 }
		    END { printf "%.0f\n", n }' window
	}
	echo "for dd $(name dd), for bash $(name bash)"
	[ "$(name dd)" -gt $((4 * $(name bash))) ]
}

# column GROUP N: that word of its line "party".
column() {
	awk -v v="/$TOP/$1" -v n="$2" '$1 == "party" && $2 == v { print $n }' window
}

# CLOCK_BOOTTIME, in ns.
now() { awk '{ printf "%.0f\n", $1 * 1e9 }' /proc/uptime; }

@test "stall: a wait that does not end is open for as long as it lasts, and in no sum" {
	group victim hog
	command -v chrt >/dev/null || skip "no chrt"
	stalls_start
	work_in hog 0 spin
	hog=$!
	work_in victim 0 spin
	victim=$!
	quiet
	chrt -f -p 1 $hog 2>/dev/null || skip "no real-time priority here"
	# Nobody of the fair class gets a turn beside it, but for what the kernel
	# keeps back for them: then try again.
	for try in 1 2 3 4 5; do
		kill -STOP $victim $hog
		quiet
		window
		ran=$(cut -d ' ' -f 1 /proc/$victim/schedstat)
		kill -CONT $hog
		sleep 0.05
		before=$(now)
		kill -CONT $victim
		after=$(now)
		sleep 0.4
		asked=$(now)
		window
		told=$(now)
		again=$(cut -d ' ' -f 1 /proc/$victim/schedstat)
		[ "$ran" != "$again" ] || break
	done
	[ "$ran" = "$again" ] || skip "the kernel gave it a turn, each of $try times"
	kill -STOP $hog
	cat window
	open=$(column victim 12)
	echo "open $open, least $((asked - after)), most $((told - before))"
	# /proc/uptime has hundredths.
	[ "$open" -ge $((asked - after - 20000000)) ]
	[ "$open" -le $((told - before + 20000000)) ]
	[ "$(waited victim)" -eq 0 ]
	# Then it gets its turn, and the whole wait is in the sum.
	wait_for 10 has_run_since $victim "$ran"
	kill -STOP $victim
	quiet
	window
	[ "$(column victim 12)" -eq 0 ]
	echo "then told: $(waited victim)"
	[ "$(waited victim)" -ge $((asked - after - 20000000)) ]
}

has_run_since() { [ "$(cut -d ' ' -f 1 "/proc/$1/schedstat")" != "$2" ]; }

@test "stall: of two on one processor pressure says what each waited" {
	noisy
	[ "$(nproc)" -eq 2 ] || skip "for two processors"
	group victim culprit
	stalls_start
	work_in victim 0 spin
	victim=$!
	work_in culprit 0 spin
	# The first time there is nothing to compare with.
	measure 1
	measure 4
	conserved victim $victim
	wait=$(waited victim) some=$(column victim 14) full=$(column victim 16)
	echo "waited $wait, some $some, full $full"
	# 0.2 % where nobody else is; each stop and start may add its own.
	[ $(((wait - some) * 100)) -le "$wait" ]
	[ $(((some - wait) * 100)) -le "$wait" ]
	# It is alone in its cgroup: when it waits, nobody there runs.
	[ $(((full - some) * 1000)) -le "$some" ]
	[ $(((some - full) * 1000)) -le "$some" ]
}

@test "stall: of a task that roams over two processors pressure says about half" {
	noisy
	[ "$(nproc)" -eq 2 ] || skip "for two processors"
	group victim zero one
	stalls_start
	work_in victim -1 alternate 4000
	victim=$!
	work_in zero 0 spin
	work_in one 1 spin
	measure 1
	measure 4
	conserved victim $victim
	# The kernel weighs each processor by the time the task was there, for two
	# seconds each: half of the wait is told if these are the same, and more if
	# it waited long for others, now here and now there.
	awk -v all="$(waited victim)" -v some="$(column victim 14)" \
	    -v ours=$(($(waited victim cgroup zero) + $(waited victim cgroup one))) 'BEGIN {
		most = ours > all * 0.9 ? 0.6 : 0.9
		printf "waited %.0f, for the two %.0f, some %.0f\n", all, ours, some
		exit !(some > all * 0.4 && some < all * most)
	}'
}

@test "stall: what runs and how long is the kernel's account, too" {
	group one
	stalls_start
	work_in one 0 spin
	quiet
	window
	read -r before _ </proc/$!/schedstat
	kill -CONT $!
	sleep 2
	kill -STOP $!
	quiet
	read -r after _ </proc/$!/schedstat
	window
	ran=$(awk -v v="/$TOP/one" '$1 == "party" && $2 == v { print $8 }' window)
	echo "the kernel says $((after - before)), the window $ran"
	# Steal and interrupts are in the one and not in the other.
	[ "$ran" -gt 0 ]
	[ $((ran * 10)) -ge $(((after - before) * 9)) ]
	[ $((ran * 10)) -le $(((after - before) * 11)) ]
}

@test "stall: lnx-tree shows the pressure that lnx-psi tells beside what was waited" {
	[ -x "$BUILD/cmd/lnx-psi" ] || skip "no lnx-psi"
	group crowd
	# Eight that want all processors at once: pressure counts them once.
	work_in crowd -1 many 8
	quiet
	kill -CONT "${WORKERS[@]}"
	lnx-trace -e snap,stall,stall_total,stall_culprit >traced 2>err 3>&- &
	trace=$!
	WORKERS+=($trace)
	wait_for 60 grep -q '"event":"stall_total"' traced
	lnx-psi --no-stat --cgroup "/$TOP/*" -d 4s >pressed 3>&-
	kill -INT $trace
	wait $trace
	cat traced pressed | lnx-tree --text >out
	grep -e "$TOP/crowd" -e SOME out
	grep -qE '^ +PID .* WAITED/s  HARMED/s    SOME  COMMAND$' out
	# Of 100 ms told in a second, two or more were waited.
	awk -v who="  $TOP/crowd:" 'index($0, who) == 1 && / on CPU \(some\); / {
		some = $4; n++
		times = $(NF - 3)
		if ($0 !~ /[0-9.]+ times as long$/ || some > 110 || some < 20 || times < 2)
			exit bad = 1
	} END { exit bad || n != 1 }' out
	# Its processes have it in their lines.
	[ "$(grep -cE ' [0-9]+\.[0-9]%  .*work 60 -1 many 8' out)" -ge 8 ]
}

@test "stall: --cgroup keeps what that waited and whom it kept waiting, whole" {
	group a a/1 b c
	stalls_start
	work_in a/1 0 spin
	work_in b 0 spin
	work_in c 1 spin
	work_in b 1 spin
	quiet
	kill -CONT "${WORKERS[@]}"
	here=$PWD
	cd "$V2/$TOP"
	for dir in "/$TOP/a" "$V2/$TOP/b/../a" a; do
		lnx-trace -q -e stall,stall_total,stall_culprit --resource cpu \
		    --min-stall 0 --window 500ms -d 2s --cgroup "$dir" -o "$here/kept"
		[ "$(pick stall victim.cgroup culprit.cgroup <"$here/kept" | awk -v a="/$TOP/a/1" \
		    '$1 != a && $2 != a' | wc -l)" = 0 ]
		# The victim with all that it waited, to the nanosecond.
		jq -e -s --arg a "/$TOP/a/1" '[.[] | select(.victim.cgroup? == $a)] |
		    (map(select(.event == "stall_total").stall_ns) | add) as $all |
		    $all > 0 and $all == (map(select(.event == "stall").stall_ns) | add)' "$here/kept"
		jq -e -s --arg a "/$TOP/a/1" --arg b "/$TOP/b" '
		    any(.event == "stall" and .victim.cgroup == $b and .culprit.cgroup == $a) and
		    any(.event == "stall_total" and .victim.cgroup == $b) and
		    any(.event == "stall_culprit" and .culprit.cgroup == $a) and
		    all(.event != "stall_culprit" or .culprit.cgroup == $a)' "$here/kept"
	done
	cd "$here"
	# It is there to be left out.
	lnx-trace -q -e stall --resource cpu -d 2s -o all-of-them
	pick stall victim.cgroup culprit.cgroup <all-of-them | grep -q "^/$TOP/c	/$TOP/b$"
}

# shepherd SECONDS: send who sleeps now and then from one processor to the other
# and back.
shepherd() {
	local pid end=$((SECONDS + $1)) to=0
	while [ $SECONDS -lt $end ]; do
		to=$((1 - to))
		for pid in "${WORKERS[@]:2}"; do
			taskset -c -p $to "$pid" >shepherd 2>&1
		done
	done
}

@test "stall: who is moved in its sleep does not wait, and the sum is still the kernel's" {
	case $(uname -r) in
	[1-5].* | 6.[0-9].* | 6.1[01].*) skip "this kernel leaves no sleeper in its queue" ;;
	esac
	[ "$(nproc)" -gt 1 ] || skip "there is one processor"
	group sleepers
	group busy
	stalls_start
	for i in 0 1; do work_in busy $i spin; done
	hogs=("${WORKERS[@]}")
	for i in {1..30}; do work_in sleepers 0 light 1000 $((20000 + 1000 * i)); done
	slept=0
	for _ in {1..8}; do
		measure 2 shepherd
		conserved busy "${hogs[@]}"
		conserved sleepers "${WORKERS[@]:2}"
		slept=$(awk -v v="/$TOP/sleepers" '
		    $1 == "party" && $2 == v { print $NF }' window)
		[ "$slept" -eq 0 ] || break
	done
	echo "slept $slept older $(waited sleepers older)"
	# What they slept is not taken for a wait that is longer than anyone remembers.
	[ "$slept" -gt 0 ]
	[ "$(waited sleepers older)" -le 100000000 ]
}
