#!/usr/bin/env bats
# What pod-mcp promises: a server of the Model Context Protocol on standard input and output, which
# has no power of its own.
load contract

setup() { contract_setup pod-mcp; }
teardown() { envpod_teardown; }

@test "it speaks JSON-RPC lines on stdout and nothing else, and ends with its input" {
	local hello='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}'
	printf '%s\n' "$hello" '{"jsonrpc":"2.0","method":"notifications/initialized"}' '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' |
		pod-mcp --socket "$T/none" | jq -se 'map(.jsonrpc) == ["2.0", "2.0"] and map(.id) == [1, 2]'
}

@test "it opens no file and no socket but the queue's, also as nobody" {
	! sanitized pod-mcp || not_here "the leak checker does not work under strace"
	local hello='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}'
	printf '%s\n' "$hello" '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"diff"}}' |
		strace -f -e trace=openat,open,connect,execve,clone,fork -o "$T/trace" pod-mcp --socket "$T/none" | jq -se '.[1].result.isError'
	[ "$(grep -c connect "$T/trace")" = 1 ]
	refute grep -E 'O_WRONLY|O_RDWR|O_CREAT|clone|fork' "$T/trace"
	[ "$(grep -c execve "$T/trace")" = 1 ]
}
