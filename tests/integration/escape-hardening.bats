# SPDX-License-Identifier: Apache-2.0
# What a process in a pod has and may become.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file hardening; }
teardown_file() { escape_teardown_file; }

@test "no_new_privs is set (H-01)" { attack new-privileges; }
@test "the system call filter is on" { attack no-filter; }
@test "effective capabilities: none for users, the short list for root" { attack effective-capabilities; }
@test "permitted capabilities: none for users, the short list for root" { attack permitted-capabilities; }
@test "bounding set: the short list at most" { attack bounding-capabilities; }
@test "ambient capabilities of the caller do not come along" { attack ambient-capabilities; }
@test "inheritable capabilities of the caller do not come along" { attack inheritable-capabilities; }
@test "no capability can be raised" { attack raise-capabilities; }
@test "exec as root regains the short list only" { attack become-root; }
@test "root of the host is not in the id map" { attack host-root; }
@test "supplementary groups of the caller do not come along" { attack inherited-groups; }
@test "groups of the host cannot be joined" { attack join-group; }
@test "the core limit forbids dumps and stays so (H-03)" { attack core-limit; }
@test "a crash reaches no core handler of the host" { attack core-handler; }
@test "a crash dumps no core" { attack core-dump; }
@test "descriptors of the caller do not come along" { attack inherited-descriptors; }
@test "the environment of the caller does not come along" { attack inherited-environment; }

@test "every attack of this kind has its test" { all_attacks_tested hardening; }
