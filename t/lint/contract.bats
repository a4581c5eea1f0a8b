# SPDX-License-Identifier: AGPL-3.0-or-later
# What every tool promises, asked of every tool.
#
# A filter gets its input from standard input.  A source reads a recording from
# there, or watches files, not the machine it runs on: `source` has what such a
# tool must be told, `opens` the option whose file must be there.  A filter that
# consumes what it reads is asked to pass it on: `pass` has the option.
setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
	tools=()
	for f in "$BUILD"/cmd/lnx-*; do
		[ -f "$f" ] && [ -x "$f" ] && tools+=("${f##*/}")
	done
	[ "${#tools[@]}" -gt 0 ]
	declare -gA source=([lnx-trace]="-r -"
	    [lnx-psi]="--interval 100ms --root $DATA/psi/two-cgroups")
	declare -gA opens=([lnx-trace]=-r [lnx-psi]=--root)
	declare -gA pass=([lnx-rules]=-a)
	filters=()
	for t in "${tools[@]}"; do
		[ -n "${source[$t]-}" ] || filters+=("$t")
	done
	one='{"v":1,"event":"note","n":1}'
	two='{"v":1,"event":"note","n":2}'
}

# Something that makes the tool write: input TOOL >FILE.
input() {
	if [ -n "${source[$1]-}" ]; then
		need_file "$DATA/flow/1-wire.bin"
		cat "$DATA/flow/1-wire.bin"
	else
		echo "$one"
	fi
}

# check NAME CONDITION...: say which tool it was.
check() {
	local t=$1

	shift
	"$@" && return
	echo "$t: not: $*"
	echo "status ${status-} output: ${output-}"
	echo "stderr: ${stderr-}"
	return 1
}

@test "contract: -h and -V write to stdout only and exit 0" {
	for t in "${tools[@]}"; do for o in -h --help -V --version; do
		run --separate-stderr "$t" "$o"
		check "$t" [ "$status" -eq 0 ]
		check "$t" [ -n "$output" ]
		check "$t" [ -z "$stderr" ]
	done; done
}

@test "contract: -V tells the one version of all tools" {
	version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$BUILD/config.h")
	for t in "${tools[@]}"; do
		run "$t" -V
		check "$t" [ "$output" = "$t $version" ]
	done
}

@test "contract: an unknown option writes to stderr only and exits 2" {
	for t in "${tools[@]}"; do for o in --no-such-option -Z; do
		run --separate-stderr "$t" "$o"
		check "$t" [ "$status" -eq 2 ]
		check "$t" [ -z "$output" ]
		check "$t" [ "${stderr_lines[0]%%: *}" = "$t" ]
		check "$t" [ "${stderr_lines[-1]}" = "Try '$t -h'." ]
	done; done
}

@test "contract: an input that cannot be opened is named, and exits 4" {
	for t in "${tools[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$t" ${opens[$t]-} ./no-such-file
		check "$t" [ "$status" -eq 4 ]
		check "$t" [ -z "$output" ]
		check "$t" [ "$stderr" = "$t: ./no-such-file: No such file or directory" ]
	done
}

@test "contract: a full disk exits 4 and is told once" {
	for t in "${tools[@]}"; do
		input "$t" >in
		# shellcheck disable=SC2086
		run bash -c '"$@" <in >/dev/full' - "$t" ${source[$t]-} ${pass[$t]-}
		check "$t" [ "$status" -eq 4 ]
		check "$t" [ "$output" = "$t: standard output: No space left on device" ]
	done
}

@test "contract: a full disk under -o exits 4 and is told once" {
	for t in "${tools[@]}"; do
		input "$t" >in
		# shellcheck disable=SC2086
		run --separate-stderr "$t" ${source[$t]-} ${pass[$t]-} -o /dev/full <in
		check "$t" [ "$status" -eq 4 ]
		check "$t" [ -z "$output" ]
		check "$t" [ "$stderr" = "$t: /dev/full: No space left on device" ]
	done
}

@test "contract: a closed standard output exits 4 and is told once" {
	for t in "${tools[@]}"; do
		input "$t" >in
		# shellcheck disable=SC2086
		run bash -c '"$@" <in >&-' - "$t" ${source[$t]-} ${pass[$t]-}
		check "$t" [ "$status" -eq 4 ]
		check "$t" [ "$output" = "$t: standard output: Bad file descriptor" ]
	done
}

