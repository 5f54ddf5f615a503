#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns netns
	printf 'network: {mode: None}\nprocessor: {max_pids: 200, memory: 512MB}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	JOB=
}

teardown()
{
	envpod kill web >/dev/null 2>&1 || true
	[ -z "$JOB" ] || wait "$JOB" || true
	envpod_teardown
}

state() { envpod ls --json web | jq -r .status; }
is_state() { [ "$(state)" = "$1" ]; }
usage() { pod-limit usage --json web | jq -r "$1"; }
# In the foreground of another terminal, without any supervisor.
foreground() { envpod run web -- "$@" >/dev/null 2>&1 3>&- & JOB=$!; wait_for 10 is_state running; }

@test "freeze and resume: from here, of a run without a supervisor; who did it is on record" {
	foreground sleep 1000
	envpod remote web freeze | grep -qx 'Pod web: frozen.'
	is_state frozen
	envpod remote --json web resume | jq -e '.ok and .command == "resume" and .state == "running" and .pod == "web"'
	is_state running
	envpod audit web --json | jq -se 'map(select(.event | startswith("remote_"))) |
		map(.event) == ["remote_freeze", "remote_resume"] and all(.by == "root" and .status == 0)'
}

@test "the same of a background run" {
	envpod run -b web -- sleep 1000
	wait_for 10 is_state running
	envpod remote web freeze
	is_state frozen
	envpod remote web kill
	wait_for 10 is_state stopped
	[ "$(usage .populated)" = false ]
}

@test "restrict: what the workload has is less at once, by options and by --payload; undo gives it back" {
	foreground sleep 1000
	envpod remote web restrict --memory 64MB --pids 20
	[ "$(usage .memory_max) $(usage .pids_max)" = "67108864 20" ]
	# The run that goes on is held by it: so is what comes into the same groups.
	run envpod run web -- sh -c 'i=0; while [ $((i += 1)) -le 40 ]; do sleep 1000 >/dev/null 2>&1 & done'
	[[ $status -ne 0 && $output = *fork* ]]
	envpod remote web restrict --payload '{"memory_bytes": 33554432, "max_pids": 10}' --json |
		jq -e '.ok and .message == "restricted"'
	[ "$(usage .memory_max) $(usage .pids_max)" = "33554432 10" ]
	envpod undo web --all
	[ "$(usage .memory_max) $(usage .pids_max)" = "536870912 200" ]
	envpod audit web --json | jq -se 'map(select(.event == "remote_restrict")) | length == 2 and
		.[1].limits == ["memory.max=33554432", "pids.max=10"]'
}

@test "a payload with a field that is none, or a value that is none, changes nothing" {
	foreground sleep 1000
	expect 64 envpod remote web restrict --payload '{"max_pids": 20, "memory_mb": 64}'
	[[ $output = *"no field memory_mb; did you mean memory_bytes?"* ]]
	expect 64 envpod remote web restrict --payload '{"max_pid": 20}'
	[[ $output = *"did you mean max_pids?"* ]]
	for bad in '' '[]' '{' '{"max_pids":-1}' '{"max_pids":"20"}' '{"max_pids":20}x' '{"max_pids":2,"max_pids":3}' '{"cpuset_cpus":1}'; do
		expect 64 envpod remote web restrict --payload "$bad"
	done
	expect 64 envpod remote web restrict
	expect 64 envpod remote web restrict --memory lots
	expect 64 envpod remote web freeze --memory 1GB
	expect 64 envpod remote web freez
	[[ $output = *"Did you mean freeze?"* ]]
	[ "$(usage .pids_max)" = 200 ]
}

@test "of a pod that does not run nothing can be frozen or restricted, and status says so" {
	expect 2 envpod remote web freeze
	expect 2 envpod remote web restrict --pids 20
	[[ $output = *"envpod resize"* ]]
	envpod remote web status --json | jq -e '.ok and .state == "created" and .data.populated == false'
	envpod remote web status | grep -q '^status  *created'
	envpod audit web --json | jq -se 'map(select(.event == "remote_freeze")) | .[0].status == 2'
}

@test "alerts are the monitor's events" {
	[ "$(envpod remote web alerts --json | jq -c .data)" = "[]" ]
	echo '{"src":"monitor","event":"monitor_alert","rule":"x"}' | pod-audit append web
	envpod remote web alerts --json | jq -e '.data | length == 1 and .[0].rule == "x"'
	envpod remote web alerts | grep -q monitor_alert
}

@test "freeze stops a fork bomb, and kill leaves an empty control group" {
	local before group
	foreground perl -e 'fork while 1'
	wait_for 10 eval '[ "$(usage .pids)" -ge 150 ]'
	envpod remote web freeze
	is_state frozen
	before=$(usage .cpu_usec)
	for _ in 1 2 3 4 5; do envpod ls >/dev/null; done
	[ "$(usage .cpu_usec)" = "$before" ]
	group=$(grep -o "${ENVPOD_CGROUP:-envpod}/web@[^/]*" "/proc/$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")/cgroup" | head -1)
	[ -n "$(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} +)" ]
	envpod remote web kill
	[ "$(usage .populated)" = false ]
	# cgroup v1 lists the dead for as long as nobody has looked at how they ended.
	wait_for 10 eval '[ -z "$(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} +)" ]'
}

@test "dns-reload of a pod with a resolver" {
	envpod remote web dns-reload | grep -q 'names are read anew'
	envpod audit web --json | jq -se 'map(select(.event == "policy_change" and .reload)) | length == 1'
}
