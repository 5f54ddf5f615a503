#!/usr/bin/env bats
# pod-proxy inject: requests of a pod get their credentials, with all of the wall around it.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

@test "a request gets the credential, whatever the agent sent; other hosts are passed through untouched" {
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	[ "$(call https://a.example/teapot)" = "short and stout" ] || { cat "$T/inject.log" "$T/events"; false; }
	run call -H 'Authorization: Bearer dummy' -H 'X-Api-Key: mine' "https://a.example/echo?q=1"
	echo "$output"
	[[ $output == "auth=Bearer "* ]]
	[[ $output != *dummy* && $output != *real-token* ]]
	[[ $output == *"key= host=a.example uri=/echo?q=1 "* ]]
	run call -k https://b.example/echo -H 'Authorization: Bearer mine'
	[[ $output == "auth=Bearer mine "* ]]
	refute call https://b.example/echo
	wait_for 5 said '.event == "http_request" and .key == "TOKEN" and .path == "/echo?q=*" and .status == 200 and .name == "a.example"'
	refute grep real-token "$T/events"
}

BOUND=('host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}')

# odd: c.example is bound, and answers as odd.py does.
odd()
{
	odd_site "$@"
	secrets TOKEN real-token-of-the-vault
	bindings "${BOUND[@]}"
}

# codes PATH...: what curl says about each, in one go; bodies in $T/bodies.
codes()
{
	local path args=()
	for path; do args+=("https://c.example/$path"); done
	call --no-keepalive -w '\n%{http_code} %{exitcode}\n' "${args[@]}" 2>/dev/null | tee "$T/bodies" | grep -E '^[0-9]{3} [0-9]+$' || true
}

@test "every form of an answer: lengths, chunks, to the end, none, hints, trailers, HEAD" {
	odd
	[ "$(codes until-close http10 204 304 hints split | paste -sd' ')" = '200 0 200 0 204 0 304 0 200 0 200 0' ]
	for said in 'all of it' old 'after hints' "Bearer $(printf '*%.0s' {1..23})"; do grep -qxF "$said" "$T/bodies"; done
	call -I https://c.example/head | tr -d '\r' | grep -qx 'content-length: 1234'
	run raw 'GET /trailers HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n\r\n'
	[[ $output == *'\r\n5\r\nbody\n\r\n0\r\nx-sum: 42\r\n\r\n' ]]
	[[ $output == *"transfer-encoding: chunked"* && $output != *": 9"* ]]
}

@test "a large answer takes no memory" {
	odd
	call -o /dev/null -w '%{size_download}' https://c.example/bytes/200000000 | grep -qx 200000000
	awk '/VmHWM/ { exit $2 > 24000 }' "/proc/$INJECTOR/status"
}

@test "a hostile server: two lengths, folds, bare line ends, splitting, endless heads, cuts; nothing of it passes" {
	odd
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
	odd
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
	raw 'POST /behind HTTP/1.1\r\nHost: c.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nAuthorization: mine\r\nX-Api-Key: mine\r\nContent-Length: 9\r\nHost: b.example\r\n\r\n'
	grep -q '^POST /behind 1 [0-9a-f]* x-sum: 1$' "$T/odd.log"
}

@test "events of a stream arrive one by one" {
	odd
	mkfifo "$T/step"
	call -N -H "X-Events: 3" -H "X-Step: $T/step" https://c.example/sse >"$T/got" 3>&- &
	jobs=($!)
	for i in 0 1 2; do
		wait_for 5 grep -qx "data: $i" "$T/got"
		refute grep -qx "data: $((i + 1))" "$T/got"
		: >"$T/step"
	done
	wait "${jobs[@]}"
	# Killed in the middle: what came is not taken for the whole.
	call -N -H "X-Events: 3" -H "X-Step: $T/step" https://c.example/sse >"$T/got" 3>&- &
	jobs=($!)
	wait_for 5 grep -qx "data: 0" "$T/got"
	kill -KILL "$INJECTOR"
	refute wait "${jobs[@]}"
}

@test "WebSocket: both ways, both ends; an upgrade to something else is none; a switch nobody asked for is refused" {
	odd
	run raw 'GET /ws HTTP/1.1\r\nHost: c.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\nhello, then quit'
	[[ $output == *"101 "* && $output == *"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="* && $output == *"echo hello, then"* ]]
	run call -H 'Connection: Upgrade' -H 'Upgrade: h2c' https://c.example/form
	[[ $output == "GET /form"* && $output != *h2c* ]]
	run call -w '%{http_code}' https://c.example/switch
	[[ $output == *502* ]]
}

