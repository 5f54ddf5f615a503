#!/usr/bin/env bats
# pod-proxy inject, what it does by the rules of a host: who may ask what, how often; what is found
# in requests and answers.
load ../lib/envpod
load injector
setup() { injector_setup; mkdir "$T/locations"; }
teardown() { site_teardown; }

TOKEN='bind 0 TOKEN header authorization Bearer\\040{value}'

# location PATH DIRECTIVES: of nginx, before tls_site.
location() { printf 'location = %s { %s }\n' "$1" "$2" >>"$T/locations/all.conf"; }

# start LINE...: a.example is bound, with these lines besides.
start()
{
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' "$TOKEN" "$@"
}

code() { call -o /dev/null -w '%{http_code}' "$@"; }
STARS=$(printf '*%.0s' {1..23})

@test "methods and paths that are allowed pass, others are refused with a reason; paths of two readings too" {
	start 'allow 0 GET,POST /v1/*' 'allow 0 * /echo'
	[ "$(code https://a.example/v1/x)" = 404 ] # nginx says that
	[ "$(code -X DELETE https://a.example/echo)" = 200 ]
	for http in --http1.1 --http2; do
		run call $http -X DELETE https://a.example/v1/x
		[ "$(jq -r .rule <<<"$output")" = method ]
		run call $http -w '%{http_code}' https://a.example/empty
		[[ $output == *'"rule":"path"'*403 ]]
		for path in /v1/../empty /v1/%2e%2e/empty /v1/..%2fempty '/v1/..;/empty' /v1//../empty /v1/%252e%252e/empty '/v1/..\empty'; do
			run call $http --path-as-is "https://a.example$path"
			[[ $output == *'"rule":"ambiguous"'* ]] || { echo "$path: $output"; false; }
		done
		run call $http -H 'X-HTTP-Method-Override: DELETE' -X POST https://a.example/v1/x
		[[ $output == *'"rule":"method"'* ]]
		run call $http -H 'X-Original-URL: /empty' https://a.example/v1/x
		[[ $output == *'"rule":"path"'* ]]
	done
	refute grep -q empty "$T/nginx/access.log"
	wait_for 30 said '.event == "http_denied" and .rule == "ambiguous" and .status == 403'
}

