#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

left() { find /sys/fs/cgroup -path "*/$ENVPOD_CGROUP*" -type d; }

@test "remove leaves no group in any hierarchy" {
	pod web 'cpu.max 50000 100000' 'memory.max 67108864' 'pids.max 40' 'cpuset.cpus 0'
	pod-limit apply web
	[ -n "$(left)" ]
	pod-limit remove web
	[ -z "$(left)" ]
	pod-limit remove web
}

@test "another pod's groups stay" {
	pod web 'pids.max 40'
	pod other 'pids.max 41'
	pod-limit apply web
	pod-limit apply other
	pod-limit remove web
	[ -z "$(groups_of web)" ]
	[ "$(knob other pids.max)" = 41 ]
}

@test "processes live: 75, and they keep running under their limits" {
	pod web 'pids.max 40'
	pod-limit apply web
	in_pod web sleep 60
	expect 75 pod-limit remove web
	refute is_dead $!
	[ "$(knob web pids.max)" = 40 ]
}

@test "right after a kill it waits for the kernel to let go" {
	local _
	pod web 'pids.max 90' 'memory.max 67108864'
	for _ in 1 2 3 4 5; do
		pod-limit apply web
		in_pod web sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait'
		pod-limit kill web
		pod-limit remove web
		[ -z "$(left)" ]
	done
}

@test "a pod that is gone already can be cleaned up after" {
	pod web 'pids.max 40'
	pod-limit apply web
	rm -rf "$ENVPOD_STATE_DIR/pods/web"
	pod-limit remove web
	[ -z "$(left)" ]
	expect 64 pod-limit remove ../web
}
