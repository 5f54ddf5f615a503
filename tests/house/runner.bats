#!/usr/bin/env bats
# The runner counts what happened, and nothing that went wrong passes unseen.
load ../lib/envpod

setup()
{
	envpod_setup
	unset MAKEFLAGS MAKELEVEL
	cd "$T"
}
teardown() { envpod_teardown; }

program()
{
	{ echo '#!/bin/sh'; cat; } >"$T/$1"
	chmod +x "$T/$1"
}

@test "runner: passes, failures and skips are summed over files" {
	printf '@test "a" { true; }\n@test "b" { skip "because"; }\n' >one.bats
	program two <<-'END'
	echo "ok 1 - fine"
	echo "not ok 2 - bad"
	echo "# the reason"
	echo 1..2
	exit 1
	END
	expect 1 "$TOP/tests/run" one.bats two
	[ "${lines[-1]}" = '2 passed, 1 failed, 1 skipped' ]
	[[ $output == *'FAILED two: bad'*'# the reason'* ]]
}

@test "runner: success is status 0" {
	printf '@test "a" { true; }\n' >one.bats
	expect 0 "$TOP/tests/run" one.bats
	[ "${lines[-1]}" = '1 passed, 0 failed, 0 skipped' ]
}

@test "runner: a crash behind good tests is a failure" {
	program crash <<-'END'
	echo "ok 1 - fine"
	kill -SEGV $$
	END
	expect 1 "$TOP/tests/run" crash
	[ "${lines[-1]}" = '1 passed, 1 failed, 0 skipped' ]
}

@test "runner: a plan that does not hold is a failure" {
	program short <<-'END'
	echo 1..3
	echo "ok 1 - fine"
	END
	expect 1 "$TOP/tests/run" short
	[[ $output == *'3 tests planned, 1 seen'* ]]
}

@test "runner: a status other than 0 behind a whole plan is a failure" {
	program late <<-'END'
	echo "ok 1 - fine"
	echo 1..1
	exit 7
	END
	expect 1 "$TOP/tests/run" late
	[[ $output == *'ended with status 7'* ]]
}

@test "runner: a bats file that cannot be read is a failure" {
	printf '@test "a" {\n' >broken.bats
	expect 1 "$TOP/tests/run" broken.bats missing.bats
	[ "${lines[-1]}" = '0 passed, 2 failed, 0 skipped' ]
}

@test "runner: no test at all is a failure" {
	expect 1 "$TOP/tests/run"
}

@test "runner: a test that hangs is ended and fails" {
	printf '@test "hangs" { sleep 3600; }\n' >hang.bats
	TEST_S=1 expect 1 "$TOP/tests/run" hang.bats
	[[ $output == *'timeout after 1s'* ]]
}

@test "runner: a file that hangs is ended and fails" {
	program hang <<-'END'
	exec sleep 3600
	END
	FILE_S=1 expect 1 "$TOP/tests/run" hang
	[[ $output == *'no tests planned'* ]]
}

@test "runner: what a test leaves behind is a failure, and is cleared" {
	printf '@test "a" { mkdir "$TMPDIR/left"; }\n' >one.bats
	expect 1 "$TOP/tests/run" one.bats
	[[ $output == *'left something behind'*'left'* ]]
	[ -z "$(find "$T" -name left)" ]
}

@test "runner: what a test leaves mounted is a failure, and is let go" {
	need root
	printf '@test "a" { mkdir "$TMPDIR/m" && mount -t tmpfs none "$TMPDIR/m"; }\n' >one.bats
	TMPDIR=$T expect 1 "$TOP/tests/run" one.bats
	[[ $output == *'mounted: '* ]]
	refute grep " $T/" /proc/self/mounts
}

