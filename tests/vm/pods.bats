#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real pods on the distribution's kernel, under the unified hierarchy.

load ../lib/envpod
setup() { envpod_setup; }
teardown()
{
	[ -z "${RUN:-}" ] || kill -KILL "$RUN" 2>/dev/null || true
	pod-limit kill web 2>/dev/null || true
	envpod_teardown
}

# web KEY VALUE...: a pod with these processor limits.
web()
{
	local file=$T/pod.yaml
	echo "processor:" >"$file"
	while [ $# -gt 0 ]; do
		echo "  $1: $2" >>"$file"
		shift 2
	done
	[ "$(wc -l <"$file")" -gt 1 ] || : >"$file"
	envpod init -c "$file" web
}

# In the background, until it has written something to $T/out; its pid is $RUN.
start()
{
	envpod run web -- "$@" >"$T/out" 2>&1 3>&- &
	RUN=$!
	wait_for 60 test -s "$T/out"
	refute ended "$RUN" || { cat "$T/out" >&2; return 1; }
}

group() { echo "/sys/fs/cgroup/${ENVPOD_CGROUP:-envpod}"/web@*; }

throttled() { grep -qs 'nr_throttled [1-9]' "$(group)/cpu.stat"; }

usage_of() { pod-limit usage --json web | jq -r "$1"; }

ended() { ! kill -0 "$1" 2>/dev/null; }

@test "every controller is in the unified hierarchy, and none in a v1 one" {
	refute grep -w cgroup <(cut -d' ' -f3 /proc/self/mounts)
	[ "$(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts)" = /sys/fs/cgroup ]
	for controller in cpu cpuset memory pids io; do
		grep -qw $controller /sys/fs/cgroup/cgroup.controllers
	done
}

@test "a pod is born inside its group, with its limits, and sees none of it" {
	web memory 64MB max_pids 30 cores 0.5 cpu_affinity "'0'"
	start sh -c 'cat /proc/self/cgroup; nproc; sleep 1000'
	[ "$(head -1 "$T/out")" = 0::/ ]
	[ "$(cat "$(group)/memory.max" "$(group)/pids.max" "$(group)/cpu.max" "$(group)/cpuset.cpus" | tr '\n' ' ')" = "67108864 30 50000 100000 0 " ]
	[ "$(usage_of .populated)" = true ]
	[ -z "$(cat "$(group)/cgroup.procs")" ]
}

@test "out of memory: the program dies, the pod and the host do not, and the log says so" {
	web memory 48MB
	run envpod run web -- tail /dev/zero
	[ "$status" -eq 137 ]
	grep '"event":"run_end"' "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl | tail -1 | jq -e '.oom and .signal == 9'
	[ "$(usage_of .oom_kills)" -ge 1 ]
	[ "$(envpod run web -- echo well)" = well ]
}

@test "a fork bomb stays within the pid limit, and the next run is well" {
	web max_pids 25
	envpod run web -- sh -c 'bomb() { bomb | bomb & }; bomb; sleep 1' >"$T/out" 2>&1 || true
	[ "$(tr -dc 0-9 <"$(group)/pids.events")" -gt 0 ]
	[ "$(envpod run web -- echo well)" = well ]
}

@test "the processor limit throttles" {
	web cores 0.05
	start sh -c 'echo begun; while :; do :; done'
	wait_for 60 throttled
}

@test "lock freezes a run, nobody joins it meanwhile, unlock lets it go on" {
	local before
	web
	start sh -c 'while :; do echo x; done'
	envpod lock web
	before=$(wc -c <"$T/out")
	[ "$(usage_of .frozen)" = true ]
	run envpod run web -- true
	[ "$status" -eq 75 ]
	[[ $output = *frozen* ]]
	[ "$(wc -c <"$T/out")" = "$before" ]
	envpod unlock web
	wait_for 30 eval '[ "$(wc -c <"$T/out")" -gt '"$before"' ]'
}

@test "kill ends a run, also a frozen one, and leaves no process and no mount" {
	web max_pids 50
	start sh -c 'sleep 1000 & sleep 1000 & echo begun; wait'
	envpod lock web
	envpod kill web
	wait_for 30 ended "$RUN"
	[ "$(usage_of .populated)" = false ]
	refute grep -F overlay <(grep -F "$T" /proc/self/mountinfo)
	[ "$(envpod run web -- echo well)" = well ]
}
