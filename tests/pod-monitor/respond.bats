#!/usr/bin/env bats
# Responses, to what a pod that lives does.
load helper

setup()
{
	envpod_setup
	need root overlay userns
}
teardown() { monitor_teardown; }

@test "a burner of processor time fires once, and the pod stands still" {
	pod '{name: hot, when: .sample.cpu.percent > 5, clear: "false", response: [alert, freeze]}' \
		'{name: looks, when: "(.window | length) % 2 == 0", response: alert}'
	burn 'while :; do :; done'
	wait_for 20 has_event monitor_freeze
	envpod ls | grep -q frozen
	looks() { [ "$(events monitor_alert | jq -c 'select(.rule == "looks")' | wc -l)" -ge 3 ]; }
	wait_for 20 looks
	[ "$(events monitor_alert | jq -c 'select(.rule == "hot")' | wc -l)" = 1 ]
	events monitor_freeze | jq -se 'length == 1 and .[0].status == 0 and .[0].cpu_percent >= 5'
	pod-audit verify web
}

@test "a freeze that fails is tried again; what went well is not done twice" {
	pod '{name: ready, when: .sample.running, response: alert}' \
		'{name: needle, when: "any(.events[]; .event == \"needle\")", clear: "false", response: [alert, freeze]}'
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	undo=$ENVPOD_STATE_DIR/pods/web/undo
	rm -rf "$undo" && touch "$undo" # pod-limit fails for want of a record
	echo '{"src":"test","event":"needle"}' | pod-audit append web
	wait_for 20 has_event monitor_policy
	events monitor_freeze | jq -se 'length == 1 and .[0].status != 0'
	rm "$undo"
	wait_for 20 has_event monitor_freeze 2
	events monitor_freeze | jq -se 'length == 2 and .[1].status == 0'
	[ "$(events monitor_alert | wc -l)" = 2 ]
	[ "$(events monitor_policy | wc -l)" = 1 ]
	envpod ls | grep -q frozen
}

@test "a fork bomb is stopped where it is, with every process of it" {
	pod '{name: bomb, condition: {type: resource_threshold, resource: pids, max_percent: 50}, response: freeze}'
	pod-config set web max_pids=300
	burn 'b() { b | b & }; b; sleep 1000'
	wait_for 30 has_event monitor_freeze
	events monitor_freeze | jq -se '.[0].status == 0 and .[0].pids >= 150'
	envpod ls | grep -q frozen
	usage() { pod-limit usage --json web | jq -c '[.frozen, .cpu_usec, .pids]'; }
	[[ $(usage) == "[true,"* ]]
	[ "$(usage)" = "$(usage)" ]
	envpod kill web
}

@test "memory near its limit" {
	pod '{name: memory, condition: {type: resource_threshold, resource: memory, max_percent: 50}, response: alert}' \
		'{name: names, when: .sample.dns.denied > 0, response: kill}'
	pod-config set web memory=100MB
	burn '(head -c 60000000 /dev/zero; sleep 1000) | tail -n 1'
	remembered() { events monitor_alert | jq -se 'any(.rule == "memory" and .memory > 50000000)'; }
	wait_for 20 remembered
	[ "$(events monitor_alert | wc -l)" = 1 ]
}

@test "names that are refused too often freeze the pod" {
	need netns
	pod '{name: names, when: "[.window[].dns.denied] | (max - min) > 10", response: freeze}'
	sed 's/^network:.*/network: {dns: {allow: [a.example]}}/; s/^name:.*/name: asks/' "$T/pod.yaml" >"$T/asks.yaml"
	envpod init asks -c "$T/asks.yaml" >/dev/null
	envpod run asks -- sh -c 'sleep 2; for n in $(seq 30); do getent hosts "refused$n.example"; done; sleep 1000' >/dev/null 2>&1 3>&- &
	frozen() { pod-limit usage --json asks | jq -e .frozen; }
	wait_for 30 frozen
	remembered() { envpod audit asks --json --src monitor | jq -se '.[0].event == "monitor_freeze" and .[0].dns_denied > 10'; }
	wait_for 10 remembered
	envpod kill asks
	envpod stop -t 0 asks
}

@test "restrict: live, seen by who runs there, and taken back by undo" {
	pod '{name: many, when: .sample.pids.count >= 5, clear: "false", response: {type: restrict, max_pids: 20}}'
	envpod run web -- sh -c 'for i in 1 2 3 4 5 6; do sleep 1000 & done
		until (for i in $(seq 30); do sleep 0.01 & done; wait) 2>&1 | grep -q .; do :; done; echo refused; while :; do sleep 1; done' \
		>"$T/out" 2>&1 3>&- &
	wait_for 20 has_event monitor_restrict
	events monitor_restrict | jq -se '.[0].words == ["pids.max=20"] and .[0].status == 0'
	wait_for 20 grep -q refused "$T/out"
	pod-limit usage --json web | jq -e '.pids_max == 20'
	envpod undo web --json | jq -se 'length == 1 and .[0].what == "limits" and .[0].by == "root"'
	envpod undo web "$(envpod undo web --json | jq -r .id)"
	pod-limit usage --json web | jq -e '.pids_max == null'
	# It has fired, and holds on: what a person took back stays so.
	looked() { [ "$(events | wc -l)" -ge 1 ] && [ "$(pod-monitor sample web | jq -r .ts)" \> "$1" ]; }
	wait_for 10 looked "$(date -u +%FT%T)"
	events monitor_restrict | jq -se 'length == 1'
}

@test "kill: nothing is left in the pod's groups" {
	pod '{name: bomb, when: .sample.pids.count > 50, response: kill}'
	burn 'for i in $(seq 100); do sleep 1000 & done; wait'
	wait_for 20 has_event monitor_kill
	events monitor_kill | jq -se '.[0].status == 0'
	pod-limit usage --json web | jq -e '.populated == false and .pids == 0'
}

@test "snapshot" {
	pod '{name: first, when: .sample.running, response: snapshot}'
	burn 'echo x >/root/made; sleep 1000'
	wait_for 20 has_event monitor_snapshot
	events monitor_snapshot | jq -se '.[0].status == 0'
	[ "$(envpod snapshot web ls --json | wc -l)" -ge 1 ]
}
