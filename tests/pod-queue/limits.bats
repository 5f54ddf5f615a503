#!/usr/bin/env bats
# Whatever a pod says to the socket, however often and however slowly.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	make_pod
	govern
}
teardown() { envpod_teardown; }

# speak: Python with s, a socket that is connected, and new() for more of them.
speak()
{
	python3 -c "
import json, os, socket, sys, time
def new():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(40)
    s.connect('$SOCK')
    return s
def line(s):
    f = s.makefile('rb')
    return json.loads(f.readline() or b'null')
s = new()
$(cat)"
}

@test "20 submissions a minute, 120 requests; polls are free" {
	speak <<-'END'
	f = s.makefile("rwb")
	def ask(**q):
	    f.write(json.dumps(q).encode() + b"\n"); f.flush(); return json.loads(f.readline())
	got = [ask(type="submit", description=str(i)) for i in range(25)]
	assert [g["ok"] for g in got] == [True] * 20 + [False] * 5, got
	assert got[-1]["error"] == "rate_limited"
	others = [ask(type="list") for i in range(105)]
	assert others[98]["ok"] and not others[104]["ok"]
	for i in range(200):
	    assert ask(type="poll", id=got[0]["id"])["ok"]
	END
	[ "$(ls "$Q/staged" | wc -l)" = 20 ]
}

@test "a key that comes again is the same action; with other parameters, a conflict" {
	a=$(ask '{"type":"submit","description":"a","key":"one"}' | id_of)
	[ "$(ask '{"type":"submit","description":"a","key":"one"}' | id_of)" = "$a" ]
	ask '{"type":"submit","description":"b","key":"one"}' | jq -e '.error == "conflict" and (.message | startswith("409"))'
	[ "$(ask '{"description":"a","key":"one","type":"submit"}' | id_of)" = "$a" ]
	envpod deny q "$a"
	[ "$(ask '{"type":"submit","description":"a","key":"one"}' | id_of)" = "$a" ]
	[ "$(ls "$Q/staged" | wc -l)" = 0 ]
}

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

@test "who stalls with half a line is dropped, and holds nobody up" {
	speak <<-'END'
	s.sendall(b'{"type":')
	other = new()
	other.sendall(b'{"type":"list"}\n')
	assert line(other)["ok"]
	assert s.recv(10) == b""
	END
}

@test "1000 actions that have not ended: no more until some have" {
	id=$(ask '{"type":"submit","description":"a"}' | id_of)
	ungovern
	python3 - "$Q/staged" "$id" <<-'END'
	import json, sys, itertools
	where, first = sys.argv[1:]
	a = json.load(open(f"{where}/{first}.json"))
	letters = "abcdefghijklmnopqrstuvwxyz234567"
	for i, t in zip(range(999), itertools.product(letters, repeat=4)):
	    a["id"] = "zzzzzzzzzzzz" + "".join(t)
	    open(f"{where}/{a['id']}.json", "w").write(json.dumps(a))
	END
	govern
	ask '{"type":"submit","description":"b"}' | jq -e '.error == "full"'
	envpod deny q "$id"
	ask '{"type":"submit","description":"b"}' | jq -e '.ok'
	[ "$(envpod queue --json q | wc -l)" = 1000 ]
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

@test "a frozen pod executes nothing: the action waits" {
	stand_in
	ungovern
	executor x true
	envpod actions q add look --description x --tier immediate --param n --exec x.sh
	envpod start q -- sleep 1000
	wait_for 10 envpod lock q
	id=$(ask '{"type":"call","action":"look","params":{"n":1}}' | id_of)
	ask '{"type":"list"}' >/dev/null
	ask '{"type":"wait","id":"'"$id"'","timeout":2}' | jq -e '.status == "queued"'
	is_in new "$id"
	envpod unlock q
	wait_for 10 is_in done "$id"
	envpod kill q
}

@test "diff and why: what the pod may know of itself" {
	envpod run q -- sh -c 'echo x >/opt/of-the-pod'
	ask '{"type":"diff"}' | jq -e '.ok and (.lines | map(.path) | index("/opt/of-the-pod"))'
	ask '{"type":"why","name":"example.com"}' | jq -e '.ok or .error == "failed"'
	ask '{"type":"why","name":"-x"}' | jq -e '.error == "bad_request"'
}
