#!/usr/bin/env bats
load ../lib/envpod
load helper

setup() { supervise_setup; }
teardown() { supervise_teardown; }

@test "run returns at once, the run goes on; its log, status and events" {
	mkfifo "$T/go"
	expect 0 pod-supervise run web -- sh -c 'echo begun; read -r x <"$1"; echo "$x"; exit 7' sh "$T/go"
	[ -z "$output" ]
	wait_for 10 log_has begun
	[ -S "$RUNDIR/supervise.sock" ]
	echo over >"$T/go"
	wait_for 10 ended
	[ "$(tr -d '\r' <"$LOG" | tr '\n' ' ')" = "begun over " ]
	grep -qE '^7 [0-9-]{10}T[0-9:.]*Z$' "$POD/log/run.status"
	[ ! -e "$RUNDIR/supervise.sock" ]
	[ "$(jq -r '[.src,.event,.run,.status] | join(" ")' "$POD/audit/000001.jsonl")" = "supervise supervise_start 1 
supervise supervise_end 1 7" ]
}

@test "the pid file says who and since when" {
	pod-supervise run web -- sleep 1000
	read -r pid start <"$RUNDIR/supervise.pid"
	[ "$start" = "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)" ]
	[ "$(stat -c %a "$RUNDIR/supervise.sock")" = 600 ]
	# nobody's child, nobody's terminal, nobody's directory
	[ "$(ps -o tty= -p "$pid")" = "?" ]
	[ "$(readlink "/proc/$pid/cwd")" = / ]
	[ "$(ps -o sid= -p "$pid")" -ne "$(ps -o sid= -p $$)" ]
}

@test "the run has a terminal of its own, 24 by 80, and the caller's directory and environment" {
	cd "$T"
	MINE=yes pod-supervise run web -- sh -c 'tty; stty size; pwd; echo mine=$MINE; ps -o tty= -p $$'
	wait_for 10 ended
	tr -d '\r' <"$LOG" >"$T/out"
	grep -qx "/dev/pts/[0-9]*" "$T/out"
	grep -qx "24 80" "$T/out"
	grep -qx "$T" "$T/out"
	grep -qx "mine=yes" "$T/out"
}

@test "a signal's status is 128 + N" {
	pod-supervise run web -- sh -c 'kill -KILL $$'
	wait_for 10 ended
	[ "$(last_status)" = 137 ]
}

@test "a program that is missing, or cannot be run" {
	pod-supervise run web -- nosuch-program-at-all
	wait_for 10 ended
	[ "$(last_status)" = 127 ]
	log_has "pod-supervise: run nosuch-program-at-all"
	pod-supervise run web -- /etc/passwd
	wait_for 10 ended
	[ "$(last_status)" = 126 ]
}

@test "tools are found where ours are" {
	pod-supervise run web -- pod-supervise --version
	wait_for 10 ended
	log_has "pod-supervise "
}

@test "in the foreground: the run's own status" {
	expect 9 pod-supervise run --foreground web -- sh -c 'exit 9'
	[ "$(last_status)" = 9 ]
	ended
}

@test "refusals: no such pod 125, wrong usage 64" {
	expect 125 pod-supervise run nosuch -- true
	expect 64 pod-supervise run web
	expect 64 pod-supervise run
	expect 64 pod-supervise run --ready-fd 77 web -- true
	expect 64 pod-supervise run --ready-fd x web -- true
	[ ! -e "$RUNDIR/supervise.pid" ]
}

@test "a run that cannot be recorded is not started" {
	mkdir "$POD/audit"
	echo junk >"$POD/audit/000001.jsonl"
	expect 125 pod-supervise run web -- touch "$T/ran"
	[[ $output == *"audit log"* ]]
	[ ! -e "$T/ran" ]
	ended
}

@test "the run sees no descriptor of ours or of our caller" {
	exec 7<"$T" 8>"$T/eight"
	pod-supervise run web -- sh -c 'ls /proc/self/fd | tr "\n" " "' 7<"$T"
	exec 7>&- 8>&-
	wait_for 10 ended
	# the fourth is ls reading the directory
	[ "$(tr -d '\r' <"$LOG")" = "0 1 2 3 " ]
}

@test "--ready-fd and --status-fd stay open for the run, and for nobody else" {
	mkfifo "$T/ready"
	pod-supervise run --ready-fd 9 --status-fd 8 web -- sh -c 'printf r >&9; echo s >&8; exec sleep 1000' 9>"$T/ready" 8>"$T/status" &
	# the byte, then the end of file once the run lets go: no supervisor holds it
	[ "$(head -c1 "$T/ready")" = r ]
	wait $!
	wait_for 10 grep -q s "$T/status"
	[ -z "$(find "/proc/$(supervisor)/fd" "/proc/$(relay)/fd" -lname '*/ready' -o -lname '*/status')" ]
}

@test "a second run has files of its own; the lowest free number is taken" {
	pod-supervise run web -- sleep 1000
	pod-supervise run web -- sh -c 'echo two; sleep 1000'
	[ -S "$RUNDIR/supervise.2.sock" ]
	LOG=$POD/log/run.2.log wait_for 10 log_has two
	kill "$(supervisor)"
	wait_for 10 ended
	pod-supervise run web -- sh -c 'exit 3'
	wait_for 10 ended
	[ "$(last_status)" = 3 ]
	kill -0 "$(supervisor 2)"
	kill "$(supervisor 2)"
	wait_for 10 ended 2
	[ "$(last_status 2)" = 143 ]
}

@test "ten at once" {
	local jobs=()
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		pod-supervise run web -- sh -c 'sleep 1000' &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(cat "$RUNDIR"/supervise*.pid | cut -d' ' -f1 | sort -u | wc -l)" = 10 ]
	[ "$(pod-supervise status --json web | jq -r .state | sort | uniq -c | xargs)" = "10 running" ]
	pod-supervise stop web
	[ -z "$(ls "$RUNDIR")" ]
}

@test "files that a killed supervisor left behind are taken over" {
	local children
	pod-supervise run web -- sleep 1000
	mapfile -t children < <(pgrep -P "$(supervisor)")
	kill -KILL "$(supervisor)"
	wait_for 10 pod_is_idle
	[ -e "$RUNDIR/supervise.pid" ]
	wait_for 10 all_gone "${children[@]}" # one that is just born still holds the number
	pod-supervise run web -- sh -c 'exit 4'
	wait_for 10 ended
	[ "$(last_status)" = 4 ]
}
all_gone() { local pid; for pid; do gone "$pid" || return 1; done; }
pod_is_idle() { ! pod-supervise status web >/dev/null; }

@test "with its supervisor killed, a run loses its terminal and ends; nothing is left" {
	local run relay
	pod-supervise run web -- sh -c 'echo $$; sleep 1000'
	wait_for 10 test -s "$LOG"
	run=$(tr -dc 0-9 <"$LOG")
	relay=$(relay)
	kill -KILL "$(supervisor)"
	wait_for 10 gone "$run"
	wait_for 10 gone "$relay"
}

@test "a killed relay is started again, the run notices nothing" {
	mkfifo "$T/go"
	pod-supervise run web -- sh -c 'echo one; read -r x <"$1"; echo "$x"' sh "$T/go"
	wait_for 10 log_has one
	old=$(relay)
	kill -KILL "$old"
	wait_for 10 other_relay
	echo two >"$T/go"
	wait_for 10 ended
	log_has two
	[ "$(last_status)" = 0 ]
}
other_relay() { relay=$(relay) && [ "$relay" != "$old" ]; }

@test "a relay that keeps dying ends the run" {
	local i
	pod-supervise run web -- sleep 1000
	for i in 1 2 3; do
		wait_for 10 other_relay
		old=$relay
		kill -KILL "$relay"
	done
	wait_for 10 ended
	[ "$(last_status)" = 143 ]
}

@test "the relay can do nothing: ids, capabilities, system calls" {
	need root
	pod-supervise run web -- sleep 1000
	wait_for 10 locked
	grep -q "^Uid:.65534.65534" "/proc/$(relay)/status"
	grep -q "^CapEff:.0000000000000000" "/proc/$(relay)/status"
	grep -q "^CapPrm:.0000000000000000" "/proc/$(relay)/status"
	grep -q "^NoNewPrivs:.1" "/proc/$(relay)/status"
	grep -q "^Groups:[[:space:]]*$" "/proc/$(relay)/status"
}
locked() { grep -q "^Seccomp:.2" "/proc/$(relay)/status"; }

@test "the command's words are not in the process list" {
	pod-supervise run web -- sh -c 'echo up; sleep 1000' SECRET=hunter2
	wait_for 10 log_has up
	refute grep -q hunter2 "/proc/$(supervisor)/cmdline"
	refute grep -q hunter2 "/proc/$(relay)/cmdline"
	tr '\0' ' ' <"/proc/$(supervisor)/cmdline" | grep "run web"
}

@test "everything a run said is in the log, however fast it ended" {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		rm -rf "$POD/log"
		pod-supervise run --foreground web -- sh -c 'seq 20000'
		[ "$(tr -d '\r' <"$LOG" | md5sum)" = "$(seq 20000 | md5sum)" ]
	done
}

@test "the log is bounded: 16 MiB, and as many before it" {
	pod-supervise run --foreground web -- sh -c 'stty -opost; head -c 40M /dev/zero | tr "\0" "x"; echo the-end'
	[ "$(stat -c %s "$LOG")" -le $((16 << 20)) ]
	[ "$(stat -c %s "$LOG.old")" -le $((16 << 20)) ]
	[ "$(stat -c %s "$LOG.old")" -gt $((15 << 20)) ]
	tail -c 100 "$LOG" | grep -q the-end
}

@test "a run in the terminal of a left-over process still ends" {
	pod-supervise run web -- sh -c 'trap "" HUP; sleep 1000 & echo $!'
	wait_for 10 ended
	PIDS+=("$(tr -dc 0-9 <"$LOG")")
	[ "$(last_status)" = 0 ]
}

@test "SIGTERM goes to the run" {
	pod-supervise run web -- sh -c 'trap "echo got it; exit 5" TERM; echo up; while :; do sleep 0.1; done'
	wait_for 10 log_has up
	kill -TERM "$(supervisor)"
	wait_for 10 ended
	log_has "got it"
	[ "$(last_status)" = 5 ]
}

@test "a full disk loses log, not the run" {
	need root
	mkdir "$POD/log"
	mount -t tmpfs -o size=64k tmpfs "$POD/log"
	mkfifo "$T/go"
	pod-supervise run web -- sh -c 'head -c 300000 /dev/zero | tr "\0" "\n"; echo >"$1"; read -r x <"$1"; echo after; exit 6' sh "$T/go"
	read -r _ <"$T/go"
	: >"$LOG"
	echo >"$T/go"
	wait_for 10 ended
	log_has "the disk was full"
	log_has after
	umount "$POD/log"
}

@test "a caller that ignores SIGCHLD and blocks nothing of ours" {
	bash -c 'trap "" CHLD HUP; exec pod-supervise run --foreground web -- sh -c "exit 8"' || [ $? = 8 ]
	[ "$(last_status)" = 8 ]
}
