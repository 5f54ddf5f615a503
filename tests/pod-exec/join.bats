#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# Several runs in one pod, and what is left when any of them is killed.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
	pod joined "pids.max 100"
	mkfifo "$T/up" "$T/end"
}

teardown()
{
	exec 7>&-
	# who was stopped by a test that failed in between
	[ -z "${member:-}" ] || kill -KILL "$member" 2>/dev/null || true
	envpod_teardown
}

# first [OPTION]...: a run in the background that stays until descriptor 7 is closed; $first is its
# outer process.  It says its end status on its own.
first()
{
	become_pod joined "$@" -- sh -c 'echo up; read -r _; exit 21' <"$T/end" >"$T/up" 7>&- &
	first=$!
	exec 7>"$T/end"
	read -r _ <"$T/up"
}

end_first()
{
	local status=0
	exec 7>&-
	wait "$first" || status=$?
	[ "$status" = 21 ]
}

init_pid() { awk '{print $1}' "$ENVPOD_RUN_DIR/joined/init.pid"; }

dead() { ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; }

# No process of the pod is alive.  Remains that the host's pid 1 has not reaped yet do not count.
nobody_left()
{
	local pid state
	for pid in $(cat "/sys/fs/cgroup"{,/unified}/*/"joined@"*/app/cgroup.procs 2>/dev/null); do
		state=$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null) || continue
		[ "${state:-Z}" = Z ] && continue
		# an init that waits for its dead to be reaped has no file open any more
		[ -z "$(ls "/proc/$pid/fd" 2>/dev/null)" ] && continue
		return 1
	done
}

@test "a second run joins every namespace of the first" {
	first
	local ns
	for ns in user pid mnt uts ipc net; do # cgroup too, but not where v1 hierarchies are used
		expect 0 in_pod joined -- readlink "/proc/self/ns/$ns"
		[ "$output" = "$(readlink "/proc/$(init_pid)/ns/$ns")" ] || { echo "$ns"; return 1; }
	done
	expect 0 in_pod joined -- sh -c 'ls -d /proc/[0-9]*; touch /tmp/shared'
	[[ $output == */proc/2* ]]
	end_first
}

@test "runs share /tmp, signals and sockets" {
	first
	in_pod joined -- sh -c 'echo content >/tmp/shared'
	expect 0 in_pod joined -- cat /tmp/shared
	[ "$output" = content ]
	in_pod joined -- sh -c 'kill -0 2' # the first run's shell, of the same user
	end_first
}

@test "a joined run has all the walls" {
	first
	expect 0 in_pod joined --root -- grep -E '^(NoNewPrivs|Seccomp|CapBnd|CapEff):' /proc/self/status
	[ "$(tr -d '\t' <<<"$output" | sort | tr '\n' ' ')" = \
		"CapBnd:00000000a00405fb CapEff:00000000a00405fb NoNewPrivs:1 Seccomp:2 " ]
	expect 0 in_pod joined -- sh -c 'ls /proc/self/fd; ulimit -Hc'
	[ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 3 0 " ]
	expect 1 in_pod joined --root -- mknod /tmp/w c 0 0
	expect 9 in_pod joined -- sh -c 'exit 9'
	end_first
}

@test "users of joined runs are found in the pod's passwd, not the host's" {
	mkdir -p "$ENVPOD_STATE_DIR/pods/joined/upper/etc"
	echo 'onlyhere:x:4711:4712::/:/bin/sh' >"$ENVPOD_STATE_DIR/pods/joined/upper/etc/passwd"
	first
	expect 0 in_pod joined --user onlyhere -- id -u
	[ "$output" = 4711 ]
	end_first
}

@test "the pod ends with its last run, whichever that is" {
	first
	become_pod joined -- sh -c 'echo up; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 5' >"$T/up" 7>&- &
	local second=$! status=0
	read -r _ <"$T/up"
	end_first
	expect 0 in_pod joined -- sh -c 'touch /tmp/go; echo still'
	[ "$output" = still ]
	wait $second || status=$?
	[ "$status" = 5 ]
	nobody_left
	grep -q ended "$ENVPOD_RUN_DIR/joined/runs"
}

# As ^C in the terminal of the run that began the pod, or that terminal's end.
@test "a signal to the process group of the run that began the pod is none to who joined" {
	mkfifo "$T/go"
	setsid bash -c '. "$TOP/tests/pod-exec/lib.bash"; become_pod joined -- sh -c "echo up; read -r _"' <"$T/end" >"$T/up" 7>&- &
	local begun=$! second status=0
	exec 7>"$T/end"
	read -r _ <"$T/up"
	become_pod joined -- sh -c 'echo up; read -r _; echo still; exit 5' <>"$T/go" >"$T/up" 7>&- &
	second=$!
	exec 8<"$T/up"
	read -r _ <&8
	kill -HUP -- "-$begun"
	wait "$begun" || status=$?
	[ "$status" = 129 ]
	echo go >"$T/go"
	[ "$(cat <&8)" = still ]
	status=0
	wait "$second" || status=$?
	[ "$status" = 5 ]
}

@test "what a run leaves in the background ends with the pod" {
	expect 0 in_pod joined -- sh -c 'sleep 1000 & echo started'
	nobody_left
	[ -z "$(grep "$T" /proc/self/mounts | grep -v "$ENVPOD_RUN_DIR/joined/ns")" ]
}

@test "runs in turn always find a pod, however close they follow" {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		expect 0 in_pod joined -- true
	done
}

@test "runs that come and go at once all succeed" {
	local i pids=()
	for i in 1 2 3 4; do
		(for _ in 1 2 3 4 5 6; do in_pod joined -- true || exit 1; done) &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	nobody_left
}

@test "a join that comes too late starts a pod of its own" {
	first
	kill -KILL "$(init_pid)"
	wait "$first" || true
	# as pod-mount would have said had it looked a moment earlier
	run env ENVPOD_JOIN=1 pod-exec joined -- sh -c 'echo fresh'
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = fresh ]
}

