#!/usr/bin/env bats
# pod-proxy ports and expose (envpod ports, envpod expose): the open ports of a pod, changed while it runs.
load ../lib/envpod
load site
setup() { site_setup; }
teardown() { site_teardown; }

POLICY() { echo "$ENVPOD_STATE_DIR/pods/web/policy/ports.json"; }
ports() { on_host envpod ports web "$@"; }
forwarder() { jq -r '.services[] | select(.name == "forward") | .pid' "$R/web/services.json"; }
rests() { on_host pod-supervise helpers status web | grep -q '^forward *resting'; }
# open tcp|udp ADDRESS PORT: somebody answers there.  closed: nobody listens there, of whatever kind.
open() { [ "$(on_host python3 -c "$talk" "$@" 2>/dev/null)" = 'web heard you' ]; }
closed() { ! on_host ss -Hlntu "sport = :$1" | grep -q .; }

@test "a port opens in a pod that runs, TCP and UDP, IPv4 and IPv6, and closes; nothing else does" {
	pod web 'dns: {allow: [x.example]}'
	serve web 80 127.0.0.1
	rests
	closed 8080
	ports -p 8080:80
	for to in 'tcp 127.0.0.1' 'tcp ::1'; do open $to 8080; done
	refute on_site python3 -c "$talk" tcp 192.0.2.1 8080 2>/dev/null
	[ "$(on_host ss -Hlntu | wc -l)" -eq 2 ]
	ports --publish 5353:80/udp
	for to in 'udp 127.0.0.1' 'udp ::1'; do open $to 5353; done
	ports --remove 8080
	closed 8080
	open udp 127.0.0.1 5353
	ports --remove 5353/udp
	closed 5353
	wait_for 5 rests
	[ -z "$(on_host ss -Hlntu)" ]
	refute [ -e "$(POLICY)" ]
	event '.event == "port_open" and .port == "8080:80/tcp" and .scope == "ports"'
	event '.event == "port_close" and .port == "5353:80/udp"'
	event '.event == "policy_change" and .src == "proxy" and .open == ["ports 8080:80/tcp"]'
}

@test "connections of other ports live on; those of a port that goes are cut" {
	pod web 'ports: ["8080:80", "8081:81"]'
	in_pod python3 -c '
import socket, threading
def run(p):
    l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(("127.0.0.1", p)); l.listen()
    while True:
        c, _ = l.accept(); threading.Thread(target=echo, args=(c,)).start()
def echo(c):
    while d := c.recv(100): c.sendall(d)
threading.Thread(target=run, args=(80,)).start(); run(81)' 3>&- &
	NETPIDS+=($!)
	wait_for 10 serves web 80
	wait_for 10 serves web 81
	before=$(forwarder)
	mkfifo "$T/go" "$T/said"
	nsenter -t "$HOST" -n -- python3 -u -c '
import socket, sys
a, b = (socket.create_connection(("127.0.0.1", p)) for p in (8080, 8081))
for s in a, b: s.settimeout(5); s.sendall(b"x"); assert s.recv(1) == b"x"
open(sys.argv[2], "w").close(); open(sys.argv[1]).read()
a.sendall(b"y"); assert a.recv(1) == b"y"
try: gone = b.recv(1) == b""
except ConnectionResetError: gone = True
assert gone' "$T/go" "$T/said" 3>&- &
	client=$!
	cat "$T/said"
	ports --remove 8081 -p 9090:90
	echo >"$T/go"
	wait "$client"
	[ "$(forwarder)" = "$before" ]
	closed 8081
	event '.event == "net_denied" and .reason == "port_closed" and .port == 81'
}

