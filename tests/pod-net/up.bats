#!/usr/bin/env bats
# pod-net up, down, rules: the wall itself.
load ../lib/envpod
load net
setup() { net_setup; }
teardown() { net_teardown; }

@test "up: lo, eth0 with an address of each family, a table, and nothing else" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	inside web ip -br addr >"$T/addr"
	grep -q '^lo .*127.0.0.1/8' "$T/addr"
	grep -q '^eth0.* 10.200.0.2/32 fd65:6e76:706f:6400::2/128' "$T/addr"
	[ "$(inside web nft list tables)" = 'table inet envpod' ]
	[ "$(cat "$R/web/net/up")" = 'sockets 10.200.0.2/32 fd65:6e76:706f:6400::2/128' ]
	[ "$(stat -c %a "$R/web/net/names")" = 640 ]
}

@test "the relay's way: pinned address and port, IPv4 and IPv6; all else is reset at once" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	relay web
	pin web 192.0.2.1 443
	pin web 2001:db8::1 80
	[ "$(connects web 192.0.2.1 443)" = '192.0.2.1 443' ]
	[ "$(connects web 2001:db8::1 80)" = '2001:db8::1 80' ]
	for to in '192.0.2.1 80' '192.0.2.1 22' '192.0.2.2 443' '2001:db8::1 443' '2001:db8::2 80' '10.0.0.1 80' '169.254.169.254 80' '8.8.8.8 53' '8.8.8.8 853'; do
		run connects web ${to}
		[[ "$output" == *ConnectionRefused* ]] || { echo "$to: $output" >&2; false; }
	done
}

@test "straight to the relay's port: reset, on every local address" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	relay web
	for to in 127.0.0.1 127.0.0.2 10.200.0.2 ::1 fd65:6e76:706f:6400::2; do
		run connects web "$to" 15001
		[[ "$output" == *ConnectionRefused* ]] || { echo "$to: $output" >&2; false; }
	done
}

@test "udp: refused at once, whatever is pinned; the pod's own loopback is open" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	pin web 192.0.2.1 443
	inside web timeout 10 python3 - <<-'END'
	import socket
	for to in (("192.0.2.1", 443), ("8.8.8.8", 53), ("255.255.255.255", 67), ("2001:db8::1", 443), ("ff02::fb", 5353)):
	    s = socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM)
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
	    try:
	        s.sendto(b"x", to)
	        raise SystemExit("sent to %s" % (to,))
	    except PermissionError:
	        pass
	a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	a.bind(("127.0.0.1", 53))
	b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	b.sendto(b"x", ("127.0.0.1", 53))
	assert a.recv(10) == b"x"
	END
}

@test "cidr_allow opens without a name, overlapping networks too" {
	pod web 'cidr_allow: [198.51.100.0/24, 198.51.100.0/28, 10.9.9.9, "2001:db8:5::/48"]'
	pod-net up --walls-only web
	relay web
	[ "$(connects web 198.51.100.77 5432)" = '198.51.100.77 5432' ]
	[ "$(connects web 10.9.9.9 80)" = '10.9.9.9 80' ]
	[ "$(connects web 2001:db8:5::1 22)" = '2001:db8:5::1 22' ]
	refute connects web 10.9.9.8 80
	refute connects web 198.51.101.1 80
}

@test "Monitored with dns.mode Monitor: raw addresses go to the relay, private ones do not" {
	pod web 'mode: Monitored'
	pod-net up --walls-only web
	relay web
	[ "$(connects web 192.0.2.9 22)" = '192.0.2.9 22' ]
	[ "$(connects web 2001:db8::9 22)" = '2001:db8::9 22' ]
	for to in 10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.168.1.1 168.63.129.16 fd00:ec2::254 fe80::1 ::ffff:10.0.0.1 64:ff9b::a00:1; do
		refute connects web "$to" 80 2>/dev/null
	done
	pod shut 'mode: Monitored' 'dns: {mode: Allowlist}'
	pod-net up --walls-only shut
	rm "$T/relay"
	relay shut
	refute connects shut 192.0.2.9 22 2>/dev/null
}

