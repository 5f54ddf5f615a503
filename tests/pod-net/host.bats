#!/usr/bin/env bats
# The veth engine's part on the host: links, the table of all pods, what is routed, other people's
# chains; that nothing is left of it.  "The host" is a network namespace of the test's own.
load ../lib/envpod
load ../lib/world
load hoststate
setup()
{
	world_setup
	on_host sysctl -qw net.ipv4.conf.all.forwarding=0
}
teardown() { world_teardown; }

# server ADDRESS PORT...: says "hello" and who asked.
server()
{
	start in_world python3 -c '
import select, socket, sys
l = [socket.create_server((a, int(p)), family=socket.AF_INET6 if ":" in a else socket.AF_INET) for a, p in zip(sys.argv[1::2], sys.argv[2::2])]
while True:
    for s in select.select(l, [], [])[0]:
        c, a = s.accept(); c.sendall(("hello " + a[0]).encode()); c.close()' "$@"
	wait_for 5 listening "$1" "$2"
}

# reach POD ADDRESS PORT [SECONDS]
reach() { inside "$1" timeout 20 python3 -c 'import socket, sys; print(socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).recv(100).decode())' "$2" "$3" "${4:-9}"; }

# tries POD ADDRESS PORT...: what becomes of each.
tries()
{
	local pod=$1
	shift
	inside "$pod" timeout 30 python3 -c '
import socket, sys
for to in zip(sys.argv[1::2], sys.argv[2::2]):
    try: print(*to, socket.create_connection((to[0], int(to[1])), 3).recv(100).decode())
    except ConnectionRefusedError: print(*to, "refused")
    except OSError as e: print(*to, e)' "$@"
}

has_six() { [ -e /proc/sys/net/ipv6/conf/all/force_forwarding ]; }

@test "up: a way out by IPv4 and IPv6 under the host's address; down: the host as it was" {
	server 2001:db8:1::2 7000 198.51.100.2 7000
	remember_host
	straight web
	up web
	[ "$(cat "$R/web/net/up")" = 'veth 10.200.0.2/32 fd65:6e76:706f:6400::2/128' ]
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	! has_six || [ "$(reach web 2001:db8:1::2 7000)" = 'hello 2001:db8:ffff::254' ]
	[ "$(on_host sysctl -n "net.ipv4.conf.$(cut -d' ' -f1 "$R/web/net/veth").rp_filter")" = 1 ]
	[ "$(on_host sysctl -n net.ipv4.ip_forward)" = 0 ]
	[ "$(on_host sysctl -n net.ipv4.conf.uplink.forwarding)" = 1 ]
	[ "$(on_host sysctl -n net.ipv6.conf.all.forwarding)" = 0 ]
	down web
	wait_for 60 as_before
	refute [ -e "$R/.host/sysctls" ]
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
}

@test "what goes straight is counted, also over links that are gone" {
	counted() { on_host pod-net status --json web | jq -r .counted.$1; }
	server 198.51.100.2 7000
	straight web
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	[ "$(counted up)" -gt 0 ]
	down_before=$(counted down)
	[ "$down_before" -gt 0 ]
	down web
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	[ "$(counted down)" -gt "$down_before" ]
}

@test "the host's side closes by itself what is closed, with the pod's own table gone" {
	in_world ip addr add 192.168.7.7/32 dev uplink
	server 198.51.100.2 7000 198.51.100.2 80 192.168.7.7 7000 169.254.169.254 80
	straight web
	straight two
	net_pod any 'engine: veth' 'mode: Monitored'
	up web
	up two
	up any
	for pod in web two any; do
		inside $pod nft delete table inet envpod
	done
	start on_host python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8081)); s6 = socket.create_server(("::", 8082), family=socket.AF_INET6)
while True:
    c, _ = s.accept(); c.close()'
	start nsenter --net="$R/two/ns/net" python3 -c 'import socket; s = socket.create_server(("0.0.0.0", 8083)); s.accept()'
	listens() { on_host ss -Htln | grep -q 8082 && inside two ss -Htln | grep -q 8083; }
	wait_for 5 listens
	on_host ip route add 192.168.7.7/32 via 192.0.2.1
	on_host ip route add 169.254.169.254/32 via 192.0.2.1
	closed='192.0.2.254 8081 2001:db8:ffff::254 8082 10.200.0.3 8083 192.168.7.7 7000 169.254.169.254 80'
	tries web 198.51.100.2 7000 198.51.100.2 80 $closed >"$T/web"
	tries any 198.51.100.2 7000 198.51.100.2 80 203.0.113.53 53 $closed >"$T/any"
	# Names are checked for 80 and 443, other resolvers closed, but for networks of cidr_allow.
	[ "$(grep -v refused "$T/web")" = $'198.51.100.2 7000 hello 192.0.2.254\n198.51.100.2 80 hello 192.0.2.254' ]
	[ "$(grep -v refused "$T/any")" = '198.51.100.2 7000 hello 192.0.2.254' ]
	[ "$(grep -c refused "$T/web")" = 5 ]
	[ "$(grep -c refused "$T/any")" = 7 ]
	# Another's address is nobody's.
	inside web ip addr add 10.200.0.77/32 dev eth0
	refute inside web timeout 5 python3 -c 'import socket; s = socket.socket(); s.settimeout(1); s.bind(("10.200.0.77", 0)); s.connect(("198.51.100.2", 7000))' 2>/dev/null
}

