#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	supervise_setup
	# A pod-limit that says that it was asked, and does nothing.
	mkdir "$T/tools"
	printf '#!/bin/sh\necho "$*" >>"%s/limit"\n' "$T" >"$T/tools/pod-limit"
	chmod +x "$T/tools/pod-limit"
	export ENVPOD_TOOLS=$T/tools
}
teardown() { supervise_teardown; }

@test "SIGTERM is enough for most" {
	pod-supervise run web -- sleep 1000
	timeout 60 pod-supervise stop --timeout 86400 web
	ended
	[ "$(last_status)" = 143 ]
	[ ! -e "$T/limit" ]
}

@test "all runs of the pod" {
	pod-supervise run web -- sleep 1000
	pod-supervise run web -- sleep 1000
	pod-supervise stop web
	[ -z "$(ls "$RUNDIR")" ]
}

@test "one run only" {
	pod-supervise run web -- sleep 1000
	pod-supervise run web -- sleep 1000
	pod-supervise stop --run 2 web
	[ "$(last_status 2)" = 143 ]
	kill -0 "$(supervisor)"
}

@test "after the time-out the pod is killed by pod-limit, the chain by its supervisor" {
	pod-supervise run web -- sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'
	wait_for 10 log_has up
	sed -i 's/^echo/sed "s, .*,," "$ENVPOD_RUN_DIR\/web\/supervise.pid" | xargs kill -QUIT; echo/' "$T/tools/pod-limit"
	pod-supervise stop --timeout 0 web
	[ "$(cat "$T/limit")" = "kill web" ]
	ended
	[ "$(last_status)" = 137 ]
}

@test "a run that will not end, alone" {
	pod-supervise run web -- sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'
	wait_for 10 log_has up
	pod-supervise stop --timeout 0 --run 1 web
	[ "$(last_status)" = 137 ]
	[ ! -e "$T/limit" ]
}

@test "pid 1 of a pod that has no supervisor is asked, too" {
	sleep 1000 3>&- &
	init=$!
	PIDS+=("$init")
	mkdir -p "$RUNDIR"
	echo "$init $(sed 's/.*) //' "/proc/$init/stat" | cut -d' ' -f20)" >"$RUNDIR/init.pid"
	pod-supervise stop web
	gone "$init"
}

@test "a recycled pid is nobody's" {
	sleep 1000 3>&- &
	PIDS+=($!)
	mkdir -p "$RUNDIR"
	echo "$! 1" >"$RUNDIR/supervise.pid"
	echo "$! 1" >"$RUNDIR/init.pid"
	pod-supervise stop web
	kill -0 $!
	rm "$RUNDIR"/*.pid
}

@test "nothing runs: nothing to do" {
	# with a patience that no test has: there is nothing to wait for
	expect 0 timeout 60 pod-supervise stop --timeout 86400 web
	expect 2 pod-supervise stop nosuch
	expect 64 pod-supervise stop
}
