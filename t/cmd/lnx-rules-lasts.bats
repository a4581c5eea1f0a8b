# SPDX-License-Identifier: AGPL-3.0-or-later
# What the rules keep of a host: limits, losses, sums, its time; and what of it
# is told when there is more than is kept.
setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
	command -v jq >/dev/null || skip "no jq"
}

# said JQ [ARG...]: what JQ takes from the lines of that run, one a line.
said() {
	local jq=$1

	shift
	timeout 60 lnx-rules -q "$@" | jq -r "$jq"
}

# leaks N OTHERS: N cgroups that grow by 1 MiB/s of a limit of 1 GiB, after
# OTHERS told of theirs once.
leaks() {
	awk -v n="$1" -v others="$2" 'function cgroup(t, name, bytes) {
		printf "{\"v\":1,\"event\":\"cgroup\",\"boot_ns\":%.0f,\"host\":\"box\"," \
		    "\"cgroup\":\"/pods/%s\",\"interval_ns\":20000000000," \
		    "\"memory_bytes\":%d,\"memory_max_bytes\":1073741824}\n", t, name, bytes
	} BEGIN {
		for (i = 0; i < others; i++)
			cgroup(1e9 + i * 1e6, "job" i, 1048576)
		for (t = 20; t <= 420; t += 20)
			for (i = 0; i < n; i++)
				cgroup(t * 1e9 + i * 1e6, "leaky" i, (200 + t) * 1048576)
	}'
}

@test "lnx-rules: the limit of a cgroup that tells of it is known, however many did before" {
	leaks 1 5000 >in
	said 'select(.event == "incident").values.time_to_oom.value > 4e11' in >out
	[ "$(sort -u out)" = true ]
	# More than are kept: who is left out is the same each time.
	printf '[memory_leak]\nby = cgroup\nlimit = 3000\n' >my.conf
	leaks 2000 0 >in
	for i in 1 2 3; do
		timeout 60 lnx-rules -q -r my.conf in >out.$i
	done
	[ "$(grep -c '"opened"' out.1)" -eq 2000 ]
	cmp out.1 out.2
	cmp out.1 out.3
}

@test "lnx-rules: a cgroup above its limit is full now" {
	awk 'BEGIN {
		for (t = 20; t <= 420; t += 20) {
			printf "{\"v\":1,\"event\":\"cgroup\",\"boot_ns\":%.0f,\"cgroup\":\"/pod\"," \
			    "\"memory_bytes\":1073745920,\"memory_max_bytes\":1073741824}\n", t * 1e9
			printf "{\"v\":1,\"event\":\"cgroup\",\"boot_ns\":%.0f,\"cgroup\":\"/pod/ctr\"," \
			    "\"memory_bytes\":%d,\"memory_max_bytes\":2147483647}\n", t * 1e9 + 1, (200 + t) * 1048576
		}
	}' >in
	said 'select(.event == "incident" and .subject.cgroup == "/pod/ctr") |
		"\(.values.time_to_oom.value) \(.summary | sub(".*; "; ""))"' in >out
	[ "$(sort -u out)" = "0 /pod is full" ]
}

# psi FROM TO: a record a second, from one second to before another.
psi() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		for (t = a; t < b; t++)
			printf "{\"v\":1,\"event\":\"psi\",\"boot_ns\":%.0f,\"host\":\"box\"," \
			    "\"resource\":\"cpu\",\"interval_ns\":1000000000,\"some_pct\":1}\n", t * 1e9
	}'
}

# start ID SECOND [WHY]: a source begins, in that boot, without something.
start() {
	printf '{"v":1,"event":"source","boot_ns":%d,"host":"box","tool":"lnx-trace",' "${2}000000000"
	printf '"state":"start","boot_id":"%s-0000-0000-0000-000000000000","degraded":[%s]}\n' \
		"$1" "${3:+\"$3\"}"
}

# oom SECOND: the kernel kills.
oom() {
	printf '{"v":1,"event":"oom","boot_ns":%d,"host":"box","id":"%s-5-800",' \
		"${1}000000000" 9999abcd
	printf '"pid":800,"comm":"db","cgroup":"/db","scope":"host"}\n'
}

