#!/usr/bin/env bats
# The main path: an agent asks, a person answers.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
}
teardown() { envpod_teardown; }

@test "an agent in a pod asks, waits, and gets its answer" {
	stand_in
	make_pod
	executor look 'echo "{\"ok\":true}"'
	envpod actions q add look --description 'look around' --tier staged --param path:text:required --exec look.sh
	envpod run q -- pod-queue call --wait --timeout 60 look path=/x >answer &
	local job=$!
	wait_for 10 compgen -G "$Q/staged/*.json"
	id=$(envpod queue --json q | id_of)
	envpod approve q "${id:0:5}" | tee said
	grep -q "^look $id: executed" said
	wait "$job"
	jq -e --arg id "$id" '.ok and .id == $id and .status == "executed" and .action.params == {"path": "/x"} and .action.result == {"ok": 1}' answer
	is_in done "$id"
	[ "$(cat executed)" = "$id" ]
	[ "$(pod-audit query --json q | jq -r 'select(.src == "queue" and .id) | .event' | tr '\n' ' ')" = "action_submitted action_approved action_started " ]
	events action_approved | jq -e '.by == "root" and .scope == "once"'
	# The agent sees nothing of who approved.
	refute grep -q approved_by answer
}

@test "the agent's commands and socket are in every view, and nothing there can be changed" {
	make_pod 'filesystem: {view: minimal}'
	envpod run q -- sh -c 'pod-queue actions | grep -q http_get && [ -S /run/envpod/queue.sock ] && pod-queue submit "a word" && ! rm /run/envpod/queue/sock && ! touch /run/envpod/custom/x /run/envpod/bin/x'
	envpod queue --json q | jq -e '.type == "request" and .params.description == "a word" and .by == "agent"'
}

@test "without queue.socket there is neither socket nor daemon" {
	printf 'network: {mode: None}\n' >pod.yaml
	envpod init -c pod.yaml q
	envpod run q -- sh -c '[ ! -e /run/envpod/queue.sock ]'
	[ ! -e "$ENVPOD_RUN_DIR/q/govern" ]
}

