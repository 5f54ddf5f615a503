# SPDX-License-Identifier: Apache-2.0
# System calls that are closed in a pod.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file seccomp; }
teardown_file() { escape_teardown_file; }

@test "closed: reboot (S-08)" { attack reboot; }
@test "closed: kexec_load" { attack kexec-load; }
@test "closed: kexec_file_load" { attack kexec-file-load; }
@test "closed: init_module (S-04)" { attack init-module; }
@test "closed: finit_module (S-04)" { attack finit-module; }
@test "closed: delete_module" { attack delete-module; }
@test "closed: bpf (S-07)" { attack bpf; }
@test "closed: userfaultfd" { attack userfaultfd; }
@test "closed: userfaultfd for user mode only" { attack userfaultfd-user; }
@test "closed: io_uring" { attack io-uring; }
@test "closed: perf_event_open" { attack perf; }
@test "closed: keyctl (S-06)" { attack keyctl; }
@test "closed: add_key" { attack add-key; }
@test "closed: request_key" { attack request-key; }
@test "closed: swapon" { attack swapon; }
@test "closed: swapoff" { attack swapoff; }
@test "closed: acct" { attack acct; }
@test "closed: quotactl" { attack quotactl; }
@test "closed: iopl" { attack iopl; }
@test "closed: ioperm" { attack ioperm; }
@test "closed: clock_settime" { attack clock-settime; }
@test "closed: settimeofday" { attack settimeofday; }
@test "closed: setting the tick of the clock" { attack adjtimex; }
@test "closed: fanotify" { attack fanotify; }
@test "closed: kcmp" { attack kcmp; }
@test "closed: move_pages" { attack move-pages; }
@test "closed: sysfs" { attack sysfs; }
@test "closed: an executable stack by personality" { attack personality; }
@test "closed: system calls by the 32-bit entry" { attack int80; }
@test "closed: unshare: user namespace" { attack unshare-user; }
@test "closed: unshare: mount namespace (S-02)" { attack unshare-mount; }
@test "closed: unshare: pid namespace" { attack unshare-pid; }
@test "closed: unshare: network namespace" { attack unshare-net; }
@test "closed: unshare: uts namespace" { attack unshare-uts; }
@test "closed: unshare: ipc namespace" { attack unshare-ipc; }
@test "closed: unshare: cgroup namespace" { attack unshare-cgroup; }
@test "closed: unshare: time namespace" { attack unshare-time; }
@test "closed: clone: user namespace" { attack clone-user; }
@test "closed: clone: user and mount namespace" { attack clone-user-mount; }
@test "closed: clone: mount namespace" { attack clone-mount; }
@test "closed: clone: network namespace" { attack clone-net; }
@test "closed: clone: pid namespace" { attack clone-pid; }
@test "closed: clone3: user namespace" { attack clone3-user; }
@test "closed: sockets to the hypervisor" { attack vsock; }
@test "closed: packet sockets" { attack packet-socket; }
@test "closed: raw sockets (N-06)" { attack raw-socket; }
@test "closed: netlink to the firewall" { attack firewall-socket; }
@test "closed: sockets of uncommon families" { attack other-sockets; }

@test "every attack of this kind has its test" { all_attacks_tested seccomp; }
