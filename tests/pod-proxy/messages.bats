#!/usr/bin/env bats
# pod-proxy inject: what passes of HTTP/1.1 between a program and a server, and what does not.  One pod
# and one server (odd.py) for all tests.
load ../lib/envpod
load injector

setup_file()
{
	injector_setup
	odd
	export HOST SITE INJECTOR R PIDS="${NETPIDS[*]}"
}
teardown_file()
{
	read -ra NETPIDS <<<"$PIDS"
	site_teardown
}
setup() { : >"$T/odd.log"; }

@test "a large answer and a large body take no memory" {
	call -o /dev/null -w '%{size_download}' https://c.example/bytes/100000000 | grep -qx 100000000
	head -c 100000000 /dev/zero | on_host envpod run web -- curl -sS --max-time 60 -T - https://c.example/sink -o /dev/null
	grep -q '^PUT /sink 100000000 ' "$T/odd.log"
	awk '/VmHWM/ { exit $2 > 24000 }' "/proc/$INJECTOR/status"
}

@test "every form of an answer: lengths, chunks, to the end, none, hints, trailers, HEAD" {
	[ "$(codes until-close http10 204 304 hints split | paste -sd' ')" = '200 0 200 0 204 0 304 0 200 0 200 0' ]
	for said in 'all of it' old 'after hints' "Bearer $(printf '*%.0s' {1..23})"; do grep -qxF "$said" "$T/bodies"; done
	call -I https://c.example/head | tr -d '\r' | grep -qx 'content-length: 1234'
	run raw 'GET /trailers HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n\r\n'
	[[ $output == *'\r\n5\r\nbody\n\r\n0\r\nx-sum: 42\r\n\r\n' ]]
	[[ $output == *"transfer-encoding: chunked"* && $output != *": 9"* ]]
}

