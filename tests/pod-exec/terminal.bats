#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# A run on a terminal: whose it is, what goes through it, and how it is given back.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
	pod web
	RUN="$ENVPOD_TOOLS/pod-mount enter web -- pod-exec web --"
}
teardown() { envpod_teardown; }

# drive STEP... -- COMMAND...
drive() { "$TOP/tests/pod-exec/drive" "$@"; }

@test "the terminal is one of the pod's own, named, writable, owned by its user" {
	expect 5 drive -- $RUN sh -c 'tty; stat -c "%u %g %a" $(tty); echo out; exit 5'
	[ "$(tr -d '\r' <<<"$output")" = $'/dev/pts/0\n1000 5 620\nout' ]
	expect 0 drive -- "$ENVPOD_TOOLS/pod-mount" enter web -- pod-exec --root web -- sh -c 'stat -c %u $(tty)'
	[ "$(tr -d '\r' <<<"$output")" = 0 ]
}

@test "no way leads to the caller's terminal" {
	expect 0 drive -- $RUN sh -c 'readlink /proc/self/fd/[012]; : </dev/tty && echo own; ls /dev/pts'
	[ "$(tr -d '\r' <<<"$output")" = $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0\nown\n0  ptmx' ]
	# also not where only some of the three are a terminal, or none
	expect 0 drive -- sh -c "$RUN sh -c '(: </dev/tty) || echo none' </dev/null 2>&1 | cat"
	[[ $output == *none* ]]
}

@test "more terminals can be opened, as user and as root" {
	expect 0 in_pod web -- /usr/bin/python3 -c 'import os; m, s = os.openpty(); print(os.ttyname(s))'
	[ "$output" = /dev/pts/0 ]
	expect 0 in_pod web --root -- /usr/bin/python3 -c 'import os; m, s = os.openpty(); print(os.ttyname(s))'
}

@test "its size is the caller's, and follows" {
	expect 0 drive size:33:99 'wait:ready' 'send:\n' 'wait:33 99' size:20:40 'wait:told of 20 40' \
		-- $RUN sh -c 'trap told=1 WINCH; echo ready; read -r _; stty size
			until [ "$told$(stty size)" = "120 40" ]; do sleep 0.05; done; echo told of 20 40'
}

@test "keys arrive: Ctrl-C interrupts, Ctrl-D ends the input" {
	expect 130 drive wait:up 'send:\x03' -- $RUN sh -c 'echo up; exec sleep 1000'
	expect 42 drive wait:up 'send:\x03' -- $RUN sh -c 'trap "exit 42" INT; echo up; while :; do sleep 0.05; done'
	expect 0 drive wait:up 'send:line\n\x04' -- $RUN sh -c 'echo up; cat >/dev/null'
}

@test "job control works in a shell of the pod" {
	expect 7 drive 'wait:[$] ' 'send:sh -c "echo up$((1)); exec cat"\n' wait:up1 'send:\x1a' \
		wait:Stopped 'wait:[$] ' 'send:fg\n' 'wait:exec cat' 'send:hello\n' 'wait:hello.*hello' \
		'send:\x03' 'wait:[$] ' 'send:echo st=$?\n' wait:st=130 'send:exit 7\n' \
		-- $RUN bash --norc --noprofile
}

@test "Ctrl-Z stops a lone command and us with it; fg brings both back" {
	expect 0 drive 'wait:# ' "send:$RUN sh -c 'echo up\$((1)); read x; echo got-\$x'\n" wait:up1 'send:\x1a' \
		wait:Stopped 'wait:# ' mode:raw 'send:echo in-$((1))-shell\n' wait:in-1-shell 'wait:# ' \
		'send:fg\n' 'wait:fg' 'send:word\n' wait:got-word 'wait:# ' 'send:exit 0\n' \
		-- env PS1='# ' bash --norc --noprofile -i
}

@test "the caller's terminal is raw during the run and given back after it" {
	expect 0 drive mode:raw wait:up 'send:\n' wait:icanon -- sh -c "$RUN sh -c 'echo up; read -r _'; stty -a | tr ' ' '\n' | grep icanon"
	[[ $output != *-icanon* ]]
	expect 0 drive wait:up 'wait:[^-]icanon' -- sh -c "$RUN sh -c 'echo up; kill -9 \$\$'; stty -a"
}

@test "a command that cannot be started leaves the terminal alone" {
	expect 0 drive 'wait:no-such' 'wait:=127' 'wait:[^-]icanon' -- sh -c "$RUN no-such-thing; echo =\$?; stty -a"
}

@test "only what is a terminal becomes one" {
	expect 0 drive -- sh -c "echo data | $RUN sh -c 'test -t 0 || echo no0; test -t 1 && echo yes1; cat'"
	[ "$(tr -d '\r' <<<"$output")" = $'no0\nyes1\ndata' ]
	expect 0 drive -- sh -c "$RUN sh -c 'test -t 0 && echo yes0; test -t 1 || echo no1; test -t 2 && echo yes2 >&2' | cat"
	[[ $output == *yes0* && $output == *no1* && $output == *yes2* ]]
}

@test "--tty never gives pipes, and still not the caller's terminal" {
	local run="$ENVPOD_TOOLS/pod-mount enter web -- pod-exec --tty never web --"
	expect 0 drive wait:none wait:shut 'send:word\n' wait:got-word \
		-- $run sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none; (: </dev/tty) || echo shut; read -r x; echo got-$x'
}

@test "much output arrives whole, and in order" {
	expect 0 drive -- $RUN sh -c 'seq 20000'
	[ "$(tr -d '\r' <<<"$output" | tail -n 1)" = 20000 ]
	[ "$(wc -l <<<"$output")" = 20000 ]
}

@test "a terminal that hangs up ends the run" {
	drive wait:up hangup -- $RUN sh -c 'echo up; exec sleep 1000' || true
	run pod-exec web -- true # no view: but the pod itself must be over
	[[ $output != *"runs already"* ]]
}

@test "several runs have a terminal each" {
	local jobs=()
	mkfifo "$T/up" "$T/end"
	drive wait:up wait:end -- sh -c "$RUN sh -c 'tty; echo up; until [ -e /tmp/go ]; do sleep 0.05; done; echo end' | tee $T/up" >/dev/null &
	jobs+=($!)
	read -r _ <"$T/up" || true
	expect 0 drive -- $RUN tty
	[ "$(tr -d '\r' <<<"$output")" = /dev/pts/1 ]
	in_pod web -- touch /tmp/go
	wait "${jobs[@]}"
}

@test "TERM and HUP for the outer process reach a command on a terminal" {
	mkfifo "$T/pid"
	drive wait:bye -- sh -c "echo \$\$ >$T/pid; exec $RUN sh -c 'trap \"echo bye; exit 3\" TERM; echo up >/tmp/up; while :; do sleep 0.05; done'" >"$T/out" &
	read -r pid <"$T/pid"
	wait_for 10 in_pod web -- test -e /tmp/up
	kill -TERM "$pid"
	local status=0
	wait $! || status=$?
	[ "$status" = 3 ]
}
