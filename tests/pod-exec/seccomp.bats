#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The filter alone: compiled by pod-exec --compile, loaded by a small program of the test's own
# around a command with all of root's powers, so that nothing but the filter can say no.

load ../lib/envpod

setup()
{
	envpod_setup
	cat >"$T/under" <<-'END'
		import ctypes, os, sys
		code = open(sys.argv[1], "rb").read()
		class Prog(ctypes.Structure):
		    _fields_ = [("len", ctypes.c_ushort), ("code", ctypes.c_char_p)]
		libc = ctypes.CDLL(None, use_errno=True)
		libc.prctl(38, 1, 0, 0, 0)
		if libc.syscall(317, 1, 0, ctypes.byref(Prog(len(code) // 8, code))) != 0:
		    sys.exit("load: " + os.strerror(ctypes.get_errno()))
		os.execvp(sys.argv[2], sys.argv[2:])
	END
	cat >"$T/calls" <<-'END'
		# NAME NUMBER ARG... lines on stdin: print "NAME ERRNO" of each, tried in a child.
		import ctypes, errno, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		for line in sys.stdin:
		    name, *numbers = line.split()
		    args = [ctypes.c_ulong(int(n, 0) & (1 << 64) - 1) for n in numbers]
		    sys.stdout.flush()
		    if os.fork() == 0:
		        r = libc.syscall(*args)
		        if r == 0 and name.startswith("clone"): # the child of the child
		            os._exit(0)
		        print(name, errno.errorcode.get(ctypes.get_errno(), "?") if r == -1 else "ok", flush=True)
		        os._exit(0)
		    os.wait()
	END
}
teardown() { envpod_teardown; }

# compile PROFILE: the compiled filter is $T/PROFILE.bpf
compile()
{
	local dir=$ENVPOD_STATE_DIR/pods/p
	mkdir -p "$dir"
	echo '{}' >"$dir/pod.json"
	{ stat -c 'envpod-plan 1 %i %.9Y %s' "$dir/pod.json" | tr -d .; echo "seccomp $1"; echo end; } >"$dir/plan"
	pod-exec --compile p && mv "$dir/seccomp.bpf" "$T/${2:-$1}.bpf"
}

under() { python3 "$T/under" "$T/$1.bpf" "${@:2}"; }

# Calls that answer something else than the filter's errno when root makes them without it.
closed='
	bpf 321 9999 0 0
	keyctl 250 9999
	add_key 248 0 0 0 0 0
	request_key 249 0 0 0 0
	mount 165 0 0 0 0 0
	umount2 166 0 0
	pivot_root 155 0 0
	fsopen 430 0 0
	open_tree 428 -1 0 0
	move_mount 429 -1 0 -1 0 0
	mount_setattr 442 -1 0 0 0 0
	setns 308 -1 0
	perf_event_open 298 0 0 0 0 0
	userfaultfd 323 -1
	io_uring_setup 425 0 0
	process_vm_readv 310 1 0 0 0 0 1
	process_vm_writev 311 1 0 0 0 0 1
	kcmp 312 1 999999 99 0 0
	pidfd_getfd 438 -1 0 0
	open_by_handle_at 304 -1 0 0
	kexec_load 246 0 99 0 99
	kexec_file_load 320 -1 -1 0 0 99
	reboot 169 0 0 0 0
	swapon 167 0 0
	swapoff 168 0
	acct 163 1
	sethostname 170 0 -1
	settimeofday 164 1 0
	clock_settime 227 0 0
	syslog 103 99 0 0
	fanotify_init 300 -1 0
	quotactl 179 -1 0 0 0
	move_pages 279 0 1 0 0 0 -1
	unshare_user 272 0x10000000
	unshare_mnt 272 0x20000
	clone_user 56 0x10000011 0 0 0 0
	clone_net 56 0x40000011 0 0 0 0
	tiocsti 16 0 0x5412 0
	tiocsti_high 16 0 0x1000005412 0
	tioclinux 16 0 0x541c 0
	tiocsetd 16 0 0x5423 0
	personality_norandomize 135 0x40000
	ptrace_traceme 101 0 0 0 0
	mknod_char 133 0 0x21b6 0x103
	mknodat_block 259 -100 0 0x61b6 0x100'

@test "the filter of a profile of ours is kept until the profile changes" {
	local kept=$ENVPOD_STATE_DIR/cache/seccomp.default made
	cp -r "$TOP/share" "$T/data"
	export ENVPOD_DATA_DIR=$T/data
	compile default
	made=$(stat -c %i "$kept")
	compile default again
	cmp "$T/default.bpf" "$T/again.bpf"
	[ "$(stat -c %i "$kept")" = "$made" ]
	# As a crash may leave it.
	truncate -s 200 "$kept"
	compile default again
	cmp "$T/default.bpf" "$T/again.bpf"
	jq '(.syscalls[].names) -= ["getppid"]' "$TOP/share/seccomp/default.json" >"$T/data/seccomp/default.json"
	compile default other
	refute cmp -s "$T/default.bpf" "$T/other.bpf"
	# Somebody's own is read each time.
	cp "$TOP/share/seccomp/default.json" "$T/own.json"
	compile "$T/own.json" own
	cmp "$T/default.bpf" "$T/own.bpf"
	[ "$(ls "$ENVPOD_STATE_DIR/cache")" = seccomp.default ]
}

@test "default closes each of these, and nothing but the filter does" {
	compile default
	python3 "$T/calls" <<<"${closed#?}" >"$T/open"
	refute grep EPERM "$T/open"
	under default python3 "$T/calls" <<<"${closed#?}" >"$T/closed"
	[ "$(wc -l <"$T/closed")" = "$(wc -l <"$T/open")" ]
	refute grep -v EPERM "$T/closed"
}

@test "sockets: the families of ordinary software, and of netlink no more than listings" {
	local calls
	compile default
	calls=$(printf '%s\n' 'unix 41 1 1 0' 'inet 41 2 1 0' 'inet6 41 10 2 0' 'route 41 16 3 0' 'uevent 41 16 3 15' \
		'nft 41 16 3 12' 'audit 41 16 3 9' 'packet 41 17 3 0' 'alg 41 38 5 0' 'vsock 41 40 1 0' \
		'vsock_high 41 0x100000028 1 0' 'pair 53 1 1 0 0' 'pair_inet 53 2 1 0 0')
	run under default python3 "$T/calls" <<<"$calls"
	diff <(echo "$output") - <<-'END'
		unix ok
		inet ok
		inet6 ok
		route ok
		uevent ok
		nft EPROTONOSUPPORT
		audit EPROTONOSUPPORT
		packet EAFNOSUPPORT
		alg EAFNOSUPPORT
		vsock EAFNOSUPPORT
		vsock_high EAFNOSUPPORT
		pair EFAULT
		pair_inet EAFNOSUPPORT
	END
}

@test "not there, rather than forbidden: clone3, calls of the future, x32" {
	compile default
	run under default python3 "$T/calls" <<<$'clone3 435 0 0\nfuture 999 0\nx32 0x40000001 1 0 0'
	[ "$output" = $'clone3 ENOSYS\nfuture ENOSYS\nx32 ENOSYS' ]
}

@test "32-bit code is ended" {
	echo 'int main(void) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); return 0; }' |
		gcc -x c -o "$T/old" -
	compile default
	"$T/old"
	run under default "$T/old"
	[ "$status" -eq 159 ]
}

@test "browser: new user, pid and net namespaces and chroot; still no others" {
	compile browser
	run under browser python3 "$T/calls" <<-'END'
		user 272 0x10000000
		pid 272 0x20000000
		net 272 0x40000000
		clone_all 56 0x70000011 0 0 0 0
		chroot 161 0
		mnt 272 0x20000
		uts 272 0x04000000
		ipc 272 0x08000000
		cgroup 272 0x02000000
		userandmnt 272 0x10020000
		traceme 101 0 0 0 0
		bpf 321 9999 0 0
	END
	diff <(echo "$output") - <<-'END'
		user ok
		pid ok
		net ok
		clone_all ok
		chroot EFAULT
		mnt EPERM
		uts EPERM
		ipc EPERM
		cgroup EPERM
		userandmnt EPERM
		traceme EPERM
		bpf EPERM
	END
}

@test "browser is default and that, strict is less than default" {
	local rules='grep -vE "^(known|errno)|^(envpod|default|end)"'
	for profile in default browser strict; do
		pod-config seccomp $profile | eval "$rules" | sort >"$T/$profile"
	done
	[ "$(comm -13 "$T/default" "$T/browser" | sort)" = "$(printf '%s\n' \
		'allow chroot' 'allow clone 0&0xe020000==0' 'allow unshare 0&0xe020080==0')" ]
	[ "$(comm -23 "$T/default" "$T/browser" | sort)" = "$(printf '%s\n' \
		'allow clone 0&0x7e020000==0' 'allow unshare 0&0x7e020080==0')" ]
	[ -z "$(comm -13 "$T/default" "$T/strict")" ]
	[ "$(comm -23 "$T/default" "$T/strict" | wc -l)" -gt 30 ]
}

@test "strict: no tracing, no System V ipc, no anonymous programs" {
	compile strict
	run under strict python3 "$T/calls" <<<$'attach 101 16 1 0 0\nshmget 29 0 4096 0\nmemfd 319 0 0\nexecveat 322 -1 0 0 0 0\nchroot 161 0\nunshare 272 0x400'
	[ "$(cut -d' ' -f2 <<<"$output" | sort -u)" = EPERM ]
	under strict sh -c 'echo hello | cat; ls / >/dev/null; python3 -c "import threading; t = threading.Thread(target=print); t.start(); t.join()"'
}

@test "ordinary software: compilers, make -j, git, timeout, locks, fifos, shared memory, xattrs" {
	compile default
	mkdir -p "$T/w" && cd "$T/w"
	echo 'int main(void) { return 0; }' >a.c
	printf 'all: a b\n%%: a.c\n\tcc -o $@ $<\n' >Makefile
	under default make -s -j4
	under default ./a
	under default git init -q .
	under default git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x
	under default timeout 5 true
	run under default timeout 0.05 sleep 5
	[ "$status" -eq 124 ]
	under default flock x true
	under default mkfifo fifo
	under default fallocate -l 8192 f
	under default setfattr -n user.x -v 1 f
	under default sh -c 'ipcrm -M 0x7e57 2>/dev/null; ipcmk -M 4096 >/dev/null && ipcs -m >/dev/null'
	under default nice -n 5 taskset -c 0 chrt -p $$ >/dev/null
	under default python3 -c 'import multiprocessing as m
with m.Pool(2) as p: assert p.map(abs, [-1, -2]) == [1, 2]'
	ipcs -m | awk '$6 == 0 && $5 == 4096 { print $2 }' | xargs -rn1 ipcrm -m
}

@test "ordinary software: a venv, node, a terminal multiplexer, tracing a child" {
	compile default
	mkdir -p "$T/w" && cd "$T/w"
	under default python3 -m venv --without-pip venv
	under default venv/bin/python -c 'import ssl, ctypes, sqlite3, subprocess; subprocess.run(["true"], check=True)'
	run under default node -e 'new (require("worker_threads").Worker)("setTimeout(() => {}, 1)", {eval: true}).on("exit", () => console.log("ended"))'
	[ "$output" = ended ]
	under default tmux -S "$T/sock" -f /dev/null new-session -d 'echo hi > out; exec cat'
	wait_for 5 test -s out
	under default tmux -S "$T/sock" kill-server
	under default strace -f -o trace sh -c 'true | true'
	grep -q execve trace
	echo 'int main(void) { static char *p; p = __builtin_malloc(1); p = 0; return p != 0; }' >l.c
	gcc -fsanitize=address -o l l.c
	run under default ./l
	[[ $output = *"detected memory leaks"* ]]
}

@test "packages are installed: dpkg with a postinst, adduser" {
	compile default
	mkdir -p "$T/d/DEBIAN" "$T/d/opt" "$T/root/var/lib/dpkg/updates" "$T/root/var/lib/dpkg/info"
	printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n' >"$T/d/DEBIAN/control"
	echo x >"$T/d/opt/x"
	under default dpkg-deb -b "$T/d" "$T/x.deb" >/dev/null
	: >"$T/root/var/lib/dpkg/status"
	: >"$T/root/var/lib/dpkg/available"
	under default dpkg --root="$T/root" --log=/dev/null --force-not-root -i "$T/x.deb"
	[ "$(cat "$T/root/opt/x")" = x ]
}

@test "a profile of one's own: conditions, or-ed arguments, capabilities and kernels as Docker has them" {
	cat >"$T/mine.json" <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		 {"names": ["uname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7},
		 {"name": "getpriority", "action": "SCMP_ACT_ERRNO", "args": [
			{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
		 {"names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 8, "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		 {"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		 {"names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 10, "includes": {"minKernel": "4.8"}},
		 {"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 11, "includes": {"minKernel": "99.0"}},
		 {"names": ["getuid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 12, "includes": {"arches": ["arm64"]}},
		 {"names": ["_llseek", "fstat64"], "action": "SCMP_ACT_KILL_PROCESS"}]}
	END
	compile "$T/mine.json" mine
	run under mine python3 "$T/calls" <<-'END'
		uname 63 0
		group 140 1 0
		user 140 2 0
		process 140 0 0
		sync 162
		getpgid 121 0
		getsid 124 0
		getppid 110
		getuid 102
	END
	diff <(echo "$output") - <<-'END'
		uname E2BIG
		group EPERM
		user EPERM
		process ok
		sync ok
		getpgid EBADF
		getsid ECHILD
		getppid ok
		getuid ok
	END
}

@test "a wrong profile: 78, with the place" {
	local json want
	while IFS='|' read -r json want; do
		echo "$json" >"$T/bad.json"
		expect 78 compile "$T/bad.json"
		[[ $output = *"$want"* ]] || { echo "$json: $output" >&2; return 1; }
		[ ! -e "$ENVPOD_STATE_DIR/pods/p/seccomp.bpf" ]
	done <<-'END'
		{|not JSON
		[]|not an object
		{"defaultAction": "SCMP_ACT_NOTIFY"}|profile.defaultAction
		{"defaultAction": "SCMP_ACT_MAYBE"}|profile.defaultAction
		{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5000}|defaultErrnoRet
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": {}}|profile.syscalls
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}|syscalls[0].names
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["re ad"], "action": "SCMP_ACT_ALLOW"}]}|syscalls[0].names[0]
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "allow"}]}|syscalls[0].action
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}|syscalls[0].args[0]
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}|args[0].value
		{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]}|includes.minKernel
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}]}|no_such_call
	END
	expect 78 compile "$T/missing.json"
	expect 78 compile no-such-profile
	expect 78 compile "$T"
}
