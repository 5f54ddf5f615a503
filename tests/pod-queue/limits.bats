#!/usr/bin/env bats
# Whatever a pod says to the socket, however often and however slowly.
load ../lib/envpod
load helper

setup() { governed_setup; }
teardown() { envpod_teardown; }

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