@test "a port that is taken: the command says so, and nothing has changed, in the file or outside" {
	pod web 'ports: ["8080:80"]'
	(exec nsenter -t "$HOST" -n python3 -m http.server --bind 127.0.0.1 9090) >/dev/null 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 5 on_host curl -so /dev/null http://127.0.0.1:9090/
	on_host ss -Hlntu | sort >"$T/before"
	expect 2 ports -p 7070:70 -p 9090:90
	[[ $output == *"open port 9090 of 127.0.0.1 (for port 90 of pod web)"*"in use"* ]]
	on_host ss -Hlntu | sort | diff "$T/before" -
	refute [ -e "$(POLICY)" ]
	# replacing one by what cannot be had brings the first back
	expect 2 ports --remove 8080 -p 8080:81 -p 9090:90
	serve web 80 127.0.0.1
	wait_for 5 open tcp 127.0.0.1 8080
	# the same where nobody forwards yet
	pod idle 'dns: {allow: [x.example]}'
	expect 2 on_host envpod ports idle -p 9090:90
	[[ $output == *"open port 9090 of 127.0.0.1 (for port 90 of pod idle)"*"in use"* ]]
	refute [ -e "$ENVPOD_STATE_DIR/pods/idle/policy/ports.json" ]
	[ -z "$(on_host envpod undo web --json)$(on_host envpod undo idle --json)" ]
}

@test "the pod file's ports are taken back and given again; a port changes its meaning in one command" {
	pod web 'ports: ["8080:80"]'
	serve web 80 0.0.0.0
	open tcp 127.0.0.1 8080
	ports --remove 8080:80/tcp
	closed 8080
	jq -e '.remove_ports == ["8080:80/tcp"]' "$(POLICY)"
	ports -p 8080:80
	open tcp 127.0.0.1 8080
	refute [ -e "$(POLICY)" ]
	expect 2 ports -P 8080:80
	[[ $output == *"the host's port is this pod's already, as ports 8080:80/tcp; take that back with --remove 8080" ]]
	ports --remove 8080 -P 8080:80
	[ "$(on_site python3 -c "$talk" tcp 192.0.2.1 8080)" = 'web heard you' ]
	[ "$(on_site python3 -c "$talk" tcp 2001:db8::1 8080)" = 'web heard you' ]
}

@test "changes outlive the daemon, the network and a run; a pod that is down takes them, too" {
	pod web 'dns: {allow: [x.example]}'
	ports -p 8080:80
	pid=$(forwarder)
	kill -KILL "$pid"
	wait_for 10 restarted "$pid"
	serve web 80 127.0.0.1
	wait_for 5 open tcp 127.0.0.1 8080
	on_host envpod stop web
	closed 8080
	ports -p 8081:80 --remove 8080
	closed 8081
	serve web 80 127.0.0.1
	open tcp 127.0.0.1 8081
	closed 8080
}
restarted() { [ "$(forwarder)" != "$1" ] && [ "$(forwarder)" != 0 ] && ! closed 8080; }

@test "a pod that runs without a network gets one when its first port opens" {
	printf 'network: {mode: Isolated}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	serve web 80 127.0.0.1
	refute [ -e "$R/web/net/up" ]
	ports -p 8080:80
	open tcp 127.0.0.1 8080
	for mode in None Unsafe; do
		printf 'network: {mode: %s}\n' "$mode" >"$T/other.yaml"
		on_host envpod init -c "$T/other.yaml" "m${mode,,}" >/dev/null
		expect 2 on_host envpod ports "m${mode,,}" -p 8080:80
		[[ $output == *"network.mode: $mode"* ]]
	done
}

@test "--internal and --remove-internal: other pods find what is open now" {
	pod db 'allow_discovery: yes' 'dns: {allow: [x.example]}'
	pod web 'allow_pods: [db]'
	serve db 5432 127.0.0.1
	by_name() { on_host envpod run web -- python3 -c 'import socket, sys; sys.argv[2] = socket.gethostbyname(sys.argv[2])'"$talk" tcp db.pods.local 5432 2>/dev/null; }
	refute by_name
	on_host envpod ports db --internal 5432
	wait_for 5 by_name
	[ "$(cat "$R/.pods/db" | cut -d' ' -f3)" = 5432 ]
	on_host envpod ports db --remove-internal 5432
	refute by_name
	[ -z "$(ls "$R/.inbound")" ]
}