@test "contract: a reader that leaves ends it by SIGPIPE, quietly" {
	for t in "${tools[@]}"; do
		input "$t" >in
		# Nobody reads by the time it writes; a parent that ignores
		# SIGPIPE changes nothing.
		# shellcheck disable=SC2086
		run --separate-stderr bash -c 'trap "" PIPE
			{ sleep 0.3; "$@" <in; echo $? >status; } | true' \
			- "$t" ${source[$t]-} ${pass[$t]-}
		check "$t" [ "$(cat status)" = 141 ]
		check "$t" [ -z "$stderr" ]
	done
}

@test "contract: a filter passes on what it does not know, byte for byte" {
	for t in "${filters[@]}"; do
		printf '%s\n' '{"v":1,"event":"from-2031", "x": 1e5,"y":"\u00e9\/"}' \
		    '{"event":"fork"}' '{"v":1,"event":"","id":null}' >in
		run --separate-stderr "$t" ${pass[$t]-} <in
		check "$t" [ "$status" -eq 0 ]
		diff -u in - <<<"$output"
	done
}

@test "contract: a record is out before the next one is in" {
	for t in "${filters[@]}"; do
		coproc F { exec timeout -k 2 10 "$t" ${pass[$t]-} 3>&-; }
		echo "$one" >&"${F[1]}"
		read -r -t 5 line <&"${F[0]}"
		check "$t" [ "$line" = "$one" ]
		kill "$F_PID"
		wait "$F_PID" || true
	done
}

@test "contract: half a line at the end is no record: told, exit 3" {
	for t in "${filters[@]}"; do
		printf '%s\n%s' "$one" "$two" >in
		run --separate-stderr "$t" ${pass[$t]-} <in
		check "$t" [ "$output" = "$one" ]
		check "$t" [ "$status" -eq 3 ]
		check "$t" [ "${#stderr_lines[@]}" -eq 1 ]
		check "$t" [ "${stderr%%:2: *}" = "$t: -" ]
	done
}

@test "contract: a line of 2 MiB is dropped and told: exit 3" {
	for t in "${filters[@]}"; do
		{ head -c 2097152 /dev/zero | tr '\0' x; echo; echo "$one"; } >in
		run --separate-stderr "$t" ${pass[$t]-} <in
		check "$t" [ "$output" = "$one" ]
		check "$t" [ "$status" -eq 3 ]
		check "$t" [ "${#stderr_lines[@]}" -eq 1 ]
		check "$t" [ "${stderr%%:1: *}" = "$t: -" ]
	done
}

# What comes after it is a record as ever.
not_a_record() {
	for t in "${filters[@]}"; do
		{ printf '%s\n' "$one"; printf "$1"; printf '\n%s\n' "$two"; } >in
		run --separate-stderr "$t" ${pass[$t]-} <in
		check "$t" [ "$output" = "$one"$'\n'"$two" ]
		check "$t" [ "$status" -eq 3 ]
		check "$t" [ "${#stderr_lines[@]}" -eq 1 ]
		check "$t" [ "${stderr%%:2: *}" = "$t: -" ]
	done
}

@test "contract: a line that is not JSON is skipped and told: exit 3" {
	not_a_record 'hello'
	not_a_record '{"v":1,"event":"note",}'
	not_a_record '{"v":1}{"v":1}'
}

@test "contract: JSON that is no object with an event is skipped and told: exit 3" {
	not_a_record '{}'
	not_a_record '{"event":1}'
	not_a_record '[1]'
	not_a_record '"event"'
}

@test "contract: a line that is not UTF-8 is skipped and told: exit 3" {
	not_a_record '{"v":1,"event":"note","comm":"\377"}'
	not_a_record '{"v":1,"event":"note","comm":"\300\257"}'
}

@test "contract: a NUL in a line is no end of it: skipped and told" {
	not_a_record '{"v":1}\000'
}

# start TOOL: it runs, reads `fifo` (descriptor 9), writes `got`, and has
# written the first record, so its handlers are in place.
start() {
	rm -f fifo got
	mkfifo fifo
	# shellcheck disable=SC2086
	timeout --foreground -k 2 20 "$1" ${source[$1]-} ${pass[$1]-} <fifo >got 2>err 3>&- &
	pid=$!
	exec 9>fifo
	input "$1" >&9
	for ((i = 0; i < 100; i++)); do
		[ -s got ] && break
		sleep 0.05
	done
	check "$1" [ -s got ]
	pid=$(pgrep -P "$pid")
	pids=$!
}

