#!/usr/bin/env bats
# pod-net gc: what crashes leave, and nothing else.
load ../lib/envpod
load net

setup() { net_setup; stand_in pod-dns pod-proxy; }
teardown() { net_teardown; }

keeper() { cut -d' ' -f1 "$R/$1/helpers.pid"; }
daemons() { pgrep -f "$T/tools/pod-(dns|proxy) .*" || true; }
gone() { [ -z "$(daemons)" ]; }

@test "what stands, runs or is worked on is left alone" {
	pod web 'cidr_allow: [192.0.2.0/24]'
	pod-net up web
	[ -z "$(pod-net gc)" ]
	pod-net status --json web | jq -e .stands
	exec 9<>"$R/web/lock"
	flock 9
	kill -KILL "$(keeper web)"
	fallen() { pod-net status --json web | jq -e '.stands == false'; }
	wait_for 5 fallen
	[ -z "$(pod-net gc)" ]
	exec 9>&-
	[ "$(pod-net gc -n)" = 'Would remove 1 network(s), 0 number(s).' ]
	[ -n "$(daemons)" ]
	[ "$(pod-net gc)" = 'Removed 1 network(s), 0 number(s).' ]
	wait_for 5 gone
	refute [ -e "$R/web/net" ]
	refute findmnt "$R/web/ns/net"
	pod-net up web
}

@test "a pod that is gone: its daemons, its namespace, its number, by envpod gc" {
	pod web 'cidr_allow: [192.0.2.0/24]'
	pod two 'cidr_allow: [192.0.2.0/24]'
	pod-net up web
	pod-net up two
	keeper=$(keeper web)
	rm -rf "$ENVPOD_STATE_DIR/pods/web"
	envpod gc -n >"$T/said"
	grep -q 'Would remove 1 network(s), 1 number(s).' "$T/said"
	kill -0 "$keeper"
	envpod gc >"$T/said"
	dead() { ! kill -0 "$keeper" 2>/dev/null; }
	wait_for 5 dead
	refute [ -e "$R/web" ]
	[ "$(ls "$ENVPOD_STATE_DIR/netids" | wc -l)" = 1 ]
	pod-net status --json two | jq -e .stands
	[ -z "$(pod-net gc)" ]
	expect 64 pod-net gc web
}
