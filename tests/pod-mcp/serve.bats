#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-mcp by its own lines: what it answers to which message, and what reaches the queue.

load ../lib/envpod

setup()
{
	envpod_setup
	python3 "$TOP/tests/pod-mcp/queue.py" "$T/sock" "$T/asked" 3>&- &
	QUEUE=$!
	wait_for 10 test -S "$T/sock"
	hello='{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
}

teardown()
{
	kill "$QUEUE" 2>/dev/null || true
	wait "$QUEUE" 2>/dev/null || true
	envpod_teardown
}

# say LINE...: these messages, each a line; the answers.
say() { printf '%s\n' "$@" | pod-mcp --socket "$T/sock"; }
# call NAME [ARGUMENTS]: the result of that tool.
call()
{
	say "$hello" "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"$1\",\"arguments\":${2:-{\}}}}" |
		jq -c 'select(.id == 1) | .result // .error'
}
asked() { jq -c . "$T/asked"; }

@test "initialize: the version that was asked for where it is one of ours, else the newest" {
	say "$hello" | jq -e '.result | .protocolVersion == "2025-11-25" and .capabilities.tools and .serverInfo.name == "envpod"'
	say "${hello/2025-11-25/2024-11-05}" | jq -e '.result.protocolVersion == "2024-11-05"'
	say "${hello/2025-11-25/1999-01-01}" | jq -e '.result.protocolVersion == "2025-11-25"'
	say "$hello" "$hello" | jq -se '.[1].error.code == -32600'
}

@test "before initialize only ping is answered" {
	say '{"jsonrpc":"2.0","id":"p","method":"ping"}' | jq -e '.id == "p" and .result == {}'
	say '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | jq -e '.error.code == -32600'
}

@test "errors have their codes; what is no request has no answer" {
	say "$hello" 'no json' | jq -se '.[1] == {"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"this is no JSON"}}'
	local bad
	for bad in '[]' '{}' '{"jsonrpc":"1.0","id":1,"method":"ping"}' '{"jsonrpc":"2.0","id":null,"method":"ping"}' \
		'{"jsonrpc":"2.0","id":{},"method":"ping"}' '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}' '7' \
		"{\"jsonrpc\":\"2.0\",\"id\":\"$(printf 'x%.0s' {1..300})\",\"method\":\"ping\"}"; do
		say "$bad" | jq -e '.error.code == -32600 and .error.message'
	done
	say "$hello" '{"jsonrpc":"2.0","id":4,"method":"resources/list"}' | jq -se '.[1].error.code == -32601 and .[1].id == 4'
	say "$hello" '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"sh"}}' | jq -se '.[1].error.code == -32602'
	[ -z "$(say '' '{"jsonrpc":"2.0","method":"notifications/initialized"}' '{"jsonrpc":"2.0","method":"nobody/knows"}' '{"jsonrpc":"2.0","id":5,"result":{}}')" ]
}

@test "a line that is too long is refused once, and the next one is heard" {
	{ echo "$hello"; head -c 1000000 /dev/zero | tr '\0' x; echo; echo '{"jsonrpc":"2.0","id":9,"method":"ping"}'; } |
		pod-mcp --socket "$T/sock" | jq -se 'length == 3 and .[1].error.code == -32600 and .[2].id == 9'
}

@test "tools/list: every tool has a schema of its arguments, closed to others" {
	say "$hello" '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | jq -se '.[1].result.tools |
		length >= 11 and all(.inputSchema.type == "object" and .inputSchema.additionalProperties == false and (.description | length) > 0) and
		(map(select(.annotations.readOnlyHint).name) | index("call_action") == null)'
}

