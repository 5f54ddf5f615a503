load ../lib/envpod
# Faults at the system calls of a commit or rollback that change a file: killed before one, or one
# fails.  Always all of it or nothing of it, after the next command (./faults says what is compared).
# tests/long/faults.bats has every scenario in full.
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_loop() { [ -e /dev/loop-control ]; }

# faults AT-LEAST SCENARIO ACTION [FIRST [STEP]]: so many were injected, and did no harm.
faults()
{
	local least=$1 said
	shift
	said=$("$TOP/tests/pod-mount/faults" "$@" 2>&1) || { echo "$said"; return 1; }
	[ "${said%% *}" -ge "$least" ] || { echo "$* hit too few: $said"; return 1; }
}

@test "commit, killed at every other call" { faults 100 commit kill 1 2; }
@test "commit, killed at those between" { faults 100 commit kill 2 2; }
@test "commit, any call fails" { faults 90 commit each 1 2; }
@test "rollback, killed anywhere" { faults 100 rollback kill; }
@test "rollback, any call fails" { faults 40 rollback each 2 2; }
@test "commit of a part" { faults 15 some kill 4 11 && faults 15 some each 9 11; }
@test "commit of some hunks" { faults 15 hunks kill 2 4 && faults 10 hunks each 3 7; }
@test "a change set from a file" { faults 20 apply kill 5 17 && faults 12 apply each 7 23; }
@test "commit and rollback of the rest" { faults 15 rest kill 1 11 && faults 15 rest each 3 11; }
@test "rollback of a part" { faults 10 part kill 2 8 && faults 10 part each 5 8; }
@test "commit to another filesystem" { faults 25 far kill 7 19 && faults 25 far each 2 19; }
