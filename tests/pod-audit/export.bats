#!/usr/bin/env bats
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	pod_dir web
}
teardown() { envpod_teardown; }

sample()
{
	pod-audit append web <<-'END'
		{"ts":"2026-01-01T00:00:00.25Z","src":"exec","event":"run_start","argv":["make","all tests"],"user":"alice","uid":1000}
		{"ts":"2026-01-02T00:00:00Z","src":"dns","event":"dns_denied","type":"A","decision":"deny","rcode":"NXDOMAIN","name":"evil.example"}
		{"ts":"2026-01-03T00:00:00Z","src":"mine","event":"step","n":1}
		{"ts":"2026-01-04T00:00:00Z","src":"queue","event":"action_executed","id":"A","action":"push","by":"agent","said":"=1+1,\"\r\n"}
	END
}

# One event of each row of the table: FILLED with every member, or bare.
of_each()
{
	pod-audit events --json | jq -c --arg filled "$1" '
		{string: "x", number: 7, bool: true, list: ["a", "b c"]} as $value |
		{v: 1, ts: "2026-01-01T00:00:00Z", pod: "web", src, event} +
		if $filled == "" then {} else
			[.fields[] | {key: (if .name == "*" then "any.key" else .name end), value: $value[.type]}] | from_entries
		end' | pod-audit append web
}

valid_ocsf() { python3 "$BATS_TEST_DIRNAME/ocsf.py" "$BATS_TEST_DIRNAME/ocsf-1.3.json"; }

# rows: of CSV on standard input, as NDJSON, by somebody else's reader.
rows()
{
	python3 -c 'import csv, json, sys
for row in csv.DictReader(open(sys.argv[1], newline=""), strict=True):
    print(json.dumps(row))' "$1"
}

@test "ndjson: the very lines of the log, so that verify reads them" {
	sample
	pod-audit export --format ndjson web | cmp - "$LOG"
	pod-audit export --format ndjson web | pod-audit verify -
}

