#!/usr/bin/env bats
# What an agent behind a wall may ask about names: why one is refused, and that it be let through.
load ../lib/envpod
load ../lib/world
load helper

setup_file()
{
	world_setup
	sites shop.example=198.51.100.1 evil.example=198.51.100.2
	resolver "shop.example. 60 IN A 198.51.100.1" "evil.example. 60 IN A 198.51.100.2"
	printf '%s\n' 'network: {dns: {allow: [shop.example], upstream: [203.0.113.53]}}' 'queue: {socket: yes}' >"$T/q.yaml"
	envpod init -c "$T/q.yaml" q >/dev/null
	on_host envpod start q -- sleep 1000
}
teardown_file() { world_teardown; }
setup()
{
	D=$ENVPOD_STATE_DIR/pods/q Q=$ENVPOD_STATE_DIR/pods/q/queue SOCK=$ENVPOD_RUN_DIR/q/queue/sock
}

resolves() { in_pod q getent ahostsv4 "$1" >/dev/null; }

@test "why, by the socket, by the command and by the protocol server: the same words for a name, allowed or not" {
	ask '{"type":"why","name":"shop.example"}' | jq -e '.ok and (.lines[0] | .name == "shop.example" and .allowed)' || ask '{"type":"why","name":"shop.example"}' >&2
	ask '{"type":"why","name":"evil.example"}' | tee "$T/said" | jq -e '.ok and (.lines[0] | .name == "evil.example" and (.allowed | not))'
	# What the person is told is what the agent is told.
	pod-dns why --json q evil.example | jq -cS . >"$T/person" || true
	jq -cS '.lines[]' "$T/said" | diff "$T/person" -
	in_pod q sh -c 'printf "%s\n" "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}" \
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"why\",\"arguments\":{\"name\":\"evil.example\"}}}" | pod-mcp' |
		jq -ce 'select(.id == 1) | .result | (.isError | not) and true' >/dev/null
	in_pod q sh -c 'printf "%s\n" "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}" \
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"why\",\"arguments\":{\"name\":\"evil.example\"}}}" | pod-mcp' |
		jq -cS 'select(.id == 1) | .result.structuredContent.lines[]' | diff "$T/person" -
}

@test "a domain that is asked for waits, resolves when it is approved, and no more when that is undone" {
	refute resolves evil.example
	id=$(ask '{"type":"call","action":"domain","params":{"name":"evil.example"}}' | id_of)
	is_in staged "$id"
	refute resolves evil.example
	on_host envpod approve q "$id"
	jq -e '.status == "executed" and .result.exit_status == 0 and .approved_by == "root"' "$Q/done/$id.json"
	resolves evil.example
	[ "$(in_pod q curl -s --max-time 10 http://evil.example/name)" = evil.example ]
	undo=$(on_host envpod undo --json q | jq -r 'select(any(.. | strings; test("evil.example"))).id' | tail -1)
	on_host envpod undo q "$undo"
	refute resolves evil.example
}

@test "a domain for a time; one that is denied, or whose name is none, changes nothing" {
	id=$(ask '{"type":"call","action":"domain","params":{"name":"evil.example","for":"1h"}}' | id_of)
	on_host envpod deny q "$id"
	refute resolves evil.example
	for name in '*' -x 'a b' '' a..b 'é.example'; do
		id=$(ask "$(jq -nc --arg n "$name" '{type: "call", action: "domain", params: {name: $n}}')" | id_of)
		on_host envpod approve q "$id" && { cat "$Q/done/$id.json" >&2; false; }
		jq -e '.status == "failed"' "$Q/done/$id.json"
	done
	refute resolves evil.example
	id=$(ask '{"type":"call","action":"domain","params":{"name":"evil.example","for":"1h"}}' | id_of)
	on_host envpod approve q "$id"
	resolves evil.example
	jq -es 'any(.. | objects; .name? == "evil.example" and has("until"))' "$D/policy/dns.json" || { cat "$D/policy/dns.json" >&2; false; }
}
