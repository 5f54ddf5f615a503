#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Budgets end what they are set for: at the moment they are used up, whatever was killed meanwhile.
load ../lib/envpod

setup()
{
	need root overlay userns
	envpod_setup
}
teardown()
{
	[ -z "${RUN:-}" ] || kill -KILL "$RUN" 2>/dev/null || true
	pod-supervise helpers --set govern stop web 2>/dev/null || true
	pod-limit kill web 2>/dev/null || true
	envpod_teardown
}

# web LINE...: a pod whose pod file has these lines below budget:
web()
{
	{ echo 'budget:'; printf '  %s\n' "$@"; } >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
}

events() { envpod audit web --json | jq -c "select(.event | startswith(\"budget\")) | $1"; }
used() { pod-budget show --json web | jq ".budgets[] | select(.budget == \"$1\") | $2"; }
empty() { [ "$(pod-limit usage --json web | jq .populated)" = false ]; }
frozen() { [ "$(pod-limit usage --json web | jq .frozen)" = true ]; }
thawed() { ! frozen; }
meter() { jq -r '.services[] | select(.name == "budget").pid' "$ENVPOD_RUN_DIR/web/govern/services.json"; }
total() { sed -n "s/^$1.total //p" "$ENVPOD_STATE_DIR/pods/web/usage"; }

@test "time: a warning, the end at its moment, an empty pod; then no run until it has more" {
	local begin=$EPOCHREALTIME ms
	web 'max_duration: 2' 'warning: 1' 'grace_period: 0'
	run envpod run web -- sh -c 'trap "" TERM; sleep 100 & sleep 100'
	ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
	[ "$status" -eq 137 ]
	[ $ms -ge 1900 ]
	wait_for 10 empty
	[ "$(events '[.event, .budget, .limit, .action]' | tr '\n' ' ')" = '["budget_warning","duration",2,"stop"] ["budget_exceeded","duration",2,"stop"] ' ]
	run envpod run web -- true
	[ "$status" -eq 3 ]
	[[ $output = *"pod web has used up its duration (2s of 2s)"*"envpod budget web extend duration=AMOUNT"* ]]
	envpod status web | grep -q 'budget .*duration: 2s of 2s, used up'
	expect 3 envpod budget web extend duration=1h
	envpod budget --force web extend duration=1h
	[ "$(envpod run web -- echo well)" = well ]
	events 'select(.event == "budget_extended") | [.budget, .amount, .by, .forced]' | grep -qx '\["duration",3600,"root",true\]'
}

@test "a grace period: who hears of its end may end in it; who does not is killed after it" {
	web 'max_duration: 1' 'grace_period: 60' 'renewable: yes'
	run envpod run web -- sh -c 'trap "echo heard; exit 7" TERM; while :; do sleep 0.1; done'
	[[ $status = 7 && $output = *heard* ]]
	wait_for 10 empty
	envpod budget web reset
	pod-config set web budget.grace_period=1
	run envpod run web -- sh -c 'trap "echo heard" TERM; while :; do sleep 0.1; echo on; done'
	[ "$status" -eq 137 ]
	wait_for 10 empty
	# Between the two there was time.
	[ "$(printf '%s\n' "${lines[@]}" | sed -n '/heard/,$p' | grep -c on)" -ge 3 ]
}

@test "time is that of the whole pod: runs add up, also across a meter that is killed" {
	local before
	web 'max_duration: 1h30m' 'renewable: yes'
	[ "$(used duration .limit)" = 5400 ]
	mkfifo "$T/go"
	envpod run web -- sh -c 'echo up; read x' <>"$T/go" >"$T/out" 3>&- &
	RUN=$!
	wait_for 20 test -s "$T/out"
	kill -KILL "$(meter)"
	wait_for 20 eval '[ "$(used duration .used)" -ge 1 ]'
	echo >"$T/go"
	wait $RUN
	RUN=
	pod-supervise helpers --set govern stop web
	before=$(total duration)
	[ "$before" -ge 1000 ]
	envpod run web -- true
	pod-supervise helpers --set govern stop web
	[ "$(total duration)" -gt "$before" ]
	envpod budget web reset duration
	[ "$(used duration .used)" = 0 ]
}

@test "processor time: freeze, and on once there is more" {
	web 'max_cpu: 1' 'action: freeze' 'renewable: yes'
	envpod run web -- sh -c 'while :; do :; done' 3>&- &
	RUN=$!
	wait_for 60 frozen
	[ "$(used cpu .used)" -lt 4 ]
	[ "$(events .event | tr '\n' ' ')" = '"budget_warning" "budget_exceeded" ' ]
	expect 3 envpod run web -- true
	envpod budget web extend cpu=1h
	wait_for 20 thawed
	pod-limit kill web
	wait $RUN || true
	RUN=
}

@test "alert: it is said once, and nothing else happens" {
	web 'max_duration: 1' 'action: alert'
	envpod run web -- sleep 2
	envpod run web -- true
	[ "$(events 'select(.event == "budget_exceeded") | .action')" = '"alert"' ]
}

@test "a pod without budgets has no meter; one that gets them later does" {
	printf 'queue: {socket: yes}\n' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
	[ "$(pod-budget show web)" = "no budgets" ]
	pod-budget meter web
	pod-config set web budget.max_duration=1
	run envpod run web -- sleep 100
	[ "$status" -ne 0 ]
	events .event | grep -q budget_exceeded
}

@test "nonsense is refused: words, amounts, files" {
	web 'max_duration: 1h' 'renewable: yes'
	for words in 'extend' 'extend duration' 'extend duration=' 'extend duration=0' 'extend duration=x' 'extend cpu=1h' \
		'extend speed=1' 'extend duration=99999999999999999d' 'reset cpu' 'reset speed' 'grow duration=1'; do
		expect 64 envpod budget web $words
	done
	[ "$(used duration .limit)" = 3600 ]
	echo 'envpod-usage 1' >"$ENVPOD_STATE_DIR/pods/web/usage"
	expect 78 envpod budget web
	[[ $output = *"usage is not what envpod wrote"* ]]
}
