# SPDX-License-Identifier: AGPL-3.0-or-later
# What is made from event.def agrees with it, and records agree with that.
setup() {
	load ../helper
	SRC=${srcdir:-.}
	def=$SRC/lib/rec/event.def
}

schema() {
	awk "$@" -f "$SRC/scripts/schema.awk" "$def"
}

# valid SCHEMA <RECORDS - what jq can check of a JSON Schema of ours; prints
# what is wrong.
valid() {
	jq -r --slurpfile s "$1" '
	def kind: if type == "number" and . == floor then "integer" else type end;
	def fits($p):
		if $p.const != null then . == $p.const
		else (kind == $p.type or type == $p.type)
			and ($p.pattern == null or test($p.pattern))
			and ($p.minimum == null or . >= $p.minimum)
			and ($p.maximum == null or . <= $p.maximum)
			and ($p.maxLength == null or length <= $p.maxLength)
			and ($p.minItems == null or length >= $p.minItems)
			and ($p.items == null or all(.[]; fits($p.items)))
			and ($p.properties == null or (. as $o | all(keys[];
				$p.properties[.] as $q | $q != null and ($o[.] | fits($q)))))
		end;
	. as $r
	| ($s[0].oneOf | map(select(.title == $r.event)))
	| if length != 1 then "\($r.event): kinds: \(length)" else .[0]
	| . as $k
	| ($k.required[] | select($r[.] == null) | "\($r.event): no \(.)"),
	  ($r | keys[] | . as $f | $k.properties[$f] as $p
	   | if $p == null then "\($r.event): \($f) is not in the schema"
	     elif $r[$f] | fits($p) then empty
	     else "\($r.event): \($f) is \($r[$f])" end) end'
}

@test "schema: t/data/event.schema.json is what event.def says" {
	schema -v mode=json | diff -u "$DATA/event.schema.json" -
}

@test "schema: it is a JSON Schema of draft 2020-12 with one part for each kind" {
	command -v jq >/dev/null || skip "no jq"
	run jq -r '."$schema", (.oneOf | length)' "$DATA/event.schema.json"
	[ "${lines[0]}" = https://json-schema.org/draft/2020-12/schema ]
	[ "${lines[1]}" -eq "$(schema -v mode=kinds | wc -l)" ]
	diff -u <(schema -v mode=kinds) <(jq -r '.oneOf[].title' "$DATA/event.schema.json")
}

@test "schema: there is an example of every kind, and each is valid" {
	command -v jq >/dev/null || skip "no jq"
	for k in $(schema -v mode=kinds); do
		[ "$(jq -r .event "$DATA/event/$k.ndjson")" = "$k" ]
		valid "$DATA/event.schema.json" <"$DATA/event/$k.ndjson" | diff -u /dev/null -
	done
}

@test "schema: fields stand in the order of event.def" {
	command -v jq >/dev/null || skip "no jq"
	for k in $(schema -v mode=kinds); do
		jq -r --slurpfile s "$DATA/event.schema.json" '.event as $e |
			($s[0].oneOf[] | select(.title == $e)).properties as $p |
			del(.v, .event, .time, .boot_ns, .host) | to_entries[] |
			.key as $k | .value | if $p[$k].properties != null then
			keys_unsorted[] | "\($k).\(.)" else $k end' \
			"$DATA/event/$k.ndjson" >"$BATS_TEST_TMPDIR/keys"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/keys")" -ge 8 ]
		schema -v mode=fields -v event="$k" | grep -xFf "$BATS_TEST_TMPDIR/keys" |
			diff -u - "$BATS_TEST_TMPDIR/keys"
	done
}

@test "schema: what is wrong with a record is seen" {
	command -v jq >/dev/null || skip "no jq"
	while IFS='|' read -r edit want; do
		run bash -c "$(declare -f valid); jq -c '$edit' '$DATA/event/exec.ndjson' |
			valid '$DATA/event.schema.json'"
		[ "$output" = "$want" ] || { echo "$edit: $output"; return 1; }
	done <<-'END'
		.pid="42"|exec: pid is 42
		.pid=-1|exec: pid is -1
		.uid=1.5|exec: uid is 1.5
		.id="x"|exec: id is x
		.cap_eff="1"|exec: cap_eff is 1
		.exe_deleted=false|exec: exe_deleted is false
		.argv=[]|exec: argv is []
		.argv=[1]|exec: argv is [1]
		.colour=1|exec: colour is not in the schema
		del(.comm)|exec: no comm
		.event="stroll"|stroll: kinds: 0
	END
}

@test "schema: the tables of lnx-event(5) are mdoc" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for k in $(schema -v mode=kinds) process; do
		printf '%s\n' '.Dd January 1, 2026' '.Dt X 5' .Os '.Sh NAME' '.Nm x' \
			'.Nd y' '.Sh DESCRIPTION' '.Bl -column "name" "type" "meaning"'
		schema -v mode=mdoc -v event="$k"
		echo .El
	done | awk '/^\.Dd/ && NR > 1 { skip = 7 } skip > 0 { skip--; next } 1' \
		>"$BATS_TEST_TMPDIR/x.5"
	run mandoc -T lint -W style "$BATS_TEST_TMPDIR/x.5"
	[ "$output" = "" ]
	[ "$(grep -c '^\.It' "$BATS_TEST_TMPDIR/x.5")" -eq \
		"$(schema -v mode=fields | wc -l)" ]
}

@test "schema: a type or a kind that it does not know is told" {
	printf '%s\n' 'EVENT(a, 1, "x")' 'WIRE (a, s8, f, "y")' 'END  (a)' \
		>"$BATS_TEST_TMPDIR/bad.def"
	def=$BATS_TEST_TMPDIR/bad.def
	run schema -v mode=json
	[ "$status" -ne 0 ]
	[[ $output == *"schema.awk: a.f: type 's8'"* ]]
	def=$SRC/lib/rec/event.def
	run schema -v mode=mdoc -v event=stroll
	[ "$status" -ne 0 ]
	run schema -v mode=poem
	[ "$status" -eq 2 ]
}
