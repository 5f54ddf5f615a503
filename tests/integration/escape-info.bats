# SPDX-License-Identifier: Apache-2.0
# What a pod may not learn of the host. I-05, the version of the kernel, is no secret.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file info; }
teardown_file() { escape_teardown_file; }

@test "the host name is that of the pod (I-04)" { attack host-name; }
@test "the kernel log is closed" { attack kernel-log; }
@test "kernel addresses are hidden" { attack kernel-addresses; }
@test "/proc: none of the masked files says anything" { attack masked-proc; }
@test "/sys: none of the masked directories holds anything" { attack masked-sys; }
@test "/sys/firmware is empty" { attack firmware; }
@test "/proc/keys is empty" { attack keys; }
@test "/proc/timer_list is empty" { attack timers; }
@test "the cgroup path of the host is hidden" { attack cgroup-path; }
@test "cgroups of the host are hidden" { attack host-cgroups; }
@test "every mount is nosuid, nodev, and read-only where it must be" { attack mount-table; }

@test "every attack of this kind has its test" { all_attacks_tested info; }
