#!/usr/bin/env bats
# What pod-dash promises in words, files and statuses.  What it serves: tests/pod-dash.
load contract

setup()
{
	need root
	contract_setup pod-dash
}
teardown() { envpod_teardown; }

@test "where nothing is served, what to do is said" {
	for word in link token sessions "revoke 1"; do
		expect 2 "$TOOL" $word
		[[ $output == *"envpod dashboard"* ]]
	done
	expect 2 "$TOOL" stop
}

@test "words that are none" {
	expect 64 "$TOOL" link --role king
	expect 64 "$TOOL" revoke none
	expect 64 "$TOOL" serve --port 99999
	expect 64 "$TOOL" serve --role king
}

@test "help and completions" { helps serve link token sessions revoke stop routes; }

@test "routes: a line each" {
	run -0 "$TOOL" routes
	[[ $output == *"GET    /api/v1/pods "*"envpod ls --json"* ]]
}
