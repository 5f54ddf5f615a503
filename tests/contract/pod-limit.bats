#!/usr/bin/env bats
# What pod-limit promises: groups, limits, freezing and ending of a pod's processes.
load contract

setup()
{
	need root
	contract_setup pod-limit
	export ENVPOD_CGROUP=envpod-contract-$$
	pod web "processor:
  max_pids: 50"
	LOG=$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl
}
teardown()
{
	envpod_teardown
	find /sys/fs/cgroup -depth -type d -path "*/${ENVPOD_CGROUP:-none}*" -exec rmdir {} + 2>/dev/null || true
}

# A process in the pod; its pid on the host is in $PID.
start()
{
	need overlay userns
	mkfifo "$T/ready"
	pod-mount enter web -- pod-exec --ready-fd 8 web -- sleep 1000 8>"$T/ready" 3>&- &
	RUN=$!
	read -r -N1 <"$T/ready"
	PID=$(pgrep -x sleep --ns "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")" --nslist pid)
	[ -n "$PID" ]
}
recorded() { jq -r .event "$LOG" | grep -qx "$1"; }

@test "apply, usage --json: one object" {
	"$TOOL" apply web
	"$TOOL" usage --json web | objects
	[ "$("$TOOL" usage --json web | wc -l)" = 1 ]
	expect 2 "$TOOL" apply nosuch
}

@test "kill: nothing of the pod lives when it returns; recorded" {
	start
	"$TOOL" kill web
	refute kill -0 "$PID"
	recorded kill
	wait $RUN || true
	"$TOOL" kill web
}

@test "freeze and thaw; a frozen pod can be killed" {
	start
	"$TOOL" freeze web
	recorded freeze
	"$TOOL" thaw web
	recorded resume
	"$TOOL" freeze web
	"$TOOL" kill web
	refute kill -0 "$PID"
	wait $RUN || true
}

@test "remove: 75 while processes live, then no group is left" {
	start
	expect 75 "$TOOL" remove web
	"$TOOL" kill web
	wait $RUN || true
	"$TOOL" remove web
	[ -z "$(find /sys/fs/cgroup -type d -path "*/$ENVPOD_CGROUP/web*")" ]
}

@test "doctor --json: one check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "words" {
	helps apply set freeze thaw kill usage remove doctor
}
