#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# --beside: services of a pod, which are none of its runs.

load ../lib/envpod
load lib
bats_require_minimum_version 1.5.0

setup()
{
	need root overlay userns netns python3
	envpod_setup
	pod web "pids.max 100"
	mkfifo "$T/up" "$T/end"
	# listen PATH COMMAND...: the command has a listening socket as descriptor 9
	cat >"$T/listen" <<-'PY'
		import os, socket, sys
		kind = {"tcp": socket.AF_INET}.get(sys.argv[1], socket.AF_UNIX)
		s = socket.socket(kind, socket.SOCK_DGRAM if sys.argv[1] == "dgram" else socket.SOCK_STREAM)
		s.bind(("127.0.0.1", 0) if kind == socket.AF_INET else sys.argv[2])
		if sys.argv[1] in ("unix", "tcp"):
		    s.listen(8)
		os.dup2(s.fileno(), 9)
		os.execvp(sys.argv[3], sys.argv[3:])
	PY
	# answers each connection with its own word
	serve=$(cat <<-'PY'
		import os, socket, sys
		s = socket.socket(fileno=3)
		while True:
		    c, _ = s.accept()
		    try:
		        c.sendall(sys.argv[1].encode())
		    except OSError:
		        pass # who asked has not waited
		    c.close()
	PY
	)
	chmod 755 "$T"
}

teardown()
{
	exec 7>&-
	[ -z "${starter:-}" ] || kill -KILL "$starter" 2>/dev/null || true
	envpod_teardown
}

# The agent's own run, until descriptor 7 is closed.
first()
{
	become_pod web -- sh -c 'echo up; read -r _' <"$T/end" >"$T/up" 7>&- &
	exec 7>"$T/end"
	read -r _ <"$T/up"
}

init_pid() { awk '{print $1}' "$ENVPOD_RUN_DIR/web/init.pid"; }
group() { pod_group web; }
# ask SOCKET: what it answers within two seconds
ask()
{
	wait_for 10 grep -q " $1\$" /proc/net/unix
	timeout 2 python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(100).decode())' "$1"
}
members() { grep -c . "$(group)/$1/cgroup.procs"; }
stands() { [ "$(members guardian)" = 1 ]; }

@test "a service has a run's walls, user and variables, and stands in the group it was meant for" {
	first
	local ns
	for ns in user pid mnt uts ipc net; do
		[ "$(pod-exec --beside app web -- readlink "/proc/self/ns/$ns")" = "$(readlink "/proc/$(init_pid)/ns/$ns")" ] || { echo "$ns"; return 1; }
	done
	[ "$(pod-exec --beside guardian web -- grep -E '^(NoNewPrivs|Seccomp|CapBnd|CapEff|Uid):' /proc/self/status | tr -s '\t\n' ' ')" = \
		"Uid: 1000 1000 1000 1000 CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 " ]
	pod-exec --beside app web -- env | sort | grep -v '^\(_\|PWD\|SHLVL\|OLDPWD\)=' >"$T/beside"
	in_pod web -- env </dev/null | sort | grep -v '^\(_\|PWD\|SHLVL\|OLDPWD\)=' >"$T/run-env"
	diff "$T/beside" "$T/run-env"
	[ "$(echo words | pod-exec --beside app web -- cat)" = words ]
	run -7 pod-exec --beside app web -- sh -c 'exit 7'
	# where it was born
	pod-exec --beside guardian web -- sleep 60 &
	starter=$!
	wait_for 10 stands
	[ "$(members app)" -ge 2 ]
}

@test "it is none of the pod's runs: not on record, nor on the list of commands" {
	plan web "allowed_command sh" "allowed_command read"
	first
	run -0 pod-exec --beside app web -- true
	run -0 pod-exec --beside guardian web -- true
	[ "$(grep -c run_start "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl)" = 1 ]
	refute grep -q 'tool_blocked\|"true"' "$ENVPOD_STATE_DIR"/pods/web/audit/000001.jsonl
	run -125 in_pod web -- true </dev/null
}