# The tool's status: timeout passes it on.
end() {
	status=0
	wait "$pids" || status=$?
}

@test "contract: after the first ^C a filter drains its input and exits 0" {
	for sig in INT TERM; do for t in "${filters[@]}"; do
		start "$t"
		kill -s "$sig" "$pid"
		sleep 0.1
		echo "$two" >&9
		exec 9>&-
		end
		check "$t" [ "$status" -eq 0 ]
		check "$t" [ "$(cat got)" = "$one"$'\n'"$two" ]
		check "$t" [ ! -s err ]
	done; done
}

@test "contract: after the first ^C a source stops and exits 0" {
	for sig in INT TERM; do for t in "${tools[@]}"; do
		[ -n "${source[$t]-}" ] || continue
		start "$t"
		kill -s "$sig" "$pid"
		end
		exec 9>&-
		check "$t" [ "$status" -eq 0 ]
		check "$t" [ ! -s err ]
	done; done
}

@test "contract: the second ^C kills a filter" {
	for t in "${filters[@]}"; do
		start "$t"
		kill -s INT "$pid"
		sleep 0.2
		check "$t" kill -0 "$pid"
		kill -s INT "$pid"
		end
		exec 9>&-
		check "$t" [ "$status" -eq 130 ]
	done
}

# Options, one a line, sorted: from the help, the page, the completions.
options_of_help() {
	"$1" -h | sed -nE 's/^[[:space:]]+(-.*)/\1/p' | sed 's/  .*//' |
	    grep -oE '(^|[ ,])--?[[:alnum:]][[:alnum:]-]*' | tr -d ' ,' | sort -u
}

page() {
	local p

	for p in "$SRC/man/$1".[18]; do
		[ -f "$p" ] && echo "$p"
	done
}

# A line for each option that the page explains: all its names.
names_of_page() {
	awk '/^\.It Fl/ {
		names = ""; on = 1
		for (i = 2; i <= NF; i++)
			if ($i == "Ar") on = 0
			else if ($i == "Fl") on = 1
			else if ($i != "," && on) names = names " -" $i
		print substr(names, 2)
	}' "$(page "$1")"
}

options_of_page() {
	names_of_page "$1" | tr ' ' '\n' | sort -u
}

options_of_bash() {
	bash -c '. "$SRC/scripts/lnx.bash"
		COMP_WORDS=("$1" -) COMP_CWORD=1
		f=$(complete -p "$1" | sed -E "s/.*-F ([^ ]*) .*/\1/")
		$f "$1" - "$1"
		printf "%s\n" "${COMPREPLY[@]}"' - "$1" | sort -u
}

options_of_zsh() {
	zsh -f -c '_arguments() { print -rl -- "$@" }
		service=$1; . "$SRC/scripts/_lnx"' - "$1" | grep -F '[' |
	    sed -E 's/^\([^)]*\)//; s/^\*//; s/[+=:[].*//' | sort -u
}

@test "contract: -h, the page and both completions know the same options" {
	command -v zsh >/dev/null || skip "no zsh"
	for t in "${tools[@]}"; do
		options_of_help "$t" >help
		check "$t" grep -qx -e --version help
		options_of_page "$t" | diff -u --label help --label page help -
		options_of_bash "$t" | diff -u --label help --label bash help -
		options_of_zsh "$t" | diff -u --label help --label zsh help -
	done
}

@test "contract: SYNOPSIS names only options that the page explains" {
	for t in "${tools[@]}"; do
		options_of_page "$t" >known
		awk '/^\.Sh/ { on = $2 == "SYNOPSIS" }
			on { for (i = 1; i < NF; i++) if ($i == "Fl") {
				o = $(i + 1)
				if (o ~ /^-/) print "-" o
				else for (j = 1; j <= length(o); j++) print "-" substr(o, j, 1)
			} }' "$(page "$t")" | sort -u >told
		check "$t" [ -s told ]
		comm -13 known told | diff -u /dev/null -
	done
}

@test "contract: a letter means one thing in all tools" {
	for t in "${tools[@]}"; do
		names_of_page "$t" | grep -E '^-[[:alnum:]] '
	done | sort -u | cut -d ' ' -f 1 | uniq -d >twice
	# Of a source -n is a count and -r a recording; of lnx-rules, as make and
	# others have it, -n does nothing but check, and -r is the rules.
	shared=(-n -r)
	[ -x "$BUILD/cmd/lnx-trace" ] || shared=(-n)
	printf '%s\n' "${shared[@]}" | diff -u - twice
}
