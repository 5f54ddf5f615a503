#!/usr/bin/env bats
# Who ran what in a pod: exec and exit events, of that pod alone, and nothing that waits for them.
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns bpf
}
teardown() { envpod_teardown; }

have_bpf() { "$B/bin/pod-trace" doctor --json | grep '"commands"' | grep -q '"pass"'; }

# traced NAME: a pod whose commands are recorded.
traced()
{
	mkdir -p "$T/$1"
	(cd "$T/$1" && printf 'audit:\n  system_trace: %s\n' "${2:-yes}" >pod.yaml && envpod init -c pod.yaml "$1")
}

# events POD [JQ]: of the trace.
events() { jq -c "select(.src == \"trace\") | ${2:-.}" "$ENVPOD_STATE_DIR/pods/$1/audit"/*.jsonl; }

# told POD JQ: one of them is so.
told() { events "$1" | jq -se "any(.[]; $2)" >/dev/null; }
tells() { wait_for 10 told "$@"; }

# The listener is the second process of the service.
service() { jq -r '.services[] | select(.name == "trace").pid' "$ENVPOD_RUN_DIR/$1/govern/services.json"; }
listener() { pgrep -P "$(service "$1")"; }

@test "a command: words, directory, program, user, who began it, how it ended, how long it took" {
	traced web
	run envpod run --user root web -- sh -c 'cd /usr/lib; cat /etc/hostname "a b" >/dev/null 2>&1; exit 7'
	[ "$status" = 7 ]
	tells web '.event == "exit" and .status == 7'
	local sh
	sh=$(events web 'select(.event == "exec" and .argv[0] == "sh") | .command')
	events web 'select(.event == "exec" and .argv[0] == "cat")' >"$T/cat"
	[ "$(jq -c .argv "$T/cat")" = '["cat","/etc/hostname","a b"]' ]
	[ "$(jq -r .cwd "$T/cat")" = /usr/lib ]
	[[ $(jq -r .exe "$T/cat") == */bin/cat ]]
	[ "$(jq -r .uid "$T/cat")" = 0 ]
	[ "$(jq -r .run "$T/cat")" = "$sh" ]
	[ "$(jq -r .parent "$T/cat")" = "$(events web "select(.event == \"exec\" and .command == $sh) | .pid")" ]
	told web ".event == \"exit\" and .command == $sh and .status == 7 and .duration_us > 0"
	told web ".event == \"exit\" and .command == $(jq .command "$T/cat") and .status == 1"
}

@test "a signal, an exec of an exec, a script, a thread that outlives its first" {
	traced web
	envpod run web -- sh -c 'sh -c "kill -KILL \$\$"; exec env true' || true
	tells web '.event == "exec" and .argv == ["true"]'
	tells web '.event == "exit" and .signal == 9'
	[ "$(events web 'select(.event == "exec" and .argv[0] != "sh") | .pid' | sort -u | wc -l)" = 1 ]
	printf '#!/bin/sh\ntrue\n' >"$T/script"
	chmod 755 "$T/script"
	cp "$T/script" /usr/local/bin/envpod-trace-test
	run envpod run web -- envpod-trace-test with words
	rm -f /usr/local/bin/envpod-trace-test
	[ "$status" = 0 ]
	tells web '.event == "exec" and (.argv | join(" ")) == "/bin/sh /usr/local/bin/envpod-trace-test with words"'
	envpod run web -- python3 -c '
import ctypes, os, threading, time
threading.Thread(target=lambda: (time.sleep(0.2), os._exit(5))).start()
ctypes.CDLL(None).syscall(60, 0)' || true
	tells web '.event == "exit" and .status == 5'
}

@test "two pods at once are never mixed, and of the host nothing is told" {
	traced one
	traced two
	seq 30 | (while read -r n; do /bin/true "host-$n"; done) &
	local host=$!
	envpod run one -- sh -c 'for i in $(seq 30); do /bin/true one-$i; done' &
	local first=$!
	envpod run two -- sh -c 'for i in $(seq 30); do /bin/true two-$i; done'
	wait "$host" "$first"
	tells one '.event == "exec" and .argv[1] == "one-30"'
	tells two '.event == "exec" and .argv[1] == "two-30"'
	[ "$(events one 'select(.event == "exec" and (.argv[1] | startswith("one-"))?) | .command' | wc -l)" = 30 ]
	[ "$(events two 'select(.event == "exec" and (.argv[1] | startswith("two-"))?) | .command' | wc -l)" = 30 ]
	refute grep -E 'host-|two-' <(events one)
	refute grep -E 'host-|one-' <(events two)
}

@test "no: nothing is told, nothing is loaded, nobody watches" {
	traced web no
	envpod run web -- true
	[ ! -e "$ENVPOD_RUN_DIR/web/govern" ]
	pod-supervise helpers --set govern start web
	wait_for 10 grep -q '^trace 0 0 resting' "$ENVPOD_RUN_DIR/web/govern/services.state"
	envpod run web -- true
	[ -z "$(events web)" ]
	envpod init -c /dev/null bare
	envpod run bare -- true
	[ ! -e "$ENVPOD_RUN_DIR/bare/govern" ]
}

