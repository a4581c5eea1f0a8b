# SPDX-License-Identifier: AGPL-3.0-or-later
# Whoever writes the rules or the records means harm, or does not look.
setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
}

# refused LINE TEXT: the rules of stdin are refused, in that line, for that.
refused() {
	cat >my.conf
	run --separate-stderr lnx-rules -n my.conf
	[ "$status" -eq 2 ]
	[ "$output" = "" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "lnx-rules: my.conf:$1: "*"$2"* ]] || { echo "$stderr"; return 1; }
	# To run by them is refused as well, before anything is read.
	run --separate-stderr lnx-rules -r my.conf "$DATA/flow/2-event.ndjson"
	[ "$status" -eq 2 ]
	[ "$output" = "" ]
}

# records KIND N: N records, each of another subject: process, parent, command,
# cgroup, victim and culprit.
records() {
	awk -v kind="$1" -v n="$2" 'BEGIN {
		for (i = 1; i <= n; i++) {
			printf "{\"v\":1,\"event\":\"%s\",\"time\":\"2026-02-03T04:05:%02d.%09dZ\"," \
			    "\"boot_ns\":%d,\"host\":\"h\",", kind, i / 1000000, i % 1000000 * 1000, i * 1000
			printf "\"id\":\"9f8e7d6c-%d-%d\",\"pid\":%d,\"parent_id\":\"9f8e7d6c-1-%d\",", \
			    i + 1, i % 4000000 + 2, i % 4000000 + 2, i % 4000000 + 2
			printf "\"comm\":\"c%d\",\"cgroup\":\"/g/%d\",\"signal\":11,\"duration_ns\":1,", i, i
			printf "\"interval_ns\":1000000000,\"cpu_ns\":990000000,\"voluntary\":0,"
			printf "\"rss_bytes\":%d,\"fds\":900,\"fds_max\":1000,\"state\":\"Z\",", i * 99
			printf "\"resource\":\"cpu\",\"method\":\"measured\",\"stall_ns\":900000000,"
			printf "\"victim\":{\"cgroup\":\"/v/%d\"},", i
			printf "\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/c/%d\"}}\n", i
		}
	}'
}

@test "lnx-rules: a number without its unit, of another, below nothing, or too large" {
	printf '[fork_storm]\nrate = 10\n' | refused 2 "want a rate"
	printf '[fork_storm]\nrate = 10/x\n' | refused 2 "want a rate"
	printf '[fork_storm]\nrate = nan/s\n' | refused 2 "want a rate"
	printf '[fork_storm]\nrate = 1e400/s\n' | refused 2 "want a rate"
	printf '[fork_storm]\nfor = -1s\n' | refused 2 "want a time"
	printf '[fork_storm]\nfor = 999999999d\n' | refused 2 "want"
	printf '[fork_storm]\nfor = 999ms\n' | refused 2 "want a time as 500ms, 2s, 5m, from 1s to 1h"
	printf '[fork_storm]\nfor = 2h\n' | refused 2 "from 1s to 1h"
	printf '[cpu_spin]\nfor = 0s\n' | refused 2 "from 1ms to 7d"
	printf '[x]\ndetector = d_state\nfor = 0s\n' | refused 3 "from 1ms to 7d"
	printf '[fork_burst]\nwindow = 0s\n' | refused 2 "from 1ms to 7d"
	printf '[crash_loop]\nwindow = 1m\nfor = 1m\n' | refused 1 "for: want less than window"
	printf '[crash_loop]\nwindow = 1m\nevery = 15s\n' | refused 1 "every: so many deaths are not in one window"
	printf '[fork_burst]\nforks = 1.5\n' | refused 2 "whole number"
	printf '[fork_storm]\nlimit = 4294967296\n' | refused 2 "whole number"
	printf '[fork_storm]\nlimit = 0\n' | refused 2 "whole number"
}

