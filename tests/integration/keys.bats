# Keys of the pod file whose effect no single tool's test shows.
load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

pod()
{
	cat >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null 2>&1
}

@test "audit.action_log: no keeps ordinary runs off the record, refusals stay on it" {
	pod <<<'audit: {action_log: no}
tools: {allowed_commands: ["true"]}'
	envpod run web true
	expect 125 envpod run web ls
	events=$(envpod audit --json web | jq -r .event)
	[[ $events == *tool_blocked* ]]
	[[ $events != *run_start* ]]
}

@test "audit.anchor: a checkpoint of the log arrives there after a commit" {
	pod <<<"audit: {anchor: 'file:$T/anchored'}"
	envpod run web true
	[ ! -e "$T/anchored" ]
	envpod commit web
	grep -q '^envpod/.*/web/0$' "$T/anchored"
}

@test "filesystem.workspace is where runs begin" {
	pod <<<'filesystem: {workspace: /srv}'
	[ "$(envpod run web pwd)" = /srv ]
}

@test "--without a section covers every key below it" {
	pod <<<'{devices: {display: true, audio: true}, network: {mode: None}}'
	expect 125 envpod run web true
	run envpod run --without devices web cat /proc/net/dev
	[ "$status" -eq 0 ]
	[ "$(grep -c : <<<"$(grep -v envpod: <<<"$output")")" = 1 ]
}

@test "tools.allowed_commands: anything else is refused and on record" {
	pod <<<'tools: {allowed_commands: [echo]}'
	[ "$(envpod run web echo yes)" = yes ]
	expect 125 envpod run web ls
	[[ $output == *allowed_commands* ]]
	envpod audit --json web | jq -se 'any(.[]; .event == "tool_blocked")'
}

@test "apt-get under system_access: safe fails and the key that helps is named" {
	pod <<<'{}'
	run envpod run --root web apt-get install -y no-such-package
	[ "$status" -ne 0 ]
	[[ $output == *"filesystem.system_access: advanced"* ]]
}

@test "start_command, env, user" {
	pod <<<'start_command: [sh, -c, "echo $COLOUR as $(id -u)"]
env: {COLOUR: green}
user: agent'
	[ "$(envpod run web)" = "green as 60000" ]
}

@test "type: airgapped has no network, not even by name" {
	pod <<<'type: airgapped'
	[ "$(envpod run web cat /proc/net/dev | grep -c :)" = 1 ]
}

@test "type: ephemeral forgets what a run did when the next one begins; setup stays" {
	mkdir "$T/work" && cd "$T/work"
	pod <<<'type: ephemeral
setup: [echo kept >/opt/from-setup]'
	envpod run -w web -- sh -c 'echo x >file'
	[ "$(envpod diff -z web | tr '\0' '\n')" = "$T/work/file" ]
	envpod run -w web -- sh -c '[ ! -e file ] && cat /opt/from-setup'
	[ -z "$(envpod diff -z web)" ]
}

@test "setup may write system directories under system_access: safe, runs may not" {
	pod <<<'setup: [touch /usr/local/bin/made-by-setup]'
	envpod run web test -e /usr/local/bin/made-by-setup
	expect 1 envpod run --root web touch /usr/local/bin/made-by-run
}