@test "connections to servers are kept, and not used again where anything was odd" {
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	for i in 1 2 3; do call -o /dev/null https://a.example/teapot; done
	[ "$(awk '{print $4}' "$T/nginx/access.log" | sort -u | wc -l)" = 1 ]
	[ "$(awk '{print $5}' "$T/nginx/access.log" | tail -1)" = 3 ]
	[ "$(call -o /dev/null -w '%{num_connects} ' https://a.example/teapot --next -sS -o /dev/null -w '%{num_connects}' https://a.example/teapot)" = '1 0' ]
	kill "$(cat "$T/nginx/pid")"
	wait_for 5 on_site sh -c '! ss -Hltn "sport = :443" | grep -q .'
	tls_site
	[ "$(call https://a.example/teapot)" = 'short and stout' ]
	odd_site
	policy 'host 0 c.example 443'
	wait_for 5 intercepted
	[ "$(call https://c.example/more)" = one ]
	[[ $(call https://c.example/next) == 'GET /next'* ]]
	# A POST cannot be sent twice: a connection that ends, or may at any moment, is not used for it.
	for path in then-close bye no-more; do
		call "https://c.example/$path"
		[[ $(call -d x https://c.example/next) == 'POST /next'* ]] || { echo "$path"; false; }
	done
}
intercepted() { call -o /dev/null https://c.example/x; }

@test "another host in the request: 421; a tunnel, an echo, what is no HTTP: refused" {
	odd
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

@test "a server with the wrong certificate gets nothing: self-signed, of another host, out of date" {
	certificate other 2 DNS:other.example
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/self.key" -out "$T/self.pem" -days 2 \
		-subj /CN=c.example -addext subjectAltName=DNS:c.example 2>/dev/null
	certificate old -1 DNS:c.example
	certificate partial 2 'DNS:c*.example'
	secrets TOKEN real-token-of-the-vault
	bindings "${BOUND[@]}"
	for which in other self old partial; do
		odd_site "$which"
		run call -w '%{http_code}' https://c.example/x
		[[ $output == *"upstream_untrusted"*502 ]] || { echo "$which: $output"; false; }
		kill "${NETPIDS[-1]}"
		wait_for 5 refute_listens
	done
	[ ! -s "$T/odd.log" ]
	said '.event == "upstream_untrusted" and (.reason | test("self.signed"))'
	said '.event == "upstream_untrusted" and .reason == "certificate has expired"'
	said '.event == "upstream_untrusted" and (.reason | test("ostname mismatch"))'
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *"upstream_failed"*502 ]]
}
refute_listens() { ! listens_at 192.0.2.11; }

@test "a client that does not believe the pod's authority is an event with advice" {
	odd
	refute call --capath /nowhere --cacert "$(find /etc/ssl/certs -name '*.pem' | head -1)" https://c.example/
	wait_for 5 said '.event == "ca_untrusted" and .name == "c.example" and (.hint | length > 20)'
}

@test "live: bindings come and go, secrets change, the vault is locked, the injector is killed" {
	odd
	auth() { call https://c.example/form | tr ' ' '\n' | sed -n 's/^authorization=//p'; }
	call -o /dev/null https://c.example/form
	policy 'host 0 a.example 443'
	wait_for 5 unbound
	policy "${BOUND[@]}"
	wait_for 5 intercepted
	printf 'locked no passphrase was given\nend\n' >"$T/feed"
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *'no passphrase was given'*503 ]]
	secrets OTHER another-secret-of-it
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *'no value for TOKEN'*503 ]]
	secrets TOKEN short
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *503 ]]
	secrets TOKEN a-new-token-for-all
	[ "$(push)" = ok ]
	[ "$(call https://c.example/split)" = "Bearer $(printf '*%.0s' {1..19})" ]
	kill -KILL "$INJECTOR"
	before=$(wc -l <"$T/odd.log")
	refute call https://c.example/x
	[ "$(wc -l <"$T/odd.log")" = "$before" ]
	inject
	call -o /dev/null https://c.example/form
}
unbound() { call -k https://c.example/form | grep -qv authorization=; }
push()
{
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
print(s.recv(100).decode(), end="")' "$R/web/net/feed" <"$T/feed"
}

@test "with the last binding the injector rests, and a program's connection ends; a first one wakes it" {
	printf 'network:\n  dns: {allow: ["c.example:443,8443"], upstream: [192.0.2.53]}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	pod-proxy ca web
	mkdir -p -m 711 "$ENVPOD_STATE_DIR/pods/web/policy"
	policy 'host 0 c.example 443'
	on_host pod-net up web
	is_state up
	odd_site
	[[ $(call https://c.example/form) == *upstream_untrusted* ]] # the keeper's injector knows not our authority
	policy 'canary alert'
	wait_for 10 is_state resting
	[[ $(call -k https://c.example/form) == 'GET /form'* ]]
	policy 'host 0 c.example 443'
	on_host pod-supervise helpers wake web
	is_state up
	[[ $(call https://c.example/form) == *upstream_untrusted* ]]
}
is_state() { jq -e --arg s "$1" '.services[] | select(.name == "inject") | .state == $s' "$R/web/services.json" >/dev/null; }

@test "a first binding on another port than 80 and 443 holds at once, for connections that are open too" {
	odd_site good 8443
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443'
	in_pod python3 -uc 'import socket; s = socket.create_connection(("c.example", 8443), 10); print("open")
try: s.settimeout(20); print(s.recv(1) or "end")
except ConnectionError: print("cut")' >"$T/said" 3>&- &
	jobs=($!)
	wait_for 10 grep -q open "$T/said"
	[[ $(call -k https://c.example:8443/form) != *authorization* ]]
	policy 'host 0 c.example 8443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 'bind 0 TOKEN header x-api-key {value}'
	wait_for 10 grep -q cut "$T/said"
	[[ $(call https://c.example:8443/form) == *"authorization=Bearer *"* ]]
	wait "${jobs[@]}"
	wait_for 5 said '.event == "http_request" and .port == 8443 and .keys == ["TOKEN", "TOKEN"]'
}

@test "clients that leave at any moment, servers that do: nothing is left behind, and others are served" {
	odd
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
	        raw = socket.create_connection(("c.example", 443), 10)
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
	wait_for 10 settled
}
# Nothing but what it begins with, and servers that are kept.
settled() { [ "$(find "/proc/$INJECTOR/fd" -lname 'socket:*' | wc -l)" -le 12 ]; }
