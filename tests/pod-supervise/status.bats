#!/usr/bin/env bats
load ../lib/envpod
load helper

setup() { supervise_setup; }
teardown() { supervise_teardown; }

@test "0 with a row while one runs, 1 afterwards with how it ended" {
	expect 1 pod-supervise status web
	[ -z "$output" ]
	pod-supervise run web -- sleep 1000
	expect 0 pod-supervise status web
	[[ ${lines[1]} == "1 "*"running "*"$(supervisor)"* ]]
	pod-supervise stop web
	expect 1 pod-supervise status --json web
	[ "$(jq -c '[.run,.state,.pid,.status]' <<<"$output")" = '[1,"ended",null,"143"]' ]
}

@test "a row for each run; one that lost its supervisor says so" {
	pod-supervise run web -- sleep 1000
	pod-supervise run web -- sleep 1000
	[ "$(pod-supervise status --json web | jq -r .run | xargs)" = "1 2" ]
	kill -KILL "$(supervisor 2)"
	wait_for 10 gone "$(supervisor 2)"
	[ "$(pod-supervise status --json web | jq -r .state | xargs)" = "running killed" ]
	expect 2 pod-supervise status nosuch
}