@test "runner: a control group that a file's pods leave is a failure, and is removed" {
	need root
	local v2
	v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$v2" ] || skip "needs cgroup2"
	printf '@test "a" { mkdir -p %s/"$ENVPOD_CGROUP"/web@1/app; }\n' "$v2" >one.bats
	expect 1 "$TOP/tests/run" one.bats
	[[ $output == *"left something behind"*"group: $v2/envpod-tests."*"/web@1/app"* ]]
	[[ $output =~ group:\ ([^ ]*)/web@1/app ]]
	refute test -e "${BASH_REMATCH[1]}"
	printf '@test "a" { mkdir %s/"$ENVPOD_CGROUP"; }\n' "$v2" >two.bats
	expect 0 "$TOP/tests/run" two.bats
}

@test "runner: a file on a filesystem of its own, which is gone afterwards" {
	need root loop
	printf '@test "a" { [ "$(stat -fc %%T "$TMPDIR")" = btrfs ] && touch "$TMPDIR/left"; }\n' >one.bats
	TMPDIR=$T expect 1 "$TOP/tests/run" btrfs:one.bats
	[[ $output == *"btrfs:one.bats"*"1 passed   1 failed"* && $output == *"left something behind"* ]]
	[ -z "$(losetup -n -O BACK-FILE | grep "$T")" ]
	refute grep -q "$T" /proc/self/mounts
	printf '@test "a" { true; }\n' >two.bats
	ENVPOD_MUST_RUN=0 expect 0 "$TOP/tests/run" nofs:two.bats
	[ "${lines[-1]}" = '0 passed, 0 failed, 1 skipped' ]
	ENVPOD_MUST_RUN=1 expect 1 "$TOP/tests/run" nofs:two.bats
}
have_loop() { [ -e /dev/loop-control ]; }

@test "ENVPOD_MUST_RUN=1 makes a missing feature a failure" {
	printf 'load %s/tests/lib/envpod\nhave_magic() { false; }\n@test "a" { need magic; }\n' "$TOP" >one.bats
	ENVPOD_MUST_RUN=0 expect 0 "$TOP/tests/run" one.bats
	[ "${lines[-1]}" = '0 passed, 0 failed, 1 skipped' ]
	ENVPOD_MUST_RUN=1 expect 1 "$TOP/tests/run" one.bats
	[[ $output == *'this machine lacks: magic'* ]]
}

@test "the fuzz runner reports a crash with its input" {
	program fine <<-'END'
	echo stat::number_of_executed_units: 12
	END
	program bad <<-'END'
	echo "SUMMARY: AddressSanitizer: heap-buffer-overflow"
	exit 77
	END
	CORPUS=$T/corpus FUZZ_S=2 expect 1 "$TOP/tests/lib/fuzz-run" "$T/fine" "$T/bad"
	[[ $output == *'not ok - fuzz'*'heap-buffer-overflow'* ]]
	[ "${lines[-1]}" = '1 passed, 1 failed, 0 skipped' ]
}

gone() { ! readlink "/proc/$1/exe" >/dev/null; }

@test "runner: a process that a test left is a failure, and is ended" {
	printf '@test "leaves one" { (exec sleep 1000 >"$TMPDIR/out" 2>&1 </dev/null 3>&-) & disown; }\n' >one.bats
	expect 1 "$TOP/tests/run" one.bats
	[[ $output == *'running: '*' sleep 1000'* ]]
	pid=$(sed -n 's/.*running: \([0-9]*\) sleep 1000/\1/p' <<<"$output")
	wait_for 5 gone "$pid"
}

@test "runner: RETRY gives failed files one more run, and says which were unsteady" {
	printf '@test "a" { run mkdir %s/was; [ "$status" -ne 0 ]; }\n' "$T" >one.bats
	RETRY=1 expect 0 "$TOP/tests/run" "$PWD/one.bats"
	[[ $output == *"unsteady $PWD/one.bats: a"* ]]
	[ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
	printf '@test "a" { false; }\n' >two.bats
	RETRY=1 expect 1 "$TOP/tests/run" "$PWD/two.bats"
	[ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
	# More failures than that are no chance.
	cp two.bats three.bats
	RETRY=1 expect 1 "$TOP/tests/run" "$PWD/two.bats" "$PWD/three.bats"
	refute grep -q unsteady <<<"$output"
}
