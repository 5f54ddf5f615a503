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
