#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

@test "usage of a pod with limits: what is measured, and the limits as the kernel has them" {
	pod web 'memory.max 67108864' 'pids.max 40'
	pod-limit apply web
	in_pod web sh -c 'sleep 60 & wait'
	run pod-limit usage --json web
	[ "$status" -eq 0 ]
	jq -e '.pod == "web" and .populated and (.frozen | not) and .pids == 2 and .pids_max == 40 and
		.memory > 0 and .memory <= .memory_max and .memory_max == 67108864 and .oom_kills == 0 and
		.cpu_usec >= 0' <<<"$output"
	run pod-limit usage web
	[[ $output = *"state        running"* ]]
	[[ $output = *"memory_max   64.0M"* || $output = *"memory_max   64M"* ]]
}

@test "without limits: pids and processor time are known, what nobody measures is left out" {
	pod web
	pod-limit apply web
	in_pod web sh -c 'sleep 60 & wait'
	two() { [ "$(usage_of web .pids)" = 2 ]; }
	wait_for 20 two
	[ "$(usage_of web .cpu_usec)" -ge 0 ]
	pod-limit usage web | grep -q '^pids *2$'
}

@test "a pod that never ran is empty" {
	pod web
	[ "$(usage_of web .populated)" = false ]
	pod-limit usage web | grep -q '^state *empty$'
	expect 2 pod-limit usage nobody
}
