#!/usr/bin/env bats
# What an agent can make the two processes of the queue, and the disk, keep: bounded, however it comes and goes.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
}
teardown()
{
	[ -z "${STOPPED:-}" ] || kill -CONT "$STOPPED" 2>/dev/null
	envpod_teardown
}

listener() { pgrep -x -P "$1" pod-queue-hear; }
kib() { sed -n "s/^$2:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$1/status"; }

# come_and_go COUNT LINE: that many connections, each of which says LINE and leaves when it has been read, until nobody
# reads any more.
come_and_go()
{
	python3 - "$SOCK" "$(listener "$(steward)")" "$@" <<-'END'
	import fcntl, socket, struct, sys, termios
	path, pid, count, line = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode() + b"\n"
	def idle():
	    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "S"
	def unread(s):
	    return struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"\0" * 4))[0]
	read = idly = 0
	while read < count and idly < 300:
	    s = socket.socket(socket.AF_UNIX)
	    s.setblocking(False)
	    try:
	        s.connect(path)
	        s.send(line)
	        while unread(s) and idly < 300:
	            idly += idle()
	        if not unread(s):
	            read, idly = read + 1, 0
	    except BlockingIOError:
	        idly += idle()
	    s.close()
	print(read)
	END
}

@test "who comes, asks and goes while the steward stands still fills no memory of the listener's" {
	make_pod
	govern
	first=$(steward)
	ear=$(listener "$first")
	before=$(kib "$ear" VmRSS)
	STOPPED=$first
	kill -STOP "$first"
	come_and_go 4000 "$(jq -nc '{type: "submit", description: ("x" * 4000)}')"
	sanitized pod-queue || [ $(($(kib "$ear" VmRSS) - before)) -lt 10000 ]
	kill -CONT "$first"
	STOPPED=
	# Both live on, and hear whoever has had to wait.
	wait_for 20 eval 'ask "{\"type\":\"poll\",\"id\":\"aaaaaaaaaaaaaaaa\"}" | grep -q not_found'
	[ "$(steward)" = "$first" ]
	[ "$(listener "$first")" = "$ear" ]
}

