load ../lib/envpod
setup() { envpod_setup; need root overlay userns; envpod init web >/dev/null; }
teardown() { envpod_teardown; }

is_state() { [ "$(envpod ls --json web | jq -r .status)" = "$1" ]; }
logged() { envpod logs web 2>/dev/null | grep -q "$1"; }

@test "run -b returns at once, logs shows what it says, stop ends it" {
	envpod run -b web -- sh -c 'echo hello from the back; exec sleep 1000'
	wait_for 10 logged 'hello from the back'
	is_state running
	envpod stop -t 2 web
	is_state stopped
}

@test "start runs the start command, restart runs it anew" {
	printf 'start_command: [sh, -c, "echo begun; exec sleep 1000"]\n' >"$T/pod.yaml"
	envpod init srv -c "$T/pod.yaml" >/dev/null
	run envpod start srv
	[ "$output" = "Started srv." ]
	wait_for 10 sh -c 'envpod logs srv | grep -q begun'
	first=$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/srv/init.pid")
	envpod restart srv
	wait_for 10 sh -c '[ "$(envpod logs srv | grep -c begun)" -ge 2 ]'
	[ "$first" != "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/srv/init.pid")" ]
	envpod stop -t 2 srv
}

@test "logs -f follows until the run ends" {
	mkfifo "$T/go"
	envpod run -b web -- sh -c 'echo first; sleep 0.3; echo last'
	run timeout 20 envpod logs -f web
	[[ $output == *first*last* ]]
}

@test "fg attaches with input" {
	envpod run -b web -- sh -c 'read line; echo "got <$line>"'
	printf 'words\n' >"$T/in"
	run timeout 20 script -qec 'envpod fg web' /dev/null <"$T/in"
	wait_for 10 logged 'got <words>'
}

@test "kill ends everything at once and keeps the changes" {
	mkdir "$T/work" && cd "$T/work"
	envpod run -b -w web -- sh -c 'echo kept >file; sleep 1000 & sleep 1000 & echo ready; wait'
	wait_for 10 logged ready
	envpod kill web
	wait_for 10 is_state stopped
	[ "$(envpod diff -z web | tr '\0' '\n')" = "$T/work/file" ]
}

@test "kill ends a background run that is just being started, too" {
	for _ in 1 2 3 4; do
		envpod run -b web -- sleep 1000
		envpod kill web
		refute is_state running
		refute pgrep -F "$ENVPOD_RUN_DIR/web/supervise.pid" 2>"$T/err"
	done
	envpod run web true
}

@test "a pod that was killed runs again, also in its old control group" {
	for _ in 1 2 3; do
		envpod run -b web -- sleep 1000
		wait_for 10 is_state running
		envpod kill web
		envpod run web true
	done
}

@test "kill -9 of the supervisor leaves no process of the run" {
	envpod run -b web -- sh -c 'echo ready; exec sleep 4242'
	wait_for 10 logged ready
	read -r pid _ <"$ENVPOD_RUN_DIR/web/supervise.pid"
	kill -9 "$pid"
	wait_for 10 sh -c '! pgrep -f "[s]leep 4242"'
	wait_for 10 is_state stopped
	[ "$(pod-supervise status --json web | jq -r .state)" = killed ]
	envpod run web true
}

@test "run -b --ready-fd: a byte once the command runs" {
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	envpod run -b --ready-fd 7 web -- sleep 1000
	timeout 20 head -c 1 <&7 >/dev/null
	is_state running
	envpod kill web
}

@test "without a start command or a command: sleep infinity, and a login shell" {
	envpod init bare >/dev/null
	envpod start bare >/dev/null
	wait_for 10 sh -c 'envpod audit --json bare | jq -e "select(.event == \"run_start\").argv == [\"/bin/sleep\", \"infinity\"]"'
	pod-supervise status bare
	envpod stop bare
	envpod run bare </dev/null
	[ "$(envpod audit --json bare | jq -c 'select(.event == "run_start").argv' | tail -1)" = '["/bin/sh","-l"]' ]
}