@test "a pin ends; what was connected goes on" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	inside web timeout 30 python3 - "$T" 3>&- <<-'END' &
	import os, socket, sys, time
	T = sys.argv[1]
	l = socket.socket()
	l.bind(("127.0.0.1", 15001))
	l.listen()
	open(T + "/ready", "w").close()
	while not os.path.exists(T + "/pinned"):
	    time.sleep(0.01)
	c = socket.create_connection(("192.0.2.1", 443))
	s, _ = l.accept()
	open(T + "/connected", "w").close()
	while not os.path.exists(T + "/expired"):
	    time.sleep(0.02)
	c.sendall(b"still")
	assert s.recv(10) == b"still"
	try:
	    socket.create_connection(("192.0.2.1", 443))
	except ConnectionRefusedError:
	    open(T + "/done", "w").close()
	END
	NETPIDS+=($!)
	wait_for 10 test -e "$T/ready"
	pin web 192.0.2.1 443 2s
	touch "$T/pinned"
	wait_for 10 test -e "$T/connected"
	no_pins() { [ "$(pod-net status --json web | jq .pins4)" = 0 ]; }
	wait_for 5 no_pins
	touch "$T/expired"
	wait_for 5 test -e "$T/done"
}

@test "rate_limit: more new connections than that are refused, and counted" {
	pod web 'cidr_allow: [192.0.2.0/24]' 'rate_limit: 5/m'
	pod-net up --walls-only web
	relay web
	good=0
	for _ in 1 2 3 4 5 6 7 8 9; do
		connects web 192.0.2.1 80 >/dev/null 2>&1 && good=$((good + 1))
	done
	[ "$good" -le 6 ] && [ "$good" -ge 4 ]
	pod-net status --json web | jq -e '.limited > 0 and .drops > 0'
}

@test "rules prints what is loaded; a pod without a network has none" {
	pod web 'dns: {allow: [a.example]}'
	pod-net rules web >"$T/rules"
	unshare -n nft -c -f "$T/rules"
	pod none 'mode: None'
	expect 2 pod-net up none
	pod veth 'engine: veth' 'cidr_allow: [192.0.2.1]'
	pod-net rules veth >"$T/rules"
	grep -q 'tcp dport { 80, 443 } ip daddr . tcp dport @pins4 redirect' "$T/rules"
	mkdir -p "$ENVPOD_STATE_DIR/pods/veth/policy"
	touch "$ENVPOD_STATE_DIR/pods/veth/policy/proxy" # secrets: nothing that has a name goes past the relay
	pod-net rules veth | grep -q 'meta l4proto tcp ip daddr . tcp dport @pins4 redirect'
	unshare -n nft -c -f "$T/rules"
	pod host 'mode: Unsafe'
	expect 2 pod-net up host
	expect 2 pod-net up nobody
}

@test "up with daemons: it stands when all are ready; again does nothing; down takes all away" {
	stand_in pod-dns pod-proxy
	pod web 'dns: {allow: [a.example]}'
	pod-net up web
	pod-net status --json web | jq -e '.stands and .addresses != ""'
	ns=$(stat -Lc %i "$R/web/ns/net")
	keeper=$(cat "$R/web/helpers.pid")
	pod-net up web
	[ "$(cat "$R/web/helpers.pid")" = "$keeper" ]
	[ "$(stat -Lc %i "$R/web/ns/net")" = "$ns" ]
	pod-net down web
	expect 1 pod-net status web
	refute [ -e "$R/web/net" ]
	refute [ -e "$R/web/helpers.pid" ]
	refute findmnt "$R/web/ns/net"
	pod-audit query --json web | jq -es 'map(.event) | contains(["net_up", "net_down"])'
	pod-net down web
}

@test "a daemon that cannot start: up fails and says so, nothing stands, nothing is open" {
	stand_in pod-dns pod-proxy
	printf '#!/bin/sh\necho "bind: no" >&2\nexit 2\n' >"$T/tools/pod-proxy"
	pod web 'cidr_allow: [192.0.2.0/24]'
	expect 2 pod-net up web
	[[ "$output" == *" ended at once: bind: no"* ]]
	pod-net status --json web | jq -e '.stands == false'
	refute connects web 192.0.2.1 80 2>/dev/null
	stand_in pod-proxy
	pod-net up web
	pod-net status --json web | jq -e .stands
}

