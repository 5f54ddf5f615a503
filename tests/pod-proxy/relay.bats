#!/usr/bin/env bats
# pod-proxy relay, with all of the wall around it.
load ../lib/envpod
load site
setup() { site_setup; names; }
teardown() { site_teardown; }

# ask: bytes on stdin to port 80 of 192.0.2.10, and what comes back.
ask()
{
	in_pod python3 -c '
import socket, sys
s = socket.create_connection(("192.0.2.10", 80), 5)
s.sendall(sys.stdin.buffer.read()); s.shutdown(socket.SHUT_WR)
try:
    while d := s.recv(4096): sys.stdout.buffer.write(d); sys.stdout.buffer.flush()
except ConnectionResetError: pass'
}

@test "a page by its name, over HTTP and TLS, IPv4 and IPv6" {
	sites
	allow 'a.example, six.example'
	[ "$(get http://a.example/)" = 'a.example at 192.0.2.10 by http' ]
	[ "$(get -k https://a.example/)" = 'a.example at 192.0.2.10 by https' ]
	[ "$(get http://six.example/)" = 'six.example at 2001:db8::10 by http' ]
	[ "$(get -k https://six.example/)" = 'six.example at 2001:db8::10 by https' ]
	wait_for 5 event '.event == "net_connect" and .name == "a.example" and .port == 443 and .address == "192.0.2.10" and .rule == "name"'
}

@test "a name that was not allowed: no address; a neighbour at an allowed one's address: refused, and why" {
	sites
	allow 'a.example'
	refute get http://c.example/
	refute get -k https://b.example/
	get http://a.example/
	get --resolve b.example:80:192.0.2.10 http://b.example/ >"$T/said"
	jq -e '.reason == "name_not_of_address" and .name == "b.example" and .address == "192.0.2.10" and
		.hint == "envpod dns web --allow b.example"' "$T/said"
	run get -k --resolve b.example:443:192.0.2.10 https://b.example/
	[ "$status" = 35 ]
	[[ $output == *"unrecognized name"* ]]
	wait_for 5 event '.event == "net_denied" and .src == "proxy" and .name == "b.example" and .port == 443 and .reason == "name_not_of_address"'
}

@test "TLS without a name, something that is neither, and silence" {
	sites
	allow 'a.example'
	get http://a.example/
	run in_pod openssl s_client -connect 192.0.2.10:443 -noservername </dev/null
	[[ $output == *"unrecognized name"* ]]
	printf 'HELO me\r\n\r\n' | ask | grep -q '^HTTP/1.1 403'
	printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' | ask | grep -q '^HTTP/1.1 403'
	[ -z "$(printf 'GET / HTTP/1.1\r\nHost: a.exa' | ask)" ]
	wait_for 5 event '.event == "net_denied" and .reason == "no_name"'
	wait_for 5 event '.event == "net_denied" and .reason == "no_name_readable"'
}

@test "every request of a connection is judged, not the first alone" {
	sites
	allow 'a.example'
	get http://a.example/
	printf 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n' >"$T/good"
	[ "$(ask <"$T/good" | grep -c 'a.example at')" = 2 ]
	printf 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n' >"$T/second"
	refute grep -q b.example <<<"$(ask <"$T/second")"
	for smuggle in 'Content-Length: 0\r\nContent-Length: 44' 'Transfer-Encoding: chunked\r\nContent-Length: 44' \
		'Transfer-Encoding: xchunked' 'Transfer-Encoding : chunked' ' X: y' 'Host: b.example' 'Content-Length: +4'; do
		printf "POST / HTTP/1.1\r\nHost: a.example\r\n$smuggle\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n" >"$T/bad"
		ask <"$T/bad" | grep -v 'b.example at' | grep -q 403 || { echo "passed: $smuggle"; false; }
	done
	wait_for 5 event '.event == "net_denied" and .name == "b.example"'
}

