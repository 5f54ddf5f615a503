#!/usr/bin/env bats
# Checks of health while a background run lives.
load health
setup() { health_setup; }
teardown() { health_teardown; }

# server ANSWER: on port 8080 of the pod's loopback; what it says stands in /srv-answer there.
server()
{
	cat >"$T/server.py" <<-'END'
	import socket, sys
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("127.0.0.1", 8080))
	s.listen(16)
	kept = []
	print("begun", flush=True)
	while True:
	    c, _ = s.accept()
	    answer = open("/tmp/answer").read()
	    if answer == "nothing\n":
	        kept.append(c)
	        continue
	    request = c.recv(4096).decode()
	    print(request.split("\r\n")[0], flush=True)
	    c.sendall(answer.encode())
	    c.close()
	END
	envpod start web -- sh -c 'printf "%s\n" "$2" >/tmp/answer; exec python3 -c "$1"' sh "$(cat "$T/server.py")" "$1" >/dev/null
	wait_for 10 grep -q begun "$LOG"
}
answers() { in_pod sh -c "printf '%s\n' '$1' >/tmp/answer"; }

@test "a command that hangs is ended in time; allowed_commands are for runs" {
	pod 'command: touch /tmp/asked; sleep 1000' 'retries: 1' 'action: alert'
	printf 'tools: {allowed_commands: [sleep, cat, pgrep]}\n' >>"$T/web.yaml"
	envpod destroy -y web >/dev/null 2>&1 || envpod destroy web >/dev/null
	envpod init -c "$T/web.yaml" web >/dev/null
	envpod start web -- sleep 999 >/dev/null
	wait_for 10 state failing
	said "no answer within 1 s"
	in_pod cat /tmp/asked
	pod-supervise stop -t 1 web
	[ ! -e "$ENVPOD_RUN_DIR/web/health" ]
}

@test "an endpoint: the pod's own loopback is asked, over HTTP, and by its status" {
	need python3
	pod 'http: http://localhost:8080/well?x=1' 'retries: 1' 'action: alert'
	server 'HTTP/1.0 200 OK'
	wait_for 10 state passing
	grep -q '^GET /well?x=1 HTTP/1.0' "$LOG"
	answers 'HTTP/1.0 503 Service Unavailable'
	wait_for 10 said "answered 503"
	answers 'HTTP/1.1 302 Found'
	wait_for 10 state passing
	answers 'SSH-2.0-x'
	wait_for 10 said "port 8080 answers no HTTP"
	answers 'HTTP/1.1 200 OK'
	wait_for 10 state passing
	answers nothing
	wait_for 10 said "no answer within 1 s"
	[ "$(events 'select(.event == "health_failed") | .reason')" = '"answered 503"
"port 8080 answers no HTTP"
"no answer within 1 s"' ]
	begun 1
	envpod status web | grep -q '^health  *failing since 20.*Z$'
}

@test "behind the network's wall, with other ports exposed, and on ::1 alone" {
	need python3
	printf '%s\n' 'network: {dns: {allow: [a.example], upstream: [192.0.2.53]}, expose: [81]}' 'health:' '  interval: 1' '  grace_period: 0' '  retries: 100' \
		'  checks: ["http://localhost:8080/", "http://[::1]:8086"]' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web >/dev/null
	envpod start web -- sh -c 'cd /etc/apt; python3 -m http.server -b 127.0.0.1 8080 & exec python3 -m http.server -b ::1 8086' >/dev/null
	wait_for 15 is_passing check1
	wait_for 15 is_passing check2
	envpod stop -t 1 web
}

@test "what listens on the host says nothing of the pod" {
	need python3
	pod 'endpoint: /' 'port: 8080' 'retries: 1' 'action: alert'
	# its own network, so that a port that somebody uses is no failure
	unshare -n bash -c 'ip link set lo up
		python3 -m http.server -b 127.0.0.1 8080 >/dev/null 2>&1 & server=$!
		trap "kill $server" EXIT
		for i in {1..200}; do curl -s -o "$T/page" http://127.0.0.1:8080/ && break; sleep 0.05; done
		[ -s "$T/page" ] && envpod start web -- sleep 1000 && until pod-supervise health web | grep -q failing; do sleep 0.05; done' 3>&- >/dev/null
	said "port 8080 cannot be reached"
}

@test "several checks, each by itself; what one does not say is as the section has it" {
	pod 'command: "true"' 'retries: 1' 'action: alert' 'checks:' '  - {name: one two, command: "false"}' '  - {command: "exit 3", retries: 100}'
	envpod start web -- sleep 1000 >/dev/null
	wait_for 10 state failing
	wait_for 10 said "ended with status 3"
	wait_for 10 is_passing health
	[ "$(pod-supervise health --json web | jq -r '[.check, .state, .reason] | join(",")')" = "health,passing,
one two,failing,ended with status 1
check2,starting,ended with status 3" ]
	expect 1 pod-supervise health web
}

@test "checks are made while a background run lives: not of runs in the foreground, not after it" {
	pod 'command: touch /tmp/asked'
	in_pod sh -c 'for i in 1 2 3 4; do sleep 0.5; done; test ! -e /tmp/asked'
	[ ! -e "$ENVPOD_RUN_DIR/web/health" ]
	expect 1 pod-supervise health web
	mkfifo "$T/go"
	envpod start web -- sh -c 'until [ -e /tmp/end ]; do sleep 0.1; done' >/dev/null
	wait_for 10 state passing
	checker=$(pgrep -P "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/supervise.pid")" -x pod-health)
	in_pod touch /tmp/end
	wait_for 10 test ! -e "$ENVPOD_RUN_DIR/web/supervise.pid"
	[ ! -e "$ENVPOD_RUN_DIR/web/health" ]
	refute kill -0 "$checker"
}


@test "checks are of run 1: while it lives, once, whatever runs beside it; after it, of none" {
	pod 'command: test ! -e /tmp/ill' 'retries: 1'
	envpod start web -- sh -c 'until [ -e /tmp/end ]; do sleep 0.1; done' >/dev/null
	wait_for 10 state passing
	envpod start web -- sleep 1000 >/dev/null
	[ -n "$(pgrep -P "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/supervise.pid")" -x pod-health)" ]
	[ -z "$(pgrep -P "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/supervise.2.pid")" -x pod-health)" ]
	in_pod touch /tmp/end
	wait_for 10 test ! -e "$ENVPOD_RUN_DIR/web/supervise.pid"
	[ -e "$ENVPOD_RUN_DIR/web/supervise.2.pid" ]
	expect 1 pod-supervise health web
	[ -z "$(events 'select(.event == "health_restart")')" ]
}
