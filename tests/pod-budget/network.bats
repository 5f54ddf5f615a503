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
	printf 'network: {mode: Isolated, dns: {mode: Allowlist, allow: [%s], upstream: ["192.0.2.53"]}, %s}\nbudget: {%s}\n' "${names:-a.example}" "${engine:-engine: sockets}" "$1" >"$T/web.yaml"
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

@test "engine veth: bytes that go straight out by the pod's own link count as well" {
	engine='engine: veth, subnet: 10.199.0.0/24'
	sites
	on_host ip route add default via 192.0.2.53 # whose device is the one that routes
	(cd "$T/www" && exec nsenter -t "$SITE" -n python3 -m http.server -b 192.0.2.10 8080) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	names='"a.example:80,8080"' budgets 'max_bandwidth: 5MB, grace_period: 0'
	run on_host envpod run web -- sh -c 'for n in $(seq 5000); do curl -sS --max-time 2 -o /dev/null http://a.example:8080/big; done'
	[ "$status" -ne 0 ]
	exceeded network
	on_host pod-net status web | grep -q straight
	expect 3 on_host envpod run web -- true
}