@test "a hostile server: two lengths, folds, bare line ends, splitting, endless heads, cuts; nothing of it passes" {
	paths=(two-lengths both fold bare-lf bare-cr nul space-colon te-gzip te-x negative status http2 switch big-head many garbage no-body-204 nothing)
	[ "$(codes "${paths[@]}" | sort | uniq -c | tr -s ' ')" = " ${#paths[@]} 502 0" ]
	refute grep -qi 'ab$\|set-cookie' "$T/bodies"
	refute call https://c.example/cut
	refute call https://c.example/cut-chunk
	refute call https://c.example/huge-chunk
	refute call https://c.example/chunk-ext
	refute call https://c.example/chunk-lf
	[[ $(call https://c.example/form) == 'GET /form'* ]]
}

@test "every form of a request: its head is written anew; bodies by length and in chunks; 100-continue; an early answer" {
	run call -H 'Connection: x-drop' -H 'X-Drop: 1' -H 'X-Keep: 2' -H 'TE: trailers' -H 'Proxy-Connection: a' https://c.example/form
	[[ $output == "GET /form "* && $output == *"x-keep=2"* && $output == *"host=c.example"* ]]
	[[ $output != *x-drop* && $output != *te=* && $output != *proxy-* && $output != *connection=* ]]
	head -c 2000000 /dev/urandom >"$T/up"
	for how in '' '-H Transfer-Encoding:chunked' '-H Expect:100-continue' '-H Expect:'; do
		# shellcheck disable=SC2086
		on_host envpod run web -- curl -sS --max-time 20 $how -T - https://c.example/upload <"$T/up" >/dev/null
		# shellcheck disable=SC2086
		on_host envpod run web -- curl -sS --max-time 20 $how --data-binary @- https://c.example/post <"$T/up" >/dev/null
	done
	[ "$(grep -c "2000000 $(md5sum <"$T/up" | cut -d' ' -f1)" "$T/odd.log")" = 8 ]
	run on_host envpod run web -- curl -sS --max-time 20 -w '%{http_code}' -T - https://c.example/early <"$T/up"
	[[ $output == *413* ]]
	[[ $(call https://c.example/after) == 'GET /after'* ]]
	raw 'POST /behind HTTP/1.1\r\nHost: c.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nAuthorization: mine\r\nX-Api-Key: mine\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /a\r\nContent-Length: 9\r\nHost: b.example\r\n\r\n'
	grep -q '^POST /behind 1 [0-9a-f]* x-sum: 1$' "$T/odd.log"
}

@test "WebSocket: both ways, both ends; an upgrade to something else is none; a switch nobody asked for is refused" {
	run raw 'GET /ws HTTP/1.1\r\nHost: c.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\nhello, then quit'
	[[ $output == *"101 "* && $output == *"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="* && $output == *"echo hello, then"* ]]
	run call -H 'Connection: Upgrade' -H 'Upgrade: h2c' https://c.example/form
	[[ $output == "GET /form"* && $output != *h2c* ]]
	run call -w '%{http_code}' https://c.example/switch
	[[ $output == *502* ]]
}

@test "another host in the request: 421; a tunnel, an echo, what is no HTTP: refused" {
	for head in 'Host: b.example' 'Host: c.example:444' 'Host: c.example.b.example' 'Host: 192.0.2.11'; do
		requests+=("GET / HTTP/1.1\\r\\n$head\\r\\nConnection: close\\r\\n\\r\\n")
	done
	for line in 'CONNECT b.example:443 HTTP/1.1' 'TRACE / HTTP/1.1' 'GET https://b.example/ HTTP/1.1' 'GET /a b HTTP/1.1' 'GET /#a HTTP/1.1' 'GET x HTTP/1.1' 'GET / HTTP/2.0'; do
		requests+=("$line\\r\\nHost: c.example\\r\\n\\r\\n")
	done
	requests+=('POST / HTTP/1.1\r\nHost: c.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: c.example\r\n\r\n')
	raw "${requests[@]}" >"$T/got"
	[ "$(head -4 "$T/got" | grep -c '^HTTP/1.1 421 .*"rule":"host"')" = 4 ]
	[ "$(tail -n +5 "$T/got" | grep -c '^HTTP/1.1 400 ')" = 8 ]
	[ ! -s "$T/odd.log" ]
	run raw 'GET https://c.example/abs?x HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n\r\n'
	[[ $output == *"GET /abs?x "* ]]
	[ "$(wc -l <"$T/odd.log")" = 1 ]
}

@test "a client that does not believe the pod's authority is an event with advice" {
	refute call --capath /nowhere --cacert "$(find /etc/ssl/certs -name '*.pem' | head -1)" https://c.example/
	wait_for 5 said '.event == "ca_untrusted" and .name == "c.example" and (.hint | length > 20)'
}

@test "clients that leave at any moment, servers that do: nothing is left behind, and others are served" {
	call -o /dev/null https://c.example/form
	call -o /dev/null https://c.example/then-close
	in_pod python3 - 240 >"$T/got" <<-'END'
	import random, socket, ssl, struct, sys, threading
	ctx = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
	rnd = random.Random(7)
	paths = ["form", "bytes/3000000", "sse", "cut", "until-close", "then-close", "early", "split", "nothing", "trailers"]
	def one(seed):
	    r = random.Random(seed)
	    try:
	        raw = socket.create_connection(("c.example", 443), 1)
	        if r.random() < .1:
	            raw.sendall(b"\x16\x03\x01\x02"); raw.close(); return
	        s = ctx.wrap_socket(raw, server_hostname="c.example")
	        for _ in range(r.randrange(1, 4)):
	            body = b"x" * r.choice([0, 10, 200000])
	            head = b"POST /%s HTTP/1.1\r\nHost: c.example\r\nContent-Length: %d\r\n\r\n" % (r.choice(paths).encode(), len(body))
	            if r.random() < .3:
	                s.sendall(head[:r.randrange(len(head))]); break
	            s.sendall(head + body[:r.randrange(len(body) + 1)] if r.random() < .3 else head + body)
	            if r.random() < .7: s.recv(r.choice([1, 1000, 65536]))
	        if r.random() < .5: raw = s.unwrap() if r.random() < .2 else s
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", r.random() < .5, 0))
	        s.close()
	    except (OSError, ValueError):
	        pass
	def many(first):
	    for i in range(first, int(sys.argv[1]), 12): one(i)
	threads = [threading.Thread(target=many, args=(i,)) for i in range(12)]
	[t.start() for t in threads]; [t.join() for t in threads]
	END
	kill -0 "$INJECTOR"
	[[ $(call https://c.example/form) == 'GET /form'* ]]
	policy "${BOUND[@]}" # those to the server that are kept go
	wait_for 10 settled
}
# Nothing but what it begins with, and servers that are kept.
settled() { [ "$(find "/proc/$INJECTOR/fd" -lname 'socket:*' | wc -l)" -le 12 ]; }
