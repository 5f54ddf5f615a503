#!/usr/bin/env bats
# What an executor of http actions promises: JSON in, JSON out.
load contract

setup() { contract_setup pod-action-http; }
teardown() { envpod_teardown; }

@test "what fails says so in its answer and by its status" {
	local ask
	for ask in '{"type":"http_get","params":{"url":"ftp://localhost/"}}' '{"type":"http_get"}' '{"type":"nosuch"}' 'no JSON'; do
		expect 2 "$TOOL" <<<"$ask"
		jq -e '.ok == false and (.error | length > 0)' <<<"${lines[0]}"
	done
}
