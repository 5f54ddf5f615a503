#!/usr/bin/env bats
# What probes look for: it answers everywhere in its network, tells who came, and ends with its owner.
load ../lib/envpod
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root netns
	mkfifo "$T/alive"
	printf 'secret s3cret\nabstract stage-%s\n' "$$" >"$T/bait"
}
teardown() { exec 7>&-; envpod_teardown; }

# In a network namespace of the test's own, which every address is local to.
stage()
{
	unshare -n bash -c 'ip link set lo up; ip route add local default dev lo; ip -6 route add local default dev lo 2>/dev/null
		exec pod-probe --stage --bait "$0"' "$T/bait" <"$T/alive" >"$T/said" 3>&- &
	job=$!
	exec 7>"$T/alive"
	wait_for 10 grep -qx ready "$T/said"
}
in_stage() { nsenter -t "$job" -n -- "$@"; }

@test "TCP, UDP, names and an abstract socket are answered, and told" {
	stage
	[ "$(in_stage bash -c 'cat </dev/tcp/192.0.2.1/443')" = s3cret ]
	in_stage python3 - "stage-$$" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX); s.connect("\0" + sys.argv[1]); assert s.recv(100) == b"s3cret"
	for family, to in ((socket.AF_INET, "198.51.100.9"), (socket.AF_INET6, "2001:db8::9")):
	    u = socket.socket(family, socket.SOCK_DGRAM); u.settimeout(5); u.connect((to, 123)); u.send(b"x")
	    assert u.recv(100) == b"s3cret", to
	u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(5); u.connect(("203.0.113.53", 53))
	u.send(b"\1\2\1\0\0\1\0\0\0\0\0\0\3wWw\7example\0\0\1\0\1")
	a = u.recv(500); assert a[:3] == b"\1\2\x81" and a[7] == 1 and a.endswith(b"\xc6\x33\x64\7"), a
	for bad in (b"", b"\0" * 11, b"\1\2\1\0\0\1\0\0\0\0\0\0\x3f", b"\xff" * 600):
	    u.send(bad)
	END
	for line in 'tcp 192.0.2.1 443' 'udp 198.51.100.9 123' 'udp 2001:db8::9 123' 'udp 203.0.113.53 53' 'name www.example'; do
		wait_for 10 grep -qx "$line" "$T/said"
	done
	[ "$(in_stage bash -c 'cat </dev/tcp/192.0.2.1/22')" = s3cret ] # it lives
}

@test "it ends when its owner does; without a secret it does not begin" {
	stage
	exec 7>&-
	wait "$job"
	expect 2 pod-probe --stage --bait /dev/null </dev/null
}
