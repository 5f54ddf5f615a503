load ../lib/envpod
# Faults at system calls that only look: that nobody knows is not the same as that nothing is there.
# And at those of what changes a pod alone.  (./faults says what is compared; tests/long/faults.bats
# has every call of every scenario.)
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_cgroup2() { grep -q ' cgroup2 ' /proc/self/mounts; }
have_loop() { [ -e /dev/loop-control ]; }

# faults AT-LEAST [-r] SCENARIO ACTION [FIRST [STEP]]: so many were injected, and did no harm.
faults()
{
	local least=$1 said
	shift
	said=$("$TOP/tests/pod-mount/faults" "$@" 2>&1) || { echo "$said"; return 1; }
	[ "${said%% *}" -ge "$least" ] || { echo "$* hit too few: $said"; return 1; }
}

@test "undo, a look fails: the pod has its changes again whole" { faults 20 -r undo EIO -399 12; }
@test "undo of a rollback, a look fails" { faults 8 -r return EIO -300 27; }
@test "commit and rollback of the rest, a look fails: nothing of the rest stays in another layer" { faults 4 -r rest EIO 1033 7 1063; }
@test "layers of renamed directories are merged, a look fails" { faults 12 -r fold EIO 16 44; }
@test "layers are merged, a look fails" { faults 6 -r squash EIO -250 34; }
@test "layers are merged, killed, or a call fails" { faults 5 squash kill 2 12 && faults 5 fold each 3 19; }
@test "a snapshot, a look fails" { faults 6 -r snapshot EIO -100 12; }
@test "a snapshot, killed, or a call fails" { faults 3 snapshot kill 1 7 && faults 3 snapshot each 2 7; }
@test "a snapshot of a pod that runs, killed, or a call or a look fails" { need cgroup2; faults 4 live kill 3 41 && faults 3 live each 2 51 && faults 4 -r live EIO 5 141; }
@test "a restore, a look fails" { faults 5 -r restore EIO 7 61; }
@test "a restore, killed, or a call fails" { faults 3 restore kill 2 11 && faults 3 restore each 1 11; }
@test "commit --output, a look fails: what it says is written is" { faults 5 -r output EIO 5 131; }
@test "commit --output, killed, or a call fails" { faults 3 output kill 3 47 && faults 3 output each 2 47; }
