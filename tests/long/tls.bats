#!/usr/bin/env bats
# All that testssl.sh tries, against the TLS that a pod's injector offers: a minute or two.
load ../lib/envpod
load ../integration/injected

setup()
{
	need testssl
	injected_setup
	net_pod web 'dns: {allow: [api.example], upstream: [203.0.113.53]}'
	on_host envpod start web -- sleep 1000
	injected_vault
	bound api.example
}
teardown() { world_teardown; }
have_testssl() { command -v testssl >/dev/null; }

@test "testssl.sh finds nothing against protocols, ciphers, forward secrecy, and none of the known attacks" {
	# What it says of itself, and a look without a server name, which the relay lets nowhere.
	local left='engine_problem|scanTime|^secure_renego$'
	on_host timeout 600 envpod run web -- env -i PATH=/usr/bin:/bin HOME=/tmp testssl --quiet --color 0 --warnings off --nodns min --ip one \
		--assume-http -p -s -f -U -P --jsonfile /tmp/found.json https://api.example >"$T/said" 2>&1 || echo "status $?" >>"$T/said"
	bare cat /tmp/found.json >"$T/found.json"
	[ "$(jq -r '.[] | select(.id == "TLS1_3" or .id == "TLS1_2") | .finding' "$T/found.json" | grep -c '^offered')" = 2 ] || { cat "$T/said" >&2; false; }
	[ "$(jq length "$T/found.json")" -gt 40 ]
	jq -c --arg left "$left" '.[] | select(.severity | IN("LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN")) | select(.id | test($left) | not)' \
		"$T/found.json" >"$T/bad"
	[ ! -s "$T/bad" ] || { cat "$T/bad" "$T/said" >&2; false; }
}
