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

@test "--help and --complete" { helps set get list rm forget; }
