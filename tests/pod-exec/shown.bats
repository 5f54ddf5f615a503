#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# /proc and /sys tell the pod's limits, where there are any.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
}
teardown() { envpod_teardown; }

@test "without limits, the files are the kernel's" {
	pod web
	expect 0 in_pod web -- grep MemTotal /proc/meminfo
	[ "$output" = "$(grep MemTotal /proc/meminfo)" ]
	expect 0 in_pod web -- grep -c . /proc/self/mountinfo
	expect 1 in_pod web -- grep -E ' /proc/(meminfo|stat|cpuinfo) ' /proc/self/mountinfo
}

@test "meminfo tells the limit, and what is in use" {
	pod web "memory.max 134217728"
	expect 0 in_pod web -- grep MemTotal /proc/meminfo
	[ "$(awk '{print $2}' <<<"$output")" = 131072 ]
	expect 0 in_pod web -- /usr/bin/python3 -c '
import time
def free(): return int([l for l in open("/proc/meminfo") if l.startswith("MemFree")][0].split()[1])
before, hold = free(), bytearray(64 << 20)
end = time.monotonic() + 20
while free() > before - 60000: assert time.monotonic() < end; time.sleep(0.05)'
}

@test "cpuinfo, stat and the directory of processors tell the quota" {
	[ "$(nproc)" -gt 1 ] || not_here "one processor"
	pod web "cpu.max 50000 100000"
	expect 0 in_pod web -- sh -c 'grep -c ^processor /proc/cpuinfo; grep -c "^cpu[0-9]" /proc/stat
		cat /sys/devices/system/cpu/online; ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l
		cat /sys/devices/system/cpu/cpu0/topology/core_id >/dev/null && echo topology'
	[ "$output" = $'1\n1\n0\n1\ntopology' ]
}

@test "a list of processors is the one that is shown" {
	[ "$(nproc)" -gt 1 ] || not_here "one processor"
	pod web "cpuset.cpus 1"
	expect 0 in_pod web -- sh -c 'grep ^processor /proc/cpuinfo; grep -o "^cpu[0-9]*" /proc/stat
		cat /sys/devices/system/cpu/online; nproc'
	[ "$output" = $'processor\t: 1\ncpu\ncpu1\n1\n1' ]
}

@test "pod root can neither write nor replace what is shown" {
	pod web "memory.max 134217728"
	expect 0 in_pod web --root -- sh -c '! echo x >/proc/meminfo; ! chmod 777 /proc/meminfo
		! umount /proc/meminfo; ! touch /sys/fs/cgroup/x'
}
