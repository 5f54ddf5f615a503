#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# What a command finds around it, as user and as pod root.

load ../lib/envpod
load lib

setup()
{
	need root overlay userns netns
	envpod_setup
	pod web
}
teardown() { envpod_teardown; }

# both COMMAND...: as user and as pod root, with the same status; $output holds both.
both()
{
	local want=$1
	shift
	expect "$want" in_pod web "$@"
	local first=$output
	expect "$want" in_pod web --root "$@"
	output=$first$'\n'$output
}

@test "no_new_privs, seccomp and no core files" {
	both 0 -- grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
	[ "$(sort -u <<<"$output" | tr -d '\t')" = $'NoNewPrivs:1\nSeccomp:2' ]
	both 0 -- sh -c 'ulimit -Hc'
	[ "$(sort -u <<<"$output")" = 0 ]
}

@test "capabilities: none for users, the short list for pod root, none inherited" {
	expect 0 in_pod web -- grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb):' /proc/self/status
	[ "$(awk '{print $2}' <<<"$output" | sort -u)" = 0000000000000000 ]
	expect 0 in_pod web --root -- grep -E '^Cap' /proc/self/status
	[ "$(grep -E 'Prm|Eff|Bnd' <<<"$output" | awk '{print $2}' | sort -u)" = 00000000a00405fb ]
	[ "$(grep -E 'Inh|Amb' <<<"$output" | awk '{print $2}' | sort -u)" = 0000000000000000 ]
}

@test "no groups but its own" {
	both 0 -- grep '^Groups' /proc/self/status
	[ -z "$(tr -d 'Groups: \t\n' <<<"$output")" ]
}

@test "every namespace is another than the host's" {
	local ns
	for ns in user pid mnt uts ipc cgroup net; do
		expect 0 in_pod web -- readlink "/proc/self/ns/$ns"
		[ "$output" != "$(readlink "/proc/self/ns/$ns")" ] || { echo "$ns"; return 1; }
	done
}

@test "host root is not mapped" {
	expect 0 in_pod web -- cat /proc/self/uid_map /proc/self/gid_map
	[ -z "$(awk '$2 == 0' <<<"$output")" ]
}

@test "the host name is the pod's" {
	expect 0 in_pod web -- uname -n
	[ "$output" = web ]
	both 1 -- hostname other
}

@test "only the pod's processes are seen" {
	expect 0 in_pod web -- sh -c 'ls -d /proc/[0-9]*'
	[ "$(wc -l <<<"$output")" -le 3 ]
}

@test "pid 1 is ours: unreadable, undying, its command line empty of secrets" {
	expect 0 in_pod web -e TOKEN=s3cret -- cat /proc/1/cmdline
	[[ $output == envpod-init* && $output != *s3cret* ]]
	local file
	for file in environ exe root cwd fd maps mem; do
		both 1 -- sh -c "cat /proc/1/$file /proc/1/$file/. >/dev/null 2>&1 || readlink /proc/1/$file"
	done
	expect 0 in_pod web --root -- sh -c 'kill -9 1; kill -0 $$ && echo alive'
	[ "$output" = alive ]
}

@test "pid 1 holds no descriptor but its lock" {
	mkfifo "$T/up" "$T/end"
	become_pod web -- sh -c 'echo up; read -r _; true' <"$T/end" >"$T/up" 33</etc/passwd &
	exec 7>"$T/end"
	read -r _ <"$T/up"
	read -r pid _ <"$ENVPOD_RUN_DIR/web/init.pid"
	ls -l "/proc/$pid/fd" >"$T/fds"
	exec 7>&-
	wait $!
	[ "$(grep -c 'null$' "$T/fds")" = 3 ]
	[ "$(grep -c -- '->' "$T/fds")" = 4 ]
	grep -q '/runs$' "$T/fds"
}