@test "the keeper killed: up finds the wall, its pins stay, and there is a keeper again" {
	stand_in pod-dns pod-proxy
	pod web 'dns: {allow: [a.example]}'
	pod-net up web
	pin web 192.0.2.1 443
	kill -KILL "$(cut -d' ' -f1 "$R/web/helpers.pid")"
	fallen() { pod-net status --json web | jq -e '.stands == false'; }
	wait_for 5 fallen
	pod-net up web
	pod-net status --json web | jq -e '.stands and .pins4 == 1'
}

@test "a down that was cut off: the next up starts other daemons, with the new table of names" {
	stand_in pod-dns pod-proxy
	pod web 'dns: {allow: [a.example]}'
	pod-net up web
	old=$(pgrep -f "$T/tools/pod-dns")
	rm "$R/web/net/up"
	pod-net up web
	new=$(pgrep -f "$T/tools/pod-dns")
	[ -n "$new" ] && [ "$new" != "$old" ]
	pod-net status --json web | jq -e .stands
}

@test "kill -9 of up at any system call: the next up builds it" {
	pod web 'dns: {allow: [a.example]}'
	for call in mkdirat unshare setns mount sendto sendmsg renameat write; do
		strace -f -o /dev/null -e inject="$call:signal=KILL:when=2" pod-net up --walls-only web 2>/dev/null || true
		pod-net up --walls-only web
		inside web ip -br addr | grep -q 10.200.0.2
		[ "$(inside web nft list tables)" = 'table inet envpod' ]
		pod-net down --force web
	done
}

@test "pods have addresses of their own; a subnet that is too small is refused" {
	for i in 1 2 3; do
		pod p$i 'dns: {allow: [a.example]}' 'subnet: 10.77.0.0/30'
	done
	pod-net up --walls-only p1
	pod-net up --walls-only p2
	[ "$(cut -d' ' -f2 "$R/p1/net/up")" = 10.77.0.2/32 ]
	[ "$(cut -d' ' -f2 "$R/p2/net/up")" = 10.77.0.3/32 ]
	expect 78 pod-net up --walls-only p3
	[[ "$output" == *"no room"* ]]
	pod six 'dns: {allow: [a.example]}' 'subnet: "fd00:1::/64"'
	pod-net up --walls-only six
	[ "$(cut -d' ' -f3 "$R/six/net/up")" = fd00:1::5/128 ]
}

@test "down waits for nobody: a pod in which something runs keeps its network" {
	pod web 'dns: {allow: [a.example]}'
	pod-net up --walls-only web
	sleep 1000 3>&- &
	NETPIDS+=($!)
	echo "$! $(cut -d' ' -f22 /proc/$!/stat)" >"$R/web/init.pid"
	expect 75 pod-net down web
	pod-net status web
	pod-net down --force web
	expect 1 pod-net status web
}

@test "two pods whose subnets overlap do not get one address: the second is refused, until the first is down" {
	pod one 'subnet: 10.9.0.0/24' 'cidr_allow: [192.0.2.0/24]'
	pod two 'subnet: 10.9.0.16/28' 'cidr_allow: [192.0.2.0/24]'
	pod three 'subnet: 10.9.0.16/28' 'cidr_allow: [192.0.2.0/24]'
	pod-net rules three >/dev/null # has number 1
	ln -s one "$ENVPOD_STATE_DIR/netids/18"
	echo 18 >"$ENVPOD_STATE_DIR/pods/one/netid"
	pod-net up --walls-only one
	expect 3 pod-net up --walls-only two
	[[ $output == *"pod one has the address 10.9.0.19, which would be pod two's: their subnets overlap"* ]]
	refute [ -e "$R/two/net/up" ]
	pod-net up --walls-only three
	[ "$(cut -d' ' -f2 "$R/three/net/up")" = 10.9.0.18/32 ]
	pod-net down one
	pod-net up --walls-only two
	expect 3 pod-net up --walls-only one
	pod-net down two
	pod-net up --walls-only one
	pod-net down one
	pod-net down three
	[ -z "$(ls "$R/.addresses")" ]
}