@test "lnx-rules: a machine that was booted: what comes then is judged, from the first" {
	told='if .event == "source" then .degraded[] else "\(.rule) \(.state) \(.evidence.why)" end'
	{ start 0123abcd 1000 "ring: old"; oom 1001; psi 1002 1010
	  start 9999abcd 5 "exit: new"; oom 6; psi 7 30; } >in
	said "$told" in >out
	diff -u - out <<-'END'
		oom_kill opened ["degraded: ring: old"]
		oom_kill closed ["degraded: ring: old"]
		the machine was booted: begun anew
		oom_kill opened null
		oom_kill closed null
	END
	# Nobody told of the boot before.
	sed 1d in >in2
	said "$told" in2 | grep -v null | diff -u <(sed -n 3p out) -
	[ "$(said .event in2 | grep -c incident)" -eq 4 ]
	# The same boot again is none, nor is that of another host.
	{ start 0123abcd 1; psi 2 9; start 0123abcd 9
	  start 9999abcd 9 | sed s/box/other/; psi 10 20; } >in
	said . in | diff -u /dev/null -
}

@test "lnx-rules: after a boot nobody is blamed for what was before it" {
	# harm CULPRIT FROM TO MS: it makes /v wait so long in each second, which is
	# pressure.
	harm() {
		for t in $(seq "$2" "$3"); do
			printf '{"v":1,"event":"stall","boot_ns":%d000000000,"host":"box","resource":"cpu","victim":{"cgroup":"/v"},"culprit":{"kind":"cgroup","cgroup":"%s"},"window_ns":1000000000,"stall_ns":%d000000,"method":"measured"}\n' "$t" "$1" "$4"
			printf '{"v":1,"event":"psi","boot_ns":%d500000000,"host":"box","cgroup":"/v","resource":"cpu","interval_ns":1000000000,"some_pct":95}\n' "$t"
		done
	}
	printf '[psi_saturation]\nby = cgroup\n' >my.conf
	for at in 5 1000; do
		{ start 0123abcd 1000; harm /old 1001 1040 900; start 9999abcd $at; harm /new $((at + 1)) $((at + 40)) 9; } >in
		[ "$(lnx-rules -q -r my.conf in | jq -r 'select(.state == "opened") | "\(.culprit.cgroup) \(.culprit.stall_ns)"' | paste -sd ' ')" = \
			"/old 9000000000 /new 90000000" ]
	done
}

@test "lnx-rules: what is no longer missing is held against nobody" {
	{ start 0123abcd 1000 "ring: old"; oom 1001; psi 1002 1100
	  start 0123abcd 1100 "ring: old" | sed s/start/healed/; oom 1101; psi 1102 1200; } >in
	said 'if .event == "source" then empty else "\(.rule) \(.state) \(.evidence.why)" end' in >out
	diff -u - out <<-'END'
		oom_kill opened ["degraded: ring: old"]
		oom_kill closed ["degraded: ring: old"]
		oom_kill opened null
		oom_kill closed null
	END
}

@test "lnx-rules: a boot that nobody tells of: it is judged from its first record" {
	told='if .event == "source" then .degraded[] // "-" else "\(.rule) \(.state)" end'
	# Once 32 in a row are of that time, those that came before are taken as well.
	{ psi 1000 1010; oom 6; psi 7 50; } >in
	said "$told" in >out
	diff -u - out <<-'END'
		late: a record came more than 10 s late; such are left out, if not 32 come in a row
		time ran backwards by 972 s: begun anew
		oom_kill opened
		oom_kill closed
	END
	# A source that tells says so at once; what is just late is not of that boot.
	{ psi 1000 1010; oom 900; oom 6; start 9999abcd 7; psi 8 30; } >in
	said "$told" in >out
	diff -u - out <<-'END'
		late: a record came more than 10 s late; such are left out, if not 32 come in a row
		the machine was booted: begun anew
		oom_kill opened
		oom_kill closed
		late: 1 records
	END
}

@test "lnx-rules: that records are left out, as too late, is told when it begins" {
	{ psi 1000 1010; psi 5 25; psi 1010 1012; psi 5 25; } >in
	said '"\(.state) \(.degraded[0])"' in >out
	diff -u - out <<-'END'
		degraded late: a record came more than 10 s late; such are left out, if not 32 come in a row
		end late: 40 records
	END
}

