# SPDX-License-Identifier: Apache-2.0
# What a pod is governed by is out of its reach; it changes nothing of its network.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file governance; }
teardown_file() { escape_teardown_file; }

@test "the audit log is out of reach" { attack audit-log; }
@test "the logs of other pods are out of reach" { attack audit-archive; }
@test "the vault is out of reach" { attack vault; }
@test "the keys of vault and seal are out of reach" { attack vault-keys; }
@test "a secret of the pod's on the host is out of reach" { attack planted-secret; }
@test "the queue of actions is out of reach" { attack queue; }
@test "what a pod asks for it cannot approve itself" { attack approve-own; }
@test "the files of another pod are out of reach" { attack other-pod; }
@test "the sockets of another pod do not answer" { attack other-pod-socket; }
@test "the pod's policy is out of reach" { attack policy; }
@test "the plan that the walls are built by is out of reach" { attack plan; }
@test "what undo is made of is out of reach" { attack undo; }
@test "the sockets of the pod's keepers are out of reach" { attack keeper; }
@test "no process shows a secret of the host in its environment" { attack secret-in-environments; }
@test "no process shows a secret of the host among its words" { attack secret-in-words; }
@test "network interfaces cannot be changed" { attack link-flags; }
@test "packets cannot be marked" { attack packet-marks; }
@test "foreign source addresses cannot be taken" { attack transparent-sockets; }

@test "every attack of this kind has its test" { all_attacks_tested governance network; }