@test "bodies: sent by length and in chunks, received large; the connection is kept" {
	sites
	allow 'a.example'
	head -c 5000000 /dev/urandom >"$T/up"
	[ "$(get -o /dev/null -w '%{http_code} %{size_download} %{num_connects}\n' http://a.example/big --next -sS --max-time 10 -o /dev/null -w '%{http_code} %{num_connects}\n' http://a.example/)" = "200 3000000 1
200 0" ]
	get http://a.example/big >"$T/got"
	cmp "$T/got" "$T/www/big"
	get -k https://a.example/big >"$T/got"
	cmp "$T/got" "$T/www/big"
	for how in '' '-H Transfer-Encoding:chunked'; do
		on_host envpod run web -- curl -sS --max-time 10 $how -T - http://a.example/put/it <"$T/up"
		cmp "$T/up" "$T/www/put/it"
		rm "$T/www/put/it"
	done
}

@test "server speaks first, on a port that was named; other ports are closed" {
	allow '"raw.example:2525"'
	(exec nsenter -t "$SITE" -n python3 -c '
import socket
l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(("192.0.2.12", 2525)); l.listen()
while True:
    c, _ = l.accept(); c.sendall(b"220 hello\n"); d = c.recv(100); c.sendall(b"you said " + d); c.close()') 3>&- &
	NETPIDS+=($!)
	wait_for 5 listens tcp 2525
	talk() { in_pod python3 -c '
import socket, sys
c = socket.create_connection((socket.gethostbyname("raw.example"), int(sys.argv[1])), 5)
print(c.recv(100).decode(), end=""); c.sendall(b"EHLO\n"); print(c.recv(100).decode(), end="")' "$1"; }
	[ "$(talk 2525)" = "220 hello
you said EHLO" ]
	refute talk 80
	refute talk 25
	wait_for 5 event '.event == "net_connect" and .port == 2525 and .rule == "pin" and .name == "raw.example"'
}

@test "the host itself is closed, though a name points to it; open by cidr_allow" {
	allow 'host.example'
	(exec nsenter -t "$HOST" -n python3 -m http.server -d "$T" --bind 192.0.2.1 80) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 5 on_host curl -so /dev/null http://192.0.2.1/
	refute get http://host.example/
	wait_for 5 event '.event == "net_denied" and .reason == "host_address" and .address == "192.0.2.1"'
	on_host pod-net down web
	on_host envpod destroy -f web
	allow 'a.example' 'cidr_allow: [192.0.2.1]'
	get -o /dev/null http://192.0.2.1/
}

@test "a name that is removed: its connections are cut" {
	sites
	allow 'a.example, c.example'
	in_pod python3 -c '
import socket
c = socket.create_connection((socket.gethostbyname("a.example"), 80), 5)
d = socket.create_connection((socket.gethostbyname("c.example"), 80), 5)
def ask(s, host):
    s.sendall(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    return b" at " in s.recv(1000)
print(ask(c, b"a.example"), ask(d, b"c.example"), flush=True)
try:
    c.settimeout(10); print(c.recv(10) == b"", flush=True)
except ConnectionResetError:
    print("reset", ask(d, b"c.example"), flush=True)' >"$T/out" 3>&- &
	NETPIDS+=($!)
	wait_for 10 grep -q "True True" "$T/out"
	on_host envpod dns web --remove-allow a.example
	wait_for 5 grep -q "reset True" "$T/out"
	wait_for 5 event '.event == "net_denied" and .reason == "name_removed" and .name == "a.example"'
}

@test "Monitored: names are written down, nothing is refused" {
	sites
	pod web 'mode: Monitored' 'dns: {upstream: [192.0.2.53]}'
	[ "$(get http://192.0.2.11/)" = '192.0.2.11 at 192.0.2.11 by http' ]
	[ "$(get -k https://c.example/)" = 'c.example at 192.0.2.11 by https' ]
	wait_for 5 event '.event == "net_connect" and .rule == "monitor" and .name == "c.example"'
	wait_for 5 event '.event == "net_connect" and .rule == "monitor" and .address == "192.0.2.11" and .port == 80'
}

@test "bandwidth_cap: a second's worth takes no less than most of a second" {
	sites
	allow 'a.example' 'bandwidth_cap: 1MB/s'
	time=$(get -o /dev/null -w '%{time_total}' http://a.example/big)
	jq -ne "$time > 2"
}

@test "the relay is killed: it comes again, and names are known to it still" {
	sites
	allow 'a.example'
	get http://a.example/
	pid=$(jq -r '.services[] | select(.name == "proxy").pid' "$R/web/services.json")
	grep -q "^Seccomp:.2" "/proc/$pid/status"
	[ "$(awk '/^Uid/ {print ($2 == $3 && $2 > 1000)}' "/proc/$pid/status")" = 1 ]
	[ "$(awk '/^CapEff/ {print $2}' "/proc/$pid/status")" = 0000000000000000 ]
	kill -KILL "$pid"
	wait_for 10 in_pod curl -s -o /dev/null --max-time 2 --resolve a.example:80:192.0.2.10 http://a.example/
	wait_for 5 event '.event == "service_died"'
}

@test "hundreds of connections at once, half of them silent" {
	sites
	allow 'a.example'
	in_pod python3 -c '
import socket
a = socket.gethostbyname("a.example")
l = [socket.create_connection((a, 80), 10) for i in range(400)]
for s in l[::2]: s.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
print(sum(b"a.example at" in s.makefile("rb").read() for s in l[::2]))' >"$T/out"
	[ "$(cat "$T/out")" = 200 ]
}

# hrr NAME: speak TLS to 192.0.2.11 with a key share that the server does not want, by hand: in the second hello
# the first one's name c.example has become NAME.  Says "asked" when the server has asked for it, then what came of it.
hrr='
import socket, ssl, sys
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); ctx.check_hostname = False; ctx.verify_mode = ssl.CERT_NONE
i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = ctx.wrap_bio(i, o, server_hostname="c.example")
s = socket.create_connection(("192.0.2.11", 443), 5); s.settimeout(5)
def step():
    try: tls.do_handshake(); return True
    except ssl.SSLWantReadError: return False
step(); s.sendall(o.read())
i.write(s.recv(65536)); step()
second = o.read()
assert b"c.example" in second, "no retry was asked for"
print("asked", flush=True)
s.sendall(second.replace(b"c.example", sys.argv[1].encode()))
while True:
    try: d = s.recv(65536)
    except ConnectionResetError: d = b""
    if not d: print("cut"); break
    if sys.argv[1] != "c.example": print("answered", d[0]); break
    i.write(d)
    if step(): s.sendall(o.read()); print("done", tls.version()); break'

@test "a second ClientHello, which a server asks for, must have the name of the first" {
	sites
	allow 'c.example'
	(exec nsenter -t "$SITE" -n openssl s_server -accept 192.0.2.11:444 -cert "$T/cert.pem" -key "$T/key.pem" -groups P-384 -quiet -www) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	on_site nft 'add table ip t; add chain ip t c { type nat hook prerouting priority -100; }; add rule ip t c ip daddr 192.0.2.11 tcp dport 443 dnat to 192.0.2.11:444'
	wait_for 5 listens tcp 444
	in_pod getent ahosts c.example
	[ "$(in_pod python3 -c "$hrr" c.example)" = "asked
done TLSv1.3" ]
	[ "$(in_pod python3 -c "$hrr" b.example)" = "asked
cut" ]
	wait_for 5 event '.event == "net_denied" and .reason == "second_name" and .name == "b.example" and .port == 443'
	# the control: the server itself answers it (22: a handshake, 20: a change of ciphers)
	on_host python3 -c "$hrr" b.example | grep -Eq '^answered 2[02]$'
	get -k https://c.example/ | grep -q 'TLSv1.3'
}

# A hello of openssl's for a.example with an encrypted part like a browser's, which says nothing: the kind of what comes back.
ech='
import socket, ssl
c, i, o = ssl.create_default_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
t = c.wrap_bio(i, o, server_hostname="a.example")
try: t.do_handshake()
except ssl.SSLWantReadError: pass
b = bytearray(o.read())
e = b"\xfe\x0d\x00\x0a\x00\x00\x01\x00\x01\x07\x00\x00\x00\x00"
at = 5 + 4 + 34; at += 1 + b[at]; at += 2 + int.from_bytes(b[at:at+2], "big"); at += 1 + b[at]
for where, size in (3, 2), (6, 3), (at, 2):
    b[where:where+size] = (int.from_bytes(b[where:where+size], "big") + len(e)).to_bytes(size, "big")
s = socket.create_connection(("a.example", 443), 10); s.sendall(bytes(b) + e); print(s.recv(1)[0])'

@test "a hello with an encrypted part passes by the name it shows, or is refused where the pod file says so" {
	sites
	allow 'a.example'
	[ "$(in_pod python3 -c "$ech")" = 22 ] # a handshake
	on_host pod-net down web
	envpod destroy -f web
	allow 'a.example' 'ech: refuse'
	[ "$(in_pod python3 -c "$ech")" = 21 ] # an alert
	wait_for 5 event '.event == "net_denied" and .reason == "encrypted_hello" and .name == "a.example" and .port == 443'
	[ "$(get -k https://a.example/)" = 'a.example at 192.0.2.10 by https' ]
	# TLS that is ended here is not in the hands of who has a key: such a host is not refused.
	pod-proxy ca web
	mkdir -p -m 711 "$ENVPOD_STATE_DIR/pods/web/policy"
	printf '%s\n' 'envpod-plan 1 0 0 0' 'host 0 a.example 443' 'allow 0 * *' end >"$ENVPOD_STATE_DIR/pods/web/policy/proxy"
	chmod 644 "$ENVPOD_STATE_DIR/pods/web/policy/proxy"
	pod-proxy ca web
	on_host pod-supervise helpers wake web
	wait_for 5 is_shaken
}

@test "a hello with an encrypted name (ESNI) has none that is believed: refused, whatever the pod file says of ECH" {
	sites
	allow 'a.example'
	[ "$(in_pod python3 -c "${ech/'\xfe\x0d'/'\xff\xcd'}")" = 22 ] # the control: an extension that nobody knows
	[ "$(in_pod python3 -c "${ech/'\xfe\x0d'/'\xff\xce'}")" = 21 ]
	wait_for 5 event '.event == "net_denied" and .reason == "no_name_readable" and .port == 443'
}

@test "what is not looked into is spliced: its bytes are never read into the relay" {
	sites
	allow 'a.example, b.example'
	get -k https://a.example/ >/dev/null
	local relay
	relay=$(jq '.services[] | select(.name == "proxy").pid' "$R/web/services.json")
	strace -f -qq -e trace=splice,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg -o "$T/calls" -p "$relay" 2>"$T/strace.err" 3>&- &
	local tracer=$!
	wait_for 10 is_traced "$relay"
	get -k -o /dev/null -w '%{size_download}' https://b.example/big | grep -qx 3000000
	kill -INT "$tracer"
	wait "$tracer" || true
	# Into a pipe and out of it again, each byte of TLS, but for what comes before the server's answer is known.
	moved() { awk -v of="$1" '$0 ~ of && $NF ~ /^[0-9]+$/ { n += $NF } END { print n + 0 }' "$T/calls"; }
	local spliced read
	spliced=$(moved ' splice\\(')
	read=$(moved ' (read|readv|recvfrom|recvmsg|write|writev|sendto|sendmsg)\\(')
	[ "$spliced" -gt 5000000 ] && [ $((read * 10)) -lt "$spliced" ] || { tail -n 20 "$T/calls"; echo "$spliced $read"; false; }
}
is_traced() { [ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$1/status")" != 0 ]; }

is_shaken() { [ "$(in_pod python3 -c "$ech")" = 22 ]; }

@test "what is carried is counted: bytes, connections, requests, names; a restart forgets nothing" {
	sites
	allow 'a.example'
	counted() { on_host pod-net status --json web | jq -e ".counted | $1"; }
	get http://a.example/big >"$T/got"
	get -k https://a.example/big >"$T/got"
	head -c 100000 /dev/zero | get -T - http://a.example/put/x >/dev/null
	refute get http://c.example/
	wait_for 5 counted '.down > 6000000 and .down < 6200000 and .up > 100000 and .up < 130000'
	counted '.connections == 3 and .requests == 2 and .dns_queries >= 2 and .dns_denied >= 1'
	kill -KILL "$(jq -r '.services[] | select(.name == "proxy") | .pid' "$R/web/services.json")"
	wait_for 10 in_pod curl -s -o /dev/null --max-time 2 http://a.example/
	wait_for 5 counted '.connections >= 4 and .down > 6000000'
}
