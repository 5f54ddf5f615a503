load ../lib/envpod
# Undo, killed before a system call that changes a file, or one of those fails: the host and the pod
# are as before or as after, and what was not done can be done (./faults says what is compared).
# tests/long/faults.bats has every call.
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_loop() { [ -e /dev/loop-control ]; }

# faults AT-LEAST SCENARIO ACTION [FIRST [STEP]]: so many were injected, and did no harm.
faults()
{
	local least=$1 said
	shift
	said=$("$TOP/tests/pod-mount/faults" "$@" 2>&1) || { echo "$said"; return 1; }
	said=$(tail -1 <<<"$said")
	[ "${said%% *}" -ge "$least" ] || { echo "$* hit too few: $said"; return 1; }
}

@test "undo of a commit" { faults 15 undo kill 1 17 && faults 9 undo each 2 29; }
@test "undo of an undo" { faults 10 redo kill 1 11 && faults 6 redo each 2 17; }
@test "undo of a rollback" { faults 10 return kill 1 23 && faults 6 return each 2 37; }
@test "undo of a commit to another filesystem" { faults 6 undofar kill 3 71 && faults 6 undofar each 2 83; }
