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
