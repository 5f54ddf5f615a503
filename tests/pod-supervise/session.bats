#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# pod-supervise session: the services of a pod's desktop, kept while it runs.  The pod is made by hand
# (pod-exec's tests), and so is what plugins named.

load ../lib/envpod
load ../pod-exec/lib
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns netns jq
	envpod_setup
	umask 022
	RUNDIR=$ENVPOD_RUN_DIR/web
	LOG=$ENVPOD_STATE_DIR/pods/web/log/desktop.log
	pod web "pids.max 200" "desktop yes"
	mkfifo "$T/up" "$T/end"
	services=()
}

teardown()
{
	exec 7>&-
	[ -z "${session:-}" ] || kill -KILL "$session" 2>/dev/null || true
	pod-supervise helpers --set desktop stop web || true
	envpod_teardown
}

# A service that leaves a line in /tmp/NAME.began, makes its own /tmp/NAME.ready, and stays.
good='echo $$ >>/tmp/NAME.began; echo begun; rm -f /tmp/NAME.ready; : >/tmp/NAME.ready; exec sleep 1000'

# service NAME GROUP AFTER WITH LISTEN SCRIPT [READY]
service()
{
	local script=${6//NAME/$1}
	script=${script//\\/\\134}
	services+=("service $1 $2 ${7:-/tmp/$1.ready} ${3// /\\040} $4 $5 sh -c ${script// /\\040}")
	printf '%s\n' "${services[@]}" >"$RUNDIR/needs"
}

# The agent's own run, until descriptor 7 is closed.
begin_pod()
{
	become_pod web -- sh -c 'echo up; read -r _' <"$T/end" >"$T/up" 7>&- &
	exec 7>"$T/end"
	read -r _ <"$T/up"
}
begin_session()
{
	pod-supervise session web 7>&- 2>>"$T/session.err" &
	session=$!
}
end_session()
{
	local status=0
	kill -TERM "$session"
	wait "$session" || status=$?
	session=
	return $status
}

of() { jq -r --arg n "$1" ".services[] | select(.name == \$n) | .$2" "$RUNDIR/desktop/session.json"; }
is_so() { [ "$(of "$1" "$2" 2>/dev/null)" = "$3" ]; }
ready() { [ "$(jq .ready "$RUNDIR/desktop/session.json" 2>/dev/null)" = true ]; }
group() { pod_group web; }
members() { grep -c . "$(group)/$1/cgroup.procs" || true; }
in_web() { in_pod web -- "$@" </dev/null; }
began() { in_web sh -c 'wc -l </tmp/'"$1"'.began'; }
nobody_left() { ! grep -q . "$(group)"/{app,guardian}/cgroup.procs 2>/dev/null; }
events() { pod-audit query --json web | jq -c "select(.event == \"$1\")"; }
has_events() { [ "$(events "$1" | wc -l)" -ge "$2" ]; }
# what the pod's process of a service is, as the pod counts
kill_service() { in_web sh -c 'kill -'"${2:-KILL}"' $(tail -1 /tmp/'"$1"'.began)'; }

@test "services begin in the order of 'after', each when those are ready, in the group they were meant for" {
	service panel app "wm bus" - - "echo panel >>/tmp/order; $good"
	service wm app x11 - - "echo wm >>/tmp/order; $good"
	service x11 guardian bus - - "echo x11 >>/tmp/order; $good"
	service bus guardian - - - "echo bus >>/tmp/order; sleep 0.3; $good"
	service plain guardian bus - - "echo plain >>/tmp/order; exec sleep 1000" -
	begin_pod
	begin_session
	wait_for 20 ready
	[ "$(in_web sed '/plain/d' /tmp/order | tr '\n' ' ')" = "bus x11 wm panel " ]
	[ "$(members guardian)" = 3 ]
	[ "$(in_web sh -c 'stat -c %u /tmp/bus.began')" = 1000 ]
	jq -e '.v == 1 and (.services | length) == 5 and all(.services[]; .state == "up" and .restarts == 0 and .pid > 1 and (.since | test("^20.*Z$")))' "$RUNDIR/desktop/session.json"
	[ "$(stat -c %a "$RUNDIR/desktop")" = 711 ]
	[ "$(stat -c %a "$RUNDIR/desktop/session.json")" = 644 ]
	wait_for 5 has_events service_up 5
	end_session
	wait_for 5 eval '[ "$(members guardian)" = 0 ]'
	in_web true # the pod goes on
}

@test "it waits for an init, ends its services with it, and begins the next life's anew" {
	service one guardian - - - "$good"
	begin_session
	wait_for 10 test -s "$RUNDIR/desktop/session.json"
	refute ready
	begin_pod
	wait_for 20 ready
	exec 7>&-
	wait_for 10 eval '! ready'
	[ "$(jq -c .services "$RUNDIR/desktop/session.json")" = "[]" ]
	wait_for 10 nobody_left
	refute grep -q service_down "$ENVPOD_STATE_DIR"/pods/web/audit/000001.jsonl
	services=()
	service two app - - - "$good"
	begin_pod
	wait_for 20 ready
	[ "$(of two state)" = up ]
	[ "$(jq '.services | length' "$RUNDIR/desktop/session.json")" = 1 ]
	end_session
}

@test "each service that ends comes back, alone; its end is on record" {
	service bus guardian - - - "$good"
	service x11 guardian bus - - "$good"
	service wm app x11 - - "$good"
	begin_pod
	begin_session
	wait_for 20 ready
	local name other before
	for name in bus x11 wm; do
		before=$(jq -c '[.services[] | select(.name != "'$name'") | .pid]' "$RUNDIR/desktop/session.json")
		kill_service $name
		wait_for 20 is_so $name restarts 1
		wait_for 20 ready
		[ "$(jq -c '[.services[] | select(.name != "'$name'") | .pid]' "$RUNDIR/desktop/session.json")" = "$before" ]
		[ "$(began $name)" = 2 ]
	done
	wait_for 5 has_events service_down 3
	[ "$(events service_down | jq -c '[.service, .signal, .restarts, .reason]' | head -1)" = '["bus",9,1,"ended"]' ]
	end_session
}

@test "a set begins anew as one when one of it ends" {
	service pipewire guardian - sound - "$good"
	service wireplumber guardian pipewire sound - "$good"
	service pulse guardian pipewire sound - "$good"
	service wm app - - - "$good"
	begin_pod
	begin_session
	wait_for 20 ready
	kill_service wireplumber
	wait_for 20 is_so pulse restarts 1
	wait_for 20 ready
	for name in pipewire wireplumber pulse; do
		[ "$(began $name)" = 2 ]
		[ "$(of $name restarts)" = 1 ]
	done
	[ "$(began wm)" = 1 ]
	wait_for 5 has_events service_down 3
	[ "$(events service_down | jq -r '"\(.service) \(.reason)"' | sort | tr '\n' ' ')" = "pipewire set pulse set wireplumber ended " ]
	end_session
}

@test "what a killed service left at its place does not make the next one ready" {
	service slow guardian - - - 'echo $$ >>/tmp/NAME.began; if [ -e /tmp/hold ]; then while [ -e /tmp/hold ]; do sleep 0.05; done; rm -f /tmp/NAME.ready; fi; : >>/tmp/NAME.ready; exec sleep 1000'
	begin_pod
	begin_session
	wait_for 20 ready
	in_web touch /tmp/hold
	kill_service slow
	wait_for 20 is_so slow state starting
	wait_for 20 eval '[ "$(began slow)" = 2 ]'
	in_web test -e /tmp/slow.ready
	# several looks later
	in_web sleep 0.3
	[ "$(of slow state)" = starting ]
	in_web rm /tmp/hold
	wait_for 20 ready
	end_session
}

@test "the place is looked up in the pod, without magic links: what lies on the host there is none" {
	service one guardian - - - 'mkdir -p /tmp/d; ln -s /proc/self/root/etc /tmp/d/link; : >/tmp/seen; exec sleep 1000' /tmp/d/link/hostname
	service two guardian - - - 'exec sleep 1000' "$T/onthehost"
	: >"$T/onthehost"
	begin_pod
	begin_session
	wait_for 20 in_web test -e /tmp/seen
	wait_for 20 is_so two state starting
	in_web sleep 0.3
	[ "$(of one state)" = starting ]
	[ "$(of two state)" = starting ]
	end_session
}

@test "one that fails again and again is tried less and less often, and the others live" {
	service bad app - - - 'echo no such display; exit 3'
	service good guardian - - - "$good"
	begin_pod
	begin_session
	wait_for 20 eval '[ "$(of bad restarts)" -ge 3 ]'
	[ "$(of good state)" = up ]
	refute ready
	wait_for 5 has_events service_down 3
	[ "$(events service_down | jq -c '[.service, .status, .reason]' | sort -u)" = '["bad",3,"ended"]' ]
	grep -q '^bad: no such display$' "$LOG"
	end_session
}

@test "a service is handed its listening socket, which pod-web's account alone can reach and which outlives it" {
	local serve='import os, socket, sys
s = socket.socket(fileno=3)
while True:
    c, _ = s.accept()
    c.sendall(os.environ["LISTEN_FDNAMES"].encode())
    c.close()'
	service screen guardian - - display "exec python3 -c \"\$(printf %s '$(printf %s "$serve" | base64 -w0)' | base64 -d)\"" -
	begin_pod
	begin_session
	wait_for 20 ready
	local sock=$RUNDIR/desktop/sock/display
	[ "$(stat -c '%a' "$RUNDIR/desktop/sock")" = 711 ]
	[ "$(stat -c '%a' "$sock")" = 600 ]
	[ "$(stat -c '%u' "$sock")" -gt 1879048192 ]
	ask() { (cd "$RUNDIR/desktop/sock" && timeout 10 python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("display"); print(s.recv(100).decode())'); }
	[ "$(ask)" = display ]
	# somebody who connects while it is started again waits
	local was
	was=$(of screen pid)
	kill -KILL "$was"
	[ "$(ask)" = display ]
	wait_for 20 eval 'ready && [ "$(of screen pid)" != '"$was"' ]'
	end_session
	[ ! -e "$sock" ]
}

@test "what services say is in desktop.log, without what steers a terminal, and bounded" {
	service loud app - - - 'printf "one\n\033[2Jtwo\r\nthree" ; : >/tmp/NAME.ready; sleep 1; head -c 1100000 /dev/zero | tr "\0" x; echo; echo last; exec sleep 1000'
	begin_pod
	begin_session
	wait_for 20 ready
	wait_for 10 grep -q '^loud: one$' "$LOG"
	wait_for 30 grep -q '^loud: last$' "$LOG"
	[ "$(stat -c %s "$LOG")" -le 1100000 ]
	[ "$(stat -c %s "$LOG.old")" -le 1100000 ]
	[ "$(stat -c %a "$LOG")" = 600 ]
	refute grep -q $'\033' "$LOG" "$LOG.old"
	grep -qh '^loud: \\x1b\[2Jtwo' "$LOG" "$LOG.old"
	# its writer may do nothing but write there: it is nobody, behind a filter
	local scribe
	scribe=$(pgrep -P "$session" -x pod-scribe)
	grep -q '^Uid:.65534.65534' "/proc/$scribe/status"
	grep -q '^Seccomp:.2' "/proc/$scribe/status"
	# and is started again
	kill -KILL "$scribe"
	wait_for 10 pgrep -P "$session" -x pod-scribe
	end_session
}

@test "while the pod is frozen, guardians come back, others wait for the thaw" {
	service bus guardian - - - "$good"
	service wm app bus - - "$good"
	begin_pod
	begin_session
	wait_for 20 ready
	local bus wm
	bus=$(of bus pid) wm=$(of wm pid)
	pod-limit freeze web
	kill -KILL "$bus" "$wm"
	wait_for 20 eval '[ "$(of bus state)" = up ] && [ "$(of bus pid)" != '"$bus"' ]'
	wait_for 20 is_so wm state waiting
	[ "$(of wm restarts)" = 1 ]
	pod-limit thaw web
	wait_for 20 ready
	[ "$(of wm restarts)" = 1 ]
	end_session
}

@test "a list of services that cannot be kept is said, and the session waits for a better one" {
	service one guardian two - - "$good"
	begin_pod
	begin_session
	wait_for 20 grep -q 'service one: it waits for one there is not: two' "$T/session.err"
	refute ready
	exec 7>&-
	wait_for 10 nobody_left
	services=()
	service one guardian - - - "$good"
	begin_pod
	wait_for 20 ready
	end_session
}

@test "without 'desktop yes' it rests" {
	plan web
	run -0 pod-supervise session web
	pod-supervise helpers --set desktop start web
	[ "$(pod-supervise helpers --set desktop --json status web | jq -r 'select(.name == "session") | .state')" = resting ]
}

@test "kill -9 of the session: its keeper brings it back, and no service is twice" {
	service bus guardian - - - "$good"
	service wm app bus - - "$good"
	begin_pod
	pod-supervise helpers --set desktop start web 7>&-
	wait_for 20 ready
	local first
	first=$(awk '$1 == "session" { print $2 }' "$RUNDIR/desktop/services.state")
	kill -KILL "$first"
	wait_for 20 eval '[ "$(awk "\$1 == \"session\" { print \$2 }" "$RUNDIR/desktop/services.state")" != '"$first"' ]'
	wait_for 20 eval '[ "$(began wm)" = 2 ]'
	wait_for 20 ready
	[ "$(members guardian)" = 1 ]
	[ "$(began bus)" = 2 ]
	[ "$(in_web sh -c 'grep -c . /proc/[0-9]*/comm | wc -l')" -ge 3 ]
	[ "$(in_web sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" "\n" | grep -c "^1000$"')" = 2 ]
	# what it reports goes by the keeper
	wait_for 10 has_events service_up 4
	pod-supervise helpers --set desktop stop web
	wait_for 10 eval '[ "$(members guardian)" = 0 ]'
	in_web true
}

@test "kill -9 of keeper and session leaves nothing behind" {
	service bus guardian - - - "$good"
	begin_pod
	pod-supervise helpers --set desktop start web 7>&-
	wait_for 20 ready
	kill -KILL "$(cut -d' ' -f1 "$RUNDIR/desktop/helpers.pid")" "$(awk '$1 == "session" { print $2 }' "$RUNDIR/desktop/services.state")"
	wait_for 10 eval '[ "$(members guardian)" = 0 ]'
	pod-supervise helpers --set desktop stop web
	[ ! -e "$RUNDIR/desktop/services.state" ]
	[ ! -e "$RUNDIR/desktop/helpers.pid" ]
}

@test "the pod ends though its services would not" {
	service stubborn guardian - - - "trap '' TERM HUP INT; : >/tmp/NAME.ready; while :; do sleep 0.2; done"
	begin_pod
	begin_session
	wait_for 20 ready
	exec 7>&-
	wait_for 10 nobody_left
	wait_for 10 eval '! ready'
	end_session
}
