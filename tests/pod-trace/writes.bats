#!/usr/bin/env bats
# Which command wrote which file: diff --why.
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns bpf
	mkdir -p "$T/proj/host"
	cd "$T/proj" || return
	echo host >host/file
	printf 'filesystem: {mount_cwd: yes}\naudit: {system_trace: yes}\n' >pod.yaml
	envpod init -c pod.yaml web
}
teardown() { envpod_teardown; }

have_bpf() { "$B/bin/pod-trace" doctor --json | grep '"commands"' | grep -q '"pass"'; }

# why PATH JQ: what is said of it.
why() { pod-mount diff --why --json web "$1" | jq -c ".why | ${2:-.}"; }
# wrote PATH COMMAND
wrote() { [ "$(why "$1" .command)" = "\"$2\"" ] || { echo "$1: $(why "$1"), not $2" >&2; return 1; }; }
unseen() { [ "$(why "$1")" = '{"seen":false}' ] || { echo "$1: $(why "$1")" >&2; return 1; }; }
agent() { envpod run web -- "$@"; }
service() { jq -r '.services[] | select(.name == "trace").pid' "$ENVPOD_RUN_DIR/web/govern/services.json"; }

@test "a shell, a program it runs, a subshell, a pipe, a script, one it becomes" {
	cat >script <<-'END'
		#!/bin/sh
		echo x >by-script
	END
	chmod +x script
	agent sh -c 'echo x >by-shell; cp by-shell by-cp; (echo x >by-subshell); echo x | tee by-tee >/dev/null; ./script; cat host/file >by-cat'
	# By itself: what becomes several programs within a few milliseconds is told by the latest.
	agent sh -c 'exec dd if=by-cp of=by-dd status=none'
	wrote by-cp 'cp by-shell by-cp'
	wrote by-tee 'tee by-tee'
	wrote by-script '/bin/sh ./script'
	wrote by-cat 'cat host/file'
	wrote by-dd 'dd if=by-cp of=by-dd status=none'
	[[ $(why by-shell .command) == '"sh -c echo x >by-shell;'* ]]
	[ "$(why by-subshell .command)" = "$(why by-shell .command)" ]
	[ "$(why by-cp .run)" = "$(why by-shell .command)" ]
	[ "$(why by-cp '.pid > 1 and .seen and (.time | startswith("20"))')" = true ]
	pod-mount diff --why web by-cp | grep -qE '; written by cp by-shell by-cp \(pid [0-9]+, 20[0-9-]+ [0-9:]+ UTC\)$'
}

@test "a file that was renamed, alone and with its directory, in that run and later ones" {
	agent sh -c 'mkdir d; cp host/file d/one; cp host/file two; mv two d/three; mv d e'
	wrote e/one 'cp host/file d/one'
	wrote e/three 'cp host/file two'
	agent mv e/one e/four
	agent true
	wrote e/four 'cp host/file d/one'
	agent sed -i s/host/pod/ e/three
	wrote e/three 'sed -i s/host/pod/ e/three'
}

@test "a file of the host: who wrote it last" {
	agent sh -c 'cp /etc/hostname host/file; tee -a host/file </etc/hostname'
	wrote host/file 'tee -a host/file'
	agent dd if=/etc/hostname of=host/file conv=notrunc status=none
	wrote host/file 'dd if=/etc/hostname of=host/file conv=notrunc status=none'
}

@test "a mapping, and a descriptor that another command was handed" {
	agent python3 -c '
import mmap
with open("mapped", "w+b") as f:
    f.truncate(4096)
    m = mmap.mmap(f.fileno(), 4096)
m[0:3] = b"abc"
m.close()'
	[[ $(why mapped .command) == '"python3 -c'* ]]
	agent sh -c 'exec 3>handed; /bin/sh -c "echo x >&3"; exec 3>&-; exec true'
	wrote handed '/bin/sh -c echo x >&3'
}

@test "what is not told of is not seen, and so is what was changed while nobody looked" {
	agent sh -c 'rm host/file; mkdir dir; ln -s a link; cp /etc/hostname seen'
	unseen host/file
	unseen dir
	unseen link
	wrote seen 'cp /etc/hostname seen'
	pod-mount diff --why web link | grep -q '; command not seen$'
	pod-supervise helpers --set govern stop web
	pod-mount enter web -- pod-exec web -- sh -c 'sleep 1.1; echo more >>seen'
	unseen seen
}

@test "rolled back and written anew: never the command of before" {
	agent cp /etc/hostname file
	wrote file 'cp /etc/hostname file'
	envpod rollback web file
	agent dd if=/etc/hostname of=file status=none
	wrote file 'dd if=/etc/hostname of=file status=none'
	envpod commit web file
	agent tee -a file <<<more
	wrote file 'tee -a file'
}

@test "a daemon that is killed: what it wrote down stays, and the next one goes on" {
	agent cp /etc/hostname before
	wrote before 'cp /etc/hostname before'
	local old
	old=$(service)
	kill -KILL "$old"
	another() { [ "$(service)" != "$old" ] && [ "$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/trace")" = "$(service)" ]; }
	wait_for 20 another
	agent cp /etc/hostname after
	wrote after 'cp /etc/hostname after'
	wrote before 'cp /etc/hostname before'
}

@test "names that would break a line, and many files: whole, and bounded" {
	agent sh -c 'cp /etc/hostname "$(printf "a b\nc\\\\d\033")"'
	[ "$(pod-mount diff --why --json web | jq -r 'select(.path | contains("a b")) | .why.seen')" = true ]
	agent python3 -c '
for i in range(3000):
    open("f%d" % i, "w").write("x")'
	[ "$(pod-mount diff --why --json web | jq -s 'map(select(.path | test("/f[0-9]+$")) | select(.why.seen)) | length')" = 3000 ]
	[ "$(stat -c %s "$ENVPOD_STATE_DIR/pods/web/writers")" -lt 8500000 ]
}

@test "files that cannot be opened hide nothing that is written after them, and a gap is told" {
	agent python3 -c '
import fcntl, os, signal
signal.signal(signal.SIGIO, signal.SIG_IGN)
held = []
for i in range(300):
    f = os.open("leased%d" % i, os.O_RDWR | os.O_CREAT)
    fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    os.write(f, b"x")
    held.append(f)
os.system("cp /etc/hostname after")
import time
while not os.path.exists("stop"): time.sleep(0.02)' &
	local run=$!
	wait_for 20 seen_after
	agent touch stop
	wait "$run"
	jq -se 'any(.[]; .event == "trace_gap" and .writes)' "$ENVPOD_STATE_DIR"/pods/web/audit/*.jsonl
}

seen_after() { [ "$(why after .command)" = '"cp /etc/hostname after"' ]; }

@test "an executor of actions writes like everybody" {
	pod-mount enter web -- pod-exec --apart web -- cp /etc/hostname by-executor
	pod-supervise helpers --set govern start web
	pod-mount enter web -- pod-exec --apart web -- cp /etc/hostname by-executor
	wrote by-executor 'cp /etc/hostname by-executor'
}

@test "a listener that is stopped holds up neither writers nor runs" {
	agent true
	local pid
	pid=$(pgrep -P "$(service)")
	kill -STOP "$pid" "$(service)"
	agent cp /etc/hostname meanwhile
	[ "$(agent cat meanwhile)" = "$(cat /etc/hostname)" ] || agent test -s meanwhile
	kill -CONT "$(service)" "$pid"
	wrote meanwhile 'cp /etc/hostname meanwhile'
}
