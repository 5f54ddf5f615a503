#!/usr/bin/env bats
# Snapshots that an agent asks for: few, within what the pod may store, its own alone, and taken back like any action.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
}
teardown() { envpod_teardown; }

# asked PARAMS: hand it in and wait for its end; $id is its id.
asked()
{
	id=$(ask '{"type":"call","action":"snapshot","params":'"$1"'}' | id_of)
	wait_for 20 is_in done "$id"
}
asked_ok() { asked "$1" && jq -e '.status == "executed"' "$Q/done/$id.json"; }
# The snapshots' files alone: layers bear the names of people's, too.
names() { head -qn 1 "$D"/snapshots/* | cut -d ' ' -f 4,5 | tr ' ' : | sort | paste -sd ' '; }
record() { jq -r .undo "$Q/done/$id.json"; }

@test "the oldest of the agent's goes for one more, a person's never; each is taken back by destroying it" {
	make_pod 'snapshots: {agent_keep: 2}'
	envpod run q -- sh -c 'echo one >/opt/of-the-pod'
	envpod snapshot q create --name mine
	govern
	asked_ok '{"name":"a1"}'
	first=$(record)
	asked_ok '{"name":"a2"}'
	[ "$(names)" = "agent:a1 agent:a2 named:mine" ]
	asked_ok '{"name":"a3"}'
	third=$(record)
	[ "$(names)" = "agent:a2 agent:a3 named:mine" ]
	# A name keeps no layer from being merged: that is for a person to say.
	refute grep -q 'named a' "$D/stack"
	grep -q '^by agent$' "$D/undo/$third/record"
	envpod undo q "$third" | tee said | grep -q '^Undone: '
	[ "$(names)" = "agent:a2 named:mine" ]
	# What has gone since, and what never was the agent's, is not taken for it.
	expect 3 envpod undo q "$first"
	expect 3 pod-mount snapshot --agent q destroy mine
	[ "$(names)" = "agent:a2 named:mine" ]
	# One without a name counts with them, and no prune of a person's counts it.
	asked_ok '{}'
	asked_ok '{}'
	[ "$(pod-mount snapshot --json q ls | jq -r .kind | grep -cx agent)" = 2 ]
	pod-mount snapshot --keep 0 q prune
	[ "$(pod-mount snapshot --json q ls | jq -r .kind | grep -cx agent)" = 2 ]
}

@test "a name that somebody has is refused to it, and agent_keep: 0 refuses all" {
	make_pod
	envpod run q -- sh -c 'echo one >/opt/of-the-pod'
	envpod snapshot q create --name mine
	govern
	asked '{"name":"mine"}'
	jq -e '.status == "failed" and (.reason | contains("named mine already"))' "$Q/done/$id.json"
	[ "$(names)" = named:mine ]
	pod-config set q snapshots.agent_keep=0
	asked '{}'
	jq -e '.status == "failed" and (.reason | contains("agent_keep: 0"))' "$Q/done/$id.json"
	expect 3 pod-mount snapshot --agent q create
}

@test "the tier is the pod's to say" {
	make_pod
	envpod actions q set-tier snapshot blocked
	govern
	ask '{"type":"call","action":"snapshot","params":{}}' | jq -e '.status == "blocked" or .error == "blocked"'
	envpod actions q set-tier snapshot staged
	id=$(ask '{"type":"call","action":"snapshot","params":{}}' | id_of)
	is_in staged "$id"
	envpod approve q "$id"
	grep -q '^by agent$' "$D/undo/$(record)/record"
}
