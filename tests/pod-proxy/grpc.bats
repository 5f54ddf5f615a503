#!/usr/bin/env bats
# pod-proxy inject, HTTP/2 from end to end: gRPC, which needs trailers and both ways at once.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

rpc_site()
{
	(exec nsenter -t "$SITE" -n /usr/bin/python3 "$BATS_TEST_DIRNAME/grpc_site.py" 192.0.2.11:443 "$T/good.pem" "$T/good.key" "$T/rpc.log") >>"$T/rpc.err" 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 10 listens_at 192.0.2.11
}

start()
{
	rpc_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' "$@"
}

rpc() { in_pod env GRPC_DNS_RESOLVER=native /usr/bin/python3 - c.example "$@" <"$BATS_TEST_DIRNAME/grpc_client.py" 3>&-; }

@test "unary, streams down, up and both ways, errors; the key goes in, and comes back in no trailer" {
	start
	run rpc unary
	[[ $output == "HELLO "*"done=yes"* ]] || { echo "$output"; cat "$T/events" "$T/inject.log"; false; }
	[ "$(rpc fail)" = 'RESOURCE_EXHAUSTED no more: 100% of it' ]
	[ "$(rpc down 2000)" = '2000 2048000' ]
	[ "$(rpc up 2000)" = '2000 2000000' ]
	[ "$(rpc both 3)" = $'echo 0\necho 1\necho 2\nend' ]
	[ "$(rpc many 80)" = 80 ]
	[ "$(rpc large)" = True ]
	jq -es 'map(select(.metadata)) | all(.[]; .metadata.authorization == "Bearer real-token-of-the-vault") and .[0].metadata.mine == "kept"' "$T/rpc.log"
	refute grep -q dummy "$T/rpc.log"
}

@test "a call that is given up ends at the server, and the connection lives on" {
	start
	run rpc cancel
	[[ $output == "echo x"$'\n'"HELLO "* ]] || { echo "$output"; false; }
	wait_for 10 grep -q ended "$T/rpc.log"
	wait_for 5 said '.event == "http_request" and .path == "/t.T/Both" and .key == "TOKEN"'
}

@test "rules and limits hold for calls as for any request" {
	start 'allow 0 POST /t.T/Unary' 'limit 0 requests 2'
	[[ $(rpc unary) == "HELLO "* ]]
	[[ $(rpc fail 2>/dev/null) == 'PERMISSION_DENIED '* ]]
	[[ $(rpc unary) == "HELLO "* ]]
	refute rpc unary
	wait_for 5 said '.event == "http_denied" and .rule == "path"'
	wait_for 5 said '.event == "http_denied" and .rule == "requests"'
}
