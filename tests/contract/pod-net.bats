#!/usr/bin/env bats
# What pod-net promises: a network that is closed, or a failure that says why.
load contract

setup()
{
	need root netns userns
	contract_setup pod-net
	others pod-config pod-supervise
	pod web "network: {cidr_allow: [192.0.2.0/24]}"
	pod none "network: {mode: None}"
}
teardown()
{
	"$TOOL" down --force web >/dev/null 2>&1 || true
	envpod_teardown
}

@test "words have help, and refuse what they do not know" { helps up down status rules watch doctor; }

@test "up makes RUN/NAME/ns/net and net/up; down takes both away" {
	"$TOOL" up --walls-only web
	[ "$(stat -f -c %T "$ENVPOD_RUN_DIR/web/ns/net")" = nsfs ]
	grep -Eq '^(sockets|veth) [0-9.]+/[0-9]+ [0-9a-f:]+/[0-9]+$' "$ENVPOD_RUN_DIR/web/net/up"
	"$TOOL" up --walls-only web
	"$TOOL" down web
	refute [ -e "$ENVPOD_RUN_DIR/web/net/up" ]
	refute [ "$(stat -f -c %T "$ENVPOD_RUN_DIR/web/ns/net")" = nsfs ]
	"$TOOL" down web
}

@test "nothing leads out of it that was not opened" {
	"$TOOL" up --walls-only web
	refute nsenter --net="$ENVPOD_RUN_DIR/web/ns/net" timeout 5 bash -c 'exec 3<>/dev/tcp/198.51.100.1/80'
}

@test "status: an object; 0 with a network, 1 without" {
	expect 1 "$TOOL" status --json web
	"$TOOL" up --walls-only web
	"$TOOL" status --json web | objects pod stands addresses drops pins4 pins6
}

@test "doctor: an object a check" { "$TOOL" doctor --json | objects name group status message hint; }

@test "a pod without a network of its own: 2; one that is not there: 2" {
	expect 2 "$TOOL" up none
	expect 2 "$TOOL" up nobody
	expect 64 "$TOOL" up
}
