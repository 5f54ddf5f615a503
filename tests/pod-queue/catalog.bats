#!/usr/bin/env bats
# actions.json: which actions there are, by command and by hand.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	make_pod
	executor x true
}
teardown() { envpod_teardown; }

entry() { envpod actions -j q | jq -es "map(select(.name == \"$1\")) | length == 1 and (.[0] | $2)"; }

@test "every type is there, with the tier and parameters of the table" {
	[ "$(envpod actions -j q | wc -l)" = 22 ]
	entry http_get '.tier == "immediate" and [.params[] | select(.required).name] == ["url"]'
	entry file_delete '.tier == "delayed"'
	entry git_commit '.tier == "staged" and [.params[].name] == ["message", "paths", "working_dir"]'
	# No agent can ask for a commit: that is a person's command.
	refute entry commit true
	envpod actions q | grep -q '^http_post  *staged'
}

@test "add, remove, set-tier: at once, and on record" {
	govern
	envpod actions q add look --description 'look around' --param path:text:required --param n --exec x.sh --config a=b
	entry look '.tier == "staged" and .action_type == "custom" and .config == {"a": "b"}'
	[ "$(stat -c '%a %u' "$D/actions/look")" = '755 0' ]
	ask '{"type":"call","action":"look","params":{"path":"x"}}' | jq -e '.status == "queued"'
	envpod actions q set-tier look blocked
	ask '{"type":"call","action":"look","params":{"path":"x"}}' | jq -e '.error == "blocked"'
	envpod actions q set-tier file_create blocked
	ask '{"type":"call","action":"file_create","params":{"path":"/x"}}' | jq -e '.error == "blocked"'
	envpod actions q remove look
	[ ! -e "$D/actions/look" ]
	ask '{"type":"call","action":"look","params":{"path":"x"}}' | jq -e '.error == "unknown_action"'
	has_event actions_add && has_event actions_remove && has_event actions_tier 2
}

@test "an action of a type takes what it lists of the type's parameters, and nothing else" {
	govern
	envpod actions q add note --type http_post --description note --tier immediate --param url --param body:required --config base_url=https://example.com
	entry note '[.params[] | select(.required).name] == ["url", "body"]'
	ask '{"type":"list_actions"}' | jq -e '.actions[] | select(.name == "note") | .config == {} and .tier == "immediate"'
	ask '{"type":"call","action":"note","params":{"url":"x","body":"y","headers":{}}}' | jq -e '.error == "bad_params" and (.message | contains("headers"))'
	ask '{"type":"call","action":"note","params":{"url":"x"}}' | jq -e '.error == "bad_params" and (.message | contains("body"))'
	expect 78 envpod actions q add other --type http_post --description x --param nothing
	expect 78 envpod actions q add other --type http_post --description x --param body
}

@test "what makes no sense is refused, and nothing changes" {
	expect 64 envpod actions q add x
	expect 64 envpod actions q add x --description x
	expect 64 envpod actions q add ../x --description x --exec x.sh
	expect 64 envpod actions q add x --description x --exec x.sh --tier now
	expect 64 envpod actions q add x --description x --type nothing
	expect 64 envpod actions q add x --description x --type commit
	expect 64 envpod actions q add x --description x --exec x.sh --param 'a b'
	expect 64 envpod actions q add x --description x --exec x.sh --param a:colour
	expect 64 envpod actions q add x --description x --exec x.sh --config a
	expect 2 envpod actions q add x --description x --exec "$T/none"
	expect 2 envpod actions q remove x
	expect 2 envpod actions q remove http_get
	expect 2 envpod actions q set-tier x staged
	expect 64 envpod actions q set-tier http_get now
	[ ! -e "$D/actions.json" ]
	envpod actions q add x --description x --exec x.sh
	expect 3 envpod actions q add x --description x --exec x.sh
}

@test "written by hand: what is wrong is said with its place, to the agent too" {
	govern
	printf '[\n{"name": "a", "description": "x",}\n]\n' >"$D/actions.json"
	expect 78 envpod actions q
	[[ $output == *"actions.json:2:"* ]]
	ask '{"type":"list_actions"}' | jq -e '.ok == false and (.message | contains("actions.json:2:"))'
	ask '{"type":"call","action":"http_get","params":{"url":"x"}}' | jq -e '.ok == false'
	echo '[{"name":"a","tires":"staged"}]' >"$D/actions.json"
	expect 78 envpod actions q
	[[ $output == *"unknown key"* ]]
	printf '[{"name":"h\\u00e9","tier":"staged"}]' >"$D/actions.json"
	expect 78 envpod actions q
	echo '[{"name":"file_write","tier":"immediate","action_type":"http_get"},{"name":"file_write"}]' >"$D/actions.json"
	expect 78 envpod actions q
	[[ $output == *"two actions of one name"* ]]
	echo '[{"name":"file_delete","tier":"blocked"}]' >"$D/actions.json"
	ask '{"type":"call","action":"file_delete","params":{"path":"x"}}' | jq -e '.error == "blocked"'
}

@test "an executor that somebody else can write is none" {
	govern
	envpod actions q add look --description x --exec x.sh
	chmod 777 "$D/actions/look"
	ask '{"type":"call","action":"look","params":{}}' | jq -e '.ok == false and (.message | contains("nobody else can write"))'
	chmod 755 "$D/actions/look"
	chown 1000 "$D/actions/look"
	ask '{"type":"call","action":"look","params":{}}' | jq -e '.ok == false'
}
