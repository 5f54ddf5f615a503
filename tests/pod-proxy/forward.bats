#!/usr/bin/env bats
# pod-proxy forward: the pod's ports, for the host, for the host's network, for other pods.
load ../lib/envpod
load site
setup() { site_setup; }
teardown() { site_teardown; }

@test "ports: on the host's loopback alone, TCP and UDP, IPv4 and IPv6" {
	pod web 'ports: ["8080:80", "8080:80/udp", "9090:90"]'
	serve web 80 127.0.0.1
	for to in 'tcp 127.0.0.1' 'tcp ::1' 'udp 127.0.0.1' 'udp ::1'; do
		[ "$(on_host python3 -c "$talk" $to 8080)" = 'web heard you' ]
	done
	refute on_site python3 -c "$talk" tcp 192.0.2.1 8080 2>/dev/null
	refute on_host python3 -c "$talk" tcp 127.0.0.1 9090 2>/dev/null
	serve web 90 ::1
	[ "$(on_host python3 -c "$talk" tcp 127.0.0.1 9090)" = 'web heard you' ]
	on_host envpod stop web
	refute on_host python3 -c "$talk" tcp 127.0.0.1 8080 2>/dev/null
}

@test "public_ports: on every address of the host; the pod reaches nothing by them" {
	pod web 'public_ports: ["8080:80"]'
	serve web 80 0.0.0.0
	[ "$(on_site python3 -c "$talk" tcp 192.0.2.1 8080)" = 'web heard you' ]
	[ "$(on_site python3 -c "$talk" tcp 2001:db8::1 8080)" = 'web heard you' ]
	[ "$(on_host python3 -c "$talk" tcp 127.0.0.1 8080)" = 'web heard you' ]
	refute in_pod python3 -c "$talk" tcp 192.0.2.53 80 2>/dev/null
}

@test "a port that is taken fails the run, and says which" {
	(exec nsenter -t "$HOST" -n python3 -m http.server --bind 127.0.0.1 8080) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 5 on_host curl -so /dev/null http://127.0.0.1:8080/
	printf 'network: {ports: ["8080:80"]}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	expect 125 on_host envpod run web -- true
	[[ $output == *"open port 8080 of 127.0.0.1"*"in use"* ]]
}

@test "internal_ports: another pod, by name, when both want it; no other port, no other pod" {
	pod db 'internal_ports: [5432, 80]' 'allow_discovery: yes'
	pod web 'allow_pods: [db]'
	pod alone 'dns: {allow: [x.example]}'
	serve db 5432 127.0.0.1
	serve db 80 127.0.0.1
	by_name() { on_host envpod run "$1" -- python3 -c 'import socket, sys; sys.argv[2] = socket.gethostbyname(sys.argv[2])'"$talk" tcp db.pods.local "$2"; }
	[ "$(by_name web 5432)" = 'db heard you' ]
	refute by_name web 22 2>/dev/null
	refute by_name alone 5432 2>/dev/null
	address=$(cut -d' ' -f2 "$R/db/net/up")
	refute on_host envpod run alone -- python3 -c "$talk" tcp "${address%/*}" 5432 2>/dev/null
	refute on_host python3 -c "$talk" tcp "${address%/*}" 5432 2>/dev/null
}

@test "expose: the only ports that answer" {
	pod db 'internal_ports: [5432, 5433]' 'allow_discovery: yes' 'expose: [5433]'
	pod web 'allow_pods: [db]'
	serve db 5432 127.0.0.1
	serve db 5433 127.0.0.1
	by_name() { on_host envpod run web -- python3 -c 'import socket, sys; sys.argv[2] = socket.gethostbyname(sys.argv[2])'"$talk" tcp db.pods.local "$1"; }
	[ "$(by_name 5433)" = 'db heard you' ]
	refute by_name 5432 2>/dev/null
}

@test "the forwarder holds no power, and stands in the pod's network" {
	pod web 'ports: ["8080:80"]'
	pid=$(jq -r '.services[] | select(.name == "forward").pid' "$R/web/services.json")
	[ "$(stat -Lc %i "/proc/$pid/ns/net")" = "$(stat -Lc %i "$R/web/ns/net")" ]
	[ "$(awk '/^CapEff/ {print $2}' "/proc/$pid/status")" = 0000000000000000 ]
	grep -q "^Seccomp:.2" "/proc/$pid/status"
}

# Holds as many connections as it gets to a port, says how many, and lets go of one for each line that it reads.
hold='
import socket, sys
kept = []
def one():
    s = socket.socket(); s.settimeout(5)
    try:
        s.connect((sys.argv[1], int(sys.argv[2]))); s.sendall(b"x")
        if s.recv(1) == b"x": kept.append(s); return 1
    except OSError: pass
    return 0
print(sum(one() for _ in range(int(sys.argv[3]))), flush=True)
for line in sys.stdin:
    kept.pop().close()
    while not one(): pass
    print(1 + one(), flush=True)'

echoes() { # ADDRESS: an echo on port 7777 there
	cat >"$T/echo.py" <<-'END'
	import socket, sys, threading
	def serve(c):
	    with c:
	        while d := c.recv(100): c.sendall(d)
	l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind((sys.argv[1], 7777)); l.listen(100)
	while True: threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
	END
}

@test "network.connections: so many at a time, outwards and inwards; one that ends makes room; all of it is counted" {
	echoes
	(exec nsenter -t "$SITE" -n python3 "$T/echo.py" 192.0.2.10) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 10 listens tcp 7777
	pod web 'cidr_allow: [192.0.2.0/24]' 'connections: 5' 'ports: ["8080:7777"]'
	in_pod python3 - 127.0.0.1 <"$T/echo.py" 3>&- &
	NETPIDS+=($!)
	wait_for 10 serves web 7777
	mkfifo "$T/in" "$T/out"
	for way in "in_pod 192.0.2.10 7777" "on_host 127.0.0.1 8080"; do
		set -- $way
		"$1" python3 -u -c "$hold" "$2" "$3" 8 <"$T/in" >"$T/out" 3>&- &
		NETPIDS+=($!)
		exec 8>"$T/in" 9<"$T/out"
		read -r -t 20 got <&9
		[ "$got" = 5 ]
		if [ "$1" = in_pod ]; then
			on_host pod-net status --json web | jq -e '.connections == 5 and .connections_max == 5 and .crowded == 3 and .drops == 3'
			on_host envpod status --json web | jq -e '.connections == "5" and .net.crowded == 3'
			on_host envpod status web | grep -q 'open *5 connections of 5'
		fi
		echo >&8
		read -r -t 20 got <&9
		[ "$got" = 1 ]
		exec 8>&- 9<&-
	done
	wait_for 5 event '.event == "net_denied" and .reason == "too_many_connections" and .port == 7777'
}
