#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# apply and set: limits of the pod file, limits of a live pod.

load ../lib/envpod
load limit
setup() { limit_setup; need root; }
teardown() { limit_teardown; }

@test "apply gives the pod every limit of its plan, by whichever hierarchy" {
	pod web 'cpu.max 50000 100000' 'cpu.weight 200' 'memory.max 67108864' 'pids.max 40' 'cpuset.cpus 0'
	pod-limit apply web
	[ "$(knob web memory.max memory.limit_in_bytes)" = 67108864 ]
	[ "$(knob web pids.max)" = 40 ]
	[ "$(knob web cpuset.cpus)" = 0 ]
	[ "$(knob web cpu.max || echo "$(knob web cpu.cfs_quota_us) $(knob web cpu.cfs_period_us)")" = "50000 100000" ]
	[ "$(knob web cpu.weight || knob web cpu.shares)" != 100 ]
	[ "$(events web)" = "set_limits " ]
}

@test "memory and swap: raised and lowered in the order the kernel wants" {
	local max
	pod web 'memory.max 67108864' 'memory.swap.max 0'
	pod-limit apply web
	for max in 268435456 33554432 536870912; do
		pod web "memory.max $max" 'memory.swap.max 0'
		pod-limit apply web
		[ "$(knob web memory.max memory.limit_in_bytes)" = "$max" ]
		[ "$(knob web memory.swap.max || echo $(($(knob web memory.memsw.limit_in_bytes) - max)))" = 0 ]
	done
}

@test "a limit that left the pod file is lifted" {
	pod web 'pids.max 40' 'memory.max 67108864'
	pod-limit apply web
	pod web
	pod-limit apply web
	run knob web pids.max
	[[ $status -ne 0 || $output = max ]]
	run knob web memory.max memory.limit_in_bytes
	[[ $status -ne 0 || $output = max || $output -gt 67108864 ]]
}

@test "what is as it should be is not written again" {
	pod web 'cpu.max 50000 100000' 'memory.max 67108864' 'pids.max 40' 'cpuset.cpus 0'
	pod-limit apply web
	strace -f -e trace=openat -o "$T/trace" pod-limit apply web
	refute grep -E 'O_(WRONLY|RDWR).*' <(grep -vE 'ENOENT|audit|jsonl|"seal"|"lock"|/dev/null' "$T/trace")
}

@test "io.max: the device of a path, by bytes and by operations" {
	local dev
	dev=$(lsblk -dnro MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }')
	[ -n "$dev" ] || dev=$(awk '$3 ~ /^(vd|sd|nvme)/ { print $1 ":" $2; exit }' /proc/diskstats)
	[ -n "$dev" ] || not_here "no disk"
	pod web "io.max $dev rbps=1048576 wiops=100"
	pod-limit apply web
	if [ -e "$(groups_of web | head -1)/io.max" ]; then
		[ "$(knob web io.max)" = "$dev rbps=1048576 wbps=max riops=max wiops=100" ]
	else
		[ "$(knob web blkio.throttle.read_bps_device)" = "$dev 1048576" ]
		[ "$(knob web blkio.throttle.write_iops_device)" = "$dev 100" ]
	fi
}

@test "the pid limit stops a fork bomb, and nothing else" {
	pod web 'pids.max 20'
	pod-limit apply web
	in_pod web sh -c 'bomb() { bomb | bomb & }; bomb; wait; sleep 60' 2>/dev/null
	wait_for 10 eval '[ "$(knob web pids.events | tr -dc 0-9)" -gt 0 ]'
	[ "$(usage_of web .pids_max)" = 20 ]
	[ "$(usage_of web .pids)" -le 20 ]
	true # we can still fork
	pod-limit kill web
	[ "$(usage_of web .populated)" = false ]
}

@test "the memory limit kills what outgrows it, and counts it" {
	pod web 'memory.max 33554432' 'memory.swap.max 0'
	pod-limit apply web
	[ "$(usage_of web .oom_kills)" = 0 ]
	in_pod web tail /dev/zero
	wait_for 20 is_dead $!
	[ "$(usage_of web .oom_kills)" -ge 1 ]
	[ "$(usage_of web .memory_max)" = 33554432 ]
	[ "$(usage_of web .memory_peak)" -le 33554432 ]
}

@test "the processor limit throttles" {
	pod web 'cpu.max 2000 100000'
	pod-limit apply web
	in_pod web sh -c 'while :; do :; done'
	wait_for 20 eval 'knob web cpu.stat | grep -q "nr_throttled [1-9]" ||
		grep -q "nr_throttled [1-9]" $(groups_of web | sed "s,$,/cpu.stat,")'
}

@test "set changes a live pod, its words are the pod file's too" {
	pod web
	pod-limit apply web
	in_pod web sleep 60
	pod-limit set web memory=64MB max_pids=30 cores=0.5 cpu_affinity=0
	[ "$(knob web memory.max memory.limit_in_bytes)" = 67108864 ]
	[ "$(knob web pids.max)" = 30 ]
	[ "$(usage_of web .pids)" = 1 ]
	# The processes that lived already are under the limit, too.
	[ "$(procs_of web | xargs grep -Lx $!)" = "" ]
	pod-limit set web memory.max=max
	[[ $(usage_of web .memory_max) = null ]]
	[ "$(knob web pids.max)" = 30 ]
	[ "$(events web)" = "set_limits set_limits set_limits " ]
	tail -1 "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl | jq -e '."memory.max" == "max"'
}

@test "set refuses what it does not know, and changes nothing" {
	pod web 'pids.max 30'
	pod-limit apply web
	expect 64 pod-limit set web memry=1
	[[ $output = *"did you mean memory"* ]]
	expect 64 pod-limit set web pids.max=many
	expect 64 pod-limit set web pids.max
	expect 64 pod-limit set web cores=0
	expect 64 pod-limit set web pids.max=5 memory=lots
	[ "$(knob web pids.max)" = 30 ]
	expect 64 pod-limit set web
	expect 2 pod-limit set nobody pids.max=1
	expect 64 pod-limit set ../x pids.max=1
}

@test "a value the kernel does not take is said with file and reason" {
	pod web 'cpuset.cpus 0'
	expect 2 pod-limit set web cpuset.cpus=4095
	[[ $output = *cpuset.cpus* ]]
}

# As a host without the controller: nothing may run as if it had been limited.
@test "no controller for a limit: 77, naming limit and controller" {
	pod web 'memory.max 67108864'
	run unshare -m sh -c 'awk "\$3 ~ /^cgroup2?\$/ { print \$2 }" /proc/self/mounts | sort -r |
		xargs umount -l; exec pod-limit apply web'
	[ "$status" -eq 77 ]
	[[ $output = *memory.max*memory*controller* ]]
}

@test "a limit only v2 knows, on a host that has the controller in v1: 77" {
	[ -d /sys/fs/cgroup/memory ] || not_here "v2 drives memory"
	pod web 'memory.high 67108864'
	expect 77 pod-limit apply web
	[[ $output = *"only cgroup v2"* ]]
}

@test "pods of other state directories have groups of their own" {
	pod web 'pids.max 30'
	pod-limit apply web
	export ENVPOD_RUN_DIR=$T/run2
	mkdir -m 700 "$T/run2"
	pod web 'pids.max 31'
	pod-limit apply web
	[ "$(groups_of web | xargs -n1 basename | sort -u | wc -l)" = 2 ]
	pod-limit remove web
	export ENVPOD_RUN_DIR=$T/run
	[ "$(knob web pids.max)" = 30 ]
}
