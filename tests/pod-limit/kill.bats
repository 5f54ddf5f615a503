#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

@test "kill ends every process of the pod, in app and in guardian" {
	pod web 'pids.max 50'
	pod-limit apply web
	in_pod web sh -c 'sleep 60 & sleep 60 & wait'
	local one=$! two
	sleep 60 3>&- &
	two=$!
	STARTED="$STARTED $two"
	echo $two >"$(groups_of web | head -1)/guardian/cgroup.procs"
	pod-limit kill web
	is_dead $one
	is_dead $two
	[ "$(usage_of web .populated)" = false ]
	tail -1 "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl | jq -e '.event == "kill" and .src == "limit" and .processes == 4'
}

@test "kill outruns what forks without end" {
	pod web 'pids.max 200'
	pod-limit apply web
	in_pod web sh -c 'bomb() { bomb | bomb & }; while :; do bomb; done' 2>/dev/null
	wait_for 10 eval '[ "$(usage_of web .pids)" -gt 50 ]'
	pod-limit kill web
	[ "$(usage_of web .populated)" = false ]
}

@test "the groups are gone: kill finds the pod's init" {
	pod web
	sleep 60 3>&- &
	local pid=$!
	STARTED="$STARTED $pid"
	echo "$pid $(awk '{ print $22 }' /proc/$pid/stat)" >"$ENVPOD_RUN_DIR/web/init.pid"
	pod-limit kill web
	is_dead $pid
}

@test "a recycled pid is not taken for the init" {
	pod web
	sleep 60 3>&- &
	local pid=$!
	STARTED="$STARTED $pid"
	echo "$pid 1" >"$ENVPOD_RUN_DIR/web/init.pid"
	pod-limit kill web
	refute is_dead $pid
}

@test "without cgroup2: by the v1 groups, one process at a time" {
	[ -d /sys/fs/cgroup/pids ] || not_here "no v1 hierarchy"
	pod web 'pids.max 50'
	pod-limit apply web
	in_pod web sh -c 'sleep 60 & sleep 60 & wait'
	unshare -m sh -c "umount -l $V2; exec pod-limit kill web"
	is_dead $!
	[ "$(usage_of web .populated)" = false ]
}

@test "nothing runs: nothing to kill, no failure" {
	pod web
	pod-limit kill web
	expect 2 pod-limit kill nobody
	expect 64 pod-limit kill
	expect 64 pod-limit kill web web
}

@test "the log cannot be written: the processes end all the same, and that is said" {
	pod web
	pod-limit apply web
	in_pod web sleep 60
	rm -rf "$ENVPOD_STATE_DIR/pods/web/audit"
	: >"$ENVPOD_STATE_DIR/pods/web/audit"
	run pod-limit kill web
	[ "$status" -ne 0 ]
	is_dead $!
}
