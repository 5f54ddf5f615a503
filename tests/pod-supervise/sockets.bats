#!/usr/bin/env bats
# pod-supervise helpers holds the ports of a pod's daemons: they are never free for the agent.
load ../lib/envpod
load ../pod-proxy/site
setup() { site_setup; names; }
teardown() { site_teardown; }

pid_of() { jq -r --arg n "$1" '.services[] | select(.name == $n) | .pid' "$R/web/services.json"; }
other() { [ "$(pid_of "$1")" != "$2" ] && [ "$(pid_of "$1")" != 0 ]; }
is_up() { on_host pod-supervise helpers status web | awk '$2 == "down" { down = 1 } END { exit down }'; }

# An agent, root in its pod, that takes what it can of these ports, by every way to share one, until the file is there.
taker='
import os, socket, sys, itertools
places = list(itertools.product((53, 15001), (socket.SOCK_STREAM, socket.SOCK_DGRAM), ("127.0.0.1", "::1", "0.0.0.0", "::"), (0, 2, 15, 17)))
tries = 0; kept = []
while not os.path.exists("/tmp/enough"):
    for port, kind, address, option in places:
        if port == 15001 and kind == socket.SOCK_DGRAM: continue
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        if option & 2: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if option & 15 == 15: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            s.bind((address, port))
            if kind == socket.SOCK_STREAM: s.listen()
            kept.append(s); print("took", port, kind, address, option, flush=True)
        except OSError: s.close()
    tries += 1
    if tries == 1: print("trying", flush=True)
print("tried", tries, flush=True)'

@test "kill -9 again and again, while the agent takes what ports it can: it gets none, and names come back" {
	sites
	allow 'a.example'
	as_root python3 -c "$taker" >"$T/taker" 2>&1 3>&- &
	taker_job=$!
	NETPIDS+=("$taker_job")
	wait_for 10 grep -q trying "$T/taker"
	for name in dns proxy dns proxy dns; do
		wait_for 20 is_up
		old=$(pid_of "$name")
		kill -KILL "$old"
		wait_for 20 other "$name" "$old"
	done
	wait_for 20 is_up
	as_root touch /tmp/enough
	wait "$taker_job"
	grep -q '^tried' "$T/taker"
	refute grep took "$T/taker"
	get http://a.example/
}

@test "what is asked while a daemon is away is answered by the next one" {
	sites
	allow 'a.example'
	get http://a.example/
	kill -STOP "$(cut -d' ' -f1 "$R/web/helpers.pid")"
	old=$(pid_of dns)
	kill -KILL "$old" "$(pid_of proxy)"
	get http://a.example/ >"$T/page" 3>&- &
	job=$!
	wait_for 10 waits
	kill -CONT "$(cut -d' ' -f1 "$R/web/helpers.pid")"
	wait "$job"
	grep -q '^a.example at' "$T/page"
}
# a question lies in the socket that nobody reads
waits() { nsenter --net="$R/web/ns/net" ss -Hlun 'sport = :53' | awk '$2 > 0 { found = 1 } END { exit !found }'; }

@test "a keeper that was killed: the next one takes the sockets out of the daemons that live" {
	allow 'a.example'
	keeper=$(cut -d' ' -f1 "$R/web/helpers.pid")
	kill -KILL "$keeper"
	gone() { ! kill -0 "$keeper" 2>/dev/null; }
	wait_for 5 gone
	on_host pod-net up web
	keeper=$(cut -d' ' -f1 "$R/web/helpers.pid")
	[ "$(find "/proc/$keeper/fd" -lname 'socket:*' | wc -l)" -ge 6 ]
	as_root python3 -c "$taker" >"$T/taker" 2>&1 3>&- &
	taker_job=$!
	NETPIDS+=("$taker_job")
	wait_for 10 grep -q trying "$T/taker"
	for name in dns proxy; do
		old=$(pid_of "$name")
		kill -KILL "$old"
		wait_for 20 other "$name" "$old"
	done
	wait_for 20 is_up
	as_root touch /tmp/enough
	wait "$taker_job"
	refute grep took "$T/taker"
	in_pod getent ahosts a.example
}

@test "down lets go of them" {
	allow 'a.example'
	on_host envpod run web -- sleep 1000 3>&- &
	NETPIDS+=($!)
	wait_for 10 test -s "$R/web/init.pid"
	exec 7<"$R/web/ns/net"
	on_host pod-net down --force web
	[ -z "$(nsenter --net=/proc/self/fd/7 ss -Hlntu)" ]
	exec 7<&-
}
