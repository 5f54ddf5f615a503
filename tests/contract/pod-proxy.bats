#!/usr/bin/env bats
# What pod-proxy promises in words, files and statuses.  What it carries: tests/pod-proxy.
load contract

setup()
{
	need root
	contract_setup pod-proxy
	pod web "network: {dns: {allow: [a.example]}}"
}
teardown() { envpod_teardown; }

@test "relay: a pod that is not there, a network that is not up, a descriptor that is not open" {
	expect 2 "$TOOL" relay nosuch
	expect 2 "$TOOL" relay web
	[[ $output == *"pod-net up web"* ]]
	expect 64 "$TOOL" relay --ready-fd 77 web
	expect 64 "$TOOL" relay
}

@test "ca: a certificate authority of the pod's own, and the hash its file is called by" {
	expect 2 "$TOOL" ca nosuch
	"$TOOL" ca web
	cd "$ENVPOD_STATE_DIR/pods/web/ca"
	[ "$(openssl x509 -in crt -noout -hash)" = "$(cat hash)" ]
	[ "$(stat -c %a key)" = 600 ]
}

@test "help and completions" { helps relay forward ca; }
