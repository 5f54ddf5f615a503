#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
}
teardown()
{
	[ -z "${FOLLOWER:-}" ] || kill "$FOLLOWER" 2>/dev/null || true
	envpod_teardown
}

# follow ARGUMENT...: in the background, into $T/out.
follow()
{
	pod-audit follow "$@" >"$T/out" 2>"$T/err" 3>&- &
	FOLLOWER=$!
}

says() { [ "$(jq -r .n "$T/out" | tr '\n' ' ')" = "$1" ]; }

@test "what is there, then what comes" {
	events 2 | pod-audit append web
	follow --json web
	wait_for 10 says "1 2 "
	events 3 | pod-audit append web
	wait_for 10 says "1 2 1 2 3 "
}

@test "only the last N, only what matches" {
	events 5 | pod-audit append web
	follow --json -n 1 --where '.n % 2 == 1' web
	wait_for 10 says "5 "
	events 5 | pod-audit append web
	wait_for 10 says "5 1 3 5 "
}

@test "query -f is the same" {
	events 1 | pod-audit append web
	pod-audit query -f --json web >"$T/out" 3>&- &
	FOLLOWER=$!
	wait_for 10 says "1 "
	events 2 | pod-audit append web
	wait_for 10 says "1 1 2 "
}

@test "a log that is still empty" {
	follow --json web
	events 2 | pod-audit append web
	wait_for 10 says "1 2 "
}

@test "through a rotation, losing nothing" {
	events 2 | pod-audit append web
	follow --json web
	wait_for 10 says "1 2 "
	# the same file in two steps: what comes into the old segment, then into the new ones
	events 4 | pod-audit append web
	wait_for 10 says "1 2 1 2 3 4 "
	pod_dir other
	events 9 | pod-audit append other
	pod_dir web
	tail -n1 "$ENVPOD_STATE_DIR/pods/other/audit/000001.jsonl" >"$AUDIT/000002.jsonl"
	events 1 | sed 's/}$/,"seq":1,"chain":"x"}/' >"$AUDIT/000005.jsonl"
	wait_for 10 says "1 2 1 2 3 4 9 1 "
}

@test "half a line is waited for" {
	events 1 | pod-audit append web
	follow --json web
	wait_for 10 says "1 "
	printf '{"event":"x",' >>"$LOG"
	printf '"n":7}\n' >>"$LOG"
	wait_for 10 says "1 7 "
}

@test "ends when the pod's log is moved to the archive" {
	events 1 | pod-audit append web
	follow --json web
	wait_for 10 says "1 "
	events 2 | pod-audit append web
	mv "$AUDIT" "$T/moved"
	wait "$FOLLOWER"
	FOLLOWER=
	says "1 1 2 "
}

@test "ends when its reader is gone, also when nothing happens" {
	events 1 | pod-audit append web
	pod-audit follow --json web 3>&- | head -n1 >"$T/out"
	says "1 "
}

@test "ends on SIGTERM" {
	follow --json web
	local status=0
	kill -TERM "$FOLLOWER"
	wait "$FOLLOWER" || status=$?
	FOLLOWER=
	[ "$status" = 143 ]
}

@test "standard input cannot be followed" {
	expect 64 pod-audit follow - </dev/null
}
