#!/usr/bin/env bats
# What the front end promises to those who call it from programs: its own calls of tools can be
# printed, its statuses are theirs.
load contract

setup()
{
	need root overlay userns
	contract_setup envpod
	others pod-config pod-mount pod-exec pod-limit pod-audit pod-supervise
	cd "$T"
	"$TOOL" init web
}
teardown()
{
	cd /
	"$B/bin/pod-supervise" stop --timeout 0 web >/dev/null 2>&1 || true
	envpod_teardown
}

@test "run --print: the command line of tools, which does the same when run" {
	local line
	line=$("$TOOL" run --print web -- sh -c 'exit 5')
	[[ $line == *"pod-mount enter"*"pod-exec"* ]]
	expect 5 bash -c "$line"
}

@test "run: the command's own status; 125 before it" {
	expect 5 "$TOOL" run web -- sh -c 'exit 5'
	expect 125 "$TOOL" run nosuch -- true
}

@test "ls --json, status --json" {
	"$TOOL" ls --json | objects name
	[ "$("$TOOL" ls --json | jq -r .name)" = web ]
	"$TOOL" status --json web | objects name status
}

@test "run -b, logs, fg, stop" {
	"$TOOL" run -b web -- sh -c 'echo up; read -r x; exit 4'
	wait_for 10 logged up
	expect 4 "$TOOL" fg web <<<go
	"$TOOL" stop web
}
logged() { "$TOOL" logs web | grep -q "$1"; }

@test "audit: every command and every refusal" {
	"$TOOL" run web -- true
	"$TOOL" audit --json web | objects v ts pod src event seq chain
	"$TOOL" audit --json web | "$B/bin/pod-audit" verify -
}

@test "destroy: the pod is gone, its log is not; with changes 3 without --force" {
	"$TOOL" destroy web
	[ ! -e "$ENVPOD_STATE_DIR/pods/web" ]
	"$B/bin/pod-audit" verify "$ENVPOD_STATE_DIR"/archive/web-*
}

@test "doctor --json: one check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "a wrong word is 64 and names the nearest" {
	expect 64 "$TOOL" statu web
	[[ $output == *status* ]]
}
