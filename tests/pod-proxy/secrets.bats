#!/usr/bin/env bats
# pod-proxy inject: what is left of a secret in its memory when the secret, or its binding, has gone.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

VALUE='real/token+of the=vault&"0123456789'

# Every form of it that a request or an answer may have had; inner parts of base64, which stand still.
forms()
{
	python3 - "$VALUE" >"$T/forms" <<-'END'
	import base64, json, sys, urllib.parse
	s = sys.argv[1]
	b = s.encode()
	out = {s, json.dumps(s)[1:-1], b.hex(), b.hex().upper(), urllib.parse.quote(s, safe=""), s[:20], s[8:]}
	for k in range(3):
	    e = base64.b64encode(b[k:k + (len(b) - k) // 3 * 3]).decode()
	    out |= {e, e.replace("+", "-").replace("/", "_"), e[:24], e[-24:]}
	print("\n".join(out))
	END
}

memory() { python3 "$TOP/tests/integration/memory.py" "$INJECTOR" "$T/forms"; }
is_clean() { [ "$(memory)" = 0 ]; }
push()
{
	[ "$(python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
print(s.recv(100).decode(), end="")' "$R/web/net/feed" <"$T/feed")" = ok ]
}

# Requests of all kinds, answers that say the secret (odd.py says what it was sent), some to be left by the client.
requests()
{
	local http
	for http in --http1.1 --http2; do
		in_pod curl -sS --max-time 20 $http https://c.example/form https://c.example/split "https://c.example/form?x=1" \
			-H 'Expect: 100-continue' -d 'a body' -o /dev/null -o /dev/null -o /dev/null
		in_pod curl -sS --max-time 20 $http -o /dev/null -X DELETE https://c.example/then-close
		in_pod curl -sS --max-time 20 $http -o /dev/null -X DELETE https://c.example/cut || true
	done
	in_pod python3 - <<-'END'
	import socket, ssl
	c = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
	def ask(head):
	    s = c.wrap_socket(socket.create_connection(("c.example", 443), 10), server_hostname="c.example")
	    s.sendall(head)
	    return s
	s = ask(b"GET /ws HTTP/1.1\r\nHost: c.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n")
	s.recv(100)
	many = [ask(b"GET /loud/100000 HTTP/1.1\r\nHost: c.example\r\n\r\n") for i in range(30)]
	for s in many: s.recv(10)
	ask(b"GET /silent HTTP/1.1\r\nHost: c.example\r\n\r\n")
	ask(b"GET /bytes/50000000 HTTP/1.1\r\nHost: c.example\r\n\r\n").recv(10)
	END
}

@test "a secret that is taken away stands in no page of the injector, in no form" {
	forms
	odd_site
	secrets TOKEN "$VALUE"
	bindings 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 'bind 0 TOKEN basic me' 'bind 0 TOKEN query key'
	requests
	refute is_clean
	secrets # as after pod-vault rm
	push
	wait_for 5 is_clean || { memory; false; }
	[[ $(call -w '%{http_code}' https://c.example/form) == *'no value for TOKEN'*503 ]]
	secrets TOKEN "$VALUE"
	push
	requests
	refute is_clean
	policy 'host 0 c.example 443' # as after unbind, which brings what is still bound
	secrets
	push
	wait_for 5 is_clean || { memory; false; }
	[[ $(call https://c.example/form) == 'GET /form'* ]]
}
