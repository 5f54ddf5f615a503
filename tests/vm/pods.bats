#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The machine itself is what it is meant to be: otherwise everything here would prove nothing.

load ../lib/envpod

@test "every controller is in the unified hierarchy, and none in a v1 one" {
	refute grep -w cgroup <(cut -d' ' -f3 /proc/self/mounts)
	[ "$(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts)" = /sys/fs/cgroup ]
	for controller in cpu cpuset memory pids io; do
		grep -qw $controller /sys/fs/cgroup/cgroup.controllers
	done
}
