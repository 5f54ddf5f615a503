#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-mcp driven by the protocol's reference client, of the version that package-lock.json pins.

load ../lib/envpod
load client

setup()
{
	envpod_setup
	need client
	cp "$TOP/tests/pod-mcp/client.mjs" "$CLIENT/"
	python3 "$TOP/tests/pod-mcp/queue.py" "$T/sock" "$T/asked" 3>&- &
	QUEUE=$!
	wait_for 10 test -S "$T/sock"
}

teardown()
{
	kill "${QUEUE:-0}" 2>/dev/null || true
	[ -z "${QUEUE:-}" ] || wait "$QUEUE" 2>/dev/null || true
	envpod_teardown
}

@test "the reference client: hand-shake, tools, calls, cancelling, errors" {
	[ "$(node "$CLIENT/client.mjs" "$B/bin/pod-mcp" --socket "$T/sock")" = 'done' ]
	jq -se 'any(.type == "call" and .action == "file_create")' "$T/asked"
}

@test "the same through a pod, with its queue: an action is executed, a request waits for a person" {
	need root overlay userns
	printf 'network: {mode: None}\nqueue: {socket: yes}\n' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
	envpod run web -- test -x /run/envpod/bin/pod-mcp
	[ "$(REAL=1 node "$CLIENT/client.mjs" envpod run web -- pod-mcp)" = 'done' ]
	[ "$(envpod run web -- cat "$HOME/made")" = "by mcp" ]
	envpod queue --all --json web | jq -se 'any(.type == "request" and .params.description == "more memory, please" and .status == "cancelled")'
	envpod snapshot web ls | grep -q by-mcp
	envpod diff web --json --all | jq -se 'any(.path | endswith("/made"))'
	# What the agent had done is the person's to take back.
	envpod undo web --all | grep -c "^Undone: action" | grep -qx 3
	refute envpod run web -- test -e "$HOME/made"
	refute grep -q by-mcp <(envpod snapshot web ls)
}