@test "and it keeps nobody else from the pod while it runs" {
	mkfifo "$T/go"
	ENVPOD_JOIN=1 pod-exec joined -- sh -c 'echo up; read -r _' <>"$T/go" >"$T/up" &
	local run=$!
	read -r _ <"$T/up"
	flock -n "$ENVPOD_RUN_DIR/joined/lock" true
	echo end >"$T/go"
	wait "$run"
}

is_stopped() { [ "$(awk '{print $3}' "/proc/$1/stat")" = T ]; }

# Is this process in pod-exec, waiting for another to go?
is_waiting() { [ "$(cat "/proc/$1/comm")" = pod-exec ] && grep -q poll "/proc/$1/wchan"; }

@test "who comes while the dead of the last run are still being reaped waits for that" {
	first
	local init run
	init=$(init_pid)
	# A process of the pod whose parent is outside, and does not reap it.
	nsenter --pid="/proc/$init/ns/pid" sleep 1000 3>&- 7>&- &
	member=$!
	wait_for 10 pgrep -P "$member"
	kill -STOP "$member"
	wait_for 10 is_stopped "$member" # until then it would still reap
	kill -KILL "$init"
	wait_for 10 sh -c "! readlink /proc/$init/root"
	become_pod joined -- echo fresh >"$T/out" 7>&- &
	run=$!
	wait_for 10 is_waiting "$run"
	[ ! -s "$T/out" ]
	kill -CONT "$member"
	wait "$run"
	[ "$(cat "$T/out")" = fresh ]
	# Also where it has stopped itself because its child was.
	kill -KILL "$member" 2>/dev/null || true
	wait "$member" "$first" || true
}

@test "kill -9 of the outer process ends the run with everything it started" {
	mkfifo "$T/pid"
	become_pod joined -- sh -c 'sleep 1000 & setsid sleep 1000 & echo up; sleep 1000' >"$T/up" &
	local outer=$!
	read -r _ <"$T/up"
	kill -KILL $outer
	wait $outer || true
	wait_for 10 nobody_left
	expect 0 in_pod joined -- true
}

@test "kill -9 of the outer process at any system call leaves nobody" {
	# strace kills it as it enters the Nth call of a kind: on the way in, while it runs, on the way out
	local call
	for call in flock:1 clone3:1 setns:1 setns:2 write:2 clone3:2 fdatasync:1 poll:1; do
		ENTER_KILL=$call become_pod joined -- sh -c 'sleep 1000 & sleep 1000' &
		wait $! || true
		wait_for 10 nobody_left || { echo "after $call"; return 1; }
	done
	for call in waitid:1 pidfd_send_signal:1 flock:4 exit_group:1; do
		ENTER_KILL=$call become_pod joined -- sh -c 'sleep 1000 & exit 0' &
		wait $! || true
		wait_for 10 nobody_left || { echo "after $call"; return 1; }
	done
	expect 0 in_pod joined -- true
}

