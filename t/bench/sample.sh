#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# sample.sh [N [LOOKS]] - what a look at N tasks costs (10,000): as so many
# processes, and as threads of one process; and beside it, what reading about
# the same in /proc costs.  Run as root, in the build directory.
set -u
n=${1:-10000} looks=${2:-20}
builddir=${builddir:-.}
tmp=$(mktemp -d) || exit 1
idle=
trap '[ -z "$idle" ] || kill "$idle" 2>/dev/null; rm -r "$tmp"' EXIT
mkfifo "$tmp/in"

# with WHAT COMMAND...: while N of them wait.
with() {
	"$builddir/t/bench/idle" "$n" "$1" <"$tmp/in" >"$tmp/out" &
	idle=$!
	shift
	exec 3>"$tmp/in"
	i=0
	until grep -q ready "$tmp/out"; do
		sleep 0.1
		i=$((i + 1))
		if [ $i -gt 600 ] || ! kill -0 $idle 2>/dev/null; then
			echo "$n do not fit here" >&2
			exec 3>&-
			return 1
		fi
	done
	"$@"
	exec 3>&-
	wait $idle
	idle=
}

echo "nothing but this machine:"
"$builddir/t/bench/look" "$looks"
echo "$n processes more:"
with "" "$builddir/t/bench/look" "$looks"
echo "one process of $n threads more:"
with -t "$builddir/t/bench/look" "$looks"
echo "$n processes more, by way of /proc, without the files that are open:"
with "" "$builddir/t/bench/look" -p 5
