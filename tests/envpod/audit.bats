#!/usr/bin/env bats
# audit --security of a pod; the findings themselves: tests/pod-audit/security.bats.
load ../lib/envpod

setup() { envpod_setup; }
teardown() { envpod_teardown; }

@test "of a pod: what was opened since counts; a policy that cannot be read is no clean bill" {
	need root
	printf 'network: {dns: {allow: [a.example]}}\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	envpod audit --security --json web >"$T/before"
	refute grep -q '"N-0[48]"' "$T/before"
	envpod dns web --allow '*.com'
	envpod audit --security --json web | jq -se 'any(.[] | select(.id == "N-08"); .evidence == ["*.com"])'
	echo broken >"$ENVPOD_STATE_DIR/pods/web/policy/dns.json"
	expect 78 envpod audit --security web
	[[ $output == *"policy/dns.json"* ]]
}

@test "--verify, --export and --events ask pod-audit's other words, one at a time" {
	need root
	ENVPOD_EVENTS=forged # one line is changed by hand
	envpod init web -c <(echo '{}')
	log=$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl
	envpod audit --verify web
	envpod audit --export ndjson web | cmp - "$log"
	envpod audit web --export=csv --event create | grep -q '"envpod","create"'
	[ "$(envpod audit --export ocsf web | head -n1 | jq .class_uid)" = 3004 ]
	envpod audit --events create | grep -q '^envpod create'
	expect 64 envpod audit --export web
	expect 64 envpod audit --verify --security web
	sed -i 's/"event":"create"/"event":"destroy"/' "$log"
	expect 1 envpod audit --verify web
}
