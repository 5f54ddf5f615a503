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
# Calls that only look: that nobody knows is not the same as that nothing is there.
@test "commit, a look fails" { "$TOP/tests/pod-mount/faults" -r commit EIO; }
@test "rollback, a look fails" { "$TOP/tests/pod-mount/faults" -r rollback EIO; }
