#!/usr/bin/env bats
# Programs of a pod that are slow, silent, or gone half-way: they are waited for so long, hold up
# nobody else, and their limits are given back.
load ../lib/envpod
load injector
setup() { injector_setup; mkfifo "$T/go"; }
teardown() { site_teardown; }

start()
{
	odd_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' "$@"
}

# tls CODE: Python in the pod, in the background, with s, a TLS connection to c.example; what it says
# is in $T/said, what it hears comes from $T/go.
tls()
{
	in_pod python3 -uc '
import resource, socket, ssl, sys
def connect():
    raw = socket.create_connection(("c.example", 443), 60)
    return ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt").wrap_socket(raw, server_hostname="c.example")
def rest(s):
    got = b""
    try:
        while d := s.recv(1000): got += d
        return got.decode() or "end"
    except OSError: return "reset"
exec(sys.argv[1])' "$1" <>"$T/go" >"$T/said" 2>&1 3>&- &
	job=$!
	NETPIDS+=("$job")
}
has_said() { grep -q "$1" "$T/said"; }

@test "a head that comes by drops has so much time, and no more" {
	INJECT_OPTIONS=(--idle 2)
	start
	tls '
s = connect(); s.sendall(b"GET / HTTP/1.1\r\nHost: c.exa"); s.settimeout(0.2); print("began")
while True:
    try: s.sendall(b"x"); print(s.recv(1) or "end"); break
    except TimeoutError: pass
    except OSError: print("reset"); break'
	wait_for 10 has_said began
	wait_for 20 has_said 'reset\|end'
	[[ $(call https://c.example/form) == 'GET /form'* ]]
	[ "$(wc -l <"$T/odd.log")" = 1 ]
}

@test "many who say nothing more keep nobody out, neither of the injector nor of the relay" {
	start
	tls '
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
out = ssl.MemoryBIO()
try: ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="c.example").do_handshake()
except ssl.SSLWantReadError: hello = out.read()
all = []
for i in range(1500): # more than the injector takes at a time
    s = socket.create_connection(("c.example", 443)); s.sendall(hello); all.append(s)
print("hello")
for i in range(3200): # and the relay
    s = socket.create_connection(("c.example", 443)); s.sendall(hello[:20]); all.append(s)
print("held"); sys.stdin.read(); rest(all[-1])'
	wait_for 60 has_said hello
	[[ $(call https://c.example/form) == 'GET /form'* ]]
	wait_for 60 has_said held
	[[ $(call https://c.example/form) == 'GET /form'* ]]
	kill -0 "$INJECTOR"
}

@test "who leaves while the server is silent gives up the request, and its place" {
	start 'limit 0 concurrent 1'
	for how in 's.close()' 's.unwrap()' 's.shutdown(socket.SHUT_WR); print(rest(s))'; do
		: >"$T/odd.log"
		tls "s = connect(); s.sendall(b'GET /silent HTTP/1.1\\r\\nHost: c.example\\r\\n\\r\\n'); sys.stdin.readline(); $how; print('gone')"
		wait_for 10 grep -q silent "$T/odd.log"
		run call -w '%{http_code}' https://c.example/form
		[[ $output == *429 ]] || { echo "$how: $output"; false; }
		echo >"$T/go"
		wait_for 10 is_free || { echo "$how"; false; }
	done
	wait_for 5 said '.event == "http_request" and .path == "/silent" and .status == 499'
}
is_free() { call -f -o /dev/null https://c.example/form; }

@test "what is passed through untouched may end one side before the other" {
	odd_site
	allow c.example
	[[ $(in_pod python3 -c '
import socket, ssl
s = ssl._create_unverified_context().wrap_socket(socket.create_connection(("c.example", 443), 10), server_hostname="c.example")
s.sendall(b"GET /form HTTP/1.1\r\nHost: c.example\r\nConnection: close\r\n\r\n")
socket.socket.shutdown(s, socket.SHUT_WR)
print(s.recv(1000).decode())') == *'GET /form'* ]]
}
