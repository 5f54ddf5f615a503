#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
bats_require_minimum_version 1.5.0
# What a caller of pod-exec meets: statuses, users, environment, refusals, signals.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
	pod web
}
teardown() { envpod_teardown; }

upper() { echo "$ENVPOD_STATE_DIR/pods/web/upper"; }
events() { cat "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl; }

@test "the command's own status is ours" {
	expect 0 in_pod web -- true
	expect 7 in_pod web -- sh -c 'exit 7'
	expect 137 in_pod web -- sh -c 'kill -KILL $$'
}

@test "127 not found, 126 not executable, 125 before the run" {
	run -127 in_pod web -- no-such-command
	[[ $output == *"run no-such-command: No such file"* ]]
	run -127 in_pod web -- /no/such/command
	expect 126 in_pod web -- /etc/passwd
	expect 125 in_pod web --user nosuch -- true
	[[ $output == *"find user nosuch"* ]]
}

@test "wrong usage is 64" {
	expect 64 pod-exec
	expect 64 pod-exec web
	expect 64 pod-exec --tty sometimes web -- true
	expect 64 pod-exec --nonsense web -- true
	expect 64 in_pod web -e =x -- true
	expect 64 in_pod web --status-fd 77 -- true
	expect 64 pod-exec Not.A.Name -- true
}

@test "a pod that is not there" {
	expect 125 pod-exec nopod -- true
	[[ $output == *"there is no pod named nopod"* ]]
}

@test "outside a view there is no run" {
	expect 125 pod-exec web -- true
	[[ $output == *"pod-mount enter"* ]]
}

@test "a script without #! is run by sh, as everywhere" {
	mkdir -p "$(upper)/opt"
	echo 'echo "script $1"' >"$(upper)/opt/script"
	chmod 755 "$(upper)/opt" "$(upper)/opt/script"
	expect 0 in_pod web -- /opt/script word
	[ "$output" = "script word" ]
}

@test "--status-fd and --ready-fd tell the story" {
	in_pod web --status-fd 5 --ready-fd 6 -- sh -c 'exit 3' 5>"$T/status" 6>"$T/ready" || true
	jq -e -s '.[0].event == "started" and .[0].pid > 1' "$T/status"
	jq -e -s '.[1] == {event: "exit", status: 3}' "$T/status"
	[ "$(wc -c <"$T/ready")" = 1 ]
	in_pod web --status-fd 5 --ready-fd 6 -- nonsense 5>"$T/status" 6>"$T/ready" || true
	jq -e '.event == "failed" and .status == 127' "$T/status"
	[ ! -s "$T/ready" ]
}

@test "the descriptors of --status-fd and --ready-fd do not reach the command" {
	expect 0 in_pod web --status-fd 5 --ready-fd 6 -- sh -c 'ls /proc/self/fd | wc -l' 5>/dev/null 6>/dev/null
	[ "$output" = 4 ] # 0, 1, 2 and the directory
}

@test "the environment is built from nothing" {
	SECRET=x FOO=host TERM=vt100 LANG=C expect 0 in_pod web -e A=1 -e FOO -e NOT_SET -- env
	[[ $output != *SECRET* && $output != *ENVPOD_LOCK* && $output != *ENVPOD_STATE* ]]
	local line
	for line in A=1 FOO=host TERM=vt100 LANG=C HOME=/home/tester USER=tester LOGNAME=tester \
		SHELL=/bin/sh ENVPOD_POD_NAME=web; do
		grep -qx -- "$line" <<<"$output" || { echo "no $line"; return 1; }
	done
	grep -q '^PATH=/run/envpod/bin:' <<<"$output"
	refute grep -q '^NOT_SET' <<<"$output"
}

@test "the plan's env counts, -e wins, the pod's name cannot be changed" {
	plan web "env A=plan" "env B=plan" "env ENVPOD_POD_NAME=other"
	expect 0 in_pod web -e A=mine -e ENVPOD_POD_NAME=third -- sh -c 'echo "$A $B $ENVPOD_POD_NAME"'
	[ "$output" = "mine plan web" ]
}

@test "a strange TERM or LANG does not get in" {
	TERM=../../etc LANG=$'x\ny' expect 0 in_pod web -- sh -c 'echo "$TERM $LANG"'
	[ "$output" = "dumb C.UTF-8" ]
}

@test "users: the invoking one, root, agent, names and numbers" {
	local ids='echo $(id -u):$(id -g):$(id -G) $HOME'
	expect 0 in_pod web -- sh -c "$ids"
	[ "$output" = "1000:1000:1000 /home/tester" ]
	expect 0 in_pod web --root -- sh -c "$ids"
	[ "$output" = "0:0:0 /root" ]
	expect 0 in_pod web --user agent -- sh -c "$ids"
	[ "$output" = "60000:60000:60000 /home/agent" ]
	expect 0 in_pod web --user daemon -- sh -c "$ids"
	[ "$output" = "1:1:1 /usr/sbin" ]
	expect 0 in_pod web --user 4242 -- sh -c "$ids"
	[ "$output" = "4242:4242:4242 /" ]
	expect 125 in_pod web --user 70000 -- true
}

@test "run.user of the plan is the default, --user wins" {
	plan web "run.user agent"
	expect 0 in_pod web -- id -u
	[ "$output" = 60000 ]
	expect 0 in_pod web --user root -- id -u
	[ "$output" = 0 ]
}

@test "invoked by root, the pod's user is pod root and never the host's" {
	POD_USER=0 plan web
	expect 0 in_pod web -- cat /proc/self/uid_map
	[ -z "$(awk '$2 == 0' <<<"$output")" ]
}

@test "a hostile /etc/passwd is read as data" {
	mkdir -p "$(upper)/etc"
	{
		printf 'big:x:99999999999999999999:0::/:/bin/sh\n'
		printf 'neg:x:-1:-1::/:/bin/sh\n'
		printf 'host:x:524288:524288::/:/bin/sh\n'
		printf 'agent:x:0:0::/root:/bin/sh\n'
		printf 'nul\0user:x:5:5::/:/bin/sh\n'
		printf ':::::::::\n%0300d\n' 1
		printf 'good:x:77:78::relative:also relative\n'
		head -c 100000 /dev/zero | tr '\0' a
	} >"$(upper)/etc/passwd"
	expect 125 in_pod web --user big -- true
	expect 125 in_pod web --user neg -- true
	expect 125 in_pod web --user host -- true
	expect 0 in_pod web --user agent -- id -u
	[ "$output" = 60000 ]
	expect 0 in_pod web --user good -- sh -c 'echo $(id -u):$(id -g) $HOME $SHELL'
	[ "$output" = "77:78 / /bin/sh" ]
}

@test "a passwd that is a link, a fifo, or far too long is not believed" {
	mkdir -p "$(upper)/etc"
	ln -s "$T/passwd" "$(upper)/etc/passwd"
	echo 'evil:x:0:0::/:/bin/sh' >"$T/passwd"
	expect 125 in_pod web --user evil -- true
	rm "$(upper)/etc/passwd"
	mkfifo "$(upper)/etc/passwd"
	expect 125 in_pod web --user evil -- true
	rm "$(upper)/etc/passwd"
	{ cat "$T/passwd"; head -c 2000000 /dev/zero; } >"$(upper)/etc/passwd"
	expect 125 in_pod web --user evil -- true
}

@test "where the command stands: --cwd if it can, else home, else the root" {
	expect 0 in_pod web --cwd /usr/share -- pwd
	[ "$output" = /usr/share ]
	expect 0 in_pod web --cwd /no/such/place -- pwd
	[ "$output" = / ]
	mkdir -p "$(upper)/home/tester"
	chmod 755 "$(upper)/home" "$(upper)/home/tester"
	expect 0 in_pod web --cwd /no/such/place -- pwd
	[ "$output" = /home/tester ]
}

@test "no seccomp.bpf, no run; --compile makes it" {
	rm "$ENVPOD_STATE_DIR/pods/web/seccomp.bpf"
	expect 125 in_pod web -- true
	[[ $output == *"--compile web"* ]]
	: >"$ENVPOD_STATE_DIR/pods/web/seccomp.bpf"
	expect 125 in_pod web -- true
	pod-exec --compile web
	expect 0 in_pod web -- true
}

@test "a wall that is not built refuses the run, by every key, unless waived" {
	plan web "unbuilt budget.max_duration" "unbuilt network.dns.allow"
	expect 125 in_pod web -- true
	[[ $output == *"budget.max_duration"*"--without budget.max_duration --without network.dns.allow"* ]]
	expect 125 in_pod web --without budget.max_duration -- true
	[[ $output != *"--without budget"* ]]
	expect 0 in_pod web --without budget.max_duration --without network.dns.allow -- true
	events | jq -e -s 'map(select(.event == "run_refused")) |
		length == 2 and .[0].key == "budget.max_duration, network.dns.allow"'
	events | jq -e -s 'map(select(.event == "run_start")) | .[0].without | length == 2'
}

@test "the host's network only with --unsafe" {
	plan web "network unsafe"
	expect 125 in_pod web --status-fd 5 -- true 5>"$T/status"
	[[ $output == *"--unsafe"* ]]
	jq -e '.status == 125 and .reason_status == 3' "$T/status"
	events | jq -e -s '.[-1] | .event == "run_refused" and .key == "network.mode"'
	expect 0 in_pod web --unsafe -- readlink /proc/self/ns/net
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "allowed commands, by path or by name" {
	plan web "allowed_command echo" "allowed_command /bin/true"
	expect 0 in_pod web -- echo hello
	expect 0 in_pod web -- /bin/echo hello
	expect 0 in_pod web -- /bin/true
	expect 125 in_pod web -- true
	expect 125 in_pod web -- sh -c 'echo hello'
	events | jq -e -s 'map(select(.event == "tool_blocked")) | length == 2 and .[1].argv[0] == "sh"'
}

@test "start and end of a run are on record, chained" {
	in_pod web -e TOKEN=s3cret -- sh -c 'exit 4' || true
	events | jq -e -s '.[0] | .event == "run_start" and .src == "exec" and .user == "tester"
		and .argv == ["sh", "-c", "exit 4"] and .tty == false'
	events | jq -e -s '.[1] | .event == "run_end" and .status == 4 and .oom == false and .duration_ms >= 0'
	refute grep -q s3cret "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl
}

@test "TERM, HUP, INT and QUIT reach the command" {
	local sig
	for sig in TERM HUP INT QUIT; do
		mkfifo "$T/$sig"
		become_pod web -- sh -c "trap 'exit 42' $sig; echo up; while :; do sleep 0.05; done" \
			>"$T/$sig" &
		read -r _ <"$T/$sig"
		kill -s "$sig" $!
		local status=0
		wait $! || status=$?
		[ "$status" = 42 ] || { echo "$sig: $status"; return 1; }
	done
}

@test "a command that dies of the signal makes us end with 128 + it" {
	mkfifo "$T/up"
	become_pod web -- sh -c 'echo up; exec sleep 1000' >"$T/up" &
	read -r _ <"$T/up"
	kill $!
	local status=0
	wait $! || status=$?
	[ "$status" = 143 ]
}

@test "stdin, stdout and stderr pass as they are" {
	echo data | in_pod web -- sh -c 'cat; echo err >&2' >"$T/out" 2>"$T/err"
	[ "$(cat "$T/out")" = data ]
	[ "$(cat "$T/err")" = err ]
}

@test "closed standard descriptors are no way in for others" {
	local status=0
	in_pod web -- sh -c 'readlink /proc/self/fd/[012] >/tmp/list; exit $(grep -c null /tmp/list)' \
		<&- >&- 2>&- || status=$?
	[ "$status" = 2 ] # 1 is the list itself
}

@test "the end of the run does not wait for who holds its output" {
	# the init must not keep the caller's pipe, or this $(...) would hang
	[ "$(in_pod web -- echo done)" = done ]
}

@test "the lock is passed on and let go once the pod stands" {
	mkfifo "$T/up"
	become_pod web -- sh -c 'echo up; read -r _; true' <"$T/up" >"$T/said" &
	exec 7>"$T/up"
	wait_for 5 grep -q up "$T/said"
	flock -n "$ENVPOD_RUN_DIR/web/lock" true
	exec 7>&-
	wait $!
}

@test "doctor speaks text and NDJSON" {
	run pod-exec --doctor
	[[ $output == *kernel* && $output == *landlock* ]]
	run pod-exec --doctor --json
	jq -e -s 'all(.name and .group and .message and (.status | IN("pass", "warn", "fail")))' <<<"$output"
}
