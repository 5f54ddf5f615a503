#!/usr/bin/env bats
load ../lib/envpod
load helper

setup() { supervise_setup; }
teardown() { supervise_teardown; }

@test "for a pipe: plain lines" {
	pod-supervise run --foreground web -- sh -c 'echo one; printf "\033[31mtwo\033[0m\n"'
	[ "$(pod-supervise logs web)" = "one
$(printf '\033[31mtwo\033[0m')" ]
	[ "$(pod-supervise logs --raw web | head -n1)" = $'one\r' ]
}

@test "for a terminal: colours, and nothing else that steers it" {
	pod-supervise run --foreground web -- printf '\033]0;title\007\033[31mred\033[0m\033[2J\033[5n\302\2332Jx\033P$q\033\\y\rz\b\n'
	script -qec "pod-supervise logs web" /dev/null >"$T/out" </dev/null
	tr -d '\r' <"$T/out" >"$T/clean"
	[ "$(head -n1 "$T/clean")" = $'\033[31mred\033[0mxy' ]
	[ "$(tail -n1 "$T/clean")" = $'z\n\033[0m' ] || [ "$(sed -n 2p "$T/clean")" = z ]
}

@test "the last lines: 50, N, or all; also across a rotation" {
	pod-supervise run --foreground web -- seq 100
	[ "$(pod-supervise logs web | wc -l)" = 50 ]
	[ "$(pod-supervise logs -n 3 web | xargs)" = "98 99 100" ]
	[ "$(pod-supervise logs -n 0 web | wc -l)" = 100 ]
	[ "$(pod-supervise logs -n 1000 web | wc -l)" = 100 ]
	head -c 50 /dev/zero | tr '\0' '\n' >"$LOG.old"
	echo last-of-old >>"$LOG.old"
	[ "$(pod-supervise logs -n 101 web | head -n1)" = last-of-old ]
	[ "$(pod-supervise logs -n 100 web | head -n1)" = 1 ]
	[ "$(pod-supervise logs -n 0 web | wc -l)" = 151 ]
}

@test "long lines and a last line without end" {
	pod-supervise run --foreground web -- sh -c 'head -c 200000 /dev/zero | tr "\0" x; echo; printf end'
	[ "$(pod-supervise logs -n 1 web)" = end ]
	[ "$(pod-supervise logs -n 2 web | wc -c)" = 200004 ]
}

@test "-f goes on, through a rotation, and ends with the run" {
	mkfifo "$T/go"
	pod-supervise run web -- sh -c 'stty -opost; echo one; read -r x <"$1"; seq 2000000 4300000; echo two' sh "$T/go"
	wait_for 10 log_has one
	pod-supervise logs -f web >"$T/out" 3>&- &
	wait_for 10 grep -q one "$T/out"
	echo >"$T/go"
	wait $!
	wait_for 10 ended
	[ -s "$LOG.old" ]
	[ "$(tail -n1 "$T/out")" = two ]
	[ "$(grep -c . "$T/out")" = 2300003 ]
}

@test "-f of a run that has ended already ends at once" {
	pod-supervise run --foreground web -- echo one
	[ "$(pod-supervise logs -f web)" = one ]
}

@test "-f ends when its reader is gone" {
	pod-supervise run web -- sh -c 'echo one; sleep 1000'
	wait_for 10 log_has one
	pod-supervise logs -f web 3>&- | head -n1
}

@test "which run" {
	pod-supervise run web -- sh -c 'echo first; sleep 1000'
	wait_for 10 log_has first
	pod-supervise run web -- sh -c 'echo second; sleep 1000'
	LOG=$POD/log/run.2.log wait_for 10 log_has second
	[ "$(pod-supervise logs web)" = second ]
	[ "$(pod-supervise logs --run 1 web)" = first ]
	expect 2 pod-supervise logs --run 3 web
}

@test "no run, no log" {
	expect 2 pod-supervise logs web
	[[ $output == *"no log"* ]]
	expect 2 pod-supervise logs nosuch
}