@test "the uplink routes for pods alone: not for its neighbours, nor into pods" {
	straight web
	up web
	on_host ip link add lan type dummy 2>/dev/null || on_host ip link add lan type veth peer name lan1
	on_host ip addr add 172.30.0.1/24 dev lan
	on_host ip link set lan up
	on_host sh -c 'ip link set lan1 up 2>/dev/null || true'
	in_world ip route add 172.30.0.0/24 via 192.0.2.254
	in_world ip route add 10.200.0.0/16 via 192.0.2.254
	start nsenter --net="$R/web/ns/net" python3 -c 'import socket; s = socket.create_server(("0.0.0.0", 8083)); s.accept()'
	listens() { inside web ss -Htln | grep -q 8083; }
	wait_for 5 listens
	inside web nft flush chain inet envpod c_in
	inside web nft 'add chain inet envpod c_in { policy accept; }'
	refute in_world timeout 2 python3 -c 'import socket; socket.create_connection(("10.200.0.2", 8083), 1)' 2>/dev/null
	refute in_world ping -qc1 -W1 172.30.0.2 >/dev/null 2>&1
	on_host nft -j list ruleset >"$T/rules"
	jq -e '[.nftables[] | select(.set.name == "routed4") | .set.elem[]] == ["uplink"]' "$T/rules"
}