@test "kill -9 of the first run's outer process leaves the second alone" {
	first
	become_pod joined -- sh -c 'echo up; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 5' >"$T/up" 7>&- &
	local second=$! status=0
	read -r _ <"$T/up"
	kill -KILL "$first"
	wait "$first" || true
	expect 0 in_pod joined -- sh -c 'touch /tmp/go; ls -d /proc/[0-9]* | wc -l'
	wait $second || status=$?
	[ "$status" = 5 ]
	wait_for 10 nobody_left
}

@test "kill -9 of the second run's outer process ends its command, not the first" {
	first
	become_pod joined --status-fd 5 -- sh -c 'echo up; exec sleep 1000' >"$T/up" 5>"$T/status" 7>&- &
	local second=$! pid
	read -r _ <"$T/up"
	pid=$(jq .pid "$T/status")
	kill -KILL $second
	wait $second || true
	wait_for 10 dead "$pid"
	end_first
}

@test "kill -9 of pid 1 ends every run with 137" {
	first
	local status=0
	kill -KILL "$(init_pid)"
	wait "$first" || status=$?
	[ "$status" = 137 ]
	wait_for 10 nobody_left
	expect 0 in_pod joined -- true
}

@test "a signal for pid 1 reaches every process of the pod" {
	local status=0
	become_pod joined -- sh -c 'trap "exit 33" TERM; echo up; while :; do sleep 0.05; done' >"$T/up" &
	local outer=$!
	read -r _ <"$T/up"
	kill -TERM "$(init_pid)"
	wait $outer || status=$?
	[ "$status" = 33 ]
}

# Has the kernel refused a process of the pod at its limit?
at_limit() { cat /sys/fs/cgroup{,/pids,/unified}/*/joined@*/{,app/}pids.events 2>/dev/null | grep -q '^max [1-9]'; }

# The shell that began it forks no more: a fork of its own would be refused, too.
@test "a fork bomb ends at the pod's limit, and with its run" {
	become_pod joined -- bash -c 'b() { b | b & }; b; read -r _; echo alive; exit 3' <"$T/end" >"$T/out" 2>/dev/null 7>&- &
	local bomb=$! status=0
	exec 7>"$T/end"
	wait_for 30 at_limit
	echo end >&7
	wait "$bomb" || status=$?
	[ "$status" = 3 ]
	[ "$(cat "$T/out")" = alive ]
	wait_for 10 nobody_left
}

@test "a run that eats its memory is killed, and the record says why" {
	plan joined "memory.max 67108864"
	expect 137 in_pod joined -- /usr/bin/python3 -c 'x = bytearray(200 << 20)'
	jq -e -s '.[-1] | .event == "run_end" and .signal == 9 and .oom == true' \
		"$ENVPOD_STATE_DIR"/pods/joined/audit/*.jsonl
}

@test "--probe joins what runs, whatever is allowed, off the record; where nothing runs it fails, and nothing is begun" {
	run pod-exec --probe --status-fd 9 joined -- true 9>"$T/status"
	[ "$status" -eq 125 ]
	[ "$(jq -r '[.event, .reason_status] | join(" ")' "$T/status")" = "failed 75" ]
	[ ! -e "$ENVPOD_RUN_DIR/joined/init.pid" ]
	first
	before=$(wc -l <"$ENVPOD_STATE_DIR/pods/joined/audit/000001.jsonl")
	[ "$(pod-exec --probe joined -- sh -c 'echo in "$(cat /proc/1/comm)" $(id -u)')" = "$(become_pod joined -- sh -c 'echo in "$(cat /proc/1/comm)" $(id -u)')" ]
	[ "$(wc -l <"$ENVPOD_STATE_DIR/pods/joined/audit/000001.jsonl")" = $((before + 2)) ]
	plan joined "pids.max 100" "allowed_command nothing"
	expect 125 in_pod joined -- true
	expect 3 pod-exec --probe joined -- sh -c 'exit 3'
	end_first
}
