#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

@test "doctor says of each limit which hierarchy drives it, and leaves nothing behind" {
	run pod-limit doctor --json
	[ "$status" -eq 0 ]
	jq -es 'all(.group == "limits" and (.status | IN("pass", "warn", "fail")) and .message != "")
		and (map(.name) | contains(["cgroup2", "cpu.max", "memory.max", "pids.max", "io.max"]))' <<<"$output"
	[ -z "$(find /sys/fs/cgroup -path "*/$ENVPOD_CGROUP*" -type d)" ]
	expect 64 pod-limit doctor web
}

@test "what doctor passes can be applied, what it warns of cannot" {
	local name value
	while read -r name value; do
		pod web "$name $value"
		case $(pod-limit doctor --json | jq -r "select(.name == \"$name\").status") in
		pass) pod-limit apply web ;;
		*) expect 77 pod-limit apply web ;;
		esac
		pod-limit remove web
	done <<-'END'
		cpu.max 50000 100000
		cpu.weight 50
		memory.max 67108864
		memory.high 67108864
		pids.max 30
		cpuset.cpus 0
	END
}

@test "without hierarchies: warnings with hints" {
	run unshare -m sh -c 'awk "\$3 ~ /^cgroup2?\$/ { print \$2 }" /proc/self/mounts | sort -r |
		xargs umount -l; exec pod-limit doctor --json'
	[ "$status" -eq 0 ]
	jq -es 'all(.status == "warn" and .hint != "")' <<<"$output"
}
