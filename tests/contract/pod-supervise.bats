#!/usr/bin/env bats
# What pod-supervise promises: a resident parent for each background run.
load contract

setup()
{
	contract_setup pod-supervise
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	POD=$ENVPOD_STATE_DIR/pods/web
	RUNDIR=$ENVPOD_RUN_DIR/web
}
teardown() { envpod_teardown; }

ended() { ! "$TOOL" status web >/dev/null; }

@test "run POD -- CHAIN: returns 0 when it was started; the chain has a terminal" {
	"$TOOL" run web -- sh -c 'test -t 0 && test -t 1 && test -t 2 && exit 7'
	wait_for 10 ended
	[ "$(cut -d' ' -f1 "$POD/log/run.status")" = 7 ]
}

@test "what it says goes to log/run.log, how it ended to log/run.status as STATUS TIME" {
	"$TOOL" run web -- sh -c 'echo said; kill -KILL $$'
	wait_for 10 ended
	grep -q said "$POD/log/run.log"
	grep -qE '^137 [0-9-]{10}T[0-9:.]{15}Z$' "$POD/log/run.status"
}

@test "while it lives: supervise.pid says PID STARTTIME, supervise.sock is for its owner; then both are gone" {
	"$TOOL" run web -- sleep 1000
	read -r pid start <"$RUNDIR/supervise.pid"
	[ "$start" = "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)" ]
	[ "$(stat -c '%F %a' "$RUNDIR/supervise.sock")" = "socket 600" ]
	kill "$pid"
	wait_for 10 ended
	[ -z "$(ls "$RUNDIR")" ]
}

@test "events: supervise_start, supervise_end with the status" {
	"$TOOL" run web -- sh -c 'exit 5'
	wait_for 10 ended
	[ "$(jq -r '[.src,.event,.status] | map(tostring) | join(" ")' "$POD/audit/000001.jsonl")" = "supervise supervise_start null
supervise supervise_end 5" ]
}

@test "attach: what was said, what is typed, the run's status" {
	"$TOOL" run web -- sh -c 'echo question; read -r x; echo "answer $x"; exit 4'
	run "$TOOL" attach web <<<yes
	[ "$status" = 4 ]
	[[ $output == *question*"answer yes"* ]]
	expect 2 "$TOOL" attach web
}

@test "logs: the last 50 lines, -n N, -f until the run ends" {
	"$TOOL" run web -- seq 60
	wait_for 10 ended
	[ "$("$TOOL" logs web | wc -l)" = 50 ]
	[ "$("$TOOL" logs -n 2 web)" = "59
60" ]
	[ "$("$TOOL" logs -f -n 1 web)" = 60 ]
}

@test "stop: SIGTERM to the run; 0 also when nothing runs" {
	"$TOOL" run web -- sh -c 'trap "exit 6" TERM; echo up; while :; do sleep 0.05; done'
	wait_for 10 grep -q up "$POD/log/run.log"
	"$TOOL" stop web
	[ "$(cut -d' ' -f1 "$POD/log/run.status")" = 6 ]
	"$TOOL" stop web
}

@test "status: 0 while a run lives, else 1; --json" {
	expect 1 "$TOOL" status web
	"$TOOL" run web -- sleep 1000
	"$TOOL" status --json web | objects run state pid status ended
	"$TOOL" stop web
	expect 1 "$TOOL" status web
}

@test "a run that cannot be started is 125, wrong usage 64" {
	expect 125 "$TOOL" run nosuch -- true
	expect 64 "$TOOL" run web
}

@test "words" {
	helps run attach stop status logs
}
