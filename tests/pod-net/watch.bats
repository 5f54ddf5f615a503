#!/usr/bin/env bats
# pod-net watch, status, doctor.
load ../lib/envpod
load net
setup() { net_setup; }
teardown() { net_teardown; }

start_watch()
{
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	mkfifo "$T/ready"
	pod-net watch --ready-fd 8 web 8>"$T/ready" >"$T/events" 3>&- &
	WATCH=$!
	NETPIDS+=("$WATCH")
	read -r -N1 <"$T/ready"
}

lines() { [ "$(wc -l <"$T/events")" -ge "$1" ]; }

@test "what is refused is told: address, port, protocol; once for each destination" {
	start_watch
	refute connects web 192.0.2.1 443 2>/dev/null
	refute connects web 192.0.2.1 443 2>/dev/null
	refute connects web 2001:db8::1 22 2>/dev/null
	inside web python3 -c 'import socket
try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53))
except PermissionError: pass'
	wait_for 5 lines 3
	kill "$WATCH"
	wait "$WATCH"
	jq -es 'map([.event, .address, .port, .protocol]) | unique == [["net_denied","192.0.2.1",443,"tcp"],["net_denied","2001:db8::1",22,"tcp"],["net_denied","8.8.8.8",53,"udp"]]' "$T/events"
	jq -es 'all(.v == 1 and .pod == "web" and .src == "net")' "$T/events"
	jq -es 'map(select(.address == "192.0.2.1").packets) | add == 2' "$T/events"
}

@test "the watcher has given up everything before the first packet" {
	start_watch
	grep -q '^Uid:.18[0-9]*' "/proc/$WATCH/status"
	grep -q '^CapEff:.0*$' "/proc/$WATCH/status"
	grep -q '^Seccomp:.2$' "/proc/$WATCH/status"
	grep -q '^NoNewPrivs:.1$' "/proc/$WATCH/status"
}

@test "without the pod's network: 2, and what to do; a descriptor that is none: 64" {
	pod web 'dns: {allow: [a.example]}'
	expect 2 pod-net watch web
	[[ "$output" == *"pod-net up web"* ]]
	expect 64 pod-net watch --event-fd 77 web
}

@test "doctor: a line for each check, the same as JSON" {
	pod-net doctor >"$T/text"
	pod-net doctor --json >"$T/json"
	[ "$(wc -l <"$T/text")" = "$(wc -l <"$T/json")" ]
	jq -es 'length >= 6 and all(.group == "network" and (.status | IN("pass", "warn", "fail")))' "$T/json"
	expect 64 pod-net doctor web
	envpod doctor --json | jq -es 'map(select(.group == "network")) | length >= 6'
}
