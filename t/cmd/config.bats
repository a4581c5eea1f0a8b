# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx.conf, by the tool that reads it.
setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
	for f in a b; do printf '[%s]\n' "rule_$f" 'detector = count' 'kind = exit' \
	    'above = 0' 'window = 1s' | sed '2,$s/^\[\(.*\)\]$/\1/' >"$f.rules"; done
	echo '{"v":1,"event":"exit","boot_ns":5,"pid":1}' >in
	printf '[rules]\nconfig_path = "a.rules" # ours\n' >a.conf
	printf '[rules]\nconfig_path = b.rules\n' >b.conf
}

# rule ARG...: by which rule lnx-rules judges.
rule() {
	lnx-rules "$@" in | jq -r 'select(.event == "incident").rule'
}

@test "config: an option beats the environment, and -r all of it" {
	[ "$(rule -c a.conf)" = rule_a ]
	[ "$(LNX_CONFIG=a.conf rule)" = rule_a ]
	[ "$(LNX_CONFIG=b.conf rule --config=a.conf)" = rule_a ]
	[ "$(LNX_CONFIG=b.conf rule -r a.rules)" = rule_a ]
	[ "$(LNX_CONFIG='' rule -r b.rules)" = rule_b ]
}

@test "config: the file of Linnix is read as it is" {
	cp a.rules rules.conf
	run --separate-stderr lnx-rules -c "$DATA/conf/linnix.toml" in
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(jq -r .rule <<<"${lines[0]}")" = rule_a ]
}

@test "config: what nothing knows is warned of, by its line" {
	printf '[rules]\nconfig_path = a.rules\ncolor = red\n[logging]\nx = 1\n' >x.conf
	run --separate-stderr lnx-rules -c x.conf in
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "lnx-rules: x.conf:3: nothing knows color in [rules]" ]
	[ "${stderr_lines[1]}" = "lnx-rules: x.conf:4: nothing knows [logging]" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "$(jq -r .rule <<<"${lines[0]}")" = rule_a ]
}

@test "config: what is wrong is told by its line, and exits 2" {
	printf '[rules]\nconfig_path = a.rules\nenabled = perhaps\n' >x.conf
	run --separate-stderr lnx-rules -c x.conf in
	[ "$status" -eq 2 ]
	[ "$stderr" = "lnx-rules: x.conf:3: enabled: want true or false" ]
	printf '[rules]\nenabled = true\n\0' >x.conf
	run --separate-stderr lnx-rules -c x.conf in
	[ "$status" -eq 2 ]
	[ "$stderr" = "lnx-rules: x.conf:3: a NUL byte: want text" ]
}

@test "config: a file that is named must be there" {
	run --separate-stderr lnx-rules -c none.conf in
	[ "$status" -eq 4 ]
	[ "$stderr" = "lnx-rules: none.conf: No such file or directory" ]
	LNX_CONFIG=none.conf run --separate-stderr lnx-rules in
	[ "$status" -eq 4 ]
	printf '[rules]\nconfig_path = none.rules\n' >x.conf
	run --separate-stderr lnx-rules -c x.conf in
	[ "$status" -eq 4 ]
	[ "$stderr" = "lnx-rules: none.rules: No such file or directory" ]
}

@test "config: rules of Linnix are known by their name" {
	printf 'rules:\n  - name: x\n' >rules.yaml
	printf '[rules]\nconfig_path = "rules.yaml"\n' >x.conf
	run --separate-stderr lnx-rules -c x.conf in
	[ "$status" -eq 2 ]
	[[ ${stderr_lines[0]} == "lnx-rules: rules.yaml:1: "* ]]
	[[ ${stderr_lines[1]} == *rules-from-yaml* ]]
}

@test "config: lnx.conf(5) has each key once, and no other" {
	sed -n 's/^CONF(\([a-z_]*\), \([a-z_]*\),.*/[\1] \2/p' \
	    "$SRC/lib/conf/conf.def" | sort >def
	sed -n 's/^\.\(It \)\{0,1\}Cm \(\[[a-z]*\] [a-z_]*\).*/\2/p' \
	    "$SRC/man/lnx.conf.5" | sort >page
	[ -s def ]
	diff -u def page
}
