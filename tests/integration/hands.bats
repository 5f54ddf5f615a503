#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# An agent with eyes and hands: it drives a program with windows by pod-display alone, and what it saves waits in the diff.

load ../lib/envpod

setup()
{
	need root overlay userns netns jq Xvfb openbox dbus-daemon mousepad
	envpod_setup
	export ENVPOD_PLUGIN_PATH=$B/plugins
	printf '%s\n' 'user: agent' 'network: {mode: None}' 'devices: {desktop_env: openbox}' 'web_display: {type: novnc, audio: no}' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web >/dev/null
	envpod start web
	wait_for 40 ready
	wait_for 20 envpod run web -- pod-display size
}
teardown() { envpod_teardown; }

ready() { [ "$(jq .ready "$ENVPOD_RUN_DIR/web/desktop/session.json" 2>/dev/null)" = true ]; }
agent() { envpod run web -- sh -euc "$1" sh "${@:2}" </dev/null; }

@test "a text editor is opened, typed into and saved: the file is in the pod's diff, and not on the host" {
	agent 'cd
		mousepad letter.txt >editor.log 2>&1 &
		pod-display wait-change --settle 700 --timeout 30
		pod-display shot --json -o seen.png >shot.json
		pod-display click 640 400
		pod-display type "Dear reader, 1 < 2: grüße aus dem Pod."
		pod-display wait-change --settle 300 --timeout 5 || true
		pod-display key ctrl+s
		for i in $(seq 200); do ! grep -qs reader letter.txt || break; sleep 0.05; done
		cat letter.txt
		file=$(head -c 8 seen.png | od -An -tx1 | tr -d " \n")
		[ "$file" = 89504e470d0a1a0a ]' >"$T/said"
	grep -qx 'Dear reader, 1 < 2: grüße aus dem Pod.' "$T/said"
	envpod diff --json web | jq -se 'any(.path | endswith("/letter.txt"))'
	[ ! -e /home/agent/letter.txt ]
}

@test "what happens is seen: a change that comes is waited for, one that does not come is said" {
	agent 'cd
		for i in 1 2 3 4 5; do pod-display wait-change --timeout 2 --min-pixels 5000 || break; done # what begins is painted
		status=0; pod-display wait-change --timeout 1 --min-pixels 5000 || status=$?
		echo "nothing: $status"
		xterm -e sleep 20 &
		pod-display wait-change --timeout 20 --min-pixels 5000
		pod-display shot --format jpeg -o - | head -c 2 | od -An -tx1' >"$T/said"
	cat "$T/said"
	grep -qx 'nothing: 1' "$T/said"
	grep -q 'ff d8' "$T/said"
}
