#!/usr/bin/env bats
# What pod-display promises: a doctor, words for agents, statuses.
load contract

setup() { contract_setup pod-display; }
teardown() { envpod_teardown; }

@test "doctor: a check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "no desktop: 77" {
	unset DISPLAY WAYLAND_DISPLAY XDG_RUNTIME_DIR
	for word in size pointer 'move 1 1' click 'drag 1 1 2 2' 'scroll up' 'type a' 'key a' wait-change 'shot -o -' 'record -o /dev/null'; do
		# shellcheck disable=SC2086
		expect 77 "$TOOL" $word
	done
}

@test "words" {
	helps shot size pointer move click drag scroll type key wait-change record doctor
}
