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
