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

@test "monitor.policy: a file of rules beside the pod file" {
	rules '{name: from-file, when: .sample.running, response: alert}'
	cp "$T/rules.yaml" "$T/more.yaml"
	export ENVPOD_CGROUP=envpod-monitor-$$-$RANDOM
	printf 'name: web\nnetwork: {mode: None}\nmonitor: {policy: more.yaml}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	burn 'sleep 1000'
	wait_for 20 has_event monitor_alert
	envpod monitor web show --json | jq -e '.rule == "from-file" and .source == "monitor.policy"'
	local watch
	watch=$(monitor)
	# Written, replaced or gone: seen without a word to anybody; wrong ones change nothing.
	from_file() { envpod monitor web show --json | jq -se ".[0].rule == \"$1\" and .[0].state == \"fired\" and .[0].source == \"monitor.policy\""; }
	said() { events monitor_policy | jq -se --arg what "$1" "map(select(.reason | test(\$what))) | length == $2"; }
	sed -i 's/from-file/written/' "$T/more.yaml"
	wait_for 20 said '^loaded$' 1
	wait_for 20 from_file written
	echo 'rules: [{name: x}]' >"$T/more.yaml"
	wait_for 20 said 'no policy' 1
	expect 78 pod-monitor check web
	[[ $output == *"more.yaml:1:"* ]]
	printf 'check_interval: 1\nrules: []\n' >"$T/new.yaml"
	mv "$T/new.yaml" "$T/more.yaml"
	wait_for 20 said '^loaded$' 2
	sed 's/from-file/replaced/' "$T/rules.yaml" >"$T/more.yaml"
	wait_for 20 from_file replaced
	[ "$(monitor)" = "$watch" ]
}
monitor() { pod-supervise helpers --set govern --json status web | jq -r 'select(.name == "monitor").pid'; }

@test "monitor.policy where the pod may write: 78, whatever the name it goes by" {
	rules '{name: mine, when: .sample.running, response: alert}'
	mkdir "$T/shared"
	cp "$T/rules.yaml" "$T/shared/more.yaml"
	ln -s shared/more.yaml "$T/link.yaml"
	for file in shared/more.yaml link.yaml; do
		printf 'name: web\nnetwork: {mode: None}\nmonitor: {policy: %s}\nfilesystem: {mounts: [{path: "%s/shared", permissions: ReadWrite}]}\n' "$file" "$T" >"$T/pod.yaml"
		envpod init web -c "$T/pod.yaml" >/dev/null
		expect 78 pod-monitor check web
		[[ $output == *"the pod may write"* ]]
		envpod destroy web
	done
	cp "$T/shared/more.yaml" "$T/shared.yaml" # a name that only begins alike
	sed -i 's/link.yaml/shared.yaml/' "$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	pod-monitor check web
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

@test "alerts and test are words of envpod monitor, too" {
	pod '{name: hot, when: .sample.cpu.percent > 50, response: alert}'
	[ -z "$(envpod monitor web alerts --json)" ]
	echo '{"src":"monitor","event":"monitor_alert","rule":"x"}' | pod-audit append web
	echo '{"src":"test","event":"other"}' | pod-audit append web
	envpod monitor web alerts --json | jq -se 'length == 1 and .[0].rule == "x"'
	envpod monitor web alerts | grep -q monitor_alert
	cpu 10 60 70 >"$T/recorded"
	envpod monitor web test "$T/rules.yaml" <"$T/recorded" | jq -se 'length == 1 and .[0].rule == "hot" and .[0].what == "fires"'
	cpu 10 20 >"$T/recorded"
	expect 1 envpod monitor web test "$T/rules.yaml" <"$T/recorded"
	expect 64 envpod monitor web tests
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

@test "new rules hold at once; wrong ones change nothing" {
	pod '{name: never, when: "false", response: kill}'
	burn 'sleep 1000'
	wait_for 20 pod-supervise helpers --set govern status web
	rules '{name: now, when: .sample.running, response: alert}'
	envpod monitor web set-policy "$T/rules.yaml"
	wait_for 20 has_event monitor_alert
	envpod monitor web show --json | jq -e '.rule == "now" and .state == "fired" and .source == "policy/monitor.json"'
	events monitor_policy | jq -se '.[0].reason == "set" and .[0].by == "root" and .[0].rules == 1'
	rules '{name: worse, when: "nofunction", response: kill}'
	expect 78 envpod monitor web set-policy "$T/rules.yaml"
	envpod monitor web show --json | jq -e '.rule == "now"'
	# By hand, past every check.
	echo '{"rules":[{"name":"x"}]}' >"$T/x"
	mv "$T/x" "$ENVPOD_STATE_DIR/pods/web/policy/monitor.json"
	refused() { events monitor_policy | jq -se 'any(.reason | test("a rule"))'; }
	wait_for 20 refused
	by_hand() { printf '%s' "$1" >"$T/x" && mv "$T/x" "$ENVPOD_STATE_DIR/pods/web/policy/monitor.json"; }
	said() { events monitor_policy | jq -se --arg what "$1" 'any(.reason | test($what))'; }
	by_hand '{"rules":"no"}'
	wait_for 20 said 'no list'
	by_hand "$(head -c 2000000 /dev/zero | tr '\0' ' ')"
	wait_for 20 said 'too large'
	by_hand '{"rules":[{"name":"half","when":".a |","response":[{"type":"kill"}]},{"name":"whole","when":"true","response":[{"type":"alert"}]}]}'
	wait_for 20 said 'none that this libjq compiles'
	whole() { events monitor_alert | jq -se 'any(.rule == "whole")'; }
	wait_for 20 whole
	envpod monitor web show --json | jq -se '.[0].state == "off" and .[1].state == "fired"'
	pod-supervise helpers --set govern --json status web | jq -se 'any(.name == "monitor" and .state == "up")'
	envpod monitor web set-policy --reset
	wait_for 20 shows never
}
shows() { envpod monitor web show --json | jq -e ".rule == \"$1\""; }

@test "a clone of what is now goes by the rules of now" {
	pod '{name: never, when: "false", response: alert}'
	rules '{name: other, when: .sample.running, response: alert}'
	envpod monitor web set-policy "$T/rules.yaml"
	envpod clone web plain >/dev/null
	envpod clone --current web same >/dev/null
	envpod monitor plain show --json | jq -e '.rule == "never"'
	envpod monitor same show --json | jq -e '.rule == "other" and .state == "armed"'
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

@test "no rules: it ends, and rests; rules that come later wake it" {
	pod
	pod-monitor watch web
	burn 'sleep 1000'
	lives() { pod-limit usage --json web | jq -e .populated; }
	wait_for 20 lives
	rules '{name: now, when: .sample.running, response: alert}'
	envpod monitor web set-policy "$T/rules.yaml"
	wait_for 20 has_event monitor_alert
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
