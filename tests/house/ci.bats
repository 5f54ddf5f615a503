#!/usr/bin/env bats
# .ci/run with a make that only says what it would have found.
load ../lib/envpod

setup()
{
	envpod_setup
	unset MAKEFLAGS MAKELEVEL
	mkdir -p "$T/bin" "$T/tree/.ci"
	cp "$TOP/.ci/run" "$T/tree/.ci/"
	export PATH=$T/bin:$PATH LOG=$T/log
	fake 'echo "3 passed, 0 failed, 1 skipped"'
}
teardown() { envpod_teardown; }

fake()
{
	printf '#!/bin/sh\necho "$*" >>$LOG\ncase "$*" in demo) echo done; exit 0 ;; esac\n%s\n' "$1" >"$T/bin/make"
	chmod +x "$T/bin/make"
}

@test ".ci/run: every step is taken, their sums are the last line" {
	expect 0 "$T/tree/.ci/run"
	[ "${lines[-1]}" = '16 passed, 0 failed, 5 skipped' ]
	grep -qx 'check ENVPOD_MUST_RUN=1 RETRY=3' "$LOG"
	grep -qx lint "$LOG"
	grep -q 'SAN=address,undefined check-unit' "$LOG"
	grep -qx 'fuzz FUZZ_S=20' "$LOG"
	grep -qx check-vm "$LOG"
}

@test ".ci/run: a failure in one step fails the whole, the others are still taken" {
	fake 'case "$*" in lint) echo "2 passed, 1 failed, 0 skipped"; exit 1 ;; esac; echo "3 passed, 0 failed, 0 skipped"'
	expect 1 "$T/tree/.ci/run"
	[ "${lines[-1]}" = '15 passed, 1 failed, 0 skipped' ]
	[[ $output == *'failed steps: lint'* ]]
	grep -qx check-vm "$LOG"
}

@test ".ci/run: a step that dies without a word is a failure" {
	fake 'case "$*" in check-vm) exit 2 ;; esac; echo "3 passed, 0 failed, 0 skipped"'
	expect 1 "$T/tree/.ci/run"
	[ "${lines[-1]}" = '13 passed, 1 failed, 0 skipped' ]
}

@test ".ci/run: a step that reports no failure and ends badly is a failure" {
	fake 'echo "3 passed, 0 failed, 0 skipped"; case "$*" in fuzz*) exit 1 ;; esac'
	expect 1 "$T/tree/.ci/run"
	[ "${lines[-1]}" = '16 passed, 1 failed, 0 skipped' ]
}
