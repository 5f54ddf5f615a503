#!/usr/bin/env bats
# What pod-vault promises in words, files and statuses.  What the files hold: tests/pod-vault.
load contract

setup()
{
	need root
	contract_setup pod-vault
	pod web
}
teardown() { envpod_teardown; }

@test "set, get, list, rm: values by streams, names by words" {
	printf 'sk-live-0123456789\n' | "$TOOL" set web API_KEY
	[ "$("$TOOL" get web API_KEY)" = sk-live-0123456789 ]
	"$TOOL" list --json web >"$T/said"
	objects key version time scope <"$T/said"
	refute grep -q sk-live "$T/said"
	"$TOOL" rm web API_KEY
	expect 2 "$TOOL" get web API_KEY
	[ -z "$("$TOOL" list --json web)" ]
}

@test "a shared scope is no pod, and a pod none" {
	echo of-the-team | "$TOOL" set --scope team TOKEN
	[ "$("$TOOL" get --scope team TOKEN)" = of-the-team ]
	expect 2 "$TOOL" get web TOKEN
	expect 2 "$TOOL" set nosuch TOKEN </dev/null
	expect 64 "$TOOL" get
}

@test "bind, compile, feed: policy/proxy for daemons, values by a stream" {
	pod net 'network: {dns: {allow: [api.example]}}'
	printf 'sk-live-0123456789' | "$TOOL" set net KEY
	expect 3 "$TOOL" bind net KEY other.example
	"$TOOL" bind net KEY api.example
	[ "$(head -1 "$ENVPOD_STATE_DIR/pods/net/policy/proxy")" = 'envpod-plan 1 0 0 0' ]
	grep -qx 'host 0 api.example 443' "$ENVPOD_STATE_DIR/pods/net/policy/proxy"
	cmp <("$TOOL" feed net) <(printf 'secret KEY 18\nsk-live-0123456789\nend\n')
	"$TOOL" bindings --json net >"$T/said"
	objects key domain port header <"$T/said"
	"$TOOL" unbind net KEY
	[ "$("$TOOL" feed net)" = end ]
	refute grep -q ^host "$ENVPOD_STATE_DIR/pods/net/policy/proxy"
}

@test "--help and --complete" { helps set get list rm import export share unshare rotate unlock lock env doctor bind unbind bindings compile feed push forget; }
