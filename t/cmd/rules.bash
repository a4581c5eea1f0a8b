# SPDX-License-Identifier: AGPL-3.0-or-later
# Sourced by the bats files here that judge the streams of t/data/rules.
# shellcheck shell=bash
#
# t/data/rules/NAME.ndjson gives NAME.incident, by NAME.conf where that is there
# and by the built-in rules where it is not.
rules=$DATA/rules

# rules_of NAME [ARG...]: what the tool says of that file.
rules_of() {
	local name=$1 conf=()

	shift
	lnx-rules --print-rules >built-in.conf
	conf=(-r built-in.conf)
	[ ! -f "$rules/$name.conf" ] || conf=(-r "$rules/$name.conf")
	lnx-rules "${conf[@]}" "$@"
}

# golden PREFIX COUNT: all files of that name, and so many of them are there.
golden() {
	local f name n=0

	for f in "$rules/$1"*.ndjson; do
		name=${f##*/}
		name=${name%.ndjson}
		n=$((n + 1))
		rules_of "$name" "$f" | diff -u "$rules/$name.incident" - ||
		    { echo "$name"; return 1; }
	done
	[ "$n" -eq "$2" ] || { echo "$1: $n files"; return 1; }
}

# says NAME JQ: the incidents of NAME, each as JQ tells it, joined by a blank.
says() {
	jq -r "select(.event == \"incident\") | $2" "$rules/$1.incident" |
	    paste -sd ' '
}

# quiet NAME...: no incident at all, or none but info.
quiet() {
	local n

	for n; do
		[ -f "$rules/$n.incident" ]
		[ -z "$(says "$n" 'select(.severity != "info") | .rule')" ] ||
		    { echo "$n: $(says "$n" .summary)"; return 1; }
	done
}

need_jq() { command -v jq >/dev/null || skip "no jq"; }
