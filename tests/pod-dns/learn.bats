#!/usr/bin/env bats
# pod-dns learn: an allow-list out of what was asked.
load ../lib/envpod
export ENVPOD_EVENTS=forged # a log of another pod-dns, and of a liar

setup()
{
	envpod_setup
	need root
	printf 'network:\n  mode: Monitored\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
}
teardown() { envpod_teardown; }

query() { printf '{"src":"dns","event":"%s","type":"A","decision":"%s","rcode":"%s","name":"%s","rule":"mode monitor"}\n' "$@"; }

asked()
{
	query dns_query allow NOERROR b.example.co.uk
	query dns_query allow NOERROR a.example.co.uk
	query dns_query allow NOERROR a.example.co.uk
	query dns_query allow NXDOMAIN nosuch.example.co.uk
	query dns_query remap NOERROR here.test
	query dns_query allow SERVFAIL broken.test
	query dns_denied deny NXDOMAIN wanted.test
	query dns_query allow NOERROR other.co.uk
	echo '{"src":"exec","event":"dns_query","name":"not-ours.test"}'
}

@test "names that were found and those that were refused, each once; the result is a pod file" {
	asked | pod-audit append web
	pod-dns learn web >"$T/learnt.yaml"
	[ "$(sed -n 's/^      - "\(.*\)" #.*/\1/p' "$T/learnt.yaml" | tr '\n' ' ')" = "a.example.co.uk b.example.co.uk other.co.uk wanted.test " ]
	grep -q 'a.example.co.uk" # asked 2 times' "$T/learnt.yaml"
	grep -q 'wanted.test" # asked 1 time, refused so far' "$T/learnt.yaml"
	pod-config check "$T/learnt.yaml"
}

@test "--wide: one entry for a domain somebody registered, never for a public suffix" {
	asked | pod-audit append web
	[ "$(envpod dns web learn --wide 2 -j | jq -r .allow | tr '\n' ' ')" = "**.example.co.uk other.co.uk wanted.test " ]
	[ "$(pod-dns learn -j web | jq -s 'map(.asked) | add')" = 5 ]
}

@test "nothing asked: an empty list" {
	pod-dns learn web >"$T/learnt.yaml"
	pod-config check "$T/learnt.yaml"
	grep -q 'allow: \[\]' "$T/learnt.yaml"
}
