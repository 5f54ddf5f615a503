#!/usr/bin/env bats
# Hooks: whose programs may be one, and what they get.
load helper

setup()
{
	envpod_setup
	need root overlay userns
	H=/usr/local/sbin/envpod-hook-$$
}
teardown()
{
	rm -f "$H"
	monitor_teardown
}

# hook TEXT: the program.
hook()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$H"
	chmod 755 "$H"
}

@test "a program that others can change is none, nor is one behind a symlink" {
	hook true
	check() { rules "{name: h, when: 'true', response: {type: hook, argv: ['$1']}}"; pod-monitor check --file "$T/rules.yaml"; }
	check "$H"
	chmod 775 "$H"
	expect 78 check "$H"
	[[ $output == *"others than root may write"* ]]
	chmod 755 "$H"
	chown 1000 "$H"
	expect 78 check "$H"
	[[ $output == *"not root's"* ]]
	chown 0 "$H"
	chmod 644 "$H"
	expect 78 check "$H"
	chmod 755 "$H"
	mkdir "$T/d" && cp "$H" "$T/d/hook"
	expect 78 check "$T/d/hook" # below /tmp
	ln -sf "$H" "$H.link"
	expect 78 check "$H.link"
	rm "$H.link"
	[[ $output == *symlink* ]]
	for path in "${H%/*}/../sbin/${H##*/}" "$H/" /usr/local/sbin /nowhere/hook; do expect 78 check "$path"; done
	pod '{name: x, when: "false", response: alert}'
	chmod 777 "$H"
	rules "{name: h, when: 'true', response: {type: hook, argv: ['$H']}}"
	expect 78 envpod monitor web set-policy "$T/rules.yaml"
	[ ! -e "$ENVPOD_STATE_DIR/pods/web/policy/monitor.json" ]
}

@test "it runs as the pod's owner, gets the event on its standard input, and nothing else of it" {
	mkdir -m 777 "$T/out"
	hook "cat >$T/out/in; id -u >$T/out/uid; env >$T/out/env; echo \"\$@\" >$T/out/argv; ls -l /proc/self/fd >$T/out/fds; exit 7"
	pod "{name: h, when: .sample.running, response: {type: hook, argv: ['$H', one, 'two three']}}"
	jq '.owner.uid = 1000 | .owner.gid = 1000 | .owner.name = "somebody"' "$ENVPOD_STATE_DIR/pods/web/pod.json" >"$T/pod.json"
	cat "$T/pod.json" >"$ENVPOD_STATE_DIR/pods/web/pod.json"
	pod-config plan web
	ENVPOD_SECRET=1 envpod run web -- sleep 1000 3>&- &
	wait_for 20 has_event monitor_hook
	events monitor_hook | jq -se --arg h "$H" '.[0].status == 7 and .[0].argv == [$h, "one", "two three"]'
	jq -e '.pod == "web" and .rule == "h" and .sample.running' "$T/out/in"
	[ "$(cat "$T/out/uid")" = 1000 ]
	[ "$(cat "$T/out/argv")" = "one two three" ]
	refute grep -qvE '^(PATH|HOME|USER|LOGNAME|LANG|PWD|OLDPWD|_|SHLVL)=' "$T/out/env"
	[ "$(grep -c -- '->' "$T/out/fds")" -le 4 ]
}

@test "what it leaves behind ends with it" {
	mkdir -m 777 "$T/out"
	hook "setsid sh -c 'echo \$\$ >/dev/null; exec sleep 7654321' & exit 0"
	pod "{name: h, when: .sample.running, response: {type: hook, argv: ['$H']}}"
	envpod run web -- sleep 1000 3>&- &
	wait_for 20 has_event monitor_hook
	refute pgrep -f 'sleep 7654321'
}

@test "one that takes too long is ended, with all it has started" {
	hook 'trap "" TERM INT; setsid sleep 7654322 & sleep 7654322'
	pod "{name: h, when: .sample.running, response: [{type: hook, argv: ['$H'], timeout: 1s}, alert]}"
	envpod run web -- sleep 1000 3>&- &
	wait_for 20 has_event monitor_alert
	events monitor_hook | jq -se '.[0].status == 124'
	refute pgrep -f 'sleep 7654322'
	rules '{name: h, when: .sample.running, response: {type: alert, timeout: 1s}}'
	expect 78 pod-monitor check --file "$T/rules.yaml"
}

@test "one that is gone when it is wanted is on record" {
	hook true
	pod "{name: h, when: .sample.running, response: {type: hook, argv: ['$H']}}"
	rm "$H"
	envpod run web -- sleep 1000 3>&- &
	wait_for 20 has_event monitor_hook
	events monitor_hook | jq -se '.[0].status == 78 and (.[0].reason | test("No such file|no such file"))'
}