@test "without the key: where something else governs the pod" {
	echo 'queue: {socket: yes}' >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
	envpod run web -- /bin/true governed
	tells web '.event == "exec" and .argv[1] == "governed"'
}

@test "names that steer terminals, words without end, and what is no text, are recorded as such" {
	traced web
	envpod run web -- python3 -c '
import os, sys
if os.fork() == 0:
    os.execv("/bin/true", [b"\x1b[2J\xff\"\n", b"x" * 100000, b"tail"])
os.wait()
if os.fork() == 0:
    os.execv("/bin/true", [b"\x01" * 700] * 40)
os.wait()
if os.fork() == 0:
    os.execv("/bin/true", [b"empty", b"", b"end"])
os.wait()
'
	tells web '.event == "exec" and (.argv[0] | startswith("\u001b[2J")) and .cut'
	tells web '.event == "exec" and (.argv[0] | startswith("\u0001\u0001")) and .cut'
	tells web '.event == "exec" and .argv == ["empty","","end"] and .cut == null'
	[ -z "$(awk 'length > 4400' "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl)" ]
	pod-audit verify web
}

@test "a listener that is stopped stalls nobody: the pod goes on, and what was lost is counted" {
	traced web
	envpod run web -- true
	tells web '.event == "exit"'
	local pid
	pid=$(listener web)
	kill -STOP "$pid"
	# More than the ring holds: 4 MiB, of records of nearly 7 kB each.
	envpod run web -- sh -c 'i=0; while [ $i -lt 900 ]; do /bin/true storm; i=$((i + 1)); done; echo went on' | grep -q 'went on'
	kill -CONT "$pid"
	tells web '.event == "trace_gap" and .queue > 0 and .count == .queue + .rate'
	# Heard of and lost: together no command is missing.  What was lost may be told before all that was heard.
	wait_for 20 all_counted web 1800
	envpod run web -- /bin/true again
	tells web '.event == "exec" and .argv[1] == "again"'
}

# all_counted POD N: heard of or lost, so many events.
all_counted()
{
	local heard lost
	heard=$(events "$1" 'select(.event == "exec" or .event == "exit") | .event' | wc -l)
	lost=$(events "$1" 'select(.event == "trace_gap") | .count' | jq -s add)
	[ $((heard + lost)) -ge "$2" ]
}

@test "a daemon that is killed in the middle is begun anew, and the pod does not notice" {
	traced web
	mkfifo "$T/go"
	exec 9<>"$T/go"
	envpod run web -- sh -c 'echo up; read -r go; /bin/true after' <"$T/go" >"$T/out" 2>&1 3>&- 9>&- &
	local run=$!
	wait_for 20 grep -q up "$T/out"
	local old listener
	old=$(service web) listener=$(listener web)
	kill -KILL "$old"
	another() { [ "$(service web)" != "$old" ] && [ "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/trace")" = "$(service web)" ]; }
	wait_for 20 another
	wait_for 10 ended "$listener"
	echo go >&9
	exec 9>&-
	wait "$run"
	tells web '.event == "exec" and .argv[1] == "after"'
}

ended() { [ ! -e "/proc/$1" ]; }

@test "a listener that is killed alone: what happened meanwhile is still told" {
	traced web
	envpod run web -- true
	tells web '.event == "exit"'
	local old service
	old=$(listener web) service=$(service web)
	kill -STOP "$old"
	envpod run web -- /bin/true meanwhile
	kill -KILL "$old"
	tells web '.event == "exec" and .argv[1] == "meanwhile"'
	[ "$(service web)" = "$service" ]
}

@test "a secret on a command line is not written, also one that was set while the pod runs" {
	mkdir "$T/web"
	printf 'audit: {system_trace: yes}\nvault: {env: [TOKEN]}\n' >"$T/web/pod.yaml"
	envpod init -c "$T/web/pod.yaml" web
	printf 'sesame-opens-1' | envpod vault web set TOKEN
	envpod run web -- sh -c '/bin/true "Bearer $TOKEN" first'
	tells web '.event == "exec" and .argv == ["/bin/true","Bearer [TOKEN]","first"]'
	local old
	old=$(listener web)
	printf 'sesame-opens-2' | envpod vault web set TOKEN
	renewed() { [ -n "$(listener web)" ] && [ "$(listener web)" != "$old" ]; }
	wait_for 10 renewed
	envpod run web -- sh -c '/bin/true "Bearer $TOKEN" second'
	tells web '.event == "exec" and .argv == ["/bin/true","Bearer [TOKEN]","second"]'
	refute grep -r sesame-opens "$ENVPOD_STATE_DIR/pods/web/audit"
}

@test "the listener has no powers, nothing open of the host's, and nobody's uid" {
	traced web
	envpod run web -- true
	tells web '.event == "exit"'
	local pid
	pid=$(listener web)
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ]
	[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$pid/status")" = 2 ]
	[ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" -gt 1879048192 ]
	refute grep -E '/state/pods/web$|/home|/etc' <(find "/proc/$pid/fd" -printf '%l\n')
}

@test "doctor says what this kernel tells" {
	expect 0 pod-trace doctor
	[[ $output == *commands* ]]
	expect 0 pod-trace doctor --json
	jq -se 'any(.[]; .name == "commands" and .group == "trace")' <<<"$output"
}
