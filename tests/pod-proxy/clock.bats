#!/usr/bin/env bats
# The injector under a clock that is wrong, and put right while it runs: whose certificates it
# believes, and which it makes.  (The days of a leaf: test_leaf.c.)
load ../lib/envpod
load injector
setup()
{
	injector_setup
	clock 0
	# pod-proxy inject, but for its clock.
	INJECT_PROGRAM=(env CLOCK_OFF="$T/clock" "$B/tests/pod-proxy/test_leaf")
	secrets TOKEN real-token-of-the-vault
}
teardown() { site_teardown; }

# clock DAYS: from now on, for what was started with it.
clock()
{
	python3 -c 'import struct, sys; f = open(sys.argv[1], "r+b" if sys.argv[3:] else "wb"); f.write(struct.pack("q", int(float(sys.argv[2]) * 86400)))' \
		"$T/clock" "$1" ${2:+here}
}

# shown: the certificate that the injector shows for a host, and its authority's.
shown() { in_pod openssl s_client -connect "$1:443" -servername "$1" -showcerts </dev/null 2>/dev/null | openssl x509 -noout "${@:2}"; }
code() { call -k -o /dev/null -w '%{http_code}' "$@"; }

@test "a server's certificate is judged by the clock as it is at that moment, and what is kept is given up in time" {
	tls_site # for two days
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	[ "$(code https://a.example/teapot)" = 418 ]
	clock 3 now
	policy 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' # what is kept goes
	[ "$(code https://a.example/expired)" = 502 ]
	wait_for 5 said '.event == "upstream_untrusted" and .reason == "certificate has expired"'
	clock -1 now
	[ "$(code https://a.example/early)" = 502 ]
	wait_for 5 said '.event == "upstream_untrusted" and .reason == "certificate is not yet valid"'
	clock 0 now
	[ "$(code https://a.example/teapot)" = 418 ]
	refute grep -q 'expired\|early' "$T/nginx/access.log"
}

@test "leaves are made anew by a clock that moves; before the authority's own days there are none, and the next injector makes another" {
	tls_site
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	first=$(shown a.example -serial)
	[ "$(shown a.example -serial)" = "$first" ]
	clock 0.45 now
	[ "$(shown a.example -serial)" = "$first" ]
	clock 0.55 now
	second=$(shown a.example -serial)
	[ -n "$second" ] && [ "$second" != "$first" ]
	# A wrong clock at the beginning is what makes an authority of the future.
	clock -3 now
	refute call -k -o /dev/null https://a.example/teapot
	wait_for 5 said '.event == "ca_missing" and .name == "a.example" and (.reason | test("clock")) and (.hint | test("clock"))'
	status=0
	wait "$INJECTOR" || status=$?
	[ "$status" = 2 ]
	grep -q "not valid by the host's clock" "$T/inject.log"
	inject
	[ -n "$(shown a.example -serial)" ]
	clock 0 now
	[ "$(call -o /dev/null -w '%{http_code}' https://a.example/teapot)" = 418 ] # its programs believe that one
}

@test "a host whose authority is missing is reset, which is an event with advice; others are served, and so is it when it is there" {
	tls_site
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	file=$ENVPOD_STATE_DIR/pods/web/policy/issuers
	cp "$file" "$T/issuers"
	sed 's/^domain a.example$/domain b.example/' "$T/issuers" >"$file"
	clock 1 now # the leaf that is there does not last
	run call -k https://a.example/teapot
	[ "$status" = 35 ] || { echo "$status $output"; false; }
	wait_for 5 said '.event == "ca_missing" and .name == "a.example" and .port == 443 and (.reason | test("may sign")) and (.hint | test("pod-proxy ca web"))'
	kill -0 "$INJECTOR"
	refute grep -q teapot "$T/nginx/access.log"
	pod-proxy ca web
	cmp "$file" "$T/issuers" || grep -q '^domain a.example$' "$file"
	[ "$(code https://a.example/teapot)" = 502 ] || [ "$(code https://a.example/teapot)" = 418 ]
}

@test "many names of a wildcard at once: each gets its certificate, one after the other, and those that are connected are served meanwhile" {
	tls_site
	bindings 'host 0 *.w.example 443' 'allow 0 GET *'
	in_pod python3 - >"$T/got" <<-'END'
	import socket, ssl, threading
	c = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
	def connect(name):
	    return c.wrap_socket(socket.create_connection((name, 443), 20), server_hostname=name)
	def ask(s, name):
	    s.sendall(b"GET /teapot HTTP/1.1\r\nHost: %s\r\n\r\n" % name.encode())
	    got = b""
	    while not got.endswith(b"stout\n"): got += s.recv(1000)
	    return got[:12].decode()
	old = connect("old.w.example")
	print(ask(old, "old.w.example"))
	names = ["n%d.w.example" % i for i in range(40)]
	threads = [threading.Thread(target=lambda n=n: print(ask(connect(n), n))) for n in names]
	[t.start() for t in threads]
	print(ask(old, "old.w.example"))
	[t.join() for t in threads]
	END
	[ "$(grep -c '^HTTP/1.1 418$' "$T/got")" = 42 ] || { cat "$T/got"; false; }
}
