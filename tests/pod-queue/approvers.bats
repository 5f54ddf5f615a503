#!/usr/bin/env bats
# Who may approve.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
}
teardown() { envpod_teardown; }

# As somebody who reached root by sudo.
as() { local user=$1; shift; SUDO_USER=$user SUDO_UID=$(id -u "$user") SUDO_GID=$(id -g "$user") "$@"; }
refused() { events approval_refused | jq -e --arg r "$1" 'select(.reason | contains($r))'; }

@test "approvers: nobody else may, by command or by file" {
	make_pod 'approvers: [daemon]'
	govern
	id=$(ask '{"type":"submit","description":"a"}' | id_of)
	expect 3 envpod approve q "$id"
	[[ $output == *"root is none of the pod's approvers"* ]]
	as daemon envpod approve --print q "$id" | jq -c '.by = "root"' >"$Q/approved/$id.json"
	wait_for 10 refused "none of the pod's approvers"
	is_in staged "$id"
	as daemon envpod approve q "$id"
	events action_approved | jq -e '.by == "daemon"'
}

@test "who somebody is, is the name of his uid: no variable makes another of him, and no number a name" {
	make_pod 'approvers: [daemon]'
	govern
	id=$(ask '{"type":"submit","description":"a"}' | id_of)
	SUDO_USER=daemon SUDO_UID=$(id -u bin) SUDO_GID=$(id -g bin) expect 3 envpod approve q "$id"
	[[ $output == *"bin is none of the pod's approvers"* ]]
	SUDO_USER=daemon SUDO_UID=61234 SUDO_GID=61234 expect 3 envpod approve q "$id"
	[[ $output == *"61234 is none of the pod's approvers"* ]]
	SUDO_USER=daemon SUDO_UID=x expect 3 envpod approve q "$id"
	USER=daemon LOGNAME=daemon expect 3 envpod approve q "$id"
	[[ $output == *"root is none of the pod's approvers"* ]]
	is_in staged "$id"
	SUDO_USER=nobody SUDO_UID=$(id -u daemon) SUDO_GID=$(id -g daemon) envpod approve q "$id"
	jq -e '.approved_by == "daemon"' "$Q/done/$id.json"
}

@test "queue.separate: neither the pod's owner nor who submitted it" {
	make_pod '' 'separate: yes'
	govern
	a=$(ask '{"type":"submit","description":"a"}' | id_of)
	expect 3 envpod approve q "$a"
	[[ $output == *"root owns the pod"* ]]
	b=$(as bin envpod queue q add --description b)
	expect 3 as bin envpod approve q "$b"
	[[ $output == *"bin submitted the action"* ]]
	as daemon envpod approve q "$b"
	as bin envpod approve q "$a"
}

@test "queue.separate: an approval that goes on for others is none for its giver's own" {
	make_pod '' 'separate: yes'
	govern
	a=$(ask '{"type":"submit","description":"a"}' | id_of)
	as bin envpod approve --for 1h q "$a"
	own=$(as bin envpod queue q add --description own)
	b=$(ask '{"type":"submit","description":"b"}' | id_of)
	wait_for 10 is_in done "$b"
	is_in staged "$own"
}
