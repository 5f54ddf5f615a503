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

@test "inject: nothing to do without a host, and none without a network" {
	expect 2 "$TOOL" inject nosuch
	expect 0 "$TOOL" inject web
	mkdir -p "$ENVPOD_STATE_DIR/pods/web/policy"
	printf '%s\n' 'envpod-plan 1 0 0 0' 'host 0 a.example 443' end >"$ENVPOD_STATE_DIR/pods/web/policy/proxy"
	expect 2 "$TOOL" inject web
	[[ $output == *"pod-net up web"* ]]
	expect 64 "$TOOL" inject
}

@test "help and completions" { helps relay inject forward ca ports expose doctor; }

@test "ports, expose: lists; what is changed is in policy/ports.json, a file that changes nothing is none" {
	"$TOOL" ports web -p 8080:80 -i 5432
	"$TOOL" expose web --add 80 --add 5432
	POLICY=$ENVPOD_STATE_DIR/pods/web/policy/ports.json
	jq -e '. == {v: 1, ports: ["8080:80/tcp"], public_ports: [], internal_ports: ["5432/tcp"], expose: ["80", "5432"],
		remove_ports: [], remove_public_ports: [], remove_internal_ports: [], remove_expose: []}' "$POLICY"
	[ "$(stat -c %a "$POLICY")" = 640 ]
	run "$TOOL" ports --json web
	jq -es 'map(.state) == ["closed", "closed"]' <<<"$output"
	"$TOOL" ports web --remove 8080 --remove-internal 5432
	"$TOOL" expose web --remove 80 --remove 5432
	refute [ -e "$POLICY" ]
	expect 64 "$TOOL" ports web -p nothing
	expect 64 "$TOOL" expose --list --add 1 web
	expect 2 "$TOOL" ports nosuch
}