@test "tiers: immediate now, delayed when due, staged when approved, blocked never" {
	stand_in
	make_pod
	executor x 'true'
	for tier in immediate delayed staged blocked; do
		envpod actions q add "$tier" --description "$tier" --tier "$tier" --delay 1 --param n --exec x.sh
	done
	govern
	now=$(ask '{"type":"call","action":"immediate","params":{"n":1}}' | id_of)
	wait_for 10 is_in done "$now"
	later=$(ask '{"type":"call","action":"delayed","params":{"n":1}}' | id_of)
	jq -e '(.due | fromdate) == (.created | fromdate) + 1' "$Q"/*/"$later".json
	staged=$(ask '{"type":"call","action":"staged","params":{"n":1}}' | id_of)
	is_in staged "$staged"
	ask '{"type":"call","action":"blocked","params":{"n":1}}' | tee answer
	jq -e '.ok == false and .error == "blocked" and .status == "blocked"' answer
	is_in denied "$(id_of <answer)"
	has_event action_blocked
	wait_for 10 is_in done "$later"
	is_in staged "$staged"
	[ "$(cat executed)" = "$now"$'\n'"$later" ]
}

@test "what is wrong with a request is said, and nothing comes of it" {
	make_pod
	envpod actions q add look --description x --tier staged --param path:text:required --param n:number --type custom --exec /bin/true
	govern
	local error request answer
	while read -r error request; do
		printf '%s\n' "$error" >>errors
		printf '%s\n' "$request" >>requests
	done <<-'END'
	bad_request nonsense
	bad_request {"type":"call"}
	bad_request {"type":"fly"}
	bad_request {"type":"call","action":"look","parms":{}}
	bad_request {"type":"call","action":"../look"}
	bad_request {"type":"call","action":"look","params":[1]}
	bad_request {"type":"call","action":"look","params":{"a":1,"a":2}}
	bad_request {"type":"call","action":"look","params":{"a":"\ud800"}}
	bad_request {"type":"poll","id":"../../etc/passwd"}
	bad_request {"type":"poll"}
	bad_request {"type":"wait","id":"aaaaaaaaaaaaaaaa","timeout":99999}
	bad_request {"type":"submit","description":"x","tier":"now"}
	bad_request {"type":"submit"}
	bad_request {"type":"call","action":"look","key":"a b","params":{}}
	bad_params {"type":"call","action":"look"}
	bad_params {"type":"call","action":"look","params":{"path":1}}
	bad_params {"type":"call","action":"look","params":{"path":"x","n":"1"}}
	bad_params {"type":"call","action":"look","params":{"path":"x","other":1}}
	unknown_action {"type":"call","action":"lock","params":{}}
	not_found {"type":"poll","id":"aaaaaaaaaaaaaaaa"}
	not_found {"type":"cancel","id":"aaaaaaaaaaaaaaaa"}
	END
	"$TOP/tests/pod-queue/ask.py" "$SOCK" <requests >answers
	jq -es 'all(.ok == false and .message)' answers
	diff errors <(jq -r .error answers)
	[ -z "$(envpod queue --all --json q)" ]
}

@test "deny tells the agent why; cancel takes back; what has ended stays as it is" {
	make_pod
	govern
	a=$(ask '{"type":"submit","description":"a"}' | id_of)
	b=$(ask '{"type":"submit","description":"b"}' | id_of)
	c=$(ask '{"type":"submit","description":"c"}' | id_of)
	envpod deny q "$a" --reason 'ask again tomorrow'
	ask '{"type":"poll","id":"'"$a"'"}' | jq -e '.status == "denied" and (.message | contains("tomorrow"))'
	events action_denied | jq -e '.by == "root" and (.reason | contains("tomorrow"))'
	envpod cancel q "$b"
	ask '{"type":"poll","id":"'"$b"'"}' | jq -e '.status == "cancelled"'
	ask '{"type":"cancel","id":"'"$c"'"}' | jq -e '.ok and .status == "cancelled"'
	for id in "$a" "$b" "$c"; do
		expect 3 envpod approve q "$id"
		expect 3 envpod deny q "$id"
		expect 3 envpod cancel q "$id"
	done
	expect 2 envpod deny q zzzz
	has_event action_cancelled 2
}

@test "nobody answers in time: denied" {
	make_pod '' 'timeout: 1'
	govern
	id=$(ask '{"type":"submit","description":"a"}' | id_of)
	ask '{"type":"wait","id":"'"$id"'","timeout":20}' | jq -e '.status == "denied" and (.message | contains("in time"))'
	has_event action_denied
}

@test "a person adds actions, too: in words, or of the catalog" {
	make_pod
	id=$(envpod queue q add --description 'think of it' --tier staged)
	envpod status --json q | jq -e '.actions_waiting == 1'
	envpod status q | grep -q '^actions_waiting *1 (envpod queue q)'
	envpod queue q show "${id:0:6}" | jq -e '.by == "root" and .type == "request"'
	id=$(envpod queue q add --description $'a\xe2\x80\xaeb\xc2\x9bc')
	envpod queue q show "$id" | grep -F 'a\u202eb\u009bc' | jq -e '.params.description == "a\u202eb\u009bc"'
	expect 64 envpod queue q add
	expect 64 envpod queue q add --action nothing
	expect 64 envpod queue q add --action snapshot --params '{"nom":"x"}'
	expect 64 envpod queue q add --description x --tier now
	id=$(envpod queue q add --action snapshot --params '{"name":"first"}')
	wait_for 10 is_in done "$id"
	envpod snapshot q ls | grep -q first
	jq -e '.status == "executed" and .result.exit_status == 0' "$Q/done/$id.json"
	# A governed command that fails says so.
	id=$(envpod queue q add --action snapshot --params '{"name":"first"}')
	wait_for 10 is_in done "$id"
	jq -e '.status == "failed" and .result.exit_status != 0' "$Q/done/$id.json"
}