@test "a host with rules alone: nothing is put in, nothing of the agent's is taken" {
	tls_site
	secrets
	bindings 'host 0 a.example 443' 'allow 0 GET /echo'
	[[ $(call -H 'Authorization: Bearer mine' https://a.example/echo) == "auth=Bearer mine "* ]]
	[ "$(code -X POST https://a.example/echo)" = 403 ]
}

@test "what is over a limit is answered 429, and says when to come again" {
	location /slow 'limit_rate 1; alias /etc/passwd;'
	start 'limit 0 requests 4' 'limit 0 concurrent 2'
	for _ in 1 2; do
		call --http2 --max-time 3 https://a.example/slow >/dev/null 2>&1 3>&- &
		jobs+=($!)
	done
	wait_for 30 is_seen 2
	run call -w '%{http_code}' https://a.example/echo
	[[ $output == *'"rule":"concurrent"'*429 ]]
	wait "${jobs[@]}" || true
	wait_for 30 is_passed
	wait_for 30 is_passed
	run call -i https://a.example/echo
	[[ $output == *429* && ${output,,} == *"retry-after: "[1-9]* && $output == *'"rule":"requests"'* ]]
}

@test "bytes are counted as they go by, either way: what is over the limit is cut" {
	start 'limit 0 bytes 500000' 'host 1 b.example 443' 'allow 1 * *' 'limit 1 bytes 500000'
	for how in 'http1.1 a' 'http2 b'; do
		run call "--${how% *}" -o /dev/null -w "%{size_download}\n" "https://${how#* }.example/big"
		[ "$status" != 0 ]
		[ "${lines[-1]}" -le 500000 ]
		wait_for 30 said ".event == \"http_denied\" and .rule == \"bytes\" and .name == \"${how#* }.example\" and .status == 200 and .bytes_down <= 500000 and .bytes_down > 300000"
	done
	run call -w "%{http_code}" -T - https://a.example/put/x <"$T/www/big"
	[[ $output == *'"rule":"bytes"'*429 ]]
}
is_seen() { [ "$(on_site ss -Htn state established sport = :443 | wc -l)" -ge "$1" ]; }
is_passed() { [ "$(code https://a.example/echo)" = 200 ]; }

@test "an answer that is packed unasked is unpacked and looked through; what cannot be is refused" {
	printf 'the key is real-token-of-the-vault, you know\n%01000000d' 0 >"$T/plain"
	gzip -c "$T/plain" >"$T/packed.gz"
	head -c 1000 "$T/packed.gz" >"$T/torn.gz"
	chmod 644 "$T"/*.gz
	location /packed "default_type text/plain; add_header Content-Encoding gzip; alias $T/packed.gz;"
	location /torn "add_header Content-Encoding gzip; alias $T/torn.gz;"
	location /br "add_header Content-Encoding br; alias $T/packed.gz;"
	location /twice "default_type text/plain; add_header Content-Encoding identity; add_header Content-Encoding gzip; alias $T/packed.gz;"
	start
	for http in --http1.1 --http2; do
		run call $http -i -o "/dev/null" -D - https://a.example/packed
		[[ ${output,,} != *content-encoding* && ${output,,} != *content-length* ]]
		call $http https://a.example/packed >"$T/got"
		sed "s/real-token-of-the-vault/$STARS/" "$T/plain" | cmp - "$T/got"
		for path in br twice; do
			run call $http -w '%{http_code}' https://a.example/$path
			[[ $output == *502 ]]
		done
		refute call $http https://a.example/torn
	done
	wait_for 30 said '.event == "upstream_failed" and (.reason | test("compressed"))'
}

@test "fields of an answer are scrubbed, redirects and cookies among them" {
	location /moved 'add_header Set-Cookie "s=$http_authorization" always; add_header Alt-Svc "h3=\":443\"" always; return 302 https://b.example/?key=$http_authorization;'
	start
	run call -i https://a.example/moved
	[[ ${output,,} == *"location: https://b.example/?key=bearer $STARS"* && ${output,,} == *"set-cookie: s=bearer $STARS"* ]]
	[[ ${output,,} != *alt-svc* && $output != *real-token* ]]
}

@test "tokens that a model's API counts are events, from JSON, streams and packed answers" {
	printf '{"content":[{"text":"\\"usage\\":{"}],"usage":{"input_tokens":12,"output_tokens":34}}' >"$T/usage.json"
	printf 'event: message_start\ndata: {"message":{"usage":{"input_tokens":25,"cache_read_input_tokens":7}}}\n\ndata: {"usage":{"output_tokens":15}}\n\n' |
		gzip >"$T/usage.gz"
	chmod 644 "$T"/usage.*
	location /v1/messages "default_type application/json; alias $T/usage.json;"
	location /v1/stream "default_type text/event-stream; add_header Content-Encoding gzip; alias $T/usage.gz;"
	start 'usage 0 anthropic'
	call https://a.example/v1/messages | cmp - "$T/usage.json"
	call https://a.example/v1/stream | grep -q message_start
	wait_for 30 said '.event == "model_usage" and .api == "anthropic" and .key == "TOKEN" and .input_tokens == 12 and .output_tokens == 34'
	wait_for 30 said '.event == "model_usage" and .input_tokens == 25 and .output_tokens == 15 and .cache_read_tokens == 7'
}

@test "a dummy on its way to another host is an event; at its own host it is at home" {
	start 'host 1 b.example 443' 'allow 1 GET /echo' 'bind 1 OTHER header x-api-key {value}' 'dummy TOKEN dummy-token-1234567' 'dummy OTHER dummy/other+7654321' 'canary freeze'
	call -H 'Authorization: Bearer dummy-token-1234567' https://a.example/echo >/dev/null
	call "https://a.example/echo?x=dummy%2fother%2b7654321" >/dev/null
	call -u 'me:dummy/other+7654321' https://a.example/echo >/dev/null
	# To where the server waits for it: one that has answered before it came is not sent it.
	call --http2 -X PUT -d 'x={"a":"dummy\/other+7654321"}' https://a.example/put/x >/dev/null
	for place in url header body; do
		wait_for 30 said ".event == \"canary\" and .key == \"OTHER\" and .place == \"$place\" and .name == \"a.example\" and .action == \"freeze\""
	done
	refute said '.event == "canary" and .key == "TOKEN"'
	call -X POST -d '["dummy-token-1234567"]' https://b.example/echo >/dev/null
	wait_for 30 said '.event == "canary" and .key == "TOKEN" and .place == "body" and .name == "b.example"'
}

@test "a message of a WebSocket that ends as a secret begins is not held back" {
	odd_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443' "$TOKEN"
	run in_pod python3 -c '
import socket, ssl
s = ssl.create_default_context().wrap_socket(socket.create_connection(("c.example", 443), 10), server_hostname="c.example")
s.sendall(b"GET /ws HTTP/1.1\r\nHost: c.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n")
got = b""
while b"\r\n\r\n" not in got: got += s.recv(1000)
for message in b"where we are", b"real-token-of-the-vault":
    s.sendall(message)
    want, got = len(b"echo " + message), b""
    while len(got) < want: got += s.recv(1000)
    print(got.decode())'
	[ "$output" = "echo where we are"$'\n'"echo $STARS" ] || { echo "$output"; false; }
}
