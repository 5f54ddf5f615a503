#!/usr/bin/env bats
# pod-dns why: what the log says, what the rules say, what would help.
load ../lib/envpod
export ENVPOD_EVENTS=forged # a log of what might have happened

setup()
{
	envpod_setup
	need root
	printf 'network:\n  dns:\n    allow: ["**.example.com"]\n    deny: ["*.bad.example.com"]\n  cidr_allow: [10.1.0.0/16]\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	pod-audit append web <<-'END'
	{"src":"dns","event":"dns_denied","type":"A","decision":"deny","rcode":"NXDOMAIN","name":"evil.test","rule":"mode allowlist"}
	{"src":"dns","event":"dns_denied","type":"AAAA","decision":"deny","rcode":"NXDOMAIN","name":"evil.test","rule":"mode allowlist"}
	{"src":"dns","event":"dns_query","type":"A","decision":"allow","rcode":"NOERROR","answers":["192.0.2.1"],"name":"www.example.com","rule":"allow **.example.com"}
	{"src":"net","event":"net_denied","address":"192.0.2.1","port":443,"protocol":"tcp","packets":2}
	{"src":"net","event":"net_denied","address":"203.0.113.9","port":443,"protocol":"tcp","packets":2}
	{"src":"exec","event":"run_end","name":"evil.test","status":0}
	{"src":"dns","event":"dns_denied","type":"A","name":"esc\\027.test\u001b[31m","reason":"\u001b[31mred"}
	END
}
teardown() { envpod_teardown; }

@test "a name: how often and why it was refused, and the command that would allow it" {
	run pod-dns why web evil.test
	[ "$status" = 1 ]
	grep -qx 'evil.test: deny (mode allowlist)' <<<"$output"
	grep -q '^refused 2 times, last at 20..-..-..T.*: mode allowlist$' <<<"$output"
	command=$(sed -n 's/^to allow it: //p' <<<"$output")
	[ "$command" = "envpod dns web --allow evil.test" ]
	$command
	run envpod why web EVIL.test.
	[ "$status" = 0 ]
	grep -q 'evil.test: allow (allow evil.test)' <<<"$output"
}

@test "a deny entry: the command that takes it back" {
	run pod-dns why web a.bad.example.com
	[ "$status" = 1 ]
	command=$(sed -n 's/^to allow it: //p' <<<"$output")
	bash -c "$command"
	pod-dns why web a.bad.example.com
}

@test "an address: for which names it was handed out, and what opens it" {
	pod-dns why -j web 192.0.2.1 >"$T/said" || true
	jq -e '.address == "192.0.2.1" and .decision == "deny" and .refused == 1 and .names == ["www.example.com"] and (.advice | test("by name"))' "$T/said"
	pod-dns why -j web 203.0.113.9 >"$T/said" || true
	jq -e '.refused == 1 and (.advice | test("cidr_allow"))' "$T/said"
	pod-dns why -j web 10.1.2.3 | jq -e '.decision == "allow" and .rule == "cidr_allow 10.1.0.0/16"'
	pod-dns why -j web 2001:db8::1 >"$T/said" || [ $? = 1 ]
}

@test "no name, no pod; nothing of a pod's reaches the terminal raw" {
	expect 64 pod-dns why web 'a..b'
	expect 2 pod-dns why nosuch a.test
	run pod-dns why web 'esc\027.test'
	refute grep -q $'\033' <<<"$output"
}