@test "lnx-rules: a threshold that always or never holds is refused, with what is wanted" {
	local d k v want
	# The detector, a key, a value just outside, and what the error wants.
	while read -r d k v want; do
		refused 3 "$k: '$v': want " < <(printf '[x]\ndetector = %s\n%s = %s\n' "$d" "$k" "$v")
		[[ $stderr == *", from $want" ]] || { echo "$stderr: $want"; return 1; }
	done <<-'END'
	fork_storm growth 101% 0% to 100%
	fork_burst forks 0 1 on
	short_lived processes 0 1 on
	short_lived life 0s 1us to 1h
	crash_loop deaths 0 1 on
	crash_loop failed 100.1% 0% to 100%
	memory_leak r2 1.1 0 to 1
	memory_leak points 33 2 to 32
	memory_leak growth 0 1 on
	oom_kill kills 0 1 on
	oom_risk headroom 101% 0% to 100%
	oom_risk points 1 2 to 32
	fd_exhaustion used 101% 0% to 100%
	fd_exhaustion within 8d 0s to 7d
	psi_saturation above 100% 0% to 99.9%
	psi_saturation for 8d 0s to 7d
	circuit_breaker pressure 100% 0% to 99.9%
	circuit_breaker cpu 100% 0% to 99.9%
	noisy_neighbor share 101% 0% to 100%
	zombie zombies 0 1 on
	zombie for 0s 1ms to 7d
	throttled window 8d 1ms to 7d
	END
	for d in count rate slope gauge; do
		printf '[x]\ndetector = %s\nkind = sample\nabove = -5\nfield = fds\n' $d |
			refused 4 "above: '-5': want a number, with or without a unit: 40%, 2s, 64MiB, 10/s, from 0 on"
	done
	printf '[x]\ndetector = gauge\nkind = sample\nbelow = 0\nfield = fds\n' | refused 4 "below: '0': want"
	# At the ends they are fine.
	printf '[psi_saturation]\nabove = 99.9%%\nfor = 7d\n[fork_storm]\nfor = 1h\n' >my.conf
	printf '[crash_loop]\ndeaths = 1\n[memory_leak]\nr2 = 1\npoints = 32\n' >>my.conf
	run -0 lnx-rules -n my.conf
}

@test "lnx-rules: keys, detectors, groups and sections that there are not, or twice" {
	printf '[fork_storm]\nrat = 10/s\n' | refused 2 "unknown key 'rat'; fork_storm has: rate"
	printf '[x]\ndetector = nope\n' | refused 2 "want one of: fork_storm"
	printf '[x]\nrate = 1/s\n' | refused 1 "want one of: fork_storm"
	printf '[fork_storm]\nby = process\n' | refused 2 "want tree cgroup host"
	printf '[fork_storm]\nby =\n' | refused 2 "at least one"
	printf '[fork_storm]\n[fork_storm]\n' | refused 2 "in line 1"
	printf '[fork_storm]\nrate = 1/s\nrate = 2/s\n' | refused 3 "in line 2"
	printf 'rate = 1/s\n' | refused 1 "in no [rule]"
	printf '[fork_storm\n' | refused 1 "want [section]"
	printf '[]\n' | refused 1 "name"
	printf '[count]\nkind = fork\n' | refused 1 "above"
}

