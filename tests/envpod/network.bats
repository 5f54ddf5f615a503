#!/usr/bin/env bats
# The network of a pod around its runs: built before the first, kept between, gone with stop.
load ../lib/envpod
load ../pod-net/net

setup()
{
	net_setup
	need overlay
	stand_in pod-dns pod-proxy
}
teardown() { net_teardown; }

web()
{
	pod web 'cidr_allow: [192.0.2.0/24]'
	sed -i '/^unbuilt/d' "$ENVPOD_STATE_DIR/pods/web/plan"
}
stands() { pod-net status --json web | jq -e .stands >/dev/null; }
events() { pod-audit query --json web | jq -r .event | grep -c "^$1\$"; }

@test "run: built before the first one, kept between, entered by all; stop takes it down" {
	web
	[ "$(envpod run web -- ls /sys/class/net 2>/dev/null | sort | tr '\n' ' ')" = 'eth0 lo nowhere0 ' ]
	stands
	keeper=$(cat "$R/web/helpers.pid")
	ns=$(stat -Lc %i "$R/web/ns/net")
	[ "$(envpod run web -- readlink /proc/self/ns/net)" = "net:[$ns]" ]
	[ "$(cat "$R/web/helpers.pid")" = "$keeper" ]
	[ "$(events net_up)" = 1 ]
	envpod status --json web | jq -e '.wall == "up" and (.addresses | test("^sockets 10\\.200\\.0\\.2/32 fd65:"))'
	envpod status web | grep -q '^wall  *up: sockets'
	envpod stop web
	envpod status --json web | jq -e '.wall == "down"'
	refute stands
	refute [ -e "$R/web/net" ]
	[ "$(events net_down)" = 1 ]
	envpod run web -- true
	stands
}

@test "the pod's root rules nothing of it" {
	web
	envpod run --root web -- true
	for attack in 'nft list ruleset' 'nft flush ruleset' 'ip addr add 192.0.2.9/32 dev eth0' 'ip link set eth0 down' \
		'ip route add default dev lo' 'sysctl -w net.ipv4.ip_forward=1' 'ip link add x type dummy' 'nsenter --net=/proc/1/ns/net true'; do
		refute envpod run --root web -- sh -c "$attack" 2>/dev/null
	done
	pod-net rules web >"$T/rules"
	inside web nft list table inet envpod | grep -q 'policy drop'
}

@test "a network that cannot be built fails the run: 125, and --status-fd says why" {
	printf '#!/bin/sh\necho "no way" >&2\nexit 2\n' >"$T/tools/pod-proxy"
	web
	expect 125 envpod run --status-fd 8 web -- touch "$T/ran" 8>"$T/status"
	[[ "$output" == *" ended at once: no way"* ]]
	jq -e '.event == "failed" and .status == 125 and .reason_status == 2' "$T/status"
	expect 125 envpod start web
	refute [ -e "$T/ran" ]
}

@test "pod-exec alone refuses a pod whose network does not stand" {
	web
	expect 125 pod-mount enter web -- pod-exec web -- true
	[[ "$output" == *"pod-net up web"* ]]
	envpod run web -- true
	pod-mount enter web -- pod-exec web -- true
	kill -KILL "$(cut -d' ' -f1 "$R/web/helpers.pid")"
	fallen() { ! stands; }
	wait_for 5 fallen
	expect 125 pod-mount enter web -- pod-exec web -- true
	envpod run web -- true
	stands
}

@test "--print shows pod-net; destroy leaves nothing; kill leaves the network" {
	web
	envpod run --print web -- true >"$T/print"
	[ "$(head -1 "$T/print")" = 'pod-net up web' ]
	[ "$(wc -l <"$T/print")" = 2 ]
	refute stands
	envpod start web -- sleep 1000
	stands
	envpod kill web
	stands
	keeper=$(cut -d' ' -f1 "$R/web/helpers.pid")
	envpod destroy --force web
	dead() { ! kill -0 "$keeper" 2>/dev/null; }
	wait_for 5 dead
	refute [ -e "$R/web" ]
	refute pgrep -f "$T/tools/pod-"
}

@test "a pod with nothing to allow has its loopback alone, and no daemon" {
	pod plain 'mode: Isolated'
	[ "$(envpod run plain -- ls /sys/class/net)" = lo ]
	envpod status --json plain | jq -e '.wall == "loopback"'
	refute [ -e "$R/plain/helpers.pid" ]
	mkdir -p "$ENVPOD_STATE_DIR/pods/plain/policy"
	echo '{"v":1}' >"$ENVPOD_STATE_DIR/pods/plain/policy/dns.json"
	[ "$(envpod run plain -- ls /sys/class/net | wc -l)" = 3 ]
	envpod destroy --force plain
}
