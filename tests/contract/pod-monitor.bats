#!/usr/bin/env bats
# What pod-monitor promises in words, files and statuses.
load contract

setup()
{
	need root
	contract_setup pod-monitor
	others pod-config
	printf 'rules: [{name: on, when: .sample.running, response: alert}]\n' >"$T/rules.yaml"
}
teardown() { envpod_teardown; }

@test "sample: one object, with every group" {
	pod web
	"$TOOL" sample web | objects v ts pod running frozen cpu memory pids io net dns requests disk actions
	[ "$("$TOOL" sample web | wc -l)" = 1 ]
	expect 2 "$TOOL" sample nosuch
}

@test "set-policy, show, check: what is given holds; what is wrong is refused" {
	pod web
	[ -z "$("$TOOL" show --json web)" ]
	"$TOOL" set-policy web "$T/rules.yaml"
	"$TOOL" show --json web | objects rule state times last response when source
	"$TOOL" check web
	echo 'rules: [{name: on}]' >"$T/wrong.yaml"
	expect 78 "$TOOL" set-policy web "$T/wrong.yaml"
	expect 78 "$TOOL" check --file "$T/wrong.yaml"
	[ "$("$TOOL" show --json web | wc -l)" = 1 ]
	"$TOOL" set-policy --reset web
	[ -z "$("$TOOL" show --json web)" ]
	expect 64 "$TOOL" set-policy web
	expect 64 "$TOOL" set-policy --reset web "$T/rules.yaml"
}

@test "test: samples in, firings out, statuses as grep's" {
	others pod-mount pod-exec
	pod web
	"$TOOL" sample web | jq -c '.running = true' | "$TOOL" test "$T/rules.yaml" | objects ts rule what response
	"$TOOL" sample web >"$T/samples"
	expect 1 "$TOOL" test "$T/rules.yaml" <"$T/samples"
}

@test "watch: where there are no rules it ends with 0" {
	pod web
	"$TOOL" watch web
}

@test "help and completion come from the same tables" {
	helps watch sample test check set-policy show doctor
}
