#!/usr/bin/env bats
# pod-proxy inject: the ways that a credential gets into a request, and what of the agent's own is
# taken out of it, as the server sees it.  One pod and one server (odd.py) for all tests.
load ../lib/envpod
load injector

# Of characters that each way writes in a form of its own.
VALUE='real+token/of the=vault&"1'

setup_file()
{
	injector_setup
	odd_site
	secrets TOKEN "$VALUE" OTHER another-secret-of-the-vault
	bindings "${BOUND[@]}" || { site_teardown; return 1; }
	export HOST SITE INJECTOR R PIDS="${NETPIDS[*]}"
}
teardown_file()
{
	read -ra NETPIDS <<<"$PIDS"
	site_teardown
}
setup() { :; }

# bound LINE...: the host has these lines, and the injector has seen so.
bound()
{
	policy 'host 0 c.example 443' "$@"
	push
}
push()
{
	[ "$(python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
print(s.recv(100).decode(), end="")' "$R/web/net/feed" <"$T/feed")" = ok ]
}

# ask ARG...: as call, and what the server got is in $HEAD.
ask()
{
	: >"$T/odd.log.heads"
	in_pod curl -sS --max-time 20 "$@" >"$T/got"
	HEAD=$(cat "$T/odd.log.heads")
	# Whatever was put in stands nowhere in the answer.
	refute grep -F -e "$VALUE" -e 'real%2Btoken' -e "$(printf 'me:%s' "$VALUE" | base64 -w0 | cut -c9-40)" "$T/got" "$T/events"
}
# had JQ-CONDITION: of its method, target and fields.
had() { jq -e --arg value "$VALUE" ". as [\$method, \$target, \$fields] | def field(n): [\$fields[] | select(.[0] == n)[1]]; $1" <<<"$HEAD" >/dev/null || { echo "$HEAD" >&2; return 1; }; }

@test "a header by its template, also with the value twice; the agent's own goes, and other words for it" {
	bound 'bind 0 TOKEN header x-key a:{value},b:{value}'
	for http in --http1.1 --http2; do
		ask $http -H 'X-Key: mine' -H 'X-KEY: mine too' -H 'Authorization: Bearer mine' -H 'X-Api-Key: mine' -H 'Api-Key: mine' \
			-H 'X-Goog-Api-Key: mine' -H 'Proxy-Authorization: Basic mine' -H 'X-Other: kept' https://c.example/form
		had 'field("x-key") == ["a:" + $value + ",b:" + $value]'
		had '($fields | tostring | test("mine") | not) and field("x-other") == ["kept"]'
		grep -q 'x-key=a:\*\**,b:\*\** ' "$T/got"
	done
}

@test "basic: the password of a user, in base64, which an answer does not say either" {
	bound 'bind 0 TOKEN basic me'
	for http in --http1.1 --http2; do
		ask $http -u me:mine https://c.example/form
		had 'field("authorization") == ["Basic " + ("me:" + $value | @base64)]'
		grep -q 'authorization=Basic ....\*\*\*' "$T/got"
	done
	wait_for 5 said '.event == "http_request" and .key == "TOKEN" and .path == "/form"'
}

@test "query: a word of it, percent-encoded; the agent's words of that name go, however they are written" {
	bound 'bind 0 TOKEN query key'
	for http in --http1.1 --http2; do
		ask $http 'https://c.example/form?a=1&key=mine&b=&k%65y=mine&KEY=kept&monkey=2&key&c'
		had '$target == "/form?a=1&b=&KEY=kept&monkey=2&c&key=" + ($value | @uri)'
		ask $http https://c.example/form
		had '$target == "/form?key=" + ($value | @uri)'
	done
	wait_for 5 said '.event == "http_request" and .key == "TOKEN" and .path == "/form?a=*&b=*&KEY=*&monkey=*&c&key=*"'
}

@test "several for one host: each in its place" {
	bound 'bind 0 TOKEN query key' 'bind 0 OTHER header x-api-key {value}' 'bind 0 OTHER basic you'
	ask --http2 -H 'X-Api-Key: mine' 'https://c.example/form?key=mine'
	had '$target == "/form?key=" + ($value | @uri) and field("x-api-key") == ["another-secret-of-the-vault"] and
		field("authorization") == ["Basic " + ("you:another-secret-of-the-vault" | @base64)]'
	refute grep -q another-secret "$T/got"
	wait_for 5 said '.event == "http_request" and .keys == ["TOKEN", "OTHER", "OTHER"]'
}

@test "strip: fields, cookies and words of the query that the pod file names, in trailers too; the rest is kept" {
	bound 'bind 0 OTHER header x-api-key {value}' 'strip 0 header x-session' 'strip 0 cookie sid' 'strip 0 cookie __Host-id' 'strip 0 query token'
	for http in --http1.1 --http2; do
		ask $http -H 'X-Session: mine' -H 'x-session: mine' -H 'X-Session-Id: kept' -H 'Cookie: a=1; sid=mine; b=2;__Host-id=mine; sidney=3; sid = mine' \
			'https://c.example/form?token=mine&t=1&%74oken=mine'
		had '($fields + [$target] | tostring | test("mine") | not) and field("x-session-id") == ["kept"] and $target == "/form?t=1"'
		had 'field("cookie") == ["a=1; b=2; sidney=3"]'
		ask $http -H 'Cookie: sid=mine; __Host-id=mine' https://c.example/form
		had 'field("cookie") == []'
	done
	: >"$T/odd.log"
	raw 'POST /form HTTP/1.1\r\nHost: c.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nX-Session: mine\r\nX-Sum: 1\r\n\r\n' >/dev/null
	grep -q 'x-sum: 1$' "$T/odd.log"
	refute grep -q mine "$T/odd.log"
}

@test "strip alone, without a binding: nothing else is touched" {
	bound 'strip 0 cookie sid'
	ask --http1.1 -H 'Authorization: Bearer mine' -H 'X-Api-Key: mine' -H 'Cookie: sid=x; a=1' https://c.example/form
	had 'field("authorization") == ["Bearer mine"] and field("x-api-key") == ["mine"] and field("cookie") == ["a=1"]'
}

@test "a refusal by rule says which, and who can allow it how" {
	policy 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 'allow 0 GET /form'
	push
	for http in --http1.1 --http2; do
		in_pod curl -sS --max-time 20 $http -w '\n%{http_code} %{content_type} %header{x-envpod-refused}' -X DELETE https://c.example/form >"$T/got"
		[ "$(tail -n 1 "$T/got")" = '403 application/json method' ]
		head -n 1 "$T/got" | jq -e '.rule == "method" and .host == "c.example" and (.error | length > 10) and
			(.ask | test("network.http") and test("envpod vault web bind"))'
		in_pod curl -sS --max-time 20 $http --path-as-is https://c.example/form/../form | jq -e '.rule == "ambiguous" and (.ask | test("one reading"))'
	done
}

@test "an actual WebSocket server that compresses: it is not asked to, so that what it says can be read" {
	need websockets
	(exec nsenter -t "$SITE" -n /usr/bin/python3 "$BATS_TEST_DIRNAME/websocket_site.py" 192.0.2.10 "$T/good.pem" "$T/good.key") >"$T/ws.log" 2>&1 3>&- &
	pid=$!
	wait_for 10 listens_at 192.0.2.10
	policy 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	push
	in_pod /usr/bin/python3 - <"$BATS_TEST_DIRNAME/websocket_client.py" >"$T/got" || { cat "$T/got" "$T/ws.log"; kill "$pid"; false; }
	kill "$pid"
	cat "$T/got"
	grep -qx 'extensions \[\]' "$T/got"
	grep -qx 'server saw None' "$T/got"
	grep -qx 'echo of 300000: True' "$T/got"
	grep -qx "said Bearer \*\**" "$T/got"
}
have_websockets() { /usr/bin/python3 -c 'import websockets' 2>/dev/null; }