@test "two pods: what one leaves the other keeps; sysctls that somebody else needs stay" {
	server 198.51.100.2 7000
	straight web
	straight two
	up web
	up two
	down web
	[ "$(reach two 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	[ "$(on_host nft list map inet envpod-host pods | grep -c goto)" = 1 ]
	on_host sysctl -qw net.ipv4.ip_forward=1
	down two
	[ "$(on_host sysctl -n net.ipv4.conf.uplink.forwarding)" = 1 ]
	refute on_host nft list table inet envpod-host 2>/dev/null
	# A host that routes already is left as it is.
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	refute grep -q ipv4 "$R/.host/sysctls"
	down web
	[ "$(on_host sysctl -n net.ipv4.conf.uplink.forwarding)" = 1 ]
}

@test "somebody flushes the host's rules, or gives it another way out: up makes it good" {
	server 198.51.100.2 7000
	straight web
	up web
	on_host nft flush ruleset
	refute reach web 198.51.100.2 7000 0.5 2>/dev/null
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	on_host ip link set uplink name other0
	on_host sysctl -qw net.ipv4.conf.other0.forwarding=0
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	down web
	[ "$(on_host sysctl -n net.ipv4.conf.other0.forwarding)" = 0 ]
}

@test "a subnet that the host has a route into is refused, by name; nothing is left" {
	remember_host
	on_host ip route add 10.200.9.0/24 via 192.0.2.1
	straight web
	expect 78 up web
	[[ "$output" == *"10.200.9.0/24 by uplink"* ]]
	on_host ip route del 10.200.9.0/24
	on_host ip route add 10.0.0.0/8 via 192.0.2.1
	expect 78 up web
	on_host ip route del 10.0.0.0/8
	on_host ip -6 route add fd65:6e76:706f:6400::/64 via 2001:db8:ffff::1
	expect 78 up web
	on_host ip -6 route del fd65:6e76:706f:6400::/64
	as_before
	on_host ip route add 10.0.0.0/8 via 192.0.2.1
	straight other 'subnet: 172.29'
	up other
	down other
}

@test "another state directory's pod with the same address is left alone" {
	straight web
	up web
	straight two
	# What two would have is web's, as seen from another run directory.
	mkdir -m 700 "$T/state2" "$T/run2"
	ENVPOD_STATE_DIR=$T/state2 ENVPOD_RUN_DIR=$T/run2 straight web
	expect 78 env ENVPOD_STATE_DIR="$T/state2" ENVPOD_RUN_DIR="$T/run2" nsenter -t "$HOSTNS" -n pod-net up --walls-only web
	[[ "$output" == *"address of pod web is that of another one"*"$R/web"* ]]
	on_host nft list chain inet envpod-host "$(cut -d' ' -f1 "$R/web/net/veth")" >/dev/null
	up two
	# With a subnet of their own both live, and who goes last takes the table along.
	export ENVPOD_STATE_DIR=$T/state2 ENVPOD_RUN_DIR=$T/run2
	straight more 'subnet: 172.29'
	up more
	down more
	export ENVPOD_STATE_DIR=$T/state ENVPOD_RUN_DIR=$T/run
	on_host nft list chain inet envpod-host "$(cut -d' ' -f1 "$R/web/net/veth")" >/dev/null
	server 198.51.100.2 7000
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
}

@test "a forward chain that drops: DOCKER-USER lets pods through, and is as it was afterwards" {
	server 198.51.100.2 7000
	on_host nft -f - <<-'END'
	table ip filter {
		chain DOCKER-USER { counter return comment "theirs"; }
		chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }
	}
	END
	remember_host
	straight web
	straight two
	up web
	up two
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	[ "$(on_host nft list chain ip filter DOCKER-USER | grep -c 'envpod: links of pods')" = 2 ]
	down web
	[ "$(reach two 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
	down two
	wait_for 60 as_before
}

@test "a forward chain that drops and has no such place: refused, by name, until it names our links" {
	server 198.51.100.2 7000
	on_host nft 'add table inet fw; add chain inet fw across { type filter hook forward priority 5; policy drop; }'
	remember_host
	straight web
	on_host pod-net doctor --json | jq -es 'any(.name == "veth-engine" and .status == "warn" and (.message | test("chain across")))'
	expect 77 up web
	[[ "$output" == *"chain across of the host's table inet fw"* ]]
	as_before
	on_host nft 'add rule inet fw across iifname "envp*" accept; add rule inet fw across oifname "envp*" accept'
	up web
	[ "$(reach web 198.51.100.2 7000)" = 'hello 192.0.2.254' ]
}

@test "from another network namespace nothing is taken away, and nothing touched" {
	straight web
	up web
	expect 2 unshare -n pod-net down web
	[[ "$output" == *"another network namespace"* ]]
	unshare -n sh -c 'pod-net down web; nft list tables; ip -br link | grep -c envp' >"$T/there" 2>/dev/null || true
	[ "$(cat "$T/there")" = 0 ]
	on_host nft list chain inet envpod-host "$(cut -d' ' -f1 "$R/web/net/veth")" >/dev/null
	on_host pod-net status web
	down web
	refute on_host nft list table inet envpod-host 2>/dev/null
}

@test "the older iptables: a FORWARD that drops is found, and believed when it names our links" {
	need iptables-legacy
	straight web
	up web
	down web
	refute on_host grep -q filter /proc/net/ip_tables_names
	on_host iptables-legacy -P FORWARD DROP
	expect 77 up web
	[[ "$output" == *"older iptables"* ]]
	on_host iptables-legacy -I FORWARD -i envp+ -j ACCEPT
	on_host iptables-legacy -I FORWARD -o envp+ -j ACCEPT
	on_host ip6tables-legacy -P FORWARD DROP
	expect 77 up web
	on_host ip6tables-legacy -P FORWARD ACCEPT
	up web
}

@test "kill -9 of up, down or gc at any system call: gc leaves nothing" {
	remember_host
	straight web
	# All of them: tests/long/net.bats.
	for call in setns flock renameat sendto unlinkat write; do
		for when in 2 5 11; do
			on_host strace -f -o /dev/null -e inject="$call:signal=KILL:when=$when" pod-net up --walls-only web 2>/dev/null || true
		done
		on_host strace -f -o /dev/null -e inject="$call:signal=KILL:when=2" pod-net gc >/dev/null 2>&1 || true
		on_host pod-net gc >/dev/null
		wait_for 60 as_before || { echo "after $call" >&2; diff <(echo "$before") <(host_state) >&2; false; }
		up web
		on_host strace -f -o /dev/null -e inject="$call:signal=KILL:when=2" pod-net down --force web 2>/dev/null || true
		on_host pod-net gc >/dev/null
		wait_for 60 as_before || { echo "after $call of down" >&2; diff <(echo "$before") <(host_state) >&2; false; }
	done
	refute [ -e "$R/web/net" ]
}

@test "bandwidth_cap: both ends of the link have it" {
	straight web 'bandwidth_cap: 8mbit'
	up web
	inside web tc qdisc show dev eth0 | grep -q 'tbf.* rate 8Mbit'
	on_host tc qdisc show dev "$(cut -d' ' -f1 "$R/web/net/veth")" | grep -q 'tbf.* rate 8Mbit'
}

@test "fifty pods at once, up and down" {
	remember_host
	straight p1
	for i in $(seq 2 50); do
		envpod clone p1 "p$i" >/dev/null
	done
	# Four at a time: they share the host, and wait for each other.
	seq 1 50 | on_host xargs -P 4 -I % pod-net up --walls-only p%
	[ "$(on_host ip -br link | grep -c ^envp)" = 50 ]
	[ "$(on_host nft list map inet envpod-host pods | grep -c goto)" = 50 ]
	[ "$(cut -d' ' -f2 "$R"/p*/net/veth | sort -u | wc -l)" = 50 ]
	seq 1 50 | on_host xargs -P 4 -I % pod-net down p%
	wait_for 60 as_before
}
