#!/usr/bin/env bats
# What pod-audit promises.  Formats: envpod-audit(5), envpod-event(5).
# pod-audit-standin.bats is this file again, for a program that is not ours.
load contract
export ENVPOD_EVENTS=forged # events here are of the tests' own making

setup()
{
	contract_setup pod-audit
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	AUDIT=$ENVPOD_STATE_DIR/pods/web/audit
	LOG=$AUDIT/000001.jsonl
}
teardown()
{
	[ -z "${FOLLOWER:-}" ] || kill "$FOLLOWER" 2>/dev/null || true
	envpod_teardown
}

events()
{
	for ((i = 1; i <= $1; i++)); do
		printf '{"src":"test","event":"step","n":%d}\n' "$i"
	done
}
seqs() { "$TOOL" query --json "$@" | jq -r .seq | tr '\n' ' '; }

@test "append: events on standard input become lines of POD's newest segment, silently" {
	run "$TOOL" append web < <(events 3)
	[ "$status" = 0 ]
	[ -z "$output" ]
	[ "$(jq -c '[.v,.pod,.src,.event,.n,.seq]' "$LOG" | tr '\n' ' ')" = '[1,"web","test","step",1,1] [1,"web","test","step",2,2] [1,"web","test","step",3,3] ' ]
}

@test "append: the first keys are v, ts, pod, src, event, the last seq and chain, and perhaps a seal" {
	"$TOOL" append --sync web <<<'{"x":1,"event":"e","src":"s"}'
	[ "$(jq -c 'keys_unsorted - ["seal"]' "$LOG")" = '["v","ts","pod","src","event","x","seq","chain"]' ]
	jq -e '.ts | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z$")' "$LOG"
}

@test "append: the chain is BLAKE2b-256 over the previous chain, a newline, the line without its own" {
	local prev body
	events 2 | "$TOOL" append web
	prev=$(printf '%064d' 0)
	while IFS= read -r line; do
		body=$(sed 's/,"chain":"[0-9a-f]*".*}$/}/' <<<"$line")
		prev=$(printf '%s\n%s' "$prev" "$body" | b2sum -l 256 | cut -d' ' -f1)
		[ "$prev" = "$(jq -r .chain <<<"$line")" ]
	done <"$LOG"
}

@test "append: seq and chain of the input are dropped, ts is kept" {
	"$TOOL" append web <<<'{"src":"s","event":"e","ts":"2026-01-02T03:04:05Z","seq":9,"chain":"00"}'
	[ "$(jq -c '[.ts,.seq]' "$LOG")" = '["2026-01-02T03:04:05Z",1]' ]
}

@test "append: status 2 at the first line that is no event of this pod; those before it are kept" {
	local bad
	for bad in '[]' 'x' '{"src":"a"}' '{"event":"b"}' '{"src":"a","event":"b","pod":"other"}' '{"src":"a","event":"b","v":2}'; do
		rm -rf "$AUDIT"
		run "$TOOL" append web < <(events 1; echo "$bad"; events 1)
		[ "$status" = 2 ]
		[[ $output == *"line 2"* ]]
		[ "$(wc -l <"$LOG")" = 1 ]
	done
}

@test "append: a torn line at the end is cut off, the chain goes on" {
	events 2 | "$TOOL" append web
	printf '{"v":1' >>"$LOG"
	events 1 | "$TOOL" append web
	[ "$(jq -r .seq "$LOG" | tr '\n' ' ')" = "1 2 3 " ]
	"$TOOL" verify web
}

@test "append: writers take turns by flock on audit/lock" {
	local jobs=()
	local n
	"$TOOL" append web </dev/null
	for n in 1 2 3; do
		events 5 | "$TOOL" append web &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(wc -l <"$LOG")" = 15 ]
	"$TOOL" verify web
	exec 8>>"$AUDIT/lock"
	flock 8
	"$TOOL" append web <<<'{"src":"s","event":"late"}' 8>&- 3>&- &
	[ "$(wc -l <"$LOG")" = 15 ]
	flock -u 8
	exec 8>&-
	wait $!
	[ "$(wc -l <"$LOG")" = 16 ]
}

@test "append: no such pod 2, no name of a pod 64, wrong usage 64" {
	expect 2 "$TOOL" append nosuch </dev/null
	expect 64 "$TOOL" append 'no/../name!' </dev/null || expect 2 "$TOOL" append 'no/../name!' </dev/null
	expect 64 "$TOOL" append </dev/null
	expect 64 "$TOOL" append --what web </dev/null
}

sample()
{
	"$TOOL" append web <<-'END'
		{"ts":"2026-01-01T00:00:00Z","src":"exec","event":"run_start","argv":["make"]}
		{"ts":"2026-01-02T00:00:00Z","src":"mount","event":"commit","paths":3}
		{"ts":"2026-01-03T00:00:00Z","src":"exec","event":"run_end","status":0}
	END
}