@test "lnx-rules: a boot_ns that no clock shows is skipped and told" {
	for t in 4611686018427387903 4611686018427387904 18446744073709551615; do
		echo "{\"v\":1,\"event\":\"psi\",\"boot_ns\":$t}" >in
		run --separate-stderr lnx-rules in
		[ "$output" = "" ]
		[ "$status:${#t}:$stderr" = "0:19:" ] || [[ $t != *3 ]]
		[ "$status:$stderr" = "3:lnx-rules: in:1: boot_ns is no time" ] || [[ $t = *3 ]]
	done
}

@test "lnx-rules: count adds fractions, and more than 32 bits can" {
	printf '[%s]\ndetector = count\nkind = %s\nfield = %s\nabove = %s\nwindow = %s\nupdate = 0s\n' \
		parts stall share 3 10s bytes exit read_bytes 1GiB 1h >my.conf
	awk 'BEGIN {
		for (i = 0; i < 30; i++)
			printf "{\"event\":\"stall\",\"boot_ns\":%.0f,\"share\":0.1}\n", 1e9 + i
		printf "{\"event\":\"stall\",\"boot_ns\":1100000000,\"share\":0.5}\n"
		for (i = 0; i < 9000; i++)
			printf "{\"event\":\"exit\",\"boot_ns\":%.0f,\"read_bytes\":1048575}\n", 2e9 + i * 1e7
	}' >in
	said '"\(.rule) \([.values[].value])"' -r my.conf in >out
	# 3 is not above 3.
	[ "$(grep -m 1 parts out)" = "parts [3.5]" ]
	[ "$(tail -n 1 out)" = "bytes [9437175000]" ]
}

# crashes LOSSES EACH: as many losses, each with those fields, and then a crash
# loop of 20 s.
crashes() {
	awk -v n="$1" -v each="$2" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"v\":1,\"event\":\"lost\",\"boot_ns\":%.0f,\"source\":\"ring\"%s}\n", 100e9 + i * 2e10 / n, each
		for (i = 0; i < 8; i++)
			printf "{\"v\":1,\"event\":\"exit\",\"boot_ns\":%.0f,\"id\":\"0123abcd-%.0f-%d\",\"pid\":%d," \
			    "\"parent_id\":\"0123abcd-2000000000-60\",\"ppid\":60,\"comm\":\"srv\"," \
			    "\"signal\":11,\"duration_ns\":1000000000}\n", 121e9 + i * 1e9, 120e9 + i * 1e9, 1000 + i, 1000 + i
	}' | sort -t: -k4n
}

@test "lnx-rules: of many losses none is forgotten" {
	lost='select(.rule == "crash_loop" and .state == "opened") | "\(.evidence.lost) \(.evidence.why[0])"'
	for n in 40 64 65 1000 20000; do
		crashes "$n" ',"count":3,"exits":2' >in
		[ "$(said "$lost" in)" = "$((n * 3)) $((n * 3)) records were lost in this time" ]
	done
	# Those of an hour before do not count, but for few that were near.
	{ crashes 20000 ',"count":1' | grep lost
	  crashes 200 ',"count":1' | sed 's/"boot_ns":/&3/; s/0123abcd-1/0123abcd-31/'; } >in
	n=$(said "$lost" in | cut -d ' ' -f 1)
	[ "$n" -ge 200 ] && [ "$n" -le 220 ]
}

@test "lnx-rules: a loss of nobody knows how many is not one" {
	lost='select(.rule == "crash_loop" and .state == "opened").evidence | "\(.lost) \(.confidence) \(.why[0])"'
	crashes 1 '' >in
	[ "$(said "$lost" in)" = "null 0.8 an unknown number of records was lost in this time" ]
	{ crashes 1 '' | grep lost; crashes 1 ',"count":95'; } >in
	[ "$(said "$lost" in)" = "null 0.05 95 records and an unknown number more were lost in this time" ]
	crashes 1 ',"count":0' >in
	[ "$(said "$lost" in)" = "0 1 null" ]
}
