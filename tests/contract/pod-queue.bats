#!/usr/bin/env bats
# What pod-queue promises in words, files and statuses.  What it does: tests/pod-queue.
load contract

setup()
{
	need root
	contract_setup pod-queue
	pod web "network: {mode: None}"
}
teardown() { envpod_teardown; }

@test "a pod that is not there, an action that is not there, words that are none" {
	expect 2 "$TOOL" queue nosuch
	expect 2 "$TOOL" approve web aaaa
	expect 2 "$TOOL" deny web aaaa
	expect 2 "$TOOL" cancel web aaaa
	expect 2 "$TOOL" queue web show aaaa
	expect 64 "$TOOL" queue web drop
	expect 64 "$TOOL" actions web drop x
	expect 64 "$TOOL" approve web
	expect 64 "$TOOL" serve
	expect 64 "$TOOL" serve --ready-fd 77 web
	expect 2 "$TOOL" execute web aaaaaaaaaaaaaaaa
	expect 64 "$TOOL" execute web ../x
	expect 64 "$TOOL" govern --digest x web snapshot -- x
}

@test "queue add: an id, a file in the place of its tier, which show prints" {
	id=$("$TOOL" queue web add --description 'a word')
	[ "$id" = "$(tr -cd a-z2-7 <<<"$id")" ]
	[ ${#id} = 16 ]
	file=$ENVPOD_STATE_DIR/pods/web/queue/staged/$id.json
	[ "$(stat -c %a "$file")" = 600 ]
	"$TOOL" queue web show "$id" | cmp - "$file"
	jq -e '.v == 1 and .name == "request" and .params == {"description": "a word"}' "$file"
	"$TOOL" queue --json web | cmp - "$file"
	pod-supervise helpers --set govern stop web
}

@test "outside of a pod the words for inside one say so" {
	ENVPOD_QUEUE_SOCKET=$T/none expect 2 "$TOOL" list
	[[ $output == *"queue.socket: yes"* ]]
}