@test "descriptors of the caller do not leak" {
	expect 0 in_pod web -- sh -c 'ls /proc/self/fd' 33</etc/passwd 44</
	[ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 3 " ]
}

@test "/proc: covered files are empty, /proc/sys cannot be written" {
	both 0 -- sh -c 'for f in kcore keys key-users kallsyms timer_list sched_debug sysrq-trigger; do
		[ ! -e /proc/$f ] || [ -z "$(head -c 1 /proc/$f 2>/dev/null)" ] || echo $f; done'
	[ -z "$(tr -d '\n' <<<"$output")" ]
	both 0 -- sh -c 'ls -A /proc/acpi /proc/scsi /proc/driver 2>/dev/null | grep -v : | grep .; true'
	[ -z "$(tr -d '\n' <<<"$output")" ]
	both 2 -- sh -c 'echo x >/proc/sys/kernel/core_pattern'
	both 2 -- sh -c 'echo x >/proc/sys/kernel/hostname'
	both 2 -- sh -c 'echo b >/proc/sysrq-trigger && exit 2'
	# the control: outside it is no empty file
	[ -s /proc/keys ] || head -c 1 /proc/timer_list | grep -q .
}

@test "/sys: read-only, without firmware and kernel internals, with the pod's devices only" {
	both 0 -- sh -c 'ls -A /sys/firmware /sys/kernel/debug /sys/kernel/security /sys/fs/cgroup | grep -v : | grep .; true'
	[ -z "$(tr -d '\n' <<<"$output")" ]
	[ -n "$(ls -A /sys/firmware)" ]
	both 1 -- sh -c 'touch /sys/x 2>/dev/null || mkdir /sys/fs/cgroup/x'
	expect 0 in_pod web -- ls /sys/class/net
	[ "$output" = lo ]
}

@test "nothing can be mounted, unmounted or remounted" {
	local words
	for words in "mount -t tmpfs none /mnt" "mount --bind /usr /mnt" "umount /proc" "umount -l /dev/shm" \
		"mount -o remount,rw /sys" "mount -t proc none /proc" "umount /proc/keys"; do
		expect 0 in_pod web --root -- sh -c "! $words"
		expect 0 in_pod web -- sh -c "! $words"
	done
}

@test "/dev: the six, their own terminal factory, nothing more can be made" {
	expect 0 in_pod web -- sh -c 'ls /dev | sort | tr "\n" " "'
	[ "$output" = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero " ]
	expect 0 in_pod web -- sh -c 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c
		! echo x 2>/dev/null >/dev/full; : >/dev/shm/x'
	both 1 -- mknod /dev/mem c 1 1
	both 1 -- mknod /tmp/sda b 8 0
	expect 0 in_pod web -- sh -c 'stat -f -c %T /dev/shm; df -k /dev/shm | tail -n 1 | awk "{print \$2}"'
	[ "$output" = $'tmpfs\n65536' ]
}

@test "shm_size is the plan's" {
	plan web "shm_size 1048576"
	expect 0 in_pod web -- sh -c 'df -k /dev/shm | tail -n 1 | awk "{print \$2}"'
	[ "$output" = 1024 ]
}

@test "Landlock alone refuses what needs no capability: a whiteout" {
	need landlock
	plan web "seccomp none"
	pod-exec --compile web
	# the control: outside, without any capability, it works
	chmod 777 "$T"
	setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set=-all --inh-caps=-all \
		mknod "$T/whiteout" c 0 0
	both 1 -- mknod /tmp/whiteout c 0 0
	[[ $output == *"Permission denied"*"Permission denied"* ]] # EACCES; a capability lacking is EPERM
	expect 0 in_pod web -- sh -c 'mkfifo /tmp/fifo; mkdir /tmp/a /tmp/b; : >/tmp/a/f; mv /tmp/a/f /tmp/b/g'
}

@test "new namespaces are refused by default, in clone and in unshare" {
	both 1 -- unshare -Ur true
	both 1 -- unshare -n true
	both 1 -- unshare -m true
}

@test "threads start, although clone3 is answered with ENOSYS" {
	expect 0 in_pod web -- /usr/bin/python3 -c '
import threading, ctypes, os
t = threading.Thread(target=lambda: print("thread")); t.start(); t.join()
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(435, None, 0)
print(os.strerror(ctypes.get_errno()))'
	[ "$output" = $'thread\nFunction not implemented' ]
}

@test "the network is a loopback, up, whose low ports and ping sockets are for everybody" {
	both 0 -- /usr/bin/python3 -c '
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 80)); s.listen()
c = socket.create_connection(("127.0.0.1", 80)); s.accept()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
try: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); print("raw")
except PermissionError: pass
try: socket.create_connection(("192.0.2.1", 80), 1); print("out")
except OSError: pass'
	[ -z "$(tr -d '\n' <<<"$output")" ]
}

@test "the network namespace outlives the run, pinned" {
	expect 0 in_pod web -- readlink /proc/self/ns/net
	local first=$output
	expect 0 in_pod web -- readlink /proc/self/ns/net
	[ "$output" = "$first" ]
	[ "$(stat -f -c %T "$ENVPOD_RUN_DIR/web/ns/net")" = nsfs ]
}

@test "the caller's session keyring stays outside" {
	need keyctl
	plan web "seccomp none"
	pod-exec --compile web
	run keyctl session - sh -c 'keyctl add user probe secret @s >/dev/null
		. "$TOP/tests/pod-exec/lib.bash"; in_pod web -- keyctl search @s user probe'
	[ "$status" -ne 0 ]
}

@test "SysV IPC, POSIX queues and shared memory work and are the pod's own" {
	expect 0 in_pod web -- sh -c 'ipcmk -M 4096 >/dev/null && ipcs -m | grep -c 0x'
	[ "$output" = 1 ]
	expect 0 in_pod web -- /usr/bin/python3 -c '
from multiprocessing import shared_memory
m = shared_memory.SharedMemory(create=True, size=4096); m.close(); m.unlink()'
}

@test "the umask and signals are the ordinary ones" {
	(umask 077; trap '' PIPE HUP; in_pod web -- sh -c 'umask; grep -E "^Sig(Ign|Blk)" /proc/self/status' >"$T/out")
	grep -qx 0022 "$T/out"
	[ "$(grep -c 0000000000000000 "$T/out")" = 2 ]
}

@test "a /dev, /proc or /sys that the agent has replaced by a link stops the run" {
	local dir upper=$ENVPOD_STATE_DIR/pods/web/upper
	for dir in dev proc sys; do
		mkdir -p "$upper" && rm -rf "${upper:?}"/*
		ln -s /home "$upper/$dir"
		expect 125 in_pod web -- true
		[[ $output == *"/$dir"*rollback* ]]
	done
	rm -rf "${upper:?}"/*
	expect 0 in_pod web -- true
}

@test "nothing of a run stays mounted on the host" {
	in_pod web -- true
	[ -z "$(grep "$T" /proc/self/mounts | grep -v "$ENVPOD_RUN_DIR/web/ns")" ]
}
