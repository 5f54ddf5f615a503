#!/usr/bin/env bats
# Who speaks to the socket to hurt whoever hears it.
load ../lib/envpod
load helper

setup() { governed_setup; }
teardown() { envpod_teardown; }

@test "a line of more than 64 KiB, of no JSON, in many pieces, of many requests at once" {
	speak <<-'END'
	s.sendall(b'{"type":"submit","description":"' + b"x" * 70000)
	a = line(s)
	assert a["error"] == "bad_request" and "65536" in a["message"]
	try:
	    assert s.recv(10) == b""
	except ConnectionResetError:
	    pass
	s = new()
	for b in b'{"type":"list"}\n':
	    s.sendall(bytes([b]))
	assert line(s)["ok"]
	s = new()
	s.sendall(b'\0\xff\n[[[[[[[[[[[[[[[[[[[[\n\n{"type":"list"}\n')
	f = s.makefile("rb")
	got = [json.loads(f.readline()) for i in range(4)]
	assert [g["ok"] for g in got] == [False, False, False, True], got
	s = new()
	s.sendall(b'{"type":"list"}\n')
	s.shutdown(socket.SHUT_WR)
	assert line(s)["ok"]
	END
	kill -0 "$(steward)"
}

@test "64 connections; one more is told so, and all are let go" {
	speak <<-'END'
	held = [s] + [new() for i in range(63)]
	for h in held:
	    h.sendall(b'{"type":"poll","id":"aaaaaaaaaaaaaaaa"}\n')
	assert all(line(h)["error"] == "not_found" for h in held)
	assert line(new())["error"] == "busy"
	for h in held:
	    h.close()
	for i in range(100):
	    s = new()
	    s.sendall(b'{"type":"poll","id":"aaaaaaaaaaaaaaaa"}\n')
	    if line(s)["error"] == "not_found":
	        break
	else:
	    sys.exit("the connections were not let go")
	END
}

@test "who stalls with half a line, or takes no answers, is dropped, and holds nobody up" {
	wait_for 5 eval '[ -n "$(pgrep -P "$(steward)" -x pod-queue-hear)" ]'
	pid=$(pgrep -P "$(steward)" -x pod-queue-hear)
	speak <<-'END'
	s.sendall(b'{"type":')
	other = new()
	other.sendall(b'{"type":"list"}\n')
	assert line(other)["ok"]
	deaf = new()
	try:
	    deaf.sendall(b"\n" * (4 << 20))
	    sys.exit("it took them all")
	except (BrokenPipeError, ConnectionResetError):
	    pass
	assert s.recv(10) == b""
	# Whatever comes at once is answered, all of it, to one who reads.
	s = new()
	s.sendall(b"\n" * 60000)
	s.shutdown(socket.SHUT_WR)
	assert len(s.makefile("rb").readlines()) == 60000
	END
	[ "$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status")" -lt 65536 ]
}

@test "the listener is nobody, and can open nothing" {
	wait_for 5 eval '[ -n "$(pgrep -P "$(steward)" -x pod-queue-hear)" ]'
	pid=$(pgrep -P "$(steward)" -x pod-queue-hear)
	[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" -gt 1879048192 ]
	grep -q '^Seccomp:	2' "/proc/$pid/status"
	grep -q '^CapEff:	0000000000000000' "/proc/$pid/status"
	grep -q '^NoNewPrivs:	1' "/proc/$pid/status"
	# Its log, the sockets, the epoll, and nothing of the pod's.
	refute grep -q "$ENVPOD_STATE_DIR/pods/q/queue" <(ls -l "/proc/$pid/fd")
	# Killed, it takes the steward with it, and both come again.
	first=$(steward)
	kill -KILL "$pid"
	wait_for 10 eval '[ -n "$(steward)" ] && [ "$(steward)" != "$first" ] && [ "$(steward)" != 0 ]'
	wait_for 10 eval 'ask "{\"type\":\"list\"}" 2>/dev/null | jq -e .ok'
}

