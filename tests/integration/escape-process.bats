# SPDX-License-Identifier: Apache-2.0
# Escapes by way of processes: those of the host, pid 1 of the pod, what processes share.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file process; }
teardown_file() { escape_teardown_file; }

@test "pid 1 is not that of the host (P-01)" { attack see-host-init; }
@test "processes of the host are not listed (P-02)" { attack see-host-process; }
@test "command lines of the host and of other pods cannot be read" { attack see-other-pod; }
@test "the environment of a process of the host cannot be read" { attack peer-environ; }
@test "the root of a process of the host cannot be entered" { attack peer-root; }
@test "a process of the host cannot be signalled (P-04)" { attack signal-peer; }
@test "and none was" { attack peer-signalled; }
@test "a process of the host cannot be traced" { attack trace-peer; }
@test "pid 1 cannot be traced (P-03)" { attack trace-init; }
@test "nobody outside can be made a tracer (S-03)" { attack trace-me; }
@test "the memory of pid 1 cannot be read by process_vm_readv" { attack read-init-memory; }
@test "no descriptor of pid 1 can be taken" { attack steal-init-descriptor; }
@test "/proc/1/root is closed" { attack init-root; }
@test "/proc/1/cwd is closed" { attack init-cwd; }
@test "/proc/1/exe is closed" { attack init-exe; }
@test "/proc/1/fd is closed" { attack init-fd; }
@test "/proc/1/fdinfo is closed" { attack init-fdinfo; }
@test "/proc/1/environ is closed" { attack init-environ; }
@test "/proc/1/mem is closed" { attack init-mem; }
@test "/proc/1/maps is closed" { attack init-maps; }
@test "/proc/1/auxv is closed" { attack init-auxv; }
@test "/proc/1/stack is closed" { attack init-stack; }
@test "/proc/1/syscall is closed" { attack init-syscall; }
@test "/proc/1/task/1/mem is closed" { attack init-task-mem; }
@test "/proc/1/ns is closed" { attack init-ns; }
@test "pid 1 holds no file of the host" { attack init-descriptors; }
@test "the program of pid 1 cannot be overwritten" { attack overwrite-init-exe; }
@test "the program of a joining run cannot be overwritten (CVE-2019-5736)" { attack overwrite-joiner-exe; }
@test "a joining run cannot be got hold of before its exec" { attack window-before-exec; }
@test "the mount namespace of pid 1 cannot be entered" { attack enter-init-mnt; }
@test "the network namespace of pid 1 cannot be entered (N-09)" { attack enter-init-net; }
@test "the uts namespace of pid 1 cannot be entered" { attack enter-init-uts; }
@test "setns into the own uts namespace is closed" { attack enter-own-uts; }
@test "setns into the own network namespace is closed" { attack enter-own-net; }
@test "shared memory of the host is out of reach" { attack host-shared-memory; }
@test "message queues of the host are out of reach" { attack host-message-queue; }
@test "the keyring of the caller is out of reach (S-06)" { attack host-key; }
@test "servers on the loopback of the host are out of reach" { attack host-loopback; }
@test "network interfaces of the host are not there (N-01)" { attack host-interfaces; }
@test "a terminal on standard input is one of the pod" { attack host-terminal-0; }
@test "a terminal on standard output is no way to that of the caller" { attack host-terminal-1; }
@test "a terminal on standard error is no way to that of the caller" { attack host-terminal-2; }
@test "the controlling terminal of the caller cannot be opened" { attack caller-terminal; }
@test "nothing can be typed into a terminal" { attack tiocsti; }
@test "nothing can be pasted on a console" { attack tioclinux; }
@test "priority cannot be raised" { attack raise-priority; }
@test "real-time scheduling is closed" { attack realtime; }
@test "the host name cannot be changed (N-07)" { attack hostname; }
@test "the domain name cannot be changed" { attack domainname; }

@test "every attack of this kind has its test" { all_attacks_tested process joiner window terminal; }
