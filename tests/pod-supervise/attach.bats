#!/usr/bin/env bats
load ../lib/envpod
load helper

setup() { supervise_setup; }
teardown() { supervise_teardown; }


@test "what was said before, what is typed, how it ends" {
	pod-supervise run web -- sh -c 'echo welcome; read -r x; echo "you said $x"; exit 6'
	wait_for 10 log_has welcome
	run pod-supervise attach web <<<hello
	[ "$status" = 6 ]
	[[ $output == *welcome*"you said hello"* ]]
	[ "$(last_status)" = 6 ]
}

@test "on a terminal: its size is the run's, and changes with it" {
	pod-supervise run web -- sh -c 'trap "stty size" WINCH; echo up; while :; do sleep 0.05; done'
	wait_for 10 log_has up
	mkfifo "$T/in"
	script -qec "stty rows 30 cols 100; pod-supervise attach web" /dev/null <"$T/in" >"$T/out" 3>&- &
	PIDS+=($!)
	exec 6>"$T/in"
	wait_for 10 log_has "30 100"
	stty -F "$(tty_of "$(pgrep -f -n 'attach web')")" rows 40 cols 120
	wait_for 10 log_has "40 120"
	exec 6>&-
}
tty_of() { readlink "/proc/$1/fd/0"; }

@test "Ctrl-P Ctrl-Q detaches, the run goes on; Ctrl-C is the run's" {
	pod-supervise run web -- sh -c 'trap "echo interrupted" INT; echo up; while :; do sleep 0.05; done'
	wait_for 10 log_has up
	mkfifo "$T/in"
	script -qec 'pod-supervise attach web; echo attach=$?' /dev/null <"$T/in" >"$T/out" 3>&- &
	PIDS+=($!)
	exec 6>"$T/in"
	wait_for 10 grep -q up "$T/out"
	printf '\003' >&6
	wait_for 10 log_has interrupted
	printf '\020\021' >&6
	wait_for 10 grep -q "attach=0" "$T/out"
	grep -q "the run goes on" "$T/out"
	exec 6>&-
	pod-supervise status web
}

@test "job control: Ctrl-Z stops the run's child, not us" {
	pod-supervise run web -- bash --norc -i
	mkfifo "$T/in"
	script -qec 'pod-supervise attach web; echo attach=$?' /dev/null <"$T/in" >"$T/out" 3>&- &
	PIDS+=($!)
	exec 6>"$T/in"
	printf 'sleep 1000\r' >&6
	wait_for 10 pgrep -f "^sleep 1000$" -P "$(pgrep -P "$(supervisor)" -x bash)"
	printf '\032' >&6
	wait_for 10 log_has Stopped
	printf 'kill -KILL %%1; exit 3\rexit 3\r' >&6
	wait_for 10 grep -q "attach=3" "$T/out"
	exec 6>&-
}

@test "several at once see the same, each may type" {
	pod-supervise run web -- sh -c 'echo up; while read -r x; do echo "<$x>"; [ "$x" = end ] && exit 2; done'
	mkfifo "$T/a" "$T/b"
	pod-supervise attach web <"$T/a" >"$T/a.out" 3>&- &
	a=$!
	pod-supervise attach web <"$T/b" >"$T/b.out" 3>&- &
	b=$!
	PIDS+=("$a" "$b")
	exec 6>"$T/a" 7>"$T/b"
	wait_for 10 grep -q up "$T/a.out"
	wait_for 10 grep -q up "$T/b.out"
	echo one >&6
	wait_for 10 grep -q "<one>" "$T/b.out"
	echo two >&7
	wait_for 10 grep -q "<two>" "$T/a.out"
	echo end >&7
	ends_with 2 "$a"
	ends_with 2 "$b"
	exec 6>&- 7>&-
}

@test "one that does not read stalls neither the log nor the others" {
	mkfifo "$T/go"
	pod-supervise run web -- sh -c 'echo up; read -r x <"$1"; seq 400000; echo all-said' sh "$T/go"
	wait_for 10 log_has up
	pod-supervise attach --no-input web >"$T/slow.out" 3>&- &
	slow=$!
	pod-supervise attach --no-input web >"$T/fast.out" 3>&- &
	fast=$!
	PIDS+=("$slow" "$fast")
	wait_for 10 grep -q up "$T/slow.out"
	wait_for 10 grep -q up "$T/fast.out"
	kill -STOP "$slow"
	echo >"$T/go"
	wait_for 20 log_has all-said
	wait "$fast"
	grep -q all-said "$T/fast.out"
	wait_for 10 ended
	kill -KILL "$slow"
}

@test "one that was too slow is told what it missed, and goes on" {
	mkfifo "$T/go"
	pod-supervise run web -- sh -c 'exec 3<>"$1"; echo up; read -r x <&3; seq 400000; echo all-said; read -r x <&3; echo more; read -r x <&3' sh "$T/go"
	wait_for 10 log_has up
	pod-supervise attach --no-input web >"$T/slow.out" 3>&- &
	slow=$!
	PIDS+=("$slow")
	wait_for 10 grep -q up "$T/slow.out"
	kill -STOP "$slow"
	echo >"$T/go"
	wait_for 20 log_has all-said
	kill -CONT "$slow"
	wait_for 10 grep -q 100 "$T/slow.out"
	echo >"$T/go"
	wait_for 10 log_has more
	echo >"$T/go"
	wait "$slow"
	grep -q "bytes skipped; the log has them" "$T/slow.out"
}

@test "the newest run, or the one that was asked for" {
	pod-supervise run web -- sh -c 'echo first; sleep 1000'
	wait_for 10 log_has first
	pod-supervise run web -- sh -c 'echo second; read -r x; exit 2'
	LOG=$POD/log/run.2.log wait_for 10 log_has second
	run pod-supervise attach web <<<x
	[ "$status" = 2 ]
	[[ $output == *second* ]]
	pod-supervise attach --no-input --run 1 web >"$T/out" 3>&- &
	PIDS+=($!)
	wait_for 10 grep -q first "$T/out"
	expect 2 pod-supervise attach --run 2 web
	expect 64 pod-supervise attach --run 1000 web
}

@test "nothing to attach to" {
	expect 2 pod-supervise attach web
	[[ $output == *"no background run"* ]]
	pod-supervise run web -- true
	wait_for 10 ended
	expect 2 pod-supervise attach web
}

@test "the supervisor is killed while one is attached" {
	pod-supervise run web -- sh -c 'echo up; sleep 1000'
	pod-supervise attach --no-input web >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	wait_for 10 grep -q up "$T/out"
	kill -KILL "$(supervisor)"
	ends_with 2 "$pid"
	grep -q "supervisor went away" "$T/err"
}

@test "a terminal is given back as it was, also when we are ended" {
	pod-supervise run web -- sh -c 'echo up; sleep 1000'
	script -qec 'stty -a >'"$T"'/before; pod-supervise attach web; stty -a >'"$T/after" /dev/null >"$T/out" 3>&- </dev/zero &
	PIDS+=($!)
	wait_for 10 grep -q up "$T/out"
	kill -TERM "$(pgrep -f -n 'attach web$')"
	wait_for 10 test -s "$T/after"
	diff "$T/before" "$T/after"
}
