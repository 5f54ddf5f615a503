#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	web_with 3
}
teardown() { envpod_teardown; }

@test "--take prints the verification key once, and it is gone from the host" {
	[[ $(pod-audit key) == *"still on this host"* ]]
	cp "$KEYS/verification-key" "$T/was"
	pod-audit key --take >"$T/key"
	cmp "$T/key" "$T/was"
	[ ! -e "$KEYS/verification-key" ]
	expect 1 pod-audit key --take
	[[ $output == *"was taken away already"* ]]
	[[ $(pod-audit key) == *"taken away"* ]]
	pod-audit verify --key "$T/key" web
	[ "$(pod-audit verify --json web | jq .seals.checked)" = 0 ]
	# Logs that begin later are proven by it, too.
	pod_dir later
	events 3 | pod-audit append later
	[ "$(pod-audit verify --json --key "$T/key" later | jq -c '[.seals.log,.seals.checked]')" = "[1,3]" ]
}

@test "--take keeps the key where it cannot be written down" {
	expect 2 bash -c 'pod-audit key --take >/dev/full'
	[ -s "$KEYS/verification-key" ]
	echo junk >"$KEYS/verification-key"
	expect 2 pod-audit key --take
	[ -e "$KEYS/verification-key" ]
}

@test "a host without any log has a key already" {
	rm -rf "$ENVPOD_STATE_DIR"/pods/* "$ENVPOD_STATE_DIR/keys"
	pod-audit key --take >"$T/key"
	pod_dir web
	events 3 | pod-audit append web
	pod-audit verify --key "$T/key" web
}

@test "doctor warns as long as the key lies there" {
	pod-audit doctor --json | jq -se 'any(.name == "audit-key" and .status == "warn")'
	pod-audit key --take >/dev/null
	pod-audit doctor --json | jq -se 'any(.name == "audit-key" and .status == "pass")'
}
