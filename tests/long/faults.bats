load ../lib/envpod
# Every call of every scenario: killed before it, each error, and errors of calls that only look.
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

# all SCENARIO: every action at every call.
all()
{
	local action
	for action in kill EIO ENOSPC EINTR; do
		"$TOP/tests/pod-mount/faults" "$1" "$action"
	done
}

@test "commit" { all commit; }
@test "commit of a part" { all some; }
@test "commit and rollback of the rest" { all rest; }
@test "commit to another filesystem" { all far; }
@test "commit of some hunks" { all hunks; }
@test "a change set from a file" { all apply; }
@test "rollback" { all rollback; }
@test "rollback of a part" { all part; }
@test "undo of a commit" { all undo; }
@test "undo of a commit to another filesystem" { all undofar; }
@test "undo of an undo" { all redo; }
@test "undo of a rollback" { all return; }
@test "a snapshot" { all snapshot; }
@test "a snapshot of a pod that runs" { all live; }
@test "a restore" { all restore; }
@test "undo of a restore" { all unrestore; }
@test "merged layers" { all squash; }
@test "merged layers of renamed directories" { all fold; }
@test "commit --output" { all output; }
# Calls that only look: that nobody knows is not the same as that nothing is there.
looks() { "$TOP/tests/pod-mount/faults" -r "$1" EIO; }

@test "commit, a look fails" { looks commit; }
@test "rollback, a look fails" { looks rollback; }
@test "undo of a commit, a look fails" { looks undo; }
@test "undo of a commit to another filesystem, a look fails" { looks undofar; }
@test "undo of an undo, a look fails" { looks redo; }
@test "undo of a rollback, a look fails" { looks return; }
@test "a snapshot, a look fails" { looks snapshot; }
@test "a snapshot of a pod that runs, a look fails" { looks live; }
@test "a restore, a look fails" { looks restore; }
@test "undo of a restore, a look fails" { looks unrestore; }
@test "merged layers, a look fails" { looks squash; }
@test "merged layers of renamed directories, a look fails" { looks fold; }
@test "commit --output, a look fails" { looks output; }
