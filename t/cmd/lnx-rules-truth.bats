# SPDX-License-Identifier: AGPL-3.0-or-later
# lnx-rules: what a record says, and what it does not.
setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
	command -v jq >/dev/null || skip "no jq"
}

# rec KIND SECONDS FIELDS: one record.
rec() {
	local part=

	[[ $2 != *.* ]] || part=${2#*.}
	part=$(printf '%-9s' "$part")
	set -- "$1" "${2%.*}${part// /0}" "${3-}"
	printf '{"v":1,"event":"%s","boot_ns":%s%s}\n' "$1" "$2" "${3:+,$3}"
}

# rules TEXT: the rules, one line each for a semicolon.
rules() { tr ';' '\n' <<<"$1" >my.conf; }

# opened: when and about whom, of the records on standard input.
opened() {
	lnx-rules -r my.conf | jq -r 'select(.state == "opened") |
		"\(.boot_ns / 1e9)\(.subject.comm // .subject.cgroup // "")"' | paste -sd ' '
}

# Of comm $1: a sample at $2, of an interval of $3 s, with these fields.
sample() {
	rec sample "$2" "\"id\":\"0123abcd-7-7\",\"pid\":7,\"comm\":\"$1\",\"interval_ns\":$(awk -v s="$3" \
		'BEGIN { printf "%.0f", s * 1e9 }')${4:+,$4}"
}

@test "lnx-rules: for: a gauge is of a moment, however long the interval before it was" {
	rules '[gauge];kind = sample;field = rss_bytes;above = 100;for = 10s;by = process'
	big='"rss_bytes":101'
	[ -z "$(sample a 100 60 "$big" | opened)" ]
	[ "$({ sample a 100 60 "$big"; sample a 110 60 "$big"; } | opened)" = 110a ]
	[ -z "$({ sample a 100 60 "$big"; sample a 109.999999999 60 "$big"; } | opened)" ]
	# One that was not above, or came too late, begins anew.
	[ -z "$({ sample a 100 10 "$big"; sample a 105 10 '"rss_bytes":100'; sample a 110 10 "$big"; } | opened)" ]
	[ -z "$({ sample a 100 10 "$big"; sample a 120.600 10 "$big"; } | opened)" ]
	[ "$({ sample a 100 10 "$big"; sample a 120.500 10 "$big"; } | opened)" = 120.5a ]
	sed -i 's/10s/0s/' my.conf
	[ "$(sample a 100 60 "$big" | opened)" = 100a ]
}

@test "lnx-rules: a gauge: says above only where it is, and is over after a silence, also below" {
	rules '[g];kind = sample;detector = gauge;field = rss_bytes;by = process;above = 100;update = 1s'
	v() { sample a "$1" 1 "\"rss_bytes\":$2"; }
	said() {
		{ v 1 "$1"; v 2 "$2"; v 3 "$2"; rec sample 33 ''; rec sample 34 ''; rec sample 60 ''; } |
			lnx-rules -r my.conf | jq -r '"\(.boot_ns / 1e9) \(.summary)"'
	}
	said 150 90 | diff -u - <(printf '%s\n' '1 a[7]: rss_bytes is 150 B, above 100 B' \
		'2 a[7]: rss_bytes is 90 B, no longer above 100 B' \
		'3 a[7]: rss_bytes is 90 B, no longer above 100 B' \
		'43 a[7]: g is over after 42 s; rss_bytes was up to 150 B, the limit is 100 B')
	sed -i 's/above/below/' my.conf
	said 50 110 | diff -u - <(printf '%s\n' '1 a[7]: rss_bytes is 50 B, below 100 B' \
		'2 a[7]: rss_bytes is 110 B, no longer below 100 B' \
		'3 a[7]: rss_bytes is 110 B, no longer below 100 B' \
		'43 a[7]: g is over after 42 s; rss_bytes was down to 50 B, the limit is 100 B')
	said 50 50 | tail -n 1 | grep -x '43 .* is over .*'
}

@test "lnx-rules: for: pressure is a mean, and one of a long interval is enough" {
	rules '[psi_saturation];resource = cpu;above = 60%;for = 10s'
	psi() { rec psi "$1" "\"resource\":\"cpu\",\"interval_ns\":$2,\"some_pct\":$3"; }
	[ "$(psi 100 10000000000 61 | opened)" = 100 ]
	[ -z "$(psi 100 9999999999 61 | opened)" ]
	[ -z "$(psi 100 10000000000 60 | opened)" ]
}

@test "lnx-rules: for: cpu_spin: what forked in an interval did not spin all of it" {
	rules '[cpu_spin];for = 30s'
	spin='"cpu_ns":60000000000,"voluntary":0'
	fork() { rec fork "$1" '"id":"0123abcd-99-99","parent_id":"0123abcd-7-7"'; }
	# Before the first sample nobody looked whether it forked.
	[ -z "$(sample a 100 60 "$spin" | opened)" ]
	[ "$({ sample a 100 60 "$spin"; sample a 160 60 "$spin"; } | opened)" = 160a ]
	[ "$({ sample a 100 60 "$spin"; fork 130; sample a 160 60 "$spin"; } | opened)" = 160a ]
	[ -z "$({ sample a 100 60 "$spin"; fork 130.001; sample a 160 60 "$spin"; } | opened)" ]
}

@test "lnx-rules: for: zombies are counted at a moment" {
	rules '[zombie];zombies = 3;for = 30s'
	round() {
		for i in 1 2 ${2-3}; do
			rec sample "$1" "\"id\":\"0123abcd-9$i-9$i\",\"parent_id\":\"0123abcd-7-7\",\"comm\":\"z\",\"state\":\"Z\",\"interval_ns\":60000000000"
		done
	}
	[ -z "$(round 100 | opened)" ]
	[ "$({ round 100; round 160; } | opened)" = 160 ]
	[ -z "$({ round 100; round 160 ""; round 220; } | opened)" ]
}

@test "lnx-rules: d_state: who gave nothing up and used nothing was asleep all the time" {
	rules '[d_state]'
	d='"state":"D","voluntary":0,"cpu_ns":0'
	[ "$(sample a 100 10 "$d" | opened)" = 100a ]
	[ -z "$(sample a 100 9.999 "$d" | opened)" ]
	[ -z "$(sample a 100 60 '"state":"D","voluntary":1,"cpu_ns":0' | opened)" ]
	# It ran, and so is known of the moment alone: as where nobody tells.
	for ran in ',"cpu_ns":1' ''; do
		now='"state":"D","voluntary":0'$ran
		[ -z "$(sample a 100 60 "$now" | opened)" ]
		[ "$({ sample a 100 60 "$now"; sample a 110 10 "$now"; } | opened)" = 110a ]
	done
}

@test "lnx-rules: d_state: how often it was awake, when not told, is not 0" {
	rules '[d_state]'
	d='"state":"D","cpu_ns":0'
	[ -z "$(for t in 100 105 110 115 120 125; do sample a $t 60 "$d"; done | opened)" ]
	# Between it is not known either.
	seq() { for t in 100 104 108 112 116; do sample a $t 4 "$d$([ $t = "$1" ] || echo ',"voluntary":0')"; done; }
	[ "$(seq 0 | opened)" = 108a ]
	[ "$(seq 104 | opened)" = 116a ]
	[ -z "$(seq 108 | opened)" ]
	# It does not end for that; how long is what was known when a second had gone by.
	states() { { sample a 100 10 "$d,\"voluntary\":0"; for t in {101..120}; do sample a $t 1 "$d$1"; done; } |
		lnx-rules -r my.conf | jq -r '"\(.state):\(.values.stuck.value / 1e9):\(.evidence.confidence)"' | paste -sd ' '; }
	[ "$(states '')" = "opened:10:1 updated:11:0.5 updated:11:0.5" ]
	[ "$(states ',"voluntary":1' | tr ' ' '\n' | cut -d : -f 1,2)" = $'opened:10\nclosed:0' ]
}

@test "lnx-rules: suppressed: how many incidents there would have been, not how many records" {
	rules '[count];kind = exit;above = 2;window = 1s;close = 1s;cooldown = 60s'
	burst() { for t in "$@"; do for i in 0 1 2 3 4; do rec exit "$t.$i"; done; done; }
	told() { lnx-rules -r my.conf | jq -r 'select(.state == "opened") |
		"\(.boot_ns / 1e9 | floor):\(.evidence.suppressed)"' | paste -sd ' '; }
	[ "$(burst 100 110 120 130 180 | told)" = "100:null 180:3" ]
	# One that goes on and on is one, and is told when it may be.
	[ "$(burst 100 $(seq 110 180) | told)" = "100:null 162:1" ]
	# Who was left out, as too many were open, is counted there and not here.
	rules '[count];kind = exit;above = 2;window = 1s;close = 1s;cooldown = 60s;limit = 1;by = comm'
	named() { burst "$2" | sed "s/}$/,\"comm\":\"$1\"}/"; }
	[ "$({ named a 100; named b 100; named b 180; } |
		lnx-rules -r my.conf | jq -r 'select(.state == "opened") |
		"\(.subject.value):\(.evidence.suppressed):\(.evidence.dropped)"' | paste -sd ' ')" = \
		"a:null:null b:null:1" ]
}

@test "lnx-rules: what is missing of one resource says nothing against another" {
	rules '[noisy_neighbor];for = 0s;[psi_saturation];for = 1s'
	# sure WHY RESOURCE: the confidence of both.
	sure() {
		{
			rec source 1 "\"tool\":\"lnx-trace\",\"state\":\"degraded\",\"degraded\":[\"$1\"]"
			rec stall 100 "\"resource\":\"$2\",\"victim\":{\"cgroup\":\"/v\"},\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/c\"},\"stall_ns\":600000000,\"method\":\"measured\",\"confidence\":1"
			rec psi 101 "\"resource\":\"$2\",\"interval_ns\":1000000000,\"some_pct\":95"
		} | lnx-rules -r my.conf | jq -r 'select(.state == "opened") | .evidence.confidence' | paste -sd ' '
	}
	while IFS='|' read -r why cpu io memory; do
		[ "$(sure "$why" cpu) $(sure "$why" io) $(sure "$why" memory)" = \
			"$cpu $cpu $io $io $memory $memory" ] || { echo "$why"; return 1; }
	done <<-'END'
	stall of cpu: more cgroups than can be told apart|0.8|1|1
	stall of io and memory: waits were not seen to their end|1|0.8|0.8
	io.culprit: this kernel has no tracepoint block_rq_complete|1|0.8|1
	memory.limit: this kernel has no tracepoint x|1|1|0.8
	stall: made up|0.8|0.8|0.8
	something else|0.8|0.8|0.8
	END
	# Of a pressure file only the one rule that looks at it.
	[ "$(sure "/proc/pressure/irq: no" cpu)" = "1 1" ]
}

@test "lnx-rules: whole numbers above 2^53 are compared digit by digit" {
	met() { rules "[count];kind = exit;above = 0;where = $1"; rec exit 100 "$2" | opened; }
	for n in 18014398509481985 18446744073709551615; do
		for v in "\"cgroup_id\":\"$n\"" "\"cgroup_id\":$n"; do
			[ "$(met "cgroup_id == $n" "$v")" = 100 ]
			[ -z "$(met "cgroup_id == ${n%?}4" "$v")" ]
			[ "$(met "cgroup_id > ${n%?}4" "$v")" = 100 ]
			[ -z "$(met "cgroup_id < $n" "$v")" ]
			[ -z "$(met "cgroup_id != $n" "$v")" ]
		done
	done
	[ -z "$(met 'cgroup_id == 5' '"cgroup_id":"5a"')" ]
	[ -z "$(met 'cgroup_id == 0' '"cgroup_id":""')" ]
	[ "$(met 'utime_ns >= 9007199254740993' '"utime_ns":9007199254740993')" = 100 ]
	[ -z "$(met 'utime_ns >= 9007199254740993' '"utime_ns":9007199254740992')" ]
	[ "$(met 'utime_ns == 1s' '"utime_ns":1000000000')" = 100 ]
}

@test "lnx-rules: a time that is not known is left out, also of the record that opened it" {
	rules '[count];kind = exit;above = 0'
	printf '{"v":1,"event":"exit"}\n' | lnx-rules -r my.conf >out
	[ "$(jq -c 'select(.event == "incident") | [.state, .boot_ns, .duration_ns, .opened, .evidence.first]' out)" = \
		'["opened",null,null,null,"exit"]' ]
	# The one that opened it, not the first that counted.
	rules '[count];kind = exit;above = 1'
	{ rec exit 100; rec exit 101; rec exit 115; } | lnx-rules -r my.conf >out
	[ "$(jq -r 'select(.state == "opened") | .evidence | "\(.first) \(.records)"' out)" = "exit@101000000000 2" ]
}

@test "lnx-rules: of tasks side by side, hours may be waited in a moment: none is cut" {
	rules '[noisy_neighbor];for = 0s;[throttled]'
	by() { rec stall "$1" "\"resource\":\"cpu\",\"victim\":{\"cgroup\":\"/v\"},\"culprit\":{\"kind\":\"$2\",\"cgroup\":\"/c\"},\"stall_ns\":8000000000123,\"method\":\"measured\",\"confidence\":1"; }
	[ "$({ by 100 cgroup; by 100 throttle; } | lnx-rules -r my.conf |
		jq -r '"\(.rule) \(.values.stall.value // .values.throttled.value)"' | sort | paste -sd ' ')" = \
		"noisy_neighbor 8000000000123 throttled 8000000000123" ]
}

# wait FROM TO N MS [CULPRIT [VICTIM]]: of each second a stall record for each of N
# victims, of so many ms.
wait_for() {
	awk -v from="$1" -v to="$2" -v n="$3" -v ms="$4" -v by="${5:-/hog}" -v of="${6:-/v}" 'BEGIN {
		for (t = from; t <= to; t++)
			for (i = 1; i <= n; i++)
				printf "{\"v\":1,\"event\":\"stall\",\"boot_ns\":%d000000000,\"resource\":\"cpu\",\"victim\":{\"cgroup\":\"%s%d\"},\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"%s\"},\"window_ns\":1000000000,\"stall_ns\":%d000000,\"method\":\"measured\",\"confidence\":1}\n", t, of, i, by, ms
	}'
}

# noise: what is told of it: when, class or pair, severity, culprit, victim, its number.
noise() {
	sort -s -t : -k 4n | lnx-rules -r my.conf | jq -r 'select(.state == "opened") |
		"\(.boot_ns / 1e9):\(.class // "pair"):\(.severity):\(.culprit.cgroup)\(.victim.cgroup // "?"):\(.values.victims.value // 1)"' |
		paste -sd ' '
}

@test "lnx-rules: noisy_neighbor: one that makes many wait a little is told once" {
	rules '[noisy_neighbor]'
	# Above 10 s in 5 s from 102 s on; 90 ms in 5 s each.
	[ "$(wait_for 100 117 200 18 | noise)" = 117:many:medium:/hog/v1:200 ]
	[ -z "$(wait_for 100 116 200 18 | noise)" ]
	# At both limits: the sum is to be exceeded, the number to be reached.
	[ -z "$(wait_for 100 140 20 100 | noise)" ]
	rules '[noisy_neighbor];stall = 100s'
	[ "$(wait_for 100 140 10 201 | noise)" = 119:many:medium:/hog/v1:10 ]
	[ -z "$(wait_for 100 140 9 300 | noise)" ]
	# Three who compute, and many who wake up now and then: a build beside others.
	[ -z "$({ wait_for 100 140 3 1500; wait_for 100 140 50 4 /hog /s; } | noise)" ]
	rules '[noisy_neighbor];total = 5s'
	for ms in 100 101; do
		wait_for 100 140 20 $ms | lnx-rules -r my.conf | jq -r .severity | sort -u | paste -sd ' '
	done >out
	diff -u - out <<-'END'
		low
		low medium
	END
	rules '[noisy_neighbor];by = cgroup'
	[ -z "$(wait_for 100 117 200 18 | noise)" ]
}

@test "lnx-rules: noisy_neighbor: no wait is told of a pair and of its culprit, too" {
	rules '[noisy_neighbor]'
	# All of them above the limit of a pair: one incident, of the worst severity.
	[ "$(wait_for 100 125 50 150 | noise)" = 116:many:medium:/hog/v1:50 ]
	[ "$({ wait_for 100 125 100 90; wait_for 100 125 1 2500 /hog /w; } | noise)" = 115:many:high:/hog/w1:101 ]
	# One was told before: it stays that, and is no part of the other.
	[ "$({ wait_for 100 160 1 400 /hog /w; wait_for 130 160 50 90; } | noise)" = \
		"116:pair:low:/hog/w1:1 147:many:medium:/hog/v1:50" ]
	# Another culprit of one of them is a pair.
	[ "$({ wait_for 100 125 50 90; wait_for 100 125 1 400 /other; } | noise)" = \
		"116:pair:low:/other/v1:1 117:many:medium:/hog/v1:50" ]
}

@test "lnx-rules: noisy_neighbor: what stall_culprit tells and no stall record does" {
	rules '[noisy_neighbor]'
	all() { for t in $(seq 100 125); do rec stall_culprit $t "\"resource\":\"cpu\",\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/hog\"},\"window_ns\":1000000000,\"induced_ns\":$1,\"victims\":$2,\"cpu_ns\":900000000,\"harm_ratio\":4,\"psi_contribution\":1.5,\"method\":\"measured\""; done; }
	[ "$(all 3600000000 200 | noise)" = '117:many:medium:/hog?:200' ]
	[ -z "$(all 3600000000 9 | noise)" ]
	# It is the same wait, and not more.
	[ -z "$({ all 1999000000 20; wait_for 100 125 20 99; } | noise)" ]
	{ all 2200000000 20; wait_for 100 125 20 99; } | sort -s -t : -k 4n | lnx-rules -r my.conf |
		jq -c 'select(.state == "opened" and .boot_ns == 119000000000) | .values | map_values(.value)' >out
	[ "$(cat out)" = '{"stall":10087000000,"victims":20,"alike":20,"psi_contribution":150,"harm_ratio":4}' ] || { cat out; false; }
}

@test "lnx-rules: oom_kill: what a record does not tell is not said" {
	told() { printf '{"v":1,"event":"oom","boot_ns":5000000000,"id":"0123abcd-1000000000-7","pid":7,"comm":"db"%s}\n' "$1" | lnx-rules | jq -r .summary; }
	[ "$(told ',"cgroup":"/a"')" = "the kernel killed db[7] in /a because memory ran out" ]
	[ "$(told ',"cgroup":"/a","scope":"host","rss_bytes":1073741824')" = \
		"the kernel killed db[7] (1.0 GiB) in /a because the memory of the host ran out" ]
	# A kill is told, though nobody knows in which cgroup.
	[ "$(told '')" = "the kernel killed db[7] on the host because memory ran out" ]
}

@test "lnx-rules: memory_limit: a share that cannot be is all of the time" {
	rules '[memory_limit]'
	for t in $(seq 10 50); do
		printf '{"v":1,"event":"cgroup","boot_ns":%d000000000,"cgroup":"/a","interval_ns":1000000000,"memory_max_events":5}\n' "$t"
		printf '{"v":1,"event":"psi","boot_ns":%d500000000,"cgroup":"/a","resource":"memory","interval_ns":1000000000,"some_pct":1e304}\n' "$t"
	done >in
	[ "$(lnx-rules -r my.conf in | jq -c '.values.stalled | [.value <= 100, .value > 10]' | sort -u)" = '[true,true]' ]
}

@test "lnx-rules: crash_loop: how it ended is that of the failures that are counted" {
	rules '[crash_loop]'
	for i in $(seq 60); do
		printf '{"v":1,"event":"exit","boot_ns":%d000000000,"id":"0123abcd-%d000000000-%d","pid":%d,"parent_id":"0123abcd-5-9","ppid":9,"comm":"svc","exit_code":%d,"duration_ns":5000000000}\n' \
			$((i * 10)) $((i * 10 - 5)) $((1000 + i)) $((1000 + i)) $((i < 45 ? 2 : 3))
	done >in
	[ "$(lnx-rules -r my.conf in | jq -c '[.culprit.count, .top.exits]' | tail -n 1)" = '[6,[{"exit_code":3,"count":6}]]' ]
}

@test "lnx-rules: noisy_neighbor: how sure it is of what was long before does not count" {
	rules '[noisy_neighbor]'
	pair() { for t in $(seq "$1" "$2"); do rec stall "$t" "\"resource\":\"cpu\",\"victim\":{\"cgroup\":\"/v\"},\"culprit\":{\"kind\":\"cgroup\",\"cgroup\":\"/c\"},\"window_ns\":1000000000,\"stall_ns\":$3,\"share\":0.5,$4"; done; }
	sure='"method":"measured","confidence":1' guess='"method":"estimated","confidence":0.2'
	told() { lnx-rules -r my.conf | jq -r 'select(.state == "opened") | .evidence | "\(.method) \(.confidence)"'; }
	[ "$({ pair 10 10 50000000 "$guess"; pair 11 60 50000000 "$sure"; pair 61 90 200000000 "$sure"; } | told)" = "measured 1" ]
	[ "$({ pair 11 60 50000000 "$sure"; pair 61 70 200000000 "$sure"; pair 71 71 200000000 "$guess"; pair 72 90 200000000 "$sure"; } | told)" = "estimated 0.2" ]
}

@test "lnx-rules: what is rounded is in the unit that it comes to" {
	is() {
		printf '[g]\nkind = %s\ndetector = gauge\nfield = %s\nabove = 0\n' "$1" "$2" >my.conf
		rec "$1" 1 "\"$2\":$3" | lnx-rules -r my.conf | jq -r .summary |
			sed 's/.* is \(.*\), above .*/\1/'
	}
	of() { while read -r n _; do is "$1" "$2" "$n"; done | paste -sd ,; }
	of exit duration_ns <<'END' | grep -Fx '999 us,1.0 ms,999 ms,1.0 s,9.9 s,10 s,599 s,10 min'
999400
999600
999499999
999500000
9940000000
9960000000
599400000000
599600000000
END
	of sample rss_bytes <<'END' | grep -Fx '1023 B,1023 KiB,1.0 MiB,9.9 MiB,10 MiB'
1023
1048060
1048070
10400000
10470000
END
	# The value is that of the sentence, up to the greatest that a record may tell.
	printf '[g]\nkind = sample\ndetector = gauge\nfield = rss_bytes\nabove = 0\n' >my.conf
	rec sample 1 '"rss_bytes":18446744073709551615' | lnx-rules -r my.conf >out
	jq -e '.values.rss_bytes | .value > 1.8e19 and .peak > 1.8e19' out
	jq -r .summary out | grep -F ' 16777216 TiB,'
}

@test "lnx-rules: psi_saturation, circuit_breaker: for is told only of what is above" {
	psi() { rec psi "$1" "\"resource\":\"cpu\",\"interval_ns\":1000000000,\"some_pct\":$2"; }
	said() {
		for t in {101..130}; do psi "$t" "$((t < 118 ? 95 : 78))"; done | lnx-rules -r my.conf |
			jq -r 'select(.state == "updated").summary | sub("; .*"; "") | sub(".* is "; "")' |
			uniq | paste -sd :
	}
	rules '[psi_saturation];resource = cpu;above = 90%;for = 10s;update = 5s'
	[ "$(said)" = '95 % for 15 s:78 %, no longer above 90 %' ]
	rules '[circuit_breaker];cpu = 0%;pressure = 90%;for = 10s;update = 5s'
	[ "$(said)" = '95 % for 15 s:78 %, no longer above its limits' ]
}

@test "lnx-rules: when an incident opened stays what was told, though the clock is set" {
	rules '[g];kind = sample;detector = gauge;field = rss_bytes;above = 100;update = 1s'
	at() { rec sample "$1" "\"time\":\"2026-01-01T0$2:00:0$1.000000000Z\",\"rss_bytes\":150"; }
	{ at 1 0; at 2 0; at 3 7; at 4 7; } | lnx-rules -r my.conf >out
	jq -r .time out | cut -c 12-19 | paste -sd ' ' | grep -x '00:00:01 00:00:02 07:00:03 07:00:04'
	[ "$(jq -r '.opened, .evidence.from' out | uniq)" = 2026-01-01T00:00:01.000000000Z ]
}