@test "lnx-rules: conditions that end too early, are too deep, or compare what cannot be" {
	local deep
	deep=$(printf '(%.0s' $(seq 60))comm$(printf ')%.0s' $(seq 60))
	for c in 'comm ==' 'comm == x' 'comm == "x' 'comm == "\' '((comm' 'comm &&' '' "$deep" \
	    'nosuch == 1' 'comm > "a"' 'comm ~ 5' 'comm == "a" || || comm' 'uid = 0'; do
		printf '[fork_storm]\nwhere = %s\n' "$c" | refused 2 "where: "
	done
}

@test "lnx-rules: a limit in another unit than the field's is refused" {
	unit() { printf '[x]\ndetector = %s\nkind = sample\nabove = %s\nfield = %s\nby = process\n' "$@"; }
	unit rate 50% cpu_ns | refused 4 "above: '50%': cpu_ns: want a number, or a time as"
	unit gauge 2s rss_bytes | refused 4 "above: '2s': rss_bytes: want a number, or a size as"
	unit slope 1MiB/s fds | refused 4 "above: '1MiB/s': fds: want a number without a unit"
	printf '[x]\ndetector = count\nkind = exec\nabove = 3s\n' | refused 4 "above: '3s': records are counted: want a number without"
	printf '[x]\ndetector = gauge\nkind = psi\nfield = some_pct\nbelow = 1s\n' | refused 5 "below: '1s': some_pct: want a number, or a percentage"
	for ok in "rate 500ms cpu_ns" "rate 1MiB/s read_bytes" "gauge 64MiB rss_bytes" "rate 7/s cpu_ns" "slope 4 fds"; do
		# shellcheck disable=SC2086
		unit $ok >my.conf
		lnx-rules -n my.conf
	done
	# The kernel's averages are percentages by another name.
	for field in avg10 full_avg300; do
		printf '[x]\ndetector = gauge\nkind = psi\nfield = %s\nabove = 40%%\n' $field >my.conf
		lnx-rules -n my.conf
	done
	printf '{"v":1,"event":"psi","boot_ns":1,"resource":"cpu","full_avg300":50}\n' | lnx-rules -r my.conf |
		jq -e '.summary == "the host: full_avg300 is 50 %, above 40 %"'
}

@test "lnx-rules: 256 rules are fine, one more is one too many; so are 10,000" {
	sections() { seq -f '[r%g]' "$1" | sed 's/$/\ndetector = fork_storm/'; }
	sections 256 >my.conf
	run lnx-rules -n my.conf
	[ "$status" -eq 0 ]
	lnx-rules -r my.conf "$DATA/flow/2-event.ndjson" >out
	sections 257 | refused 513 "at most 256"
	sections 10000 | refused 513 "at most 256"
}

@test "lnx-rules: rules that are binary, endless, or a folder are told in one line" {
	printf '[fork_storm]\nrate = 10\0/s\n' >nul
	head -c 65536 /dev/urandom >random
	head -c 50000000 /dev/zero | tr '\0' '#' >large
	printf '[fork_storm]\nrate = 10\0/s\n' | refused 2 "NUL"
	printf '\0' | refused 1 "NUL"
	for f in nul random large /dev/zero; do
		run --separate-stderr timeout 20 lnx-rules -n "$f"
		[ "$status" -eq 2 ]
		[ "$output" = "" ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
	run --separate-stderr lnx-rules -n /
	[ "$status" -eq 4 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "lnx-rules: a pattern of stars does not take for ever" {
	printf '[count]\nkind = exec\nabove = 0\nwhere = cgroup ~ "%sb"\n' \
		"$(printf '*a%.0s' $(seq 30))" >my.conf
	path=$(head -c 4000 /dev/zero | tr '\0' a)
	for i in $(seq 20); do
		echo "{\"v\":1,\"event\":\"exec\",\"boot_ns\":${i}000,\"cgroup\":\"$path\"}"
	done >in
	run timeout 20 lnx-rules -r my.conf in
	[ "$status" -eq 0 ]
	[ "$output" = "" ]
}

@test "lnx-rules: 50 MB without a newline, and a million brackets, take no memory" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer takes memory of its own"
	(ulimit -v 200000
	{ printf '{"v":1,"event":"fork","x":"'; head -c 50000000 /dev/zero | tr '\0' a; echo '"}'
	  printf '{"v":1,"event":"fork","x":'; head -c 1000000 /dev/zero | tr '\0' '['; echo
	  cat "$DATA/flow/2-event.ndjson"; } | lnx-rules >out 2>err) && rc=0 || rc=$?
	[ $rc = 3 ]
	diff -u - err <<-'END'
	lnx-rules: -:1: line too long, dropped
	lnx-rules: -:2: not JSON
	END
	diff -u "$DATA/flow/5-incident.ndjson" out
}

@test "lnx-rules: what is between the records does not change what they say" {
	awk '{ print; print "no record"; print "{\"v\":1,\"event\":\"tomorrow\",\"boot_ns\":" NR "}"
		print "{\"v\":2,\"event\":\"exit\",\"boot_ns\":1}"; print ""; print "[]" }' \
		"$DATA/flow/2-event.ndjson" >in
	sed -i '/tomorrow/s/"boot_ns":[0-9]*/"x":0/' in
	run --separate-stderr lnx-rules in
	[ "$status" -eq 3 ]
	[ "$output" = "$(cat "$DATA/flow/5-incident.ndjson")" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "lnx-rules: times of no clock are survived" {
	for t in 18446744073709551615 4611686018427387904 -1 1e30 0 '"x"' null; do
		echo "{\"v\":1,\"event\":\"exit\",\"boot_ns\":$t,\"id\":\"9f8e7d6c-5-5\",\"exit_code\":1}"
	done >in
	cat "$DATA/flow/2-event.ndjson" >>in
	run --separate-stderr timeout 20 lnx-rules -v in
	[ "$status" -eq 3 ]
	[ "${stderr_lines[0]}" = "lnx-rules: in:1: boot_ns is no time" ]
	[[ ${stderr_lines[1]} == *", 5 lines skipped,"* ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
	grep -v '"source"' <<<"$output" | diff -u "$DATA/flow/5-incident.ndjson" -
}

@test "lnx-rules: -n checks one file, and says so where there are more" {
	lnx-rules --print-rules >a.conf
	printf '[a]\nno\n' >b.conf
	run --separate-stderr lnx-rules -n a.conf b.conf
	[ "$status:${stderr_lines[0]}" = "2:lnx-rules: 'b.conf': -n takes no other files" ]
	run lnx-rules --print-rules b.conf
	[ "$status" -eq 2 ]
}

@test "lnx-rules: the name of a kind may be escaped" {
	sed 's/"event":"exit"/"event":"\\u0065xit"/' "$DATA/flow/2-event.ndjson" >in
	grep -q u0065xit in
	diff -u "$DATA/flow/5-incident.ndjson" <(lnx-rules in)
}

@test "lnx-rules: 70 hosts: that the first are forgotten is said once, and counted" {
	for i in $(seq 70); do
		sed "s/\"host\":\"host1\"/\"host\":\"h$i\"/" "$DATA/flow/2-event.ndjson"
	done >in
	run --separate-stderr lnx-rules -v in
	[ "$status" -eq 0 ]
	[[ $stderr == *" 6 hosts forgotten" ]]
	[ "$(jq -r 'select(.event == "source") | .host + ": " + .degraded[0]' <<<"$output")" = \
		"h1: more than 64 hosts: those that came first are forgotten, this one too" ]
	# What was open there does not stay open: of the last it does.
	states() { jq -r "select(.host == \"$1\" and .event == \"incident\") | .state" <<<"$output" | paste -sd ' '; }
	[ "$(states h70)" = opened ]
	[ "$(states h1)" = "opened closed" ]
}

@test "lnx-rules: records without any boot_ns: that they have no time is said once" {
	for n in 2 40; do
		for _ in $(seq $n); do echo '{"event":"exit","id":"9f8e7d6c-5-5","exit_code":1}'; done |
			lnx-rules >out
		[ "$(jq -c '[.state, .degraded[0][0:8], has("time"), has("boot_ns")]' out)" = \
			'["degraded","no time:",false,false]' ]
	done
	# One of many is none.
	{ sed 1q "$DATA/flow/2-event.ndjson"
	  for _ in $(seq 40); do echo '{"event":"exit","host":"host1"}'; done; } >in
	lnx-rules in | diff -u /dev/null -
}

@test "lnx-rules: a time that no record told is left out, not of 1970" {
	sed 's/"time":"[^"]*",//' "$DATA/flow/2-event.ndjson" >in
	[ "$(grep -c '"time"' in)" = 0 ]
	lnx-rules in >out
	diff -u <(jq -c '[.rule, .id, .boot_ns]' "$DATA/flow/5-incident.ndjson") <(jq -c '[.rule, .id, .boot_ns]' out)
	[ "$(jq -c '[has("time"), has("opened"), (.evidence | has("from", "to"))] | any' out | sort -u)" = false ]
	tac "$DATA/flow/2-event.ndjson" | lnx-rules >out
	grep -q '"degraded"' out
	[ "$(grep -c '"1970-' out)" = 0 ]
}

@test "lnx-rules: two hosts mixed, one of them far behind, say what each says alone" {
	sed 's/"host":"host1"/"host":"host2"/; s/"boot_ns":5/"boot_ns":1/' \
		"$DATA/flow/2-event.ndjson" >two
	for f in "$DATA/flow/2-event.ndjson" two; do lnx-rules "$f"; done | sort >want
	grep -q host2 want
	paste -d '\n' "$DATA/flow/2-event.ndjson" two | lnx-rules | sort | diff -u want -
}

@test "lnx-rules: 250,000 subjects: memory stays bounded, and what was forgotten is counted" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer takes memory of its own"
	for kind in exit sample stall fork; do
		(ulimit -v 120000; records $kind 250000 | lnx-rules >out 2>err)
		diff -u /dev/null err
		# It begins to forget: said at once.  How much: at the end.
		jq -c 'select(.event == "source") | [.state, .degraded[]]' out >said
		grep -q '"degraded","evicted: no room' said
		tail -n 1 said | grep -q '"end","evicted: [1-9][0-9]* subjects'
		# Of each rule not more than 64 are open.
		jq -r 'select(.state == "opened") | .rule' out | sort | uniq -c |
			awk '$1 > 200 { print; exit 1 }'
	done
}

# crash N: somebody's command dies three times in three seconds, and then twice in
# twenty.  Behind each of these N others die, which nobody sees again.
crash() {
	awk -v n="$1" 'function dies(at, parent, comm) {
			t += at
			printf "{\"v\":1,\"event\":\"exit\",\"boot_ns\":%.0f,\"host\":\"h\",", t * 1e6
			++id
			printf "\"id\":\"9f8e7d6c-%.0f-%d\",\"pid\":%d,", t * 1e6 - 5e8, id, id
			printf "\"parent_id\":\"9f8e7d6c-%d-%d\",\"comm\":\"%s\",", parent, parent, comm
			print "\"signal\":11,\"duration_ns\":500000000}"
		}
		BEGIN {
			t = 1000000; id = 3000000
			for (k = 0; k < 5; k++) {
				dies(1000, 7, "mine")
				for (i = 0; k > 1 && i < n; i++)
					dies(10000 / n, 1000 + k * n + i, "c" i)
			}
		}'
}

@test "lnx-rules: 100,000 new subjects do not drive out the one that is about to fire" {
	[ -z "${LNX_ASAN-}" ] || skip "a sanitizer takes memory of its own"
	crash 33000 | lnx-rules >out
	grep -q '"end","version".*evicted: [1-9][0-9]* subjects' out
	[ "$(grep -c '"rule":"crash_loop".*"state":"opened"' out)" = 1 ]
	grep -q '"rule":"crash_loop".*"state":"opened".*"comm":"mine"' out
}

@test "lnx-rules: too many incidents at one time: 64 are told, the others are counted" {
	printf '[noisy_neighbor]\nfor = 0s\n' >my.conf
	records stall 5000 | lnx-rules -r my.conf >out
	[ "$(grep -c '"rule":"noisy_neighbor".*"state":"opened"' out)" = 64 ]
	grep -q 'noisy_neighbor: 64 incidents are open' out
	tail -n 1 out | grep -q '"dropped: 4936 incidents"'
}

@test "lnx-rules: a reader that leaves in the middle of it, and a disk that is full" {
	records stall 200000 >in
	run bash -c 'lnx-rules -a in | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
	run --separate-stderr bash -c 'lnx-rules -a in >/dev/full'
	[ "$status" -eq 4 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"No space left on device" ]]
}

@test "lnx-rules: after ^C it reads on to the end and says all it has to" {
	mkfifo in
	lnx-rules <in >out 3>&- &
	pid=$!
	exec 7>in
	head -n 60 "$DATA/flow/2-event.ndjson" >&7
	sleep 0.3
	kill -INT $pid
	tail -n +61 "$DATA/flow/2-event.ndjson" >&7
	exec 7>&-
	wait $pid
	diff -u "$DATA/flow/5-incident.ndjson" out
}

@test "lnx-rules: names of processes reach the sentence, but no terminal" {
	for i in 1 2 3 4 5 6 7; do
		printf '{"v":1,"event":"exit","time":"2026-02-03T04:05:%02dZ","boot_ns":%d000000000,' $i $i
		printf '"id":"9f8e7d6c-%d500000000-%d","pid":%d,"parent_id":"9f8e7d6c-1-1","signal":11,' $((i - 1)) $i $i
		printf '"comm":"\\u001b]0;x\\u0007\\n\\"}\\u0000","duration_ns":500000000}\n'
	done >in
	lnx-rules in >out
	grep -q crash_loop out
	[ "$(LC_ALL=C tr -d '\n' <out | LC_ALL=C grep -c '[[:cntrl:]]')" = 0 ]
	jq -e .summary out >/dev/null
	jq -r .culprit.comm out | head -c 5 | od -c | grep -q '033'
}
