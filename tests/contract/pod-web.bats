#!/usr/bin/env bats
# What pod-web promises in words, files and statuses.  What it serves: tests/pod-web.
load contract

setup()
{
	need root
	contract_setup pod-web
	pod web
}
teardown() { envpod_teardown; }

@test "serve: a pod that is not there, one without a page, a descriptor that is not open" {
	expect 2 "$TOOL" serve nosuch
	expect 0 "$TOOL" serve web
	expect 64 "$TOOL" serve --ready-fd 77 web
	expect 64 "$TOOL" serve
}

@test "link, sessions, revoke: where nothing is served, what to do is said" {
	for word in link sessions "revoke --all"; do
		expect 2 "$TOOL" $word web
		[[ $output == *"envpod display web"* ]]
		expect 2 "$TOOL" $word nosuch
	done
	expect 64 "$TOOL" revoke web none
}

@test "help and completions" { helps serve link sessions revoke doctor; }

@test "doctor: a line a check" {
	run "$TOOL" doctor --json
	objects name group status message hint <<<"$output"
}
