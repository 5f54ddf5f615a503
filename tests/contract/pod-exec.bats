#!/usr/bin/env bats
# What pod-exec promises: it stands in the root of a view (pod-mount enter) and runs a command behind
# the remaining walls.
load contract
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns
	contract_setup pod-exec
	pod web
	LOG=$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl
}
teardown() { envpod_teardown; }

in_pod() { pod-mount enter web -- "$TOOL" "$@"; }

@test "the command's own status; 128 + N of a signal; 127 and 126" {
	expect 7 in_pod web -- sh -c 'exit 7'
	expect 143 in_pod web -- sh -c 'kill -TERM $$'
	expect 127 in_pod web -- no-such-program
	expect 126 in_pod web -- /etc/passwd
}

@test "standard streams pass as they are" {
	[ "$(echo in | in_pod web -- cat)" = in ]
	[ "$(in_pod web -- sh -c 'echo err >&2' 2>&1 >/dev/null)" = err ]
}

@test "--status-fd: started and exit, or failed, as NDJSON" {
	in_pod --status-fd 8 web -- true 8>"$T/status"
	objects event <"$T/status"
	[ "$(jq -r .event "$T/status" | tr '\n' ' ')" = "started exit " ]
	[ "$(jq -r 'select(.event == "exit").status' "$T/status")" = 0 ]
}

@test "--ready-fd: a byte once the command runs" {
	in_pod --ready-fd 8 web -- true 8>"$T/ready"
	[ "$(wc -c <"$T/ready")" = 1 ]
	run in_pod --ready-fd 8 web -- no-such-program 8>"$T/ready"
	[ ! -s "$T/ready" ]
}

@test "the environment is built from nothing, and -e" {
	[ "$(SECRET=x in_pod -e MINE=yes web -- sh -c 'echo "$MINE-$SECRET-$ENVPOD_LOCK_FD-$ENVPOD_POD_NAME"')" = "yes---web" ]
}

@test "run_start and run_end are recorded" {
	in_pod web -- sh -c 'exit 3' || true
	[ "$(jq -c 'select(.event == "run_start") | [.src,.argv]' "$LOG")" = '["exec",["sh","-c","exit 3"]]' ]
	[ "$(jq -c 'select(.event == "run_end") | [.src,.status]' "$LOG")" = '["exec",3]' ]
}

@test "a wall that is not built: 125 with its key, and an event; --without runs" {
	printf 'unbuilt devices.gpu\n' >"$T/line"
	sed -i "/^end$/e cat $T/line" "$ENVPOD_STATE_DIR/pods/web/plan"
	run in_pod web -- true
	[ "$status" = 125 ]
	[[ $output == *"devices.gpu"*"--without"* ]]
	[ "$(jq -r 'select(.event == "run_refused").src' "$LOG")" = exec ]
	in_pod --without devices.gpu web -- true
}

@test "no filter, no run" {
	rm "$ENVPOD_STATE_DIR/pods/web/seccomp.bpf"
	expect 125 in_pod web -- true
	"$TOOL" --compile web
	in_pod web -- true
}

@test "one init a pod: a second run joins it" {
	mkfifo "$T/go"
	in_pod --ready-fd 8 web -- sleep 1000 8>"$T/go" 3>&- &
	read -r -N1 <"$T/go"
	[ "$(in_pod web -- readlink /proc/self/ns/pid)" = "$(in_pod web -- readlink /proc/self/ns/pid)" ]
	[ "$(in_pod web -- sh -c 'grep -l "^sleep" /proc/[0-9]*/cmdline | wc -l')" -ge 1 ]
	kill "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")"
	wait $! || true
}

@test "--doctor --json: one check a line" {
	"$TOOL" --doctor --json | objects name group status message hint
}

@test "wrong usage is 64, --help and --complete are there" {
	expect 64 "$TOOL" --no-such-option
	"$TOOL" --help | grep -q "^usage: pod-exec"
	"$TOOL" --complete | grep -q "^--status-fd"
}
