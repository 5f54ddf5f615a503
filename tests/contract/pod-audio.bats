#!/usr/bin/env bats
# What pod-audio promises: a socket that was handed in, whose connections say in a line what they are.
load contract

setup()
{
	contract_setup pod-audio
	python3 "$TOP/tests/lib/hand.py" "$T/sock" audio "$TOOL" serve 2>/dev/null 3>&- &
	SERVER=$!
	wait_for 10 test -S "$T/sock"
}

teardown()
{
	kill "$SERVER" 2>/dev/null || true
	wait "$SERVER" 2>/dev/null || true
	envpod_teardown
}

@test "its words, their help, and wrong usage" { helps serve; }

@test "without any PipeWire it serves all the same: states, a WebM header, answers" {
	python3 "$TOP/tests/pod-audio/hear.py" "$T/sock" control '{"do":"state"}' '{"do":"no"}' >"$T/said"
	jq -se '.[0].ok and .[0].volume == 100 and .[0].muted == false and .[1].ok == false and .[1].error == "request"' "$T/said"
	python3 "$TOP/tests/pod-audio/hear.py" "$T/sock" webm 0.5 "$T/a.webm"
	[ "$(head -c 4 "$T/a.webm" | od -An -tx1 | tr -d ' ')" = 1a45dfa3 ]
	python3 "$TOP/tests/pod-audio/hear.py" "$T/sock" opus 1 0.5 | jq -e '.packets == 0 and .states == 1'
}
