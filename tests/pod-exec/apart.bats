#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# --apart: behind the pod's walls, out of sight of the pod's own processes.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
	pod apart "pids.max 100"
	mkfifo "$T/up" "$T/end"
	: >"$T/kept"
}

teardown()
{
	exec 7>&- 8>&-
	envpod_teardown
}

# The agent's own run, until descriptor 7 is closed.
first()
{
	become_pod apart "$@" -- sh -c 'echo up; read -r _' <"$T/end" >"$T/up" 7>&- 8>&- &
	first=$!
	exec 7>"$T/end"
	read -r _ <"$T/up"
}

# A command apart that has said it is there, and waits for descriptor 8 to be closed; $other is its outer process.
apart()
{
	mkfifo "$T/up2" "$T/end2"
	become_pod apart --apart "$@" -- sh -c 'echo up; read -r _; exit 23' <"$T/end2" >"$T/up2" 7>&- 8>&- &
	other=$!
	exec 8>"$T/end2"
	read -r _ <"$T/up2"
}

init_pid() { awk '{print $1}' "$ENVPOD_RUN_DIR/apart/init.pid"; }
leader_pid() { tr ' ' '\n' <"/proc/$other/task/$other/children" | while read -r p; do grep -q '^NSpid:.*[[:space:]]1$' "/proc/$p/status" && [ "$p" != "$(init_pid)" ] && echo "$p"; done; true; }
command_pid() { tr -d ' ' <"/proc/$(leader_pid)/task/$(leader_pid)/children"; }

@test "the pod's view, network and user, but processes and IPC of its own; with and without a live init" {
	run -0 in_pod apart --apart -- sh -c 'id -u; ls /proc | grep -c "^[0-9]"; echo $$; cat /proc/1/comm'
	[ "${lines[0]}" = 1000 ]
	[ "${lines[2]}" -le 3 ]
	first
	local ns
	for ns in user mnt uts net pid ipc; do
		local theirs mine
		theirs=$(readlink "/proc/$(init_pid)/ns/$ns")
		mine=$(in_pod apart --apart -- readlink "/proc/self/ns/$ns" </dev/null)
		case $ns in
		pid | ipc | mnt) [ "$theirs" != "$mine" ] ;;
		*) [ "$theirs" = "$mine" ] ;;
		esac
	done
	in_pod apart -- sh -c 'echo agent >/tmp/seen' </dev/null
	[ "$(in_pod apart --apart -- cat /tmp/seen </dev/null)" = agent ]
	in_pod apart --apart -- sh -c 'echo executor >/tmp/back' </dev/null
	[ "$(in_pod apart -- cat /tmp/back </dev/null)" = executor ]
}

@test "the pod's root neither sees, signals, traces nor reads it" {
	first
	apart
	local seen
	# what the agent's root sees: no process with the command's words, whatever number it tries
	seen=$(in_pod apart --root -- sh -c 'for p in /proc/[0-9]*; do tr "\0" " " <$p/cmdline; echo; done' </dev/null)
	refute grep -q 'exit 23' <<<"$seen"
	in_pod apart --root -- sh -c 'kill -KILL -1; kill -STOP -1; true' </dev/null || true
	in_pod apart --root -- python3 - 7>&- 8>&- <<-'PY'
		import os
		mine = set(int(p) for p in os.listdir("/proc") if p.isdigit())
		for pid in range(1, 4000):
		    try:
		        os.kill(pid, 0)
		        assert pid in mine or pid == os.getpid() or os.path.exists(f"/proc/{pid}"), pid
		    except ProcessLookupError:
		        pass
	PY
	kill -0 "$(command_pid)"
	refute grep -q '^State:.T' "/proc/$(command_pid)/status"
	exec 8>&-
	local status=0
	wait "$other" || status=$?
	[ "$status" = 23 ]
}

@test "capabilities, filter, no_new_privs and control group are those of every run" {
	first
	local plain apart
	plain=$(in_pod apart -- grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status </dev/null)
	apart=$(in_pod apart --apart -- grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status </dev/null)
	[ "$plain" = "$apart" ]
	apart
	grep -q 'apart@' "/proc/$(command_pid)/cgroup"
	[ "$(cat "/proc/$(command_pid)/cgroup")" = "$(cat "/proc/$(awk '{print $NF}' "/proc/$first/task/$first/children")/cgroup")" ]
}

@test "its /proc hides what the pod's hides, and its own leader" {
	run in_pod apart --apart --root -- sh -c 'cat /proc/keys /proc/kallsyms | wc -c; echo 1 >/proc/sysrq-trigger; echo x >/proc/sys/kernel/hostname; ls -l /proc/1/fd /proc/1/exe; cat /proc/1/environ' 2>&1
	[ "${lines[0]}" = 0 ]
	[[ $output == *"/proc/1/fd"*[Pp]ermission* ]]
	[[ $output == *"/proc/1/environ: Permission denied"* ]]
	[[ $output == *"/proc/sys/kernel/hostname: Read-only file system"* ]]
	[ "$(in_pod apart --apart -- sh -c 'ls -A /dev/shm /proc/acpi 2>/dev/null | grep -v :')" = "" ]
}

