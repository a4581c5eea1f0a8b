#!/bin/bash
# SPDX-License-Identifier: AGPL-3.0-or-later
# What lnx-rules says of ordinary work: packages are installed again, this tree is
# configured and compiled, its unit tests run, in turn, for so many minutes.  Needs
# root, and apt-get where packages are wanted.  Run in the build directory:
#
#	.../t/bench/false-alarms.sh [-a] [-k file] [minutes [package...]]
#
# With -a what else the machine does counts, too, and with it stalls and, by lnx-psi,
# pressure and cgroups: these are always of the whole machine.  Prints each incident,
# and the number of each rule and severity; status 1 if one is above info.
# -k keeps the records that were judged, to judge them again by other rules.
set -eu

what=(--tree $$ -e "snap,fork,exec,exit,reparent,sample,oom")
all=
keep=/dev/null
while getopts ak: option; do
	case $option in
	a) what=() all=1 ;;
	k) keep=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
minutes=${1:-10}
[ $# -eq 0 ] || shift
packages=("$@")
[ $# -gt 0 ] || packages=(sensible-utils bzip2 hostname)
src=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${builddir:-.}" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/lnx-alarms.XXXXXX")
trace=
psi=

undo() {
	# shellcheck disable=SC2086
	[ -z "$trace$psi" ] || kill $trace $psi 2>/dev/null || true
	rm -rf "$dir"
}
trap undo EXIT

count() {
	eval "n_$1=\$((\${n_$1:-0} + 1))"
}

mkfifo "$dir/stream"
tee "$keep" <"$dir/stream" | "$build/cmd/lnx-rules" >"$dir/incidents" &
rules=$!
"$build/cmd/lnx-trace" -q "${what[@]}" >"$dir/stream" &
trace=$!
if [ -n "$all" ]; then
	"$build/cmd/lnx-psi" -q >"$dir/stream" &
	psi=$!
fi
sleep 2

end=$((SECONDS + minutes * 60))
while [ $SECONDS -lt $end ]; do
	if command -v apt-get >/dev/null &&
	    DEBIAN_FRONTEND=noninteractive timeout 120 apt-get -y -q \
	    -o DPkg::Lock::Timeout=60 install --reinstall "${packages[@]}" \
	    >"$dir/log" 2>&1; then
		count packages
	fi
	rm -rf "$dir/b"
	mkdir "$dir/b"
	(cd "$dir/b" && timeout 300 "$src/configure" >"$dir/log" 2>&1) || break
	(cd "$dir/b" && timeout 400 make -j2 >"$dir/log" 2>&1) || break
	count build
	[ $SECONDS -lt $end ] || break
	(cd "$dir/b" && timeout 300 make check TESTS="$(make -s print-unit-tests)" \
		>"$dir/log" 2>&1) || break
	count check
done

# shellcheck disable=SC2086
kill -INT "$trace" $psi
# shellcheck disable=SC2086
wait "$trace" $psi || true
trace=
psi=
wait "$rules"
jq -r 'select(.event == "incident" and .state == "opened") |
	[.time[11:19], .severity, .rule, .class // "-", .summary] | @tsv' "$dir/incidents"
echo "work: packages ${n_packages:-0} times, builds ${n_build:-0}, unit tests ${n_check:-0}"
jq -r 'select(.event == "incident" and .state == "opened") |
	[.severity, .rule] | @tsv' "$dir/incidents" | sort | uniq -c
bad=$(jq -r 'select(.event == "incident" and .state == "opened" and
	.severity != "info") | .id' "$dir/incidents" | wc -l)
echo "above info: $bad"
[ "$bad" -eq 0 ]