@test "polls of who has left make the steward keep nothing for them, and do not end it" {
	make_pod
	mkdir -p -m 700 "$Q/done"
	python3 - "$Q/done" <<-'END'
	import json, sys
	a = {"v": 1, "id": "b" * 16, "name": "request", "type": "request", "tier": "staged", "digest": "0" * 64, "by": "agent",
	     "created": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:04:05Z", "status": "approved", "params": {}, "result": {"big": "x" * 1000000}}
	open(f"{sys.argv[1]}/{a['id']}.json", "w").write(json.dumps(a))
	END
	govern
	ask '{"type":"poll","id":"bbbbbbbbbbbbbbbb"}' | jq -e '.ok'
	first=$(steward)
	STOPPED=$first
	kill -STOP "$first"
	come_and_go 600 '{"type":"poll","id":"bbbbbbbbbbbbbbbb"}'
	kill -CONT "$first"
	STOPPED=
	wait_for 30 eval 'ask "{\"type\":\"list\"}" | jq -e .ok'
	[ "$(steward)" = "$first" ]
	sanitized pod-queue || [ "$(kib "$first" VmHWM)" -lt 60000 ]
}

@test "a diff that nobody waits for any more keeps nobody else from theirs" {
	make_pod
	mkdir tools
	cat >tools/pod-mount <<-END
	#!/bin/bash
	[ "\$1" = diff ] && [ ! -e "$T/asked" ] || exec "$B/bin/pod-mount" "\$@"
	touch "$T/asked"
	exec sleep 1000
	END
	chmod +x tools/pod-mount
	export ENVPOD_TOOLS=$T/tools
	govern
	python3 - "$SOCK" "$T/asked" <<-'END'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	s.send(b'{"type":"diff"}\n')
	while not os.path.exists(sys.argv[2]):
	    pass
	END
	wait_for 10 eval 'ask "{\"type\":\"diff\"}" | jq -e .ok'
}

@test "a diff while what a person approved is at work: busy, not in its way" {
	printf '%s\n' 'network: {mode: None}' 'queue: {socket: yes, require_commit_approval: yes}' >pod.yaml
	envpod init -c pod.yaml q
	envpod run q -- sh -c 'echo x >/opt/of-the-pod'
	run envpod commit q /opt/of-the-pod
	[ "$status" -eq 3 ]
	id=${output##* }
	exec 8>"$ENVPOD_RUN_DIR/q/lock"
	flock 8
	envpod approve --no-wait q "$id" 8>&-
	wait_for 10 is_in running "$id"
	ask '{"type":"diff"}' | jq -e '.error == "busy"'
	kill "$(pgrep -f "^pod-mount commit --action=$id")"
	exec 8>&-
	wait_for 10 is_in done "$id"
	[ ! -e /opt/of-the-pod ]
	wait_for 10 eval 'ask "{\"type\":\"diff\"}" | jq -e .ok'
}

@test "what has ended is forgotten beyond 64 MiB, the oldest first; what has not is refused beyond 16" {
	make_pod
	mkdir -p -m 700 "$Q/done" "$Q/staged"
	python3 - "$Q" <<-'END'
	import json, sys
	a = {"v": 1, "id": "", "name": "request", "type": "request", "tier": "staged", "digest": "0" * 64, "by": "agent"}
	for i in range(80):
	    b = dict(a, id="bbbbbbbbbbbbbb" + "abcdefghij"[i // 10] + "abcdefghij"[i % 10], created=f"2026-01-02T03:{i % 60:02}:05Z",
	             ended=f"2026-01-0{3 + i // 60}T03:{i % 60:02}:05Z", status="approved", params={}, result={"big": "x" * 1000000})
	    open(f"{sys.argv[1]}/done/{b['id']}.json", "w").write(json.dumps(b))
	for i in range(300):
	    b = dict(a, id="cccccccccccc" + f"{i:04}".translate(str.maketrans("0123456789", "abcdefghij")), created="2026-01-02T03:04:05Z",
	             until="2036-01-02T03:04:05Z", params={"description": "x" * 60000})
	    open(f"{sys.argv[1]}/staged/{b['id']}.json", "w").write(json.dumps(b))
	END
	govern
	ask '{"type":"submit","description":"one more"}' | jq -e '.error == "full" and (.message | contains("16 MiB"))'
	wait_for 10 eval '[ "$(ls "$Q/done" | wc -l)" -le 67 ]'
	[ ! -e "$Q/done/bbbbbbbbbbbbbbaa.json" ]
	[ -e "$Q/done/bbbbbbbbbbbbbbhj.json" ]
	rm "$Q"/staged/cccccccccccc*
	wait_for 10 eval 'ask "{\"type\":\"submit\",\"description\":\"one more\"}" | jq -e .ok'
}

@test "a pod that has used up a budget executes nothing, and says which; with more it goes on" {
	make_pod $'budget: {max_cpu: 1h, action: stop}\nfilesystem: {mount_cwd: true}'
	printf '%s\n' 'envpod-usage 1' 'cpu.total 3600000000' end >"$D/usage"
	govern
	id=$(ask '{"type":"call","action":"file_create","params":{"path":"/tmp/x"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("has used up its cpu") and contains("extend cpu="))' "$Q/done/$id.json"
	events action_failed | jq -e '.reason | contains("used up its cpu")'
	envpod budget q --force extend cpu=1h
	id=$(ask '{"type":"call","action":"file_create","params":{"path":"/opt/of-the-pod"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.status == "executed"' "$Q/done/$id.json"
}

@test "what is kept to take actions back is bounded, apart from what people do: full, nothing is executed" {
	make_pod 'undo: {max_size: 4MB}'
	govern
	mkdir -p -m 700 "$Q/undo/bbbbbbbbbbbbbbbb"
	head -c 1020K /dev/zero >"$Q/undo/bbbbbbbbbbbbbbbb/kept"
	id=$(ask '{"type":"call","action":"file_create","params":{"path":"/opt/of-the-pod"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("has reached 1.0M") and contains("undo.max_size"))' "$Q/done/$id.json"
	refute envpod run q -- test -e /opt/of-the-pod
	pod-config set q undo.max_size=8MB
	id=$(ask '{"type":"call","action":"file_create","params":{"path":"/opt/of-the-pod"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.status == "executed"' "$Q/done/$id.json"
	# Where the pod may store less than that, it is less.
	pod-config set q budget.max_storage=1MB
	id=$(ask '{"type":"call","action":"file_create","params":{"path":"/opt/other"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.reason | contains("has reached 1.0M")' "$Q/done/$id.json"
}
