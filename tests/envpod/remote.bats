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

# What the kernel says of the pod's group, by either version.
group() { grep -o "${ENVPOD_CGROUP:-envpod}/web@[^/]*" "/proc/$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")/cgroup" | head -1; }
quota() { cat /sys/fs/cgroup/{,cpu/,cpu,cpuacct/}"$(group)"/cpu.{max,cfs_quota_us} 2>/dev/null | head -1 | cut -d' ' -f1; }
throttled() { cat /sys/fs/cgroup/{,cpu/,cpu,cpuacct/}"$(group)"/cpu.stat 2>/dev/null | awk '/nr_throttled/ { print $2; exit }'; }
more_throttled() { [ "$(throttled)" -gt "$1" ]; }
is_on() { [ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$1/status")" = "$2" ]; }

@test "restrict processors: what runs already is slowed, and sees fewer; undo gives back both" {
	local burner all before
	[ "$(nproc)" -ge 2 ] || not_here "one processor"
	foreground perl -e 'fork; 1 while 1'
	burner=$(pgrep -n -f '^perl -e fork')
	all=$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$burner/status")
	before=$(quota)
	envpod remote web restrict --cores 0.2 --cpus 1
	[ "$(quota)" = 20000 ]
	wait_for 10 is_on "$burner" 1
	wait_for 10 more_throttled "$(throttled)"
	[ "$(envpod run web -- nproc)" = 1 ]
	envpod remote web restrict --payload '{"cpu_cores": 0.1, "cpuset_cpus": "0"}'
	[ "$(quota)" = 10000 ]
	wait_for 10 is_on "$burner" 0
	envpod undo web --all
	wait_for 10 is_on "$burner" "$all"
	[ "$(quota)" = "$before" ] || [[ "$(quota)" = -1 || "$(quota)" = max ]]
}

# Quotas of a real filesystem are tests/vm/quota.bats; here pod-mount keeps the limit in a file.
stand_in()
{
	mkdir -p "$T/front"
	cat >"$T/front/pod-mount" <<-'END'
	#!/bin/bash
	[ "$1" = quota ] || exec "$B/bin/pod-mount" "$@"
	echo "$*" >>"$T/told"
	[ "$2" != --json ] || { echo "{\"pod\":\"web\",\"bytes\":1,\"limit\":$(cat "$T/limit")}"; exit; }
	[ ! -e "$T/was" ] || [[ $* != *--was* ]] || exit 3
	size=${3%MB}; [ "$size" = "$3" ] || size=$((size << 20)); [ "$size" != none ] || size=0
	echo "$size" >"$T/limit"
	END
	chmod +x "$T/front/pod-mount"
	echo "$1" >"$T/limit"
	export ENVPOD_TOOLS=$T/front
}

@test "restrict of storage and others is one thing: one record, taken back as one; one of both fails, none holds" {
	local id
	foreground sleep 1000
	stand_in 16777216
	envpod remote web restrict --disk 8MB --memory 64MB
	[ "$(cat "$T/limit") $(usage .memory_max)" = "8388608 67108864" ]
	envpod undo web --json | jq -se 'length == 1 and .[0].what == "limits"'
	id=$(envpod undo web --json | jq -r .id)
	# Somebody changed one of them since.
	pod-limit set --no-undo web memory=48MB
	expect 3 envpod undo web "$id"
	[ "$(cat "$T/limit") $(usage .memory_max)" = "8388608 50331648" ]
	pod-limit set --no-undo web memory=64MB
	touch "$T/was"
	expect 3 envpod undo web "$id"
	rm "$T/was"
	envpod undo web "$id"
	[ "$(cat "$T/limit") $(usage .memory_max)" = "16777216 536870912" ]
	envpod undo web "$(envpod undo web --json | jq -rs '.[-1].id')"
	[ "$(cat "$T/limit") $(usage .memory_max)" = "8388608 67108864" ]
	expect 2 envpod remote web restrict --disk 4MB --cpus 4095
	[ "$(cat "$T/limit")" = 8388608 ]
	# Without a record nothing is changed.
	mv "$ENVPOD_STATE_DIR/pods/web/undo" "$T/undo"
	touch "$ENVPOD_STATE_DIR/pods/web/undo"
	expect 2 envpod remote web restrict --disk 4MB --memory 32MB
	rm "$ENVPOD_STATE_DIR/pods/web/undo"
	[ "$(cat "$T/limit") $(usage .memory_max)" = "8388608 67108864" ]
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
	# Who was on its way into the freezer still has its last ticks counted.
	still() { before=$(usage .cpu_usec); for _ in 1 2 3 4 5; do envpod ls >/dev/null; done; [ "$(usage .cpu_usec)" = "$before" ]; }
	wait_for 20 still
	group=$(group)
	[ -n "$(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} +)" ]
	envpod remote web kill
	[ "$(usage .populated)" = false ]
	# cgroup v1 lists the dead for as long as nobody has looked at how they ended.
	wait_for 10 eval '[ -z "$(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} +)" ]'
}

@test "kill ends a fork bomb at its work, and leaves an empty control group" {
	local group
	foreground perl -e 'fork while 1'
	wait_for 10 eval '[ "$(usage .pids)" -ge 150 ]'
	group=$(group)
	envpod remote web kill
	[ "$(usage .populated)" = false ]
	wait_for 10 eval '[ -z "$(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} +)" ]'
}

@test "dns-reload of a pod with a resolver" {
	envpod remote web dns-reload | grep -q 'names are read anew'
	envpod audit web --json | jq -se 'map(select(.event == "policy_change" and .reload)) | length == 1'
}
