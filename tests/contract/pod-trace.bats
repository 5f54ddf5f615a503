#!/usr/bin/env bats
# What pod-trace promises: ready when it sees everything, events a line each, a doctor.
load contract

setup()
{
	need root overlay userns
	contract_setup pod-trace
	[ -z "$("$TOOL" doctor --json | jq -r 'select(.status != "pass").name')" ] || not_here "this kernel does not tell"
	pod web "audit: {system_trace: yes}"
}
teardown() { envpod_teardown; }

told() { jq -se "any(.[]; $1)" "$T/events" >/dev/null; }

@test "watch: ready, then commands, an object a line; on SIGTERM what is left, and 0" {
	mkfifo "$T/ready"
	"$TOOL" watch --ready-fd 8 web 8>"$T/ready" >"$T/events" 3>&- &
	RUN=$!
	read -r -N1 <"$T/ready"
	pod-mount enter web -- pod-exec web -- sh -c '/bin/true it; exit 3' || [ $? = 3 ]
	kill "$RUN"
	wait "$RUN"
	told '.src == "trace" and .event == "exec" and .argv == ["/bin/true","it"] and .pod == "web"'
	told '.event == "exit" and .status == 3'
}

@test "nothing to do, no such pod" {
	pod none "audit: {system_trace: no}"
	"$TOOL" watch none
	expect 2 "$TOOL" watch nosuch
	expect 64 "$TOOL" watch
}

@test "doctor: a check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "words" {
	helps watch doctor
}
