#!/usr/bin/env bats
# What an executor of file and git actions promises: JSON in, JSON out, descriptor 3.
load contract

setup()
{
	contract_setup pod-action
	cd "$T" || return
}
teardown() { envpod_teardown; }

ask() { "$TOOL" <<<"$1" 3<>"$T/kept"; }

@test "an answer is one object: ok and what came of it, undo or why there is none" {
	ask '{"v":1,"id":"i","type":"file_create","params":{"path":"a","content":"x"}}' >said
	objects ok result undo <said
	[ "$(cat a)" = x ]
	ask "{\"type\":\"file_create\",\"undo\":$(jq -c .undo said)}" | jq -e .ok
	[ ! -e a ]
}

@test "what fails says so in its answer and by its status" {
	expect 2 ask '{"type":"file_delete","params":{"path":"nosuch"}}'
	jq -e '.ok == false and (.error | length > 0)' <<<"${lines[0]}"
	expect 2 ask '{"type":"nosuch"}'
	expect 2 ask 'not JSON'
	expect 2 ask ''
}
