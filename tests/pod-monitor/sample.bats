#!/usr/bin/env bats
# pod-monitor sample: numbers, and none where nothing measures.
load helper

setup()
{
	envpod_setup
	need root overlay userns
}
teardown() { monitor_teardown; }

@test "a pod that does not run uses nothing" {
	pod
	pod-monitor sample web | jq -e '.running == false and .frozen == false and .pids.count == null and .memory.bytes == null'
}

@test "what runs is seen: processes, limits, time; frozen is" {
	pod
	envpod run web -- sh -c 'sleep 1000 & sleep 1000 & while :; do :; done' >/dev/null 2>&1 3>&- &
	count() { pod-monitor sample web | jq -e '.running and .pids.count >= 4 and .cpu.seconds > 0 and .cpu.seconds_rate > 0'; }
	wait_for 20 count
	pod-monitor sample web | jq -e '.cpu.limit == null and .pids.limit == null'
	pod-limit set web cores=0.5 memory=100MB max_pids=50
	pod-monitor sample web | jq -e '.cpu.limit == 0.5 and .memory.limit == 104857600 and .memory.bytes >= 0 and
		.memory.percent >= 0 and .pids.limit == 50 and .pids.percent >= 8'
	envpod lock web
	pod-monitor sample web | jq -e '.frozen and .cpu.seconds_rate < 0.01'
}

@test "actions are counted from the log, once, also behind a new segment" {
	pod '{name: never, when: "false", response: alert}'
	envpod run web -- sleep 1000 3>&- &
	counts() { pod-monitor sample web | jq -e ".actions | .submitted == $1 and .denied == $2"; }
	wait_for 20 counts 0 0
	watched() { [ -s "$ENVPOD_RUN_DIR/web/monitor.state" ] && pod-supervise helpers --set govern status web; }
	wait_for 20 watched
	for n in 1 2 3; do echo '{"src":"queue","event":"action_submitted","action":"x"}'; done | pod-audit append web
	echo '{"src":"queue","event":"action_denied","action":"x"}' | pod-audit append web
	wait_for 20 counts 3 1
	# The writer begins another segment behind one that is long enough: here by hand.
	local audit=$ENVPOD_STATE_DIR/pods/web/audit
	tail -1 "$audit/000001.jsonl" | jq -c '.event = "action_blocked" | .src = "queue"' >"$audit/000002.jsonl"
	wait_for 20 counts 3 2
}

@test "what the network's daemons count is in the sample; of the host's own network nothing is" {
	need netns
	pod
	printf 'name: net\nnetwork: {dns: {allow: [a.example]}}\n' >"$T/net.yaml"
	envpod init net -c "$T/net.yaml" >/dev/null
	envpod run net -- sh -c 'getent hosts refused.example; getent hosts another.example; true'
	refused() { pod-monitor sample net | jq -e '.dns.denied >= 2 and .dns.queries >= .dns.denied and .net.up != null'; }
	wait_for 20 refused
	envpod stop -t 0 net
	pod-net down net
	printf 'name: open\nnetwork: {mode: Unsafe}\n' >"$T/open.yaml"
	envpod init open -c "$T/open.yaml" >/dev/null 2>&1
	pod-monitor sample open | jq -e '.net.up == null and .dns.queries == null'
}
