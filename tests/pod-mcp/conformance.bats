#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The protocol's own conformance tests, of the version that package-lock.json pins, as far as they are for what pod-mcp has:
# they know HTTP alone, so a bridge stands between; most others want the tools, prompts and resources of a reference server.

load ../lib/envpod
load client

setup()
{
	envpod_setup
	need client
	cp "$TOP"/tests/pod-mcp/{bridge,shim}.mjs "$CLIENT/"
	python3 "$TOP/tests/pod-mcp/queue.py" "$T/sock" "$T/asked" 3>&- &
	QUEUE=$!
	wait_for 10 test -S "$T/sock"
	node "$CLIENT/bridge.mjs" "$B/bin/pod-mcp" --socket "$T/sock" >"$T/port" 2>"$T/errors" 3>&- &
	BRIDGE=$!
	wait_for 20 test -s "$T/port"
}

teardown()
{
	kill "${BRIDGE:-0}" "${QUEUE:-0}" 2>/dev/null || true
	[ -z "${BRIDGE:-}" ] || wait "$BRIDGE" 2>/dev/null || true
	[ -z "${QUEUE:-}" ] || wait "$QUEUE" 2>/dev/null || true
	envpod_teardown
}

conforms()
{
	(cd "$T" && node --import "$CLIENT/shim.mjs" "$CLIENT/node_modules/@modelcontextprotocol/conformance/dist/index.js" \
		server --url "http://127.0.0.1:$(cat port)/mcp" --scenario "$1" -o "$T/out" 2>&1) | tee "$T/said"
	grep -q "^Passed: \([1-9][0-9]*\)/\1, 0 failed, 0 warnings" "$T/said"
}

@test "server-initialize, ping, tools-list" {
	conforms server-initialize
	conforms ping
	conforms tools-list
	[ ! -s "$T/errors" ]
	# Nothing of it was a request to the queue.
	[ ! -e "$T/asked" ]
}

@test "what is not offered is refused as the protocol says" {
	for scenario in resources-list prompts-list; do
		refute conforms "$scenario"
		grep -q 'Method not found\|-32601\|does not support' "$T/said"
	done
}