@test "expose: a list that is there closes what is not on it" {
	pod db 'allow_discovery: yes' 'internal_ports: [5432]'
	pod web 'allow_pods: [db]'
	serve db 5432 127.0.0.1
	by_name() { on_host envpod run web -- python3 -c 'import socket, sys; sys.argv[2] = socket.gethostbyname(sys.argv[2])'"$talk" tcp db.pods.local 5432 2>/dev/null; }
	wait_for 5 by_name
	on_host envpod expose db --add 99
	refute by_name
	[ "$(on_host envpod expose db --list --json | jq -r .port)" = 99 ]
	expect 2 on_host envpod ports db -p 8080:80
	[[ $output == *"port 80 is not exposed"*"envpod expose db --add 80"* ]]
	on_host envpod expose db --remove 99
	by_name
}

@test "listing; what is no port is refused" {
	pod web 'ports: ["8080:80"]' 'internal_ports: [5432]'
	ports -p 9090
	run ports --json ls
	jq -es 'map([.scope, .port, .from, .state]) == [["ports", "8080:80/tcp", "pod.yaml", "open"],
		["internal_ports", "5432/tcp", "pod.yaml", "open"], ["ports", "9090:9090/tcp", "live", "open"]]' <<<"$output"
	on_host envpod stop web
	ports | grep -q 'closed$'
	for bad in 0 65536 80:0 80:x 80/sctp '80:80:80' '' 8080:80/; do
		expect 64 ports -p "$bad"
	done
	expect 64 ports -i 5432/udp
	expect 64 on_host envpod ports web open
	expect 2 ports --remove 1234
	expect 2 on_host envpod ports nobody
}

@test "a file that is broken: what is open stays so, the start fails and says where" {
	pod web 'ports: ["8080:80"]'
	ports -p 8081:80
	echo '{"v":1,"port":["1:1/tcp"]}' >"$(POLICY)"
	expect 78 ports -p 8082:80
	[[ $output == *"ports.json:1:15: this key is not known" ]]
	refute closed 8081
	on_host pod-net down web
	expect 2 on_host pod-net up web
	[[ $output == *"ports.json:1:15"* ]]
	closed 8080
}

@test "two people at once: both ports are open" {
	pod web 'dns: {allow: [x.example]}'
	jobs=()
	for port in 8081 8082 8083 8084; do
		ports -p "$port:80" 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	for port in 8081 8082 8083 8084; do refute closed "$port"; done
	[ "$(jq '.ports | length' "$(POLICY)")" = 4 ]
}

@test "with network.engine veth as well" {
	pod web 'engine: veth' 'cidr_allow: [192.0.2.0/24]'
	serve web 80 127.0.0.1
	ports -p 8080:80 -P 8081:80 -p 5353:80/udp
	open tcp 127.0.0.1 8080
	open udp ::1 5353
	[ "$(on_site python3 -c "$talk" tcp 192.0.2.1 8081)" = 'web heard you' ]
	ports --remove 8081 --remove 8080 --remove 5353
	[ -z "$(on_host ss -Hlntu)" ]
}

last() { on_host envpod undo web --json | jq -r .id | tail -n1; }

@test "undo turns a change of ports round, live, and that again" {
	pod web 'ports: ["8080:80"]'
	serve web 80 127.0.0.1
	open tcp 127.0.0.1 8080
	ports -p 8081:80 -i 5432 --remove 8080
	closed 8080
	on_host envpod undo web --json | jq -e '.what == "ports" and
		.detail == "+ports 8081:80/tcp +internal_ports 5432/tcp -ports 8080:80/tcp"'
	on_host envpod undo web "$(last)" | grep -q '^Undone: ports'
	open tcp 127.0.0.1 8080
	closed 8081
	refute [ -e "$(POLICY)" ]
	on_host envpod undo web "$(last)"
	closed 8080
	open tcp 127.0.0.1 8081
}

@test "undo leaves ports alone that somebody changed since: 3" {
	local id
	pod web 'dns: {allow: [x.example]}'
	ports -p 8081:80
	id=$(last)
	ports --remove 8081 -p 8081:81
	expect 3 on_host envpod undo web "$id"
	ports ls | grep -q '8081:81/tcp'
	on_host envpod expose web --add 81
	on_host envpod undo web "$(last)"
	[ -z "$(on_host envpod expose web)" ]
}
