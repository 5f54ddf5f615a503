#!/usr/bin/env bats
# What pod-plugin promises: plugins as lines, needs as JSON, statuses that tell "not here" from "failed".
load contract

setup()
{
	contract_setup pod-plugin
}
teardown() { envpod_teardown; }

@test "list: an object a line" {
	"$TOOL" list --json | objects plugin summary path
}

@test "probe: what is found; 1 where one that was named finds nothing" {
	"$TOOL" probe --json null | objects plugin here found notes
	[ "$("$TOOL" probe --json null | jq -r .here)" = true ]
}

@test "plan: needs, a line each, which --judge judges" {
	[ "$("$TOOL" plan null say=x)" = '{"need":"env","name":"POD_NULL","value":"x"}' ]
	"$TOOL" plan --judge --pod web null
	expect 2 "$TOOL" plan null what
	expect 2 "$TOOL" plan gpu-nosuch
	expect 78 "$TOOL" plan nosuch
	expect 64 "$TOOL" plan
}

@test "words" {
	helps list probe plan
}
