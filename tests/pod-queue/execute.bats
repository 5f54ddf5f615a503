#!/usr/bin/env bats
# From the agent's word to the deed, and back by a person's: no stand-in in between.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	mkdir proj
	cd proj || return
	printf '%s\n' "network: {mode: None}" "queue: {socket: yes}" "filesystem: {mount_cwd: true}" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" q
}
teardown() { envpod_teardown; }

ask_for() { envpod run q -- pod-queue call --wait --timeout 60 "$@"; }
undo_id() { jq -r .undo "$Q/done/$1.json"; }

@test "an agent's immediate action is done in its view, the agent gets the result, a person takes it back" {
	ask_for file_create path="$PWD/made" content=words >answer
	jq -e --arg p "$PWD/made" '.ok and .status == "executed" and .action.result == {bytes: 5, path: $p}' answer
	id=$(id_of <answer)
	[ "$(envpod run q -- cat "$PWD/made")" = words ]
	[ ! -e made ]
	envpod diff q | grep -q made
	envpod undo q | grep -q file_create
	envpod undo q "$(undo_id "$id")"
	refute envpod run q -- test -e "$PWD/made"
	[ -z "$(envpod diff q)" ]
	pod-audit query --json q | jq -es 'any(.event == "action_executed") and any(.event == "action_reversed")'
	[ -e "$Q/undo/$id/undo.json" ] # until its record goes
}

@test "undo is refused where the agent changed it since, and --all says what nothing takes back" {
	ask_for file_create path="$PWD/a" content=1 >answer
	id=$(id_of <answer)
	envpod run q -- sh -c "echo 2 >>$PWD/a"
	expect 3 envpod undo q "$(undo_id "$id")"
	[[ $output == *"was changed since"* ]]
	[ "$(envpod run q -- cat "$PWD/a")" = 12 ]
	envpod run q -- truncate -s 70M "$PWD/big"
	envpod actions q set-tier file_delete immediate || envpod actions q add file_delete --description d --type file_delete --tier immediate
	ask_for file_delete path="$PWD/big" >answer
	run envpod undo q --all
	[ "$status" -ne 0 ]
	[[ $output == *"more than can be kept"* ]]
}

@test "an executor of the person's own: added, approved, executed, taken back" {
	cat >"$T/note.sh" <<-'END'
	#!/bin/sh
	read -r request
	case $request in
	*'"undo"'*) rm -f note && echo '{"ok":true}' ;;
	*) echo noted >note && echo '{"ok":true,"result":{"where":"note"},"undo":{"file":"note"}}' ;;
	esac
	END
	chmod 755 "$T/note.sh"
	envpod actions q add note --description 'leave a note' --tier staged --exec "$T/note.sh"
	envpod run -b q -- sh -c "pod-queue call --wait --timeout 60 note >$PWD/said"
	wait_for 30 compgen -G "$Q/staged/*.json"
	id=$(envpod queue --json q | id_of)
	envpod approve q "$id"
	[ "$(envpod run q -- cat "$PWD/note")" = noted ]
	jq -e '.status == "executed" and .approved_by == "root"' "$Q/done/$id.json"
	envpod undo q "$(undo_id "$id")"
	refute envpod run q -- test -e "$PWD/note"
}

@test "what has long been forgotten among the ended ones can still be taken back" {
	ask_for file_create path="$PWD/a" content=1 >answer
	id=$(id_of <answer)
	undo=$(undo_id "$id")
	rm "$Q/done/$id.json"
	envpod undo q "$undo"
	refute envpod run q -- test -e "$PWD/a"
	expect 3 pod-queue reverse q "$id"
	[[ $output == *"not there any more"* ]]
	expect 2 pod-queue reverse q aaaaaaaaaaaaaaaa
	[[ $output == *"none of its"* ]]
}

@test "on record, what came out of the pod is apart from what was found out: results, reasons, names of files; params are nowhere" {
	printf '#!/bin/sh\nread -r _\necho '"'"'{"ok":true,"result":"=all is well"}'"'"'\n' >"$T/well.sh"
	printf '#!/bin/sh\nread -r _\necho '"'"'{"ok":false,"error":"blame the host"}'"'"'\n' >"$T/ill.sh"
	chmod 755 "$T"/*.sh
	envpod actions q add well --description d --tier immediate --exec "$T/well.sh"
	envpod actions q add ill --description d --tier immediate --exec "$T/ill.sh"
	ask_for well >answer
	run ask_for ill
	# by the socket: what a person runs is on record with its words
	id=$(ask "{\"type\":\"call\",\"action\":\"file_create\",\"params\":{\"path\":\"$PWD/said-by-the-pod\",\"content\":\"never-on-record\"}}" | id_of)
	wait_for 30 test -e "$Q/done/$id.json"
	envpod commit q
	pod-audit export --format ocsf q >"$T/out"
	word() { jq -c "select(.metadata.event_code == \"$1\") | .unmapped.$2" "$T/out" | head -n1; }
	[ "$(word action_executed pods_word)" = '{"said":"\"=all is well\""}' ]
	[ "$(word action_failed pods_word.reason)" = '"blame the host"' ]
	[ "$(word action_failed members.reason)" = null ]
	word commit pods_word.paths | grep -q said-by-the-pod
	[ "$(word commit members.paths)" = null ]
	[ "$(word action_executed members.action)" = '"well"' ]
	refute grep -q never-on-record "$T/out"
	pod-audit query --event action_failed q | grep -qF 'reason~="blame the host"'
}

@test "in a pod that is frozen nothing is taken back, until it goes on" {
	ask_for file_create path="$PWD/a" content=1 >answer
	id=$(id_of <answer)
	envpod run -b q -- sh -c "echo >$PWD/up; sleep 1000"
	# the command itself: those that are to become it have its words, too
	wait_for 30 pgrep -fx "sh -c echo >$PWD/up; sleep 1000"
	envpod lock q
	expect 75 envpod undo q "$(undo_id "$id")"
	envpod unlock q
	envpod undo q "$(undo_id "$id")"
	refute envpod run q -- test -e "$PWD/a"
}

@test "in a view that is minimal, without any run alive, and in a pod whose user has no name" {
	printf '%s\n' "network: {mode: None}" "queue: {socket: yes}" "filesystem: {view: minimal, mount_cwd: true}" "user: '4711'" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" bare || not_here "no such users"
	chmod 777 .
	pod-supervise helpers --set govern start bare
	SOCK=$ENVPOD_RUN_DIR/bare/queue/sock
	id=$(ask "{\"type\":\"call\",\"action\":\"file_create\",\"params\":{\"path\":\"$PWD/f\"}}" | id_of)
	wait_for 30 test -e "$ENVPOD_STATE_DIR/pods/bare/queue/done/$id.json"
	jq -e '.status == "executed"' "$ENVPOD_STATE_DIR/pods/bare/queue/done/$id.json"
	pod-supervise helpers --set govern stop bare
}

@test "an http action of a pod that has no network fails, and says so" {
	govern
	id=$(ask '{"type":"call","action":"http_get","params":{"url":"http://127.0.0.1/"}}' | id_of)
	wait_for 20 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("has no network"))' "$Q/done/$id.json"
	# Where something runs, it has a loopback, and nobody there.
	envpod run q -- pod-queue call --wait --timeout 60 http_get url=http://127.0.0.1:9/ >said || true
	jq -e '.status == "failed"' said
	grep -q 'connect' said
}
