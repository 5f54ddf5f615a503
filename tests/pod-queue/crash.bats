#!/usr/bin/env bats
# Whatever is killed: no action is lost, none is executed twice.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	stand_in
	make_pod
	executor x true
	for tier in immediate delayed staged; do
		envpod actions q add "$tier" --description x --tier "$tier" --delay 2 --param n --exec x.sh
	done
	govern
}
teardown() { envpod_teardown; }

call() { ask '{"type":"call","action":"'"$1"'","key":"'"$2"'","params":{"n":1}}'; }
lives() { [ -n "$(steward)" ] && [ "$(steward)" != 0 ] && ! gone "$(steward)"; }
other() { lives && [ "$(steward)" != "$1" ]; }
times() { grep -cx "$1" executed; }

@test "a delayed action outlives steward, keeper and their end: it is executed when the set is next up" {
	id=$(call delayed a | id_of)
	last=$(steward)
	kill -KILL "$(keeper)" "$last"
	ungovern
	is_in delayed "$id"
	wait_for 5 gone "$last"
	wait_for 5 eval '[ "$(date +%s)" -gt "$(jq ".due | fromdate" "$Q/delayed/$id.json")" ]'
	is_in delayed "$id"
	envpod run q -- true
	wait_for 10 is_in done "$id"
	[ "$(times "$id")" = 1 ]
}

@test "the steward is killed: the keeper starts another, and the agent goes on" {
	first=$(steward)
	id=$(call staged a | id_of)
	kill -KILL "$first"
	wait_for 10 other "$first"
	wait_for 10 eval '[ "$(call staged a | id_of)" = "$id" ]'
	envpod approve q "$id"
	[ "$(times "$id")" = 1 ]
}

@test "killed while an action is executed: it goes on, and is not executed again" {
	cp execute fast
	echo 'while [ ! -e '"$T"'/go ]; do sleep 0.05; done; . '"$T"'/fast' >execute
	id=$(call immediate a | id_of)
	wait_for 10 grep -qx "$id" executed
	first=$(steward)
	kill -KILL "$first"
	wait_for 10 other "$first"
	call staged b >/dev/null
	is_in running "$id"
	touch go
	wait_for 10 is_in done "$id"
	jq -e '.status == "executed"' "$Q/done/$id.json"
	[ "$(times "$id")" = 1 ]
}

@test "killed with its executor: the action failed, interrupted, and is never begun again" {
	echo 'echo $$ >'"$T"'/pid; exec sleep 600' >execute
	id=$(call immediate a | id_of)
	wait_for 10 test -s pid
	first=$(steward)
	kill -KILL "$first" "$(cat pid)"
	wait_for 10 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("interrupted"))' "$Q/done/$id.json"
	wait_for 10 has_event action_failed
	wait_for 10 lives
	call staged b >/dev/null
	[ "$(times "$id")" = 1 ]
}

@test "either half ends with the other; who waits hears the end of it, and who left before his answer harms nobody" {
	first=$(steward)
	ear=$(pgrep -x -P "$first" pod-queue-hear)
	id=$(call staged a | id_of)
	# Answers that nobody is there for any more.
	python3 - "$SOCK" <<-'END'
	import socket, sys
	for i in range(60):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    s.send(b'{"type":"list"}\n' * 2)
	    s.close()
	END
	ask "{\"type\":\"poll\",\"id\":\"$id\"}" | jq -e '.ok'
	[ "$(steward)" = "$first" ]
	python3 - "$SOCK" "$id" "$T" >heard 3>&- <<-'END' &
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	s.send(json.dumps({"type": "wait", "id": sys.argv[2], "timeout": 600}).encode() + b"\n")
	open(sys.argv[3] + "/waits", "w").close()
	print(s.recv(100) or "the end")
	END
	local job=$!
	wait_for 10 test -e waits
	kill -KILL "$first"
	wait "$job"
	[ "$(cat heard)" = 'the end' ]
	wait_for 5 gone "$ear"
	wait_for 10 other "$first"
	first=$(steward)
	kill -KILL "$(pgrep -x -P "$first" pod-queue-hear)"
	wait_for 5 gone "$first"
	wait_for 10 other "$first"
	wait_for 10 eval 'ask "{\"type\":\"poll\",\"id\":\"$id\"}" | jq -e .ok'
}

@test "an executor that ends without a word: failed" {
	echo 'echo it broke >&2; exit 3' >execute
	id=$(call immediate a | id_of)
	wait_for 10 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("it broke"))' "$Q/done/$id.json"
}

@test "a file that says how it ended and was not moved yet is moved by the next steward" {
	id=$(call staged a | id_of)
	ungovern
	jq -c '.status = "denied" | .ended = .created' "$Q/staged/$id.json" >x
	cp x "$Q/staged/$id.json"
	govern
	wait_for 10 is_in denied "$id"
}

@test "killed again and again under load: every action ends once" {
	local i n=0 first
	for i in $(seq 9); do
		call immediate "k$i" >>answers 2>/dev/null || true
		[ $((i % 4)) != 0 ] || { first=$(steward); kill -KILL "$first"; wait_for 10 other "$first"; }
	done
	# What was answered is there; what was not can be said again, with its key.
	for i in $(seq 9); do
		wait_for 10 eval "call immediate k$i >>again 2>/dev/null"
	done
	for id in $(jq -r 'select(.ok).id' again | sort -u); do
		wait_for 20 is_in done "$id"
		n=$((n + 1))
		[ "$(times "$id")" -le 1 ]
	done
	[ "$n" = 9 ]
	[ "$(sort executed | uniq -d | wc -l)" = 0 ]
	for id in $(jq -r 'select(.ok).id' answers); do
		is_in done "$id"
	done
}

@test "gc ends what governed a pod that is gone, or that nothing keeps and nothing runs in" {
	first=$(steward)
	kill -KILL "$(keeper)"
	wait_for 5 eval 'envpod gc -n | grep -q "Would end what governed 1 pod"'
	kill -0 "$first"
	envpod gc | grep -q 'Ended what governed 1 pod'
	wait_for 5 gone "$first"
	govern
	first=$(steward)
	mv "$D" "$T/away"
	envpod gc
	wait_for 5 gone "$first"
	mv "$T/away" "$D"
	refute grep -q governed <(envpod gc -n)
}
