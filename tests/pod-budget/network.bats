#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a pod uses of the network is used up, too: bytes and requests, through the relay and by the
# pod's own link.
load ../lib/envpod
load ../pod-proxy/site
setup() { site_setup; names; }
teardown()
{
	on_host pod-supervise helpers --set govern stop web 2>/dev/null || true
	pod-limit kill web 2>/dev/null || true
	site_teardown
}

# budgets LINE...: a pod that may reach a.example, with these budgets.
budgets()
{
	printf 'network: {mode: Isolated, dns: {mode: Allowlist, allow: [a.example], upstream: ["192.0.2.53"]}, %s}\nbudget: {%s}\n' "${engine:-engine: sockets}" "$1" >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web
}
exceeded() { envpod audit web --json | jq -se "any(.[]; .event == \"budget_exceeded\" and .budget == \"$1\")"; }

@test "bytes: a pod that downloads is stopped, and stays so" {
	sites
	budgets 'max_bandwidth: 5MB, grace_period: 0'
	run on_host envpod run web -- sh -c 'while :; do curl -s -o /dev/null http://a.example/big; done'
	[ "$status" -ne 0 ]
	exceeded network
	pod-budget show --json web | jq -e '.budgets[0] | .budget == "network" and .exceeded and .used >= 5242880'
	expect 3 on_host envpod run web -- true
}

@test "requests: frozen at the limit; more lets it go on" {
	sites
	budgets 'max_requests: 20, action: freeze, renewable: yes'
	on_host envpod run web -- sh -c 'while :; do curl -s -o /dev/null http://a.example/; done' 3>&- &
	wait_for 60 exceeded requests
	wait_for 20 eval 'pod-limit usage --json web | jq -e .frozen'
	on_host envpod budget web extend requests=100000
	wait_for 20 eval 'pod-limit usage --json web | jq -e ".frozen == false"'
	pod-limit kill web
	wait $! || true
}
