#!/usr/bin/env bats
# pod-proxy ca: the pod's own certificate authority.
load ../lib/envpod

setup()
{
	need root
	envpod_setup
	envpod init web </dev/null >/dev/null
	ca=$ENVPOD_STATE_DIR/pods/web/ca
}
teardown() { envpod_teardown; }

text() { openssl x509 -in "$ca/crt" -noout "$@"; }

@test "it is P-256, signs certificates and no authorities, and its key is root's" {
	pod-proxy ca web
	text -text | grep -q 'ASN1 OID: prime256v1'
	[ "$(text -ext basicConstraints | tail -1 | tr -d ' ')" = CA:TRUE,pathlen:0 ]
	text -ext basicConstraints,keyUsage | grep -c critical | grep -qx 2
	text -ext keyUsage | grep -qx ' *Certificate Sign'
	text -checkend $((4 * 365 * 86400))
	refute text -checkend $((6 * 365 * 86400))
	[ "$(cat "$ca/hash")" = "$(text -hash)" ]
	[ "$(stat -c '%a %U' "$ca/key" "$ca")" = $'600 root\n700 root' ]
	cmp <(openssl pkey -in "$ca/key" -pubout) <(text -pubkey)
}

@test "it stays the same until it is torn, ends soon, or is renewed" {
	pod-proxy ca web
	first=$(text -serial -subject)
	pod-proxy ca web
	[ "$(text -serial -subject)" = "$first" ]
	: >"$ca/key"
	pod-proxy ca web
	second=$(text -serial -subject)
	[ "$second" != "$first" ]
	pod-proxy ca --renew web
	third=$(text -serial -subject)
	[ "$third" != "$second" ]
	openssl req -x509 -key "$ca/key" -days 80 -subj /CN=soon -out "$ca/crt"
	text -hash >"$ca/hash"
	pod-proxy ca web
	text -checkend $((4 * 365 * 86400))
	[ ! -e "$ca.new" ]
}

@test "two pods have two, and a clone gets its own" {
	envpod init other </dev/null >/dev/null
	pod-proxy ca web
	pod-proxy ca other
	refute cmp -s "$ca/crt" "$ca/../../other/ca/crt"
	envpod clone web copy >/dev/null
	[ ! -e "$ca/../../copy/ca" ]
	pod-proxy ca copy
	refute cmp -s "$ca/crt" "$ca/../../copy/ca/crt"
}

@test "killed half-way: what was there is there, and the next one is whole" {
	pod-proxy ca web
	first=$(text -serial)
	mkdir "$ca.new"
	echo half >"$ca.new/key"
	pod-proxy ca --renew web
	[ "$(text -serial)" != "$first" ]
	[ ! -e "$ca.new" ]
}

@test "a pod that is not there, wrong words" {
	expect 2 pod-proxy ca nosuch
	expect 64 pod-proxy ca
	expect 64 pod-proxy ca --bad web
}