@test "it ends with all it started: by its own end, its run's, or the pod's" {
	first
	in_pod apart --apart -- sh -c 'setsid sleep 1234567 & setsid nohup sleep 1234567 & exit 0' </dev/null >/dev/null 2>&1
	refute pgrep -f 'sleep 1234567'
	apart
	local pid
	pid=$(command_pid)
	kill -KILL "$other"
	wait_for 30 refute kill -0 "$pid" 2>/dev/null
	exec 8>&-
	rm "$T/up2" "$T/end2"
	apart
	pid=$(command_pid)
	kill -KILL "$(init_pid)"
	wait_for 30 refute kill -0 "$pid" 2>/dev/null
}

@test "a signal to its run reaches the command; who ignores it is killed with the run" {
	run -0 in_pod apart --apart -- sh -c 'trap "exit 9" TERM; kill -TERM $$; sleep 5' </dev/null || [ "$status" = 9 ]
	[ "$status" = 9 ]
	apart
	kill -TERM "$other"
	local status=0
	wait "$other" || status=$?
	[ "$status" = 143 ]
}

@test "of descriptors it gets 0, 1, 2 and the regular file that was named" {
	run -0 in_pod apart --apart --keep-fd 3 -- sh -c 'echo kept >&3; ls /proc/self/fd | tr "\n" " "' 3>"$T/kept" 4</etc 5</etc/passwd
	[ "$output" = "0 1 2 3 4 " ] # 4 is ls's own
	[ "$(cat "$T/kept")" = kept ]
	expect 64 in_pod apart --apart --keep-fd 4 -- true 4</etc
	expect 64 in_pod apart --apart --keep-fd 9 -- true
	expect 64 in_pod apart --keep-fd 3 -- true 3<"$T/kept"
	expect 64 in_pod apart --apart --keep-fd 1 -- true
	expect 64 in_pod apart --exec-fd 3 -- true 3<"$T/kept"
}

@test "they come along when the pod to join has just ended and one is begun anew" {
	printf '#!/bin/sh\necho kept >&3\necho "script $1"\n' >"$T/script"
	chmod 755 "$T/script"
	run -0 env ENVPOD_JOIN=1 pod-exec --apart --keep-fd 3 --exec-fd 4 apart -- x one 3<>"$T/kept" 4<"$T/script"
	[ "$output" = "script one" ]
	[ "$(cat "$T/kept")" = kept ]
}

@test "--exec-fd executes a file of the host that the pod has not: binary, script, file without a first line" {
	mkdir -m 700 "$T/hidden"
	cp "$(command -v id)" "$T/hidden/id"
	printf '#!/bin/sh\necho "script $1 $0"\nread -r line; echo "$line"\n' >"$T/hidden/script"
	printf 'echo "bare $1"\n' >"$T/hidden/bare"
	printf '#!/usr/bin/env python3\nimport sys\nprint("python", sys.argv[1])\n' >"$T/hidden/python"
	chmod 755 "$T/hidden"/*
	[ "$(in_pod apart --apart --exec-fd 4 -- id -u 4<"$T/hidden/id")" = 1000 ]
	run -0 in_pod apart --apart --exec-fd 4 -- x one 4<"$T/hidden/script" <<<"from stdin"
	[ "${lines[0]}" = "script one /dev/fd/4" ]
	[ "${lines[1]}" = "from stdin" ]
	[ "$(in_pod apart --apart --exec-fd 4 -- x one 4<"$T/hidden/bare")" = "bare one" ]
	[ "$(in_pod apart --apart --exec-fd 4 -- x one 4<"$T/hidden/python")" = "python one" ]
}

@test "--exec-fd without --apart: only a sealed file of memory, which runs as any command does" {
	cat >"$T/sealed.py" <<-'END'
		import fcntl, os, sys
		fd = os.memfd_create("id", os.MFD_ALLOW_SEALING)
		os.write(fd, open(sys.argv[2], "rb").read())
		fcntl.fcntl(fd, 1033, int(sys.argv[1]))  # F_ADD_SEALS
		os.dup2(fd, 4)
		os.execvp("pod-mount", ["pod-mount", "enter", "apart", "--", "pod-exec", "--exec-fd", "4", "apart", "--"] + sys.argv[3:])
	END
	run -0 python3 "$T/sealed.py" 15 "$(command -v id)" x -u
	[ "$output" = 1000 ]
	run -0 python3 "$T/sealed.py" 15 "$(command -v busybox || command -v ls)" ls /proc/self/fd
	for seals in 0 1 6 8 7 14; do
		expect 64 python3 "$T/sealed.py" "$seals" "$(command -v id)" x -u
	done
}
