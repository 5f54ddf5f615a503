#!/usr/bin/env bats
# Who ran what, and wrote which file, as the distribution's kernel tells.

load ../lib/envpod
setup() { envpod_setup; }
teardown() { envpod_teardown; rm -rf /srv/trace; }

told() { jq -se "any(.[]; .src == \"trace\" and ($1))" "$ENVPOD_STATE_DIR/pods/web/audit/000001.jsonl" >/dev/null; }

@test "commands, how they end, and what they write" {
	pod-trace doctor
	[ -z "$(pod-trace doctor --json | jq -r 'select(.status != "pass").name')" ]
	mkdir -p /srv/trace
	cd /srv/trace || return
	printf 'filesystem: {mount_cwd: yes}\naudit: {system_trace: yes}\n' >pod.yaml
	envpod init -c pod.yaml web
	envpod run web -- sh -c 'cp /etc/passwd copy; mv copy moved; exit 5' || [ $? = 5 ]
	wait_for 60 told '.event == "exec" and .argv == ["cp","/etc/passwd","copy"] and .cwd == "/srv/trace"'
	wait_for 60 told '.event == "exit" and .status == 5'
	[ "$(pod-mount diff --why --json web moved | jq -r .why.command)" = "cp /etc/passwd copy" ]
}
