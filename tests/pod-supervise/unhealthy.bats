#!/usr/bin/env bats
# What follows when a check of health fails: the run is started again, or the pod frozen.
load health
setup() { health_setup; }
teardown() { health_teardown; }

@test "a command: starting, passing, failing, and the run is started again; only changes are on record" {
	pod 'command: test -e /tmp/well' 'retries: 2'
	envpod start -e WORD=said web -- sh -c 'echo "begun $WORD $1"; tty; touch /tmp/well; exec sleep 1000' sh "two words" >/dev/null
	wait_for 10 state passing
	pod-supervise health web | grep -q 'health .*passing .* 0 '
	[ "$(envpod status --json web | jq -r '.health | .state, .checks[0].name')" = "passing
health" ]
	in_pod rm /tmp/well
	wait_for 20 begun 2
	wait_for 10 state passing
	[ "$(grep -c 'begun said two words' "$LOG")" = 2 ]
	[ "$(grep -c /dev/pts/ "$LOG")" = 2 ]
	[ "$(events .event)" = '"health_ok"
"health_failed"
"health_restart"
"health_ok"' ]
	[ "$(events 'select(.event == "health_failed") | [.check, .reason, .failures, .action]')" = '["health","ended with status 1",2,"restart"]' ]
	[ "$(envpod status --json web | jq .health.restarts)" = 1 ]
	[ "$(pod-supervise status --json web | jq -r .state)" = running ]
	# looks are off the record: the run twice, and the rm
	[ "$(envpod audit --json web | jq -c 'select(.event == "run_start")' | wc -l)" = 3 ]
}

@test "action freeze; a frozen pod is not asked; thawed, it is, and may be well again" {
	pod 'command: test ! -e /tmp/ill' 'retries: 1' 'action: freeze'
	envpod start web -- sh -c 'echo begun; exec sleep 1000' >/dev/null
	wait_for 10 state passing
	in_pod touch /tmp/ill
	wait_for 10 frozen
	state failing
	[ "$(envpod audit --json web | jq -r 'select(.event | IN("health_failed", "freeze")) | .event')" = "health_failed
freeze" ]
	before=$(cat "$ENVPOD_RUN_DIR/web/health")
	envpod unlock web >/dev/null
	in_pod rm /tmp/ill
	wait_for 10 state passing
	begun 1
	[[ $before == *failing* ]]
}

@test "kill -9: of the checker, another one comes; of the supervisor, nobody says anything any more" {
	pod 'command: "true"'
	envpod start web -- sleep 1000 >/dev/null
	wait_for 10 state passing
	supervisor=$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/supervise.pid")
	checker=$(pgrep -P "$supervisor" -x pod-health)
	kill -KILL "$checker"
	another() { checker2=$(pgrep -P "$supervisor" -x pod-health) && [ "$checker2" != "$checker" ]; }
	wait_for 10 another
	wait_for 10 state passing
	kill -KILL "$supervisor"
	wait_for 10 gone "$checker2"
	expect 1 pod-supervise health web
	[ "$(envpod status --json web | jq .health)" = null ]
}
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "stop, while a run that does not end is to be started again: it is not" {
	pod 'command: test ! -e /tmp/ill' 'retries: 1'
	envpod start web -- sh -c 'trap "" TERM; echo begun; while :; do sleep 0.1; done' >/dev/null
	wait_for 10 state passing
	in_pod touch /tmp/ill
	wait_for 10 restarting
	envpod stop -t 1 web
	begun 1
	[ ! -e "$ENVPOD_RUN_DIR/web/supervise.pid" ]
}

@test "a run that was asked to end, and takes its time, is not started again for its health" {
	pod 'command: test ! -e /tmp/ill' 'retries: 1'
	envpod start web -- sh -c 'trap "touch /tmp/ill; sleep 3; exit 0" TERM; echo begun; while :; do sleep 0.1; done' >/dev/null
	wait_for 10 state passing
	envpod stop web
	begun 1
	refute restarting
	[ "$(cut -d' ' -f1 "$POD/log/run.status")" = 0 ]
}
restarting() { [ -n "$(events 'select(.event == "health_restart")')" ]; }

@test "secrets are there again when the run is started again" {
	pod 'command: test ! -e /tmp/ill' 'retries: 1'
	printf 'vault: {env: [TOKEN]}\n' >>"$T/web.yaml"
	envpod destroy web >/dev/null
	envpod init -c "$T/web.yaml" web >/dev/null
	printf 'xyzzy' | pod-vault set web TOKEN
	envpod start web -- sh -c 'echo "begun ${#TOKEN}"; rm -f /tmp/ill; exec sleep 1000' >/dev/null
	wait_for 10 state passing || { cat "$LOG"; false; }
	in_pod touch /tmp/ill
	wait_for 20 begun 2
	[ "$(grep -c 'begun 5' "$LOG")" = 2 ]
}