@test "where nothing runs it does not begin" {
	run -125 pod-exec --beside guardian web -- true
	[[ $output == *"nothing runs in pod web"* ]]
	run -125 pod-exec --beside guardian --status-fd 1 web -- true
	[[ $output == *'"reason_status":75'* ]]
	[ ! -e "$ENVPOD_RUN_DIR/web/init.pid" ]
}

@test "the pod ends with its last run, and its services with the pod" {
	local status=0
	first
	pod-exec --beside guardian web -- sleep 60 7>&- &
	starter=$!
	wait_for 10 stands
	exec 7>&-
	wait "$starter" || status=$?
	[ "$status" = 137 ]
	wait_for 10 test ! -s "$(group)/guardian/cgroup.procs"
}

@test "it ends with who started it, kill -9 included, and the pod lives on" {
	first
	# the starter, its pod-exec, the command
	sh -c 'pod-exec --beside guardian web -- sleep 61 & echo $! >"$1"; wait' sh "$T/pid" 7>&- &
	starter=$!
	wait_for 10 stands
	kill -KILL "$starter"
	wait_for 10 test ! -s "$(group)/guardian/cgroup.procs"
	[ ! -e "/proc/$(cat "$T/pid")" ] || grep -q '^State:.[ZX]' "/proc/$(cat "$T/pid")/status"
	in_pod web -- true </dev/null
	# and by SIGTERM, which reaches the command
	pod-exec --beside app web -- sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done' >"$T/up" 7>&- &
	starter=$!
	read -r _ <"$T/up"
	kill -TERM "$starter"
	local status=0
	wait "$starter" || status=$?
	[ "$status" = 5 ]
}

@test "it is handed a listening socket as descriptor 3, in the manner of sd_listen_fds" {
	first
	python3 "$T/listen" unix "$T/screen" pod-exec --beside app --listen-fd 9 web -- \
		sh -c 'echo "$LISTEN_FDS $LISTEN_FDNAMES"; [ "$LISTEN_PID" = $$ ] && echo mine; ls /proc/self/fd | tr "\n" " "' >"$T/said"
	[ "$(sed -n 1p "$T/said")" = "1 screen" ]
	[ "$(sed -n 2p "$T/said")" = mine ]
	[ "$(sed -n 3p "$T/said")" = "0 1 2 3 4 " ] # 4 is the listing's own
	python3 "$T/listen" unix "$T/odd:name" pod-exec --beside app --listen-fd 9 web -- sh -c 'echo "$LISTEN_FDNAMES"' >"$T/said"
	[ "$(cat "$T/said")" = unknown ]
	python3 "$T/listen" unix "$T/echo" pod-exec --beside guardian --listen-fd 9 web -- python3 -c "$serve" hello 7>&- &
	starter=$!
	[ "$(ask "$T/echo")" = hello ]
	# the pod has no way to the socket by its name
	in_pod web -- sh -c '! test -S "$0"' "$ENVPOD_RUN_DIR/echo" </dev/null
}

@test "nothing but a listening Unix stream socket comes along" {
	first
	: >"$T/file"
	run -64 pod-exec --beside app --listen-fd 9 web -- true 9<"$T/file"
	[[ $output == *"no listening Unix stream socket"* ]]
	run -64 pod-exec --beside app --listen-fd 9 web -- true 9<"$T"
	run -64 pod-exec --beside app --listen-fd 9 web -- true 9<&-
	run -64 pod-exec --beside app --listen-fd 1 web -- true
	local kind
	for kind in dgram bound tcp; do
		run -64 python3 "$T/listen" $kind "$T/$kind" pod-exec --beside app --listen-fd 9 web -- true
		[[ $output == *"no listening Unix stream socket"* ]]
	done
	run -64 python3 -c 'import os, socket, sys; a, b = socket.socketpair(); os.dup2(a.fileno(), 9); os.execvp(sys.argv[1], sys.argv[1:])' \
		pod-exec --beside app --listen-fd 9 web -- true
}

