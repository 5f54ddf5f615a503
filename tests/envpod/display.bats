#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# envpod display, and what the front end does with a pod's desktop: its services are a plugin's of the
# test's own, its page is a stand-in.

load ../lib/envpod
load ../pod-plugin/helper
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns netns jq
	envpod_setup
	own_plugins
	RUNDIR=$ENVPOD_RUN_DIR/web
	mkdir "$T/tools"
	export ENVPOD_TOOLS=$T/tools
	cat >"$T/tools/pod-web" <<-'END'
		#!/bin/bash
		# serve POD --ready-fd N --event-fd M; link [--view] POD
		[ "$1" != link ] || { echo "http://x.localhost:6080/login/${2#--}"; exit; }
		eval "echo >&$4; exec $4>&-"
		trap 'exit 0' TERM
		while :; do sleep 0.1; done
	END
	chmod 755 "$T/tools/pod-web"
	toy touch
	printf 'network: {mode: None}\ndevices: {plugins: [desktop-toy]}\n' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web >/dev/null
	desktop web
}

teardown()
{
	exec 7>&-
	envpod_teardown
}

# toy COMMAND: the plugin; its first service begins with COMMAND /tmp/x11.
toy()
{
	shell_plugin desktop-toy "[ \$1 != probe ] || exit 0
		cat '$T/'\$1"
	echo '{"plugin":"desktop-toy","abi":1,"summary":"a toy"}' >"$T/describe"
	cat >"$T/plan" <<-END
		{"need":"env","name":"DISPLAY","value":":99"}
		{"need":"service","name":"x11","command":"sh -c $1\\\\040/tmp/x11;\\\\040exec\\\\040sleep\\\\0401000","group":"guardian","ready":"/tmp/x11"}
		{"need":"service","name":"wm","command":"sh -c touch\\\\040/tmp/wm;\\\\040exec\\\\040sleep\\\\0401000","group":"app","ready":"/tmp/wm","after":"x11"}
	END
	chmod 644 "$T/plan" "$T/describe"
}

# The plan of a pod with a desktop.
desktop() { sed -i '/^end$/i desktop yes' "$ENVPOD_STATE_DIR/pods/$1/plan"; }

ready() { [ "$(jq .ready "$RUNDIR/desktop/session.json" 2>/dev/null)" = true ]; }
daemon() { awk -v n="$1" '$1 == n { print $2 }' "$RUNDIR/desktop/services.state"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
init_pid() { cut -d' ' -f1 "$RUNDIR/init.pid"; }

@test "display starts the pod and its desktop, waits until it is usable, and prints the link alone" {
	run -0 --separate-stderr envpod display web
	[ "$output" = http://x.localhost:6080/login/web ]
	[[ $stderr == *"envpod: web: waiting for "* ]]
	ready
	[ "$(envpod ls --json web | jq -r .status)" = running ]
	# a second time nothing is begun, nor waited for
	local init
	init=$(init_pid)
	run -0 --separate-stderr envpod display --view web
	[ "$output" = http://x.localhost:6080/login/view ]
	[ -z "$stderr" ]
	[ "$(init_pid)" = "$init" ]
	run -0 envpod display --json web
	jq -e '.pod == "web" and .link == "http://x.localhost:6080/login/web" and .session.ready' <<<"$output"
}

@test "start and run bring the desktop along, a run has its variables; stop ends all of it" {
	envpod start web
	wait_for 20 ready
	[ "$(envpod run web -- sh -c 'echo $DISPLAY; test -e /tmp/wm' </dev/null)" = :99 ]
	local session page keeper
	session=$(daemon session) page=$(daemon web) keeper=$(cut -d' ' -f1 "$RUNDIR/desktop/helpers.pid")
	envpod stop -t 2 web
	wait_for 10 gone "$session"
	wait_for 10 gone "$page"
	wait_for 10 gone "$keeper"
	[ ! -e "$RUNDIR/desktop/services.state" ]
	[ "$(envpod ls --json web | jq -r .status)" = stopped ]
	# with a run in the foreground, too, and it ends with that
	envpod run web -- sh -c 'until [ -e /tmp/wm ]; do sleep 0.05; done'
	wait_for 10 eval '! ready'
	kill -0 "$(daemon session)"
	envpod kill web
	[ ! -e "$RUNDIR/desktop/services.state" ]
}

@test "destroy ends it, and gc what is left of a pod that is gone" {
	envpod start web
	wait_for 20 ready
	local session
	session=$(daemon session)
	envpod destroy --force web
	wait_for 10 gone "$session"
	[ ! -e "$RUNDIR/desktop" ]
	envpod init -c "$T/pod.yaml" web >/dev/null
	desktop web
	envpod start web
	wait_for 20 ready
	kill -KILL "$(cut -d' ' -f1 "$RUNDIR/desktop/helpers.pid")"
	run -0 envpod gc -n
	[[ $output != *desktop* ]] # its pod lives
	pod-limit kill web
	wait_for 10 eval '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
	run -0 envpod gc -n
	[[ $output == *"Would end the desktop of 1 pod(s)."* ]]
	session=$(daemon session)
	run -0 envpod gc
	[[ $output == *"Ended the desktop of 1 pod(s)."* ]]
	wait_for 10 gone "$session"
}

@test "status shows how the services stand" {
	envpod start web
	wait_for 20 ready
	run -0 envpod status web
	grep -q '^desktop  *ready$' <<<"$output"
	grep -q '^ *x11: up$' <<<"$output"
	[ "$(envpod status --json web | jq -c '[.desktop.ready, (.desktop.services | map(.name))]')" = '[true,["x11","wm"]]' ]
	pkill -KILL -P "$(daemon session)" -f 'beside guardian'
	wait_for 20 eval 'envpod status web | grep -q "^ *x11: up, begun anew 1 time(s)$"'
	envpod stop -t 2 web
	run -0 envpod status web
	refute grep -q '^desktop' <<<"$output"
}

@test "what does not become ready is said, and the pod's end" {
	toy /nowhere/to/be/found
	mkfifo "$T/said"
	envpod display web >"$T/out" 2>"$T/said" &
	local shown=$! line
	exec 7<"$T/said"
	until read -r line <&7 && [[ $line == *"waiting for x11, wm (0 of 2 ready)"* ]]; do :; done
	envpod stop -t 2 web
	local status=0
	wait "$shown" || status=$?
	[ "$status" = 2 ]
	[ ! -s "$T/out" ]
	grep -q 'pod web has ended' <&7
	# who does not wait has the link, and a desktop that may become ready
	run -0 --separate-stderr envpod display --no-wait web
	[ "$output" = http://x.localhost:6080/login/web ]
	refute ready
}

@test "a pod without a desktop has none to show, and its runs start none" {
	envpod init other >/dev/null
	run -2 envpod display other
	[[ $output == *"pod other has no desktop (devices.desktop_env, web_display of its pod file)"* ]]
	envpod run other -- true
	[ ! -e "$ENVPOD_RUN_DIR/other/desktop" ]
}

@test "a frozen pod is not begun anew, but goes on showing what it shows" {
	envpod start web
	wait_for 20 ready
	envpod lock web
	run -75 envpod display web
	[[ $output == *"unlock web"* ]]
	run -0 envpod display --print-url web
	[ "$output" = http://x.localhost:6080/login/web ]
	ready
	envpod unlock web
}

@test "--print shows the tools' command lines and touches nothing" {
	run -0 envpod --print display web
	[[ $output == *"pod-supervise helpers --set desktop start web"* ]]
	[[ $output == *"pod-web link web"* ]]
	[ ! -e "$RUNDIR/desktop" ]
}
