#!/usr/bin/env bats
# Where rules are from, and what happens when they change; the words of envpod monitor.
load helper

setup()
{
	envpod_setup
	need root overlay userns
}
teardown() { monitor_teardown; }

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

@test "monitor.policy where the pod may write: 78, whatever the name it goes by" {
	rules '{name: mine, when: .sample.running, response: alert}'
	mkdir "$T/shared"
	cp "$T/rules.yaml" "$T/shared/more.yaml"
	ln -s shared/more.yaml "$T/link.yaml"
	cp "$T/rules.yaml" "$T/laxer.yaml"
	ln -s ../laxer.yaml "$T/shared/out.yaml" # a link that the pod may turn
	for file in shared/more.yaml shared/out.yaml link.yaml; do
		printf 'name: web\nnetwork: {mode: None}\nmonitor: {policy: %s}\nfilesystem: {mounts: [{path: "%s/shared", permissions: ReadWrite}]}\n' "$file" "$T" >"$T/pod.yaml"
		envpod init web -c "$T/pod.yaml" >/dev/null
		expect 78 pod-monitor check web
		[[ $output == *"the pod may write"* || $output == *"leads through a symlink"* ]]
		envpod destroy web
	done
	cp "$T/shared/more.yaml" "$T/shared.yaml" # a name that only begins alike
	sed -i 's/link.yaml/shared.yaml/' "$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	pod-monitor check web
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

