#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
}
teardown() { envpod_teardown; }

@test "all is well" {
	events 2 | pod-audit append web
	pod-audit key --take >"$T/key"
	expect 0 pod-audit doctor
	[[ $output == *"pass  audit-log"* ]]
	[ "$(pod-audit doctor --json | jq -r .status | sort -u)" = pass ]
	[ "$(pod-audit doctor --json | jq -r '[keys_unsorted[]] | join(" ")' | sort -u)" = "name group status message hint" ]
}

@test "a log that cannot be continued is named with the way to look into it, and left as it is" {
	events 2 | pod-audit append web
	echo junk >>"$LOG"
	cp "$LOG" "$T/before"
	expect 2 pod-audit doctor
	[[ $output == *"log of pod web"*"pod-audit verify web"* ]]
	cmp "$LOG" "$T/before"
}

@test "a torn tail is no fault: the next append mends it" {
	events 2 | pod-audit append web
	printf '{"v":' >>"$LOG"
	pod-audit key --take >"$T/key"
	expect 0 pod-audit doctor
	[ "$(tail -n1 "$LOG")" = '{"v":' ]
}