@test "each tool is one line to the queue, and nothing more" {
	call list_actions | jq -e '.structuredContent.actions[0].name == "file_create" and (.isError | not) and (.content[0].text | fromjson.ok)'
	call call_action '{"action":"file_create","params":{"path":"/a b","n":[1,{"x":"\u00e4"}]},"key":"k1","wait":0}' >/dev/null
	call request '{"description":"more \"memory\"","wait":0}' >/dev/null
	call action_status '{"id":"fast00000000000a"}' >/dev/null
	call wait_action '{"id":"fast00000000000a","timeout":5}' >/dev/null
	call cancel_action '{"id":"fast00000000000a"}' >/dev/null
	call list_requests >/dev/null
	call diff | jq -e '.structuredContent.lines[0].path == "aä\n"'
	call why '{"name":"x.example"}' >/dev/null
	call request_domain '{"name":"x.example","for":"1h","wait":0}' >/dev/null
	call take_snapshot '{"wait":0}' >/dev/null
	call take_snapshot '{"name":"before","key":"k2","wait":0}' >/dev/null
	diff <(asked) - <<-'END'
		{"type":"list_actions"}
		{"type":"call","action":"file_create","params":{"path":"/a b","n":[1,{"x":"ä"}]},"key":"k1"}
		{"type":"submit","tier":"staged","description":"more \"memory\""}
		{"type":"poll","id":"fast00000000000a"}
		{"type":"wait","id":"fast00000000000a","timeout":5}
		{"type":"cancel","id":"fast00000000000a"}
		{"type":"list"}
		{"type":"diff"}
		{"type":"why","name":"x.example"}
		{"type":"call","action":"domain","params":{"name":"x.example","for":"1h"}}
		{"type":"call","action":"snapshot","params":{}}
		{"type":"call","action":"snapshot","params":{"name":"before"},"key":"k2"}
	END
}

@test "a call waits for the end of its action; one that is refused is an error to the model" {
	call call_action '{"action":"file_create","params":{}}' | jq -e '.structuredContent.status == "executed" and (.isError | not)'
	asked | tail -1 | jq -e '. == {"type":"wait","id":"fast00000000000a","timeout":30}'
	call call_action '{"action":"refused"}' | jq -e '.isError and .structuredContent.error == "blocked"'
	call call_action '{"action":"denied"}' | jq -e '.isError and .structuredContent.reason == "not today"'
}

@test "wrong arguments are for the model to read, and reach nobody" {
	local bad
	for bad in 'call_action {}' 'call_action {"action":1}' 'call_action {"action":"a","params":[]}' 'call_action {"action":"a","wait":-1}' \
		'call_action {"action":"a","wait":1.5}' 'call_action {"action":"a","type":"diff"}' 'call_action {"action":"a","action":"b"}' \
		'call_action []' 'diff {"x":1}' 'wait_action {"id":"a","timeout":99999}' 'why {"name":{}}'; do
		call "${bad%% *}" "${bad#* }" | jq -e '.isError and (.content[0].text | length) > 0'
	done
	refute test -e "$T/asked"
}

@test "while one call waits, pings and other calls are answered; a cancelled one never is" {
	mkfifo "$T/in"
	pod-mcp --socket "$T/sock" <"$T/in" >"$T/out" 3>&- &
	local pid=$!
	exec 7>"$T/in"
	echo "$hello" >&7
	echo '{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"request","arguments":{"description":"x"}}}' >&7
	wait_for 10 grep -q '"wait"' "$T/asked"
	echo '{"jsonrpc":"2.0","id":2,"method":"ping"}' >&7
	echo '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"diff"}}' >&7
	wait_for 10 grep -q '"id":3' "$T/out"
	echo '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w"}}' >&7
	exec 7>&-
	wait "$pid"
	jq -s 'map(.id)' -c "$T/out" | grep -qx '\[0,2,3\]'
}

@test "a queue that hangs up, answers nonsense or without end is an error of that call alone" {
	call call_action '{"action":"hangup"}' | jq -e '.isError'
	call call_action '{"action":"garbage"}' | jq -e '.isError and (.structuredContent | not)'
	call call_action '{"action":"endless"}' | jq -e '.isError'
	call call_action '{"action":"slowly"}' | jq -e '.isError | not'
	say "$hello" '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call_action","arguments":{"action":"hangup"}}}' \
		'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"diff"}}' |
		jq -se 'map(select(.id == 2)) | .[0].result.isError == false'
}

@test "more calls at a time than there are places for: the rest is told so" {
	local i
	{
		echo "$hello"
		for i in $(seq 40); do
			echo "{\"jsonrpc\":\"2.0\",\"id\":$i,\"method\":\"tools/call\",\"params\":{\"name\":\"diff\"}}"
		done
	} | pod-mcp --socket "$T/sock" | jq -se 'map(select(.id > 0)) | length == 40 and
		all(.result) and (map(select(.result.isError)) | all(.result.content[0].text | test("calls are under way")))'
}

@test "without a queue every tool says so, and a client that is gone ends it" {
	printf '%s\n' "$hello" '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"diff"}}' | pod-mcp --socket "$T/none" |
		jq -se '.[1].result | .isError and (.content[0].text | test("queue.socket: yes"))'
	expect 64 pod-mcp something
	: | pod-mcp --socket "$T/sock"
	expect 2 bash -c "printf '%s\n' '$hello' '$hello' | pod-mcp --socket $T/sock >/dev/full"
}
