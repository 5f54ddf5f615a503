#!/usr/bin/env bats
# pod-monitor watch: rules over a pod that lives.
load helper

setup()
{
	envpod_setup
	need root overlay userns
}
teardown() { monitor_teardown; }

@test "a flood of events: all are counted, and one among them is seen" {
	pod '{name: needle, condition: {type: forbidden_action, action: needle}, response: alert}' \
		'{name: cut, when: "(.events | length) == 1000", response: alert}'
	burn 'sleep 1000'
	watched() { pod-supervise helpers --set govern --json status web | jq -se 'any(.name == "monitor" and .state == "up")'; }
	wait_for 20 watched
	{
		yes '{"src":"test","event":"hay"}' | head -50000
		echo '{"src":"test","event":"needle"}'
		yes '{"src":"test","event":"hay"}' | head -50000
	} | pod-audit append web
	seen() { events monitor_alert | jq -se 'any(.rule == "needle") and any(.rule == "cut")'; }
	wait_for 30 seen
	counted() { pod-monitor sample web | jq -e '.events.count >= 100001 and .events.count < 100100'; }
	wait_for 30 counted
	refute has_event monitor_policy
}

@test "whoever is killed, the same crossing does not fire again" {
	pod '{name: on, when: .sample.running, response: alert}' '{name: tick, when: "(.window | length) % 2 == 0", response: alert}'
	burn 'sleep 1000'
	fired() { [ "$(events monitor_alert | jq -c "select(.rule == \"$1\")" | wc -l)" -ge "$2" ]; }
	wait_for 20 fired on 1
	local watch sampler
	watch=$(monitor)
	sampler=$(pgrep -P "$watch" -f 'pod-monitor watch' | head -1)
	kill -KILL "$sampler"
	fresh() { [ "$(pgrep -P "$watch" | grep -vcx "$sampler")" -ge 1 ]; }
	wait_for 10 fresh
	kill -KILL "$watch"
	again() { pod-supervise helpers --set govern --json status web | jq -se --argjson old "$watch" 'any(.name == "monitor" and .pid != 0 and .pid != $old)'; }
	wait_for 10 again
	events monitor_alert | jq -c 'select(.rule == "tick")' | wc -l >"$T/ticks"
	wait_for 20 fired tick $(($(cat "$T/ticks") + 2))
	[ "$(events monitor_alert | jq -c 'select(.rule == "on")' | wc -l)" = 1 ]
}

# A new segment has the arm end the sampler, whose last word still lies in the pipe between them.
@test "what a sampler told before its end is heard: a firing is not lost with it" {
	pod '{name: needle, when: "any(.events[]; .event == \"needle\")", clear: "false", response: alert}' \
		'{name: ready, when: .sample.running, response: alert}'
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	local watch audit=$ENVPOD_STATE_DIR/pods/web/audit
	watch=$(monitor)
	kill -STOP "$watch"
	tail -1 "$audit/000001.jsonl" >"$audit/000002.jsonl"
	jq -c '.event = "needle" | .src = "test"' "$audit/000002.jsonl" >>"$audit/000001.jsonl"
	told() { envpod monitor web show --json | jq -se 'any(.rule == "needle" and .state == "fired")'; }
	wait_for 20 told || { kill -CONT "$watch"; false; }
	kill -CONT "$watch"
	heard() { events monitor_alert | jq -se 'map(select(.rule == "needle")) | length == 1'; }
	wait_for 20 heard
}

@test "a program that is too much for the sampler: its rule fires, once, and goes off" {
	pod '{name: dear, when: "(.events | any(.event == \"needle\")) and last(repeat(1))", response: alert}' \
		'{name: fired, when: .sample.running, clear: "last(repeat(1))", response: alert}' \
		'{name: tick, when: "(.window | length) % 2 == 0", response: alert}'
	burn 'sleep 1000'
	alerts() { events monitor_alert | jq -c "select(.rule == \"$1\")" | wc -l; }
	ticks() { [ "$(alerts tick)" -ge "$1" ]; }
	wait_for 20 ticks 1
	[ "$(alerts dear)" = 0 ]
	echo '{"src":"test","event":"needle"}' | pod-audit append web
	off() { events monitor_policy | jq -se 'map(.rule) | contains(["dear"]) and contains(["fired"])'; }
	wait_for 20 off
	wait_for 20 ticks $(($(alerts tick) + 2))
	[ "$(alerts dear)" = 1 ] && [ "$(alerts fired)" = 1 ]
	envpod monitor web show --json | jq -se 'map([.state, .times]) | .[0] == ["off", 1] and .[1] == ["off", 1]'
}

@test "events that libjq would die of are seen by their heads; the monitor lives, and says so once" {
	pod '{name: needle, when: "any(.events[]; .event == \"needle\")", response: alert}' \
		'{name: cut, when: "any(.events[]; .cut and .event == \"deep\")", response: alert}' \
		'{name: whole, when: "any(.events[]; .list | length == 1301)", response: alert}'
	burn 'sleep 1000'
	watched() { pod-supervise helpers --set govern --json status web | jq -se 'any(.name == "monitor" and .state == "up")'; }
	wait_for 20 watched
	local list deep
	list=$(yes '[],' | head -1300 | tr -d '\n') # some hundred bytes each
	deep=$(yes '[' | head -200 | tr -d '\n')
	{
		echo "{\"src\":\"test\",\"event\":\"deep\",\"list\":$deep${deep//[/]}}"
		echo '{"src":"test","event":"needle"}'
		yes "{\"src\":\"test\",\"event\":\"hay\",\"list\":[${list}0]}" | head -900
	} | pod-audit append web
	seen() { events monitor_alert | jq -se 'map(.rule) | sort == ["cut", "needle", "whole"]'; }
	wait_for 20 seen
	events monitor_policy | jq -se 'length == 1 and (.[0].reason | test("too large"))'
}

# At each of its beginnings, before a look is over.
kill_samplers()
{
	local kids
	while [ -e "/proc/$1" ]; do
		read -r -a kids <"/proc/$1/task/$1/children" || true
		[ "${#kids[@]}" = 0 ] || kill -KILL "${kids[@]}" || true
	done
}

@test "a sampler that no look ends of is told of, and ends the monitor" {
	pod '{name: any, when: .sample.running, response: alert}'
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	local watch
	watch=$(monitor)
	kill_samplers "$watch" 2>/dev/null
	events monitor_policy | jq -se 'map(select(.reason == "its sampler died")) | length == 1'
	ended() { [ "$(monitor)" != "$watch" ]; }
	wait_for 20 ended
}

@test "a state file that is none of ours is begun anew" {
	pod '{name: on, when: .sample.running, response: alert}'
	for bytes in 10 3000 200000; do
		head -c "$bytes" /dev/urandom >"$ENVPOD_RUN_DIR/web/monitor.state"
		pod-monitor sample web | jq -e '.events.count == 0'
	done
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	[ "$(events monitor_alert | wc -l)" = 1 ]
}

@test "one pod, one monitor" {
	pod '{name: on, when: .sample.running, response: alert}'
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	expect 75 pod-monitor watch web
	envpod stop -t 0 web
	[ "$(events monitor_alert | wc -l)" = 1 ]
}

@test "the sampler is nobody, has no capability, and holds nothing but files to read" {
	pod '{name: now, when: .sample.running, response: alert}'
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	local watch sampler uid
	watch=$(monitor)
	sampler=$(pgrep -P "$watch" -f 'pod-monitor watch' | head -1)
	uid=$(awk '/^Uid:/ { print $2 }' "/proc/$sampler/status")
	[ "$uid" -gt 1879048192 ]
	grep -q '^CapEff:.*0000000000000000' "/proc/$sampler/status"
	grep -q '^NoNewPrivs:.*1' "/proc/$sampler/status"
	grep -q '^Seccomp:.*2' "/proc/$sampler/status"
	[ -z "$(find "/proc/$sampler/fd" -lname 'socket:*')" ]
}