@test "csv: read by another reader, every event is what it was" {
	sample
	pod-audit export --format csv web >"$T/out.csv"
	rows "$T/out.csv" >"$T/rows"
	[ "$(wc -l <"$T/rows")" = 4 ]
	[ "$(jq -r '"\(.time) \(.pod) \(.seq) \(.src) \(.event) \(.severity) \(.outcome)"' "$T/rows" | tr '\n' ,)" = \
		"2026-01-01T00:00:00.25Z web 1 exec run_start info done,2026-01-02T00:00:00Z web 2 dns dns_denied low refused,2026-01-03T00:00:00Z web 3 mine step  ,2026-01-04T00:00:00Z web 4 queue action_executed low done," ]
	# all members, the pod's word apart
	[ "$(jq -rc '.members | fromjson | keys' "$T/rows" | head -n2 | tr '\n' ' ')" = '["argv","uid"] ["decision","rcode"] ' ]
	[ "$(jq -rc '.pods_word | fromjson' "$T/rows" | sed -n 2p)" = '{"name":"evil.example","type":"A"}' ]
	[ "$(jq -r '.pods_word | fromjson | .said' "$T/rows" | sed -n 4p)" = "$(printf '=1+1,"\r')" ]
	[ "$(jq -r .chain "$T/rows")" = "$(jq -r .chain "$LOG")" ]
	# RFC 4180: CRLF behind each record
	[ "$(grep -c $'\r$' "$T/out.csv")" = 5 ]
	[ "$(wc -l <"$T/out.csv")" = 5 ]
}

@test "csv: no field is a formula" {
	{ sample; } && cat "$LOG" >"$T/in"
	echo '{"v":1,"ts":"=now()","pod":"+web","src":"-cmd","event":"@x","chain":"\tcmd","seq":1,"=a":"=b"}' >>"$T/in"
	pod-audit export --format csv - <"$T/in" >"$T/out.csv"
	rows "$T/out.csv" >"$T/rows"
	[ -z "$(jq -c '.[] | select(test("^[=+@\t\r-]"))' "$T/rows")" ]
	[ "$(jq -r .src "$T/rows" | tail -n1)" = "'-cmd" ]
}

@test "ocsf: an event of each kind in the table is valid, with all members, with none" {
	of_each filled
	of_each ""
	pod-audit export --format ocsf web >"$T/out"
	[ "$(wc -l <"$T/out")" = "$(($(pod-audit events --json | wc -l) * 2))" ]
	valid_ocsf <"$T/out"
	# the check checks
	jq -c 'del(.metadata.product.vendor_name)' "$T/out" | refute valid_ocsf >/dev/null
	jq -c '.colour = 1' "$T/out" | refute valid_ocsf >/dev/null
	jq -c 'del(.process, .entity, .query)' "$T/out" | refute valid_ocsf >/dev/null
}

@test "ocsf: class, activity, severity, outcome and time are the event's" {
	sample
	pod-audit export --format ocsf web >"$T/out"
	valid_ocsf <"$T/out"
	[ "$(jq -r '"\(.class_uid) \(.activity_id) \(.severity) \(.status) \(.time)"' "$T/out" | tr '\n' ,)" = \
		"1007 1 Informational Success 1767225600250,4003 6 Low Failure 1767312000000,0 99 Unknown Unknown 1767398400000,6003 99 Low Success 1767484800000," ]
	[ "$(jq -r '.process.cmd_line // .query.hostname // .api.operation // .activity_name' "$T/out" | tr '\n' ,)" = "make 'all tests',evil.example,step,push," ]
	[ "$(jq -c .unmapped.pods_word "$T/out" | sed -n 2p)" = '{"name":"evil.example","type":"A"}' ]
	[ "$(jq -r .unmapped.members.said "$T/out" | tail -n1)" = null ]
	[ "$(jq -r .metadata.uid "$T/out")" = "$(jq -r .chain "$LOG")" ]
}

@test "ocsf: methods of HTTP are activities" {
	for method in GET PATCH BREW; do
		echo "{\"src\":\"proxy\",\"event\":\"http_request\",\"name\":\"a.example\",\"method\":\"$method\",\"path\":\"/\",\"status\":200}"
	done | pod-audit append web
	pod-audit export --format ocsf web >"$T/out"
	valid_ocsf <"$T/out"
	[ "$(jq -r '"\(.activity_id) \(.activity_name)"' "$T/out" | tr '\n' ,)" = "3 Get,9 Patch,99 http_request," ]
}

# Members of another type than they should have, from wherever such a line came.
@test "hostile members: what comes out is still valid OCSF, and CSV" {
	pod-audit events --json | jq -c '
		("\u0000\u001b[31m\u2028\ud83d\ude00" + "x" * 300) as $odd |
		{v: 1, ts: "2026-01-01T00:00:00Z", pod: "web", src, event, chain: 5, seq: "x"} as $frame |
		([.fields[].name] | map({key: ., value: null}) | from_entries) as $m |
		range(5) as $i | $frame + ($m | map_values([$odd, -1e300, [1, null, [$odd]], {"a": {"b": []}}, ""][$i])),
		{src, event, ts: "yesterday", pod: 5, seq: -1e99, port: 99999, status: -5, answers: [1, "1.2.3.4", {}]}' >"$T/in"
	pod-audit export --format ocsf - <"$T/in" >"$T/out"
	[ "$(wc -l <"$T/out")" = "$(wc -l <"$T/in")" ]
	valid_ocsf <"$T/out"
	pod-audit export --format csv - <"$T/in" >"$T/out.csv"
	[ "$(rows "$T/out.csv" | wc -l)" = "$(wc -l <"$T/in")" ]
}

@test "the selection is query's: name, source, time, jq program, the last, the archive, follow" {
	sample
	seqs() { pod-audit export --format ndjson "$@" | jq -r .seq | tr '\n' ' '; }
	[ "$(seqs --event run_start web)" = "1 " ]
	[ "$(seqs --src dns --src mine web)" = "2 3 " ]
	[ "$(seqs --since 2026-01-02 --until 2026-01-04 web)" = "2 3 " ]
	[ "$(seqs --where '.n == 1' web)" = "3 " ]
	[ "$(seqs -n 2 web)" = "3 4 " ]
	expect 78 pod-audit export --format csv --where '.src + 1' web
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	cp -r "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	[ "$(seqs --archive web-20260102T030405Z)" = "1 2 3 4 " ]
	pod-audit export --format csv --follow web >"$T/out" & follower=$!
	pod-audit append web <<<'{"src":"mine","event":"late"}'
	wait_for 10 grep -q '"late"' "$T/out"
	kill "$follower"
}

@test "lines that are no events are left out, said, and end in 2; a format must be said, and known" {
	sample
	{ cat "$LOG"; echo junk; } >"$T/in"
	run --separate-stderr pod-audit export --format ocsf - <"$T/in"
	[ "$status" = 2 ]
	[ "${#lines[@]}" = 4 ]
	# shellcheck disable=SC2154
	[[ $stderr == *"-:5: not an event"* ]]
	expect 64 pod-audit export web
	[[ $output == *"ndjson, csv or ocsf"* ]]
	expect 64 pod-audit export --format xml web
	expect 2 pod-audit export --format csv nosuch
	run bash -c 'pod-audit export --format csv web >/dev/full'
	[ "$status" = 2 ]
}

@test "fifty thousand events: appended, verified, queried, exported, none lost" {
	seq 50000 | sed 's/.*/{"src":"exec","event":"run_end","status":0,"duration_ms":&,"oom":false}/' | pod-audit append web
	pod-audit verify web
	[ "$(pod-audit query --json --where '.duration_ms % 1000 == 0' web | wc -l)" = 50 ]
	pod-audit export --format ndjson web | cmp - "$LOG"
	[ "$(pod-audit export --format csv web | wc -l)" = 50001 ]
	pod-audit export --format ocsf web >"$T/out"
	[ "$(wc -l <"$T/out")" = 50000 ]
	sed -n '1p;25000p;$p' "$T/out" | valid_ocsf
	[ "$(tail -n1 "$T/out" | jq .duration)" = 50000 ]
}
