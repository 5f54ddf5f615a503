#!/usr/bin/env bats
# pod-monitor doctor: what was tried, and what is measured.
load helper

setup()
{
	envpod_setup
	need root
	export ENVPOD_CGROUP=envpod-monitor-$$-$RANDOM
}
teardown()
{
	envpod_teardown
	wait_for 10 groups_gone
}

@test "programs run behind the lock-down, and it is said what is measured" {
	pod-monitor doctor --json >"$T/said"
	jq -se 'map(.name) == ["programs", "measures"] and all(.group == "monitor") and .[0].status == "pass"' "$T/said"
	envpod doctor --json | jq -se 'any(.name == "programs" and .group == "monitor")'
	expect 64 pod-monitor doctor web
}