@test "query --json: the lines as they are stored" {
	sample
	"$TOOL" query --json web | cmp - "$LOG"
}

@test "query: text for people, a heading and a row an event, control bytes of strings escaped" {
	sample
	"$TOOL" append web <<<'{"src":"s","event":"e","x":"a\u001b[31m\nb"}'
	[ "$("$TOOL" query web | wc -l)" = 5 ]
	[ "$("$TOOL" query web | tr -cd '\033' | wc -c)" = 0 ]
}

@test "query --event, --src (each may be given again), --since, --until, -n" {
	sample
	[ "$(seqs --event commit web)" = "2 " ]
	[ "$(seqs --event commit --event run_end web)" = "2 3 " ]
	[ "$(seqs --src exec web)" = "1 3 " ]
	[ "$(seqs --src exec --event commit web)" = "" ]
	[ "$(seqs --since 2026-01-02T00:00:00Z web)" = "2 3 " ]
	[ "$(seqs --until 2026-01-02T00:00:00Z web)" = "1 " ]
	[ "$(seqs --since 1h web)" = "" ]
	[ "$(seqs -n 2 web)" = "2 3 " ]
	expect 64 "$TOOL" query --since sometime web
	expect 64 "$TOOL" query --what web
	expect 2 "$TOOL" query nosuch
}

@test "query --where: a jq program; 64 when it does not compile, 78 when it fails on an event" {
	sample
	[ "$(seqs --where '.paths > 2' web)" = "2 " ]
	[ "$(seqs --where '.argv' web)" = "1 " ]
	[ "$(seqs --where empty web)" = "" ]
	expect 64 "$TOOL" query --where '.a b' web
	expect 78 "$TOOL" query --where '.src + 1' web
}

@test "query -: a filter" {
	sample
	[ "$("$TOOL" query --json --event commit - <"$LOG" | jq .seq)" = 2 ]
}

@test "query, verify --archive NAME, DIR: logs of pods that are gone" {
	sample
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260104T000000Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260104T000000Z/audit"
	[ "$(seqs --archive web-20260104T000000Z)" = "1 2 3 " ]
	[ "$(seqs "$ENVPOD_STATE_DIR/archive/web-20260104T000000Z")" = "1 2 3 " ]
	"$TOOL" verify --archive web-20260104T000000Z
	"$TOOL" verify "$ENVPOD_STATE_DIR/archive/web-20260104T000000Z/audit"
}

@test "verify: 0 and the head; 1 and SEGMENT:LINE: of the first bad line" {
	sample
	run "$TOOL" verify web
	[ "$status" = 0 ]
	[[ $output == *"3:$(tail -n1 "$LOG" | jq -r .chain)"* ]]
	run "$TOOL" verify --json web
	[ "$(jq -c '[.ok,.lines,.seq,(.chain|length)]' <<<"$output")" = '[true,3,3,64]' ]
	cp "$LOG" "$T/whole"
	for change in '2s/3/4/' 2d 2p '1{h;d};2{p;x}' '3s/..$//'; do
		sed "$change" "$T/whole" >"$LOG"
		run "$TOOL" verify web
		echo "$change: $status $output"
		[ "$status" = 1 ]
		[[ $output == 000001.jsonl:[123]:\ * ]]
		run "$TOOL" verify --json web
		[ "$status" = 1 ]
		[ "$(jq -c '[.ok,.segment,(.line|type),(.reason|type)]' <<<"$output")" = '[false,"000001.jsonl","number","string"]' ]
		run "$TOOL" verify - <"$LOG"
		[ "$status" = 1 ]
	done
	head -c -1 "$T/whole" >"$LOG"
	expect 1 "$TOOL" verify web
}

@test "verify: a log of another pod" {
	sample
	mkdir "$ENVPOD_STATE_DIR/pods/api"
	cp -r "$AUDIT" "$ENVPOD_STATE_DIR/pods/api/"
	expect 1 "$TOOL" verify api
}

@test "follow --json: what is there, then what comes, until SIGTERM" {
	sample
	"$TOOL" follow --json --src exec web >"$T/out" 3>&- &
	FOLLOWER=$!
	wait_for 10 followed 2
	"$TOOL" append web <<<'{"src":"mount","event":"e"}'
	"$TOOL" append web <<<'{"src":"exec","event":"e"}'
	wait_for 10 followed 3
	kill -TERM "$FOLLOWER"
	wait "$FOLLOWER" || [ $? = 143 ]
	FOLLOWER=
}
followed() { [ "$(wc -l <"$T/out")" = "$1" ]; }

@test "doctor --json: one check a line" {
	"$TOOL" doctor --json | objects name group status message hint
	"$TOOL" doctor
}

@test "no word, a wrong word: 64" {
	expect 64 "$TOOL" nosuchword web
}
