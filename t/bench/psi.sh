#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# psi.sh [CGROUPS [SECONDS]] - what it costs to look at the pressure of many
# cgroups, three files each, once a second.  Run as root, in the build
# directory, on an idle machine:
#
#	make cmd/lnx-psi t/bench/pressure && .../t/bench/psi.sh
#
# Three times: with nobody in the cgroups; with a task in each that sleeps; with
# a task in each that waits, once a second.  Each line is the CPU time of all
# processes of a tool, user and system, as a part of a core, and the greatest
# resident memory of one of them.  The floor is pread(2) of the same files alone:
# what the kernel takes.  Others do the same job:
#
#	cat		a shell that runs cat(1) once a second
#	python3		files kept open, as psutil or a script of one's own would
#	node-exporter	prometheus-node-exporter, asked once a second: the three
#			files of the machine only, no cgroup's
set -u
n=${1:-1000} seconds=${2:-20}
builddir=${builddir:-.}
psi=$builddir/cmd/lnx-psi
v2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -e "$v2/cgroup.procs" ] || { echo "psi.sh: no cgroup v2" >&2; exit 1; }
top=$v2/lnx-bench-psi-$$
tmp=$(mktemp -d) || exit 1
pids=()
export LC_ALL=C top

end() { kill "$@"; wait "$@"; } 2>/dev/null
clean() {
	end "${pids[@]}"
	sleep 1
	find "$top" -depth -type d -exec rmdir {} + 2>/dev/null
	rm -r "$tmp"
}
trap clean EXIT
trap 'exit 1' INT TERM

mkdir "$top" || exit 1
for ((i = 0; i < n; i++)); do
	mkdir "$top/c$i" || exit 1
done

# CPU time of a process with all that it waited for, in ticks.
cpu() {
	local rest
	rest=$(cat "/proc/$1/stat")
	# shellcheck disable=SC2086
	set -- ${rest##*) }
	echo $((${12} + ${13} + ${14} + ${15}))
}
# The same to the ns, of its own threads only.
exact() { awk '{ s += $1 } END { printf "%d", s }' /proc/"$1"/task/*/schedstat; }

# over NAME CLOCK PID: what it took in $seconds, after the first looks, which
# open the files.
over() {
	local a b t rss unit=1000000000
	sleep 6
	[ "$2" = exact ] || unit=$(getconf CLK_TCK)
	a=$($2 "$3") t=$(date +%s%N)
	sleep "$seconds"
	b=$($2 "$3") t=$((($(date +%s%N) - t) / 1000000))
	rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$3/status")
	awk -v name="$1" -v d=$((b - a)) -v unit="$unit" -v ms="$t" -v rss="$rss" '
		BEGIN { printf "  %-26s %8.2f ms a second  %6.2f %% of a core  %6.1f MiB\n",
		name, d / unit * 1e6 / ms, d / unit * 1e5 / ms, rss / 1024 }'
}

# look NAME OPTION...
look() {
	local name=$1 pid
	shift
	# Whatever else there is on the machine.
	set -- --cgroup "/${top##*/}/*" "$@"
	if [ "$name" = "all told, to a pipe" ]; then
		"$psi" "$@" > >(cat >/dev/null) &
	else
		"$psi" "$@" &
	fi
	pid=$!
	pids+=("$pid")
	over "$name" exact "$pid"
	end "$pid"
}

# other NAME COMMAND...
other() {
	local name=$1 clock=$2 pid
	shift 2
	"$@" >"$tmp/out" 2>/dev/null &
	pid=$!
	pids+=("$pid")
	over "$name" "$clock" "$pid"
	end "$pid"
}

looks() {
	echo "$1:"
	"$builddir/t/bench/pressure" "$top" 10 | sed 's/^/  /'
	look "told from 1 %" --no-stat --min-pct 1 -o /dev/null
	look "all told" --no-stat -o /dev/null
	look "all told, to a pipe" --no-stat
	[ "$1" = "nobody there" ] || return
	look "and what they used" -o /dev/null
}

# with STATE: a task in each cgroup.
with() {
	"$builddir/t/bench/pressure" "$top" "$1" &
	task=$!
	pids+=("$task")
	sleep 2
}

echo "$n cgroups, 3 pressure files each, 1 Hz, $seconds s; $(nproc) processors, Linux $(uname -r)"
looks "nobody there"
with idle
looks "a task in each, asleep"
echo "others, with the same:"
# shellcheck disable=SC2016
other cat cpu bash -c 'while :; do cat "$top"/c*/{cpu,memory,io}.pressure; sleep 1; done'
if command -v python3 >/dev/null; then
	other python3 exact python3 -c '
import glob, os, resource, time
resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)[1:] * 2)
fds = [os.open(f, os.O_RDONLY) for k in ("cpu", "memory", "io")
       for f in glob.glob(os.environ["top"] + "/c*/" + k + ".pressure")]
before = {}
while True:
    for fd in fds:
        for line in os.pread(fd, 4096, 0).decode().splitlines():
            kind, *rest = line.split()
            now = int(dict(w.split("=") for w in rest)["total"])
            grown, before[fd, kind] = now - before.get((fd, kind), now), now
    time.sleep(1)
'
fi
if command -v prometheus-node-exporter >/dev/null; then
	(while sleep 1; do curl -s http://127.0.0.1:19173/metrics; done) >/dev/null 2>&1 &
	asks=$!
	pids+=("$asks")
	other "node-exporter, no cgroup" exact prometheus-node-exporter \
	    --web.listen-address=127.0.0.1:19173 --collector.disable-defaults \
	    --collector.pressure --web.disable-exporter-metrics
	end "$asks"
fi
end "$task"
with wait
looks "a task in each, which waits"