@test "options that do not go together are wrong usage" {
	run -64 pod-exec --listen-fd 9 web -- true
	run -64 pod-exec --beside other web -- true
	run -64 pod-exec --beside app --root web -- true
	run -64 pod-exec --beside app --user root web -- true
	run -64 pod-exec --beside app --apart web -- true
}

@test "while the pod is frozen a service of guardian answers and may begin, one of app does neither" {
	first
	python3 "$T/listen" unix "$T/one" pod-exec --beside guardian --listen-fd 9 web -- python3 -c "$serve" guardian 7>&- &
	starter=$!
	python3 "$T/listen" unix "$T/two" pod-exec --beside app --listen-fd 9 web -- python3 -c "$serve" app 7>&- &
	local app=$!
	[ "$(ask "$T/one")" = guardian ]
	[ "$(ask "$T/two")" = app ]
	pod-limit freeze web
	[ "$(ask "$T/one")" = guardian ]
	run -124 ask "$T/two"
	[ "$(pod-exec --beside guardian web -- echo begun)" = begun ]
	run -125 pod-exec --beside app web -- true
	[[ $output == *frozen* ]]
	# a frozen service ends with its starter all the same
	kill -KILL "$app"
	pod-limit thaw web
	in_pod web -- true </dev/null
}

@test "guardians are frozen where they are named, and go on with a thaw; what is said to be for a moment leaves others as they were" {
	first
	python3 "$T/listen" unix "$T/one" pod-exec --beside guardian --listen-fd 9 web -- python3 -c "$serve" guardian 7>&- &
	starter=$!
	[ "$(ask "$T/one")" = guardian ]
	pod-limit freeze --part all web
	run -124 ask "$T/one"
	run -125 pod-exec --beside guardian web -- true
	[[ $output == *frozen* ]]
	pod-limit thaw web
	[ "$(ask "$T/one")" = guardian ]
	# somebody holds the pod; for a moment nothing at all moves, and then it is as before
	pod-limit freeze web
	pod-limit freeze --no-undo --part guardian web
	run -124 ask "$T/one"
	pod-limit thaw --no-undo --part guardian web
	[ "$(ask "$T/one")" = guardian ]
	grep -q 'frozen 1' "$(group)/app/cgroup.events"
	pod-limit thaw web
	# no guardian of a pod that was killed while it was frozen is born frozen
	pod-limit freeze --part all web
	pod-limit kill web
	wait_for 10 eval '! grep -q . "$(group)"/{app,guardian}/cgroup.procs'
	exec 7>&-
	first
	[ "$(pod-exec --beside guardian web -- echo lives)" = lives ]
	run -64 pod-limit freeze --part some web
}

@test "what runs in the pod neither traces nor writes a service, which may go on while it is frozen" {
	need landlock
	first
	pod-exec --beside guardian web -- sleep 62 7>&- &
	starter=$!
	wait_for 10 stands
	in_pod web -- python3 - <<-'PY'
		import glob, os
		pid = next(p for p in glob.glob("/proc/[0-9]*") if b"sleep\x0062" in open(p + "/cmdline", "rb").read())
		for name in ("mem", "environ", "fd/0"):
		    try:
		        os.close(os.open(pid + "/" + name, os.O_RDWR if name == "mem" else os.O_RDONLY))
		        raise SystemExit(name + " opens")
		    except PermissionError:
		        pass
	PY
}

@test "a guardian opens no device that the pod was not given" {
	first
	local root
	root=/proc/$(init_pid)/root
	mknod -m 666 "$root/dev/planted" c 10 229
	run -1 pod-exec --beside guardian web -- python3 -c 'import os; os.open("/dev/planted", os.O_RDWR)'
	[[ $output == *"Operation not permitted"* ]]
}
