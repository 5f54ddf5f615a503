# SPDX-License-Identifier: Apache-2.0
# A pod with limits neither gets nor sees more than they allow.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file limits; }
teardown_file() { escape_teardown_file; }

@test "refused: more processes than max_pids (C-03)" { attack fork-bomb; }
@test "refused: more memory than the limit (C-01)" { attack memory; }
@test "refused: more processor time than the quota (C-02)" { attack processor-time; }
@test "refused: another processor than the affinity allows" { attack other-processor; }
@test "refused: the size of the memory of the host (I-02)" { attack learn-memory; }
@test "refused: the processors of the host, by cpuinfo (I-01)" { attack learn-cpuinfo; }
@test "refused: the processors of the host, by stat (I-03)" { attack learn-stat; }
@test "refused: the processors of the host, by /sys" { attack learn-online; }

@test "every attack of this kind has its test" { all_attacks_tested limits; }
