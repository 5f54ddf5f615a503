# SPDX-License-Identifier: Apache-2.0
# Ordinary software works inside a pod: software/run does it all in one run as the user and one as
# root, in the throw-away host of the escape suites, here with an ext4 as its root.
load ../lib/envpod
load escape/escape
setup_file() {
	envpod_setup
	need root overlay userns
	mkdir "$T/root"
	: >"$T/results"
	HOST_IMAGE=$T/image HOST_PACKAGES=1 escape_run ../software/run || true
}
teardown_file() { escape_teardown_file; }

# works NAME [SETTING]...: as the pod's user and as its root, unless said otherwise.
works() {
	local name=$1 setting
	shift
	[ $# -gt 0 ] || set -- user root
	for setting; do
		[ "$(result $setting $name)" = works ] && continue
		echo "$setting: $(result $setting $name)"
		tail -20 "$T/log"
		return 1
	done
}

@test "git: init, commit, mv of a directory, worktree, clone, gc" { works git; }
@test "git: a repository of the host, its directories moved and checked out" { works git_of_host user; }
@test "gcc: compile and run" { works gcc; }
@test "make -j4" { works make; }
@test "node, with a worker" { works node; }
@test "npm install of a local package, offline" { works npm; }
@test "python3 -m venv, pip install of a local package" { works venv; }
@test "python: pools, sqlite, subprocesses, asyncio" { works python; }
@test "a server on port 80" { works http_port_80; }
@test "timeout" { works timeout; }
@test "jobs, traps, nohup, setsid, xargs -P" { works jobs; }
@test "tmux: a session, keys, its screen" { works tmux; }
@test "script: terminals and job control" { works script; }
@test "setfattr, getfattr, setfacl" { works xattr; }
@test "fallocate, truncate" { works fallocate_tool; }
@test "ipcmk, ipcs, ipcrm" { works ipc_tools; }
@test "mkfifo" { works fifo; }
@test "flock" { works flock; }
@test "odd file names" { works names; }
@test "ps, top, free, df, /proc, /sys, getent" { works proc; }
@test "tar, cp -a, rsync, hard links, sparse files" { works tar; }
@test "ssh-keygen, in a ~/.ssh of its own" { works ssh_keygen; }
@test "mktemp, sort, /tmp, /dev/shm" { works tmp; }
@test "perl" { works perl_build; }
@test "inotify" { works inotify; }
@test "System V shared memory, semaphores, messages" { works sysv; }
@test "POSIX shared memory, semaphores, message queues" { works posix-ipc; }
@test "O_TMPFILE and linkat" { works tmpfile; }
@test "code made at run time" { works exec-memory; }
@test "threads" { works threads; }
@test "signals, timers, job control" { works signals; }
@test "POSIX timers" { works posix-timer; }
@test "epoll, eventfd, timerfd, signalfd, memfd, pidfd, sendfile" { works descriptors; }
@test "copy_file_range" { works copy-range; }
@test "flock, fcntl and ofd locks" { works locks; }
@test "directories deeper than PATH_MAX" { works deep; }
@test "openpty and ttyname" { works pty; }
@test "descriptors and credentials over unix sockets" { works unix; }
@test "ping without privileges" { works ping; }
@test "affinity, nice, limits, mlock" { works scheduling; }
@test "shared mappings" { works mmap-shared; }
@test "fallocate and punched holes" { works fallocate; }
@test "dpkg -i, again, --purge; scripts that chown, chmod u+s, useradd" { works dpkg root; }
@test "apt-get install of a local package, remove" { works apt root; }
@test "useradd, su, runuser, setuid files, userdel" { works users root; }
