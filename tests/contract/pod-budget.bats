#!/usr/bin/env bats
# What pod-budget promises: amounts, more of them, and a meter that keeps to its words.
load contract

setup()
{
	need root
	contract_setup pod-budget
	pod web "budget:
  max_duration: 1h
  max_requests: 10
  renewable: true"
}
teardown() { envpod_teardown; }

@test "show --json: one object; extend and reset are recorded" {
	"$TOOL" show --json web | objects pod action grace renewable budgets
	"$TOOL" show --json web | jq -e '.budgets | map(.budget) == ["duration", "requests"] and all(.[]; .used == 0 and .exceeded == false)'
	"$TOOL" show web extend requests=5 duration=1m
	"$TOOL" show --json web | jq -e '.budgets | map(.limit) == [3660, 15]'
	"$TOOL" show web reset
	[ "$(jq -r .event "$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl" | sort | uniq -c | awk '{print $1 $2}' | tr '\n' ' ')" = "2budget_extended 2budget_reset " ]
	expect 64 "$TOOL" show web extend cpu=1
	expect 2 "$TOOL" show nosuch
}

@test "meter: ready when it counts; ends with 0 on SIGTERM" {
	mkfifo "$T/ready"
	"$TOOL" meter --ready-fd 8 web 8>"$T/ready" 3>&- &
	RUN=$!
	read -r -N1 <"$T/ready"
	kill "$RUN"
	wait "$RUN"
	[ -s "$ENVPOD_STATE_DIR/pods/web/usage" ]
}

@test "words" {
	helps show meter
}
