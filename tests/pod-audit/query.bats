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
		{"ts":"2026-01-01T00:00:00Z","src":"exec","event":"run_start","argv":["make","all tests"]}
		{"ts":"2026-01-02T00:00:00.5Z","src":"mount","event":"commit","paths":3}
		{"ts":"2026-01-03T00:00:00+02:00","src":"exec","event":"run_end","status":0}
		{"ts":"2026-01-04T00:00:00Z","src":"exec","event":"run_start","argv":["ls"]}
	END
}

# ns ARGUMENT...: the seq of each event that query prints.
seqs()
{
	pod-audit query --json "$@" | jq -r .seq | tr '\n' ' '
}

@test "text: a row an event, everything the event says in it" {
	sample
	expect 0 pod-audit query web
	[ "${lines[0]%% *}" = TIME ]
	[[ ${lines[1]} == "2026-01-01T00:00:00Z "*" exec "*" run_start "*'argv=[make "all tests"]' ]]
	[[ ${lines[2]} == "2026-01-02T00:00:00Z "*" paths~=3" ]] # of files that the pod named
	[ ${#lines[@]} = 5 ]
}

@test "hostile strings are escaped in text" {
	printf '%s\n' '{"src":"a","event":"b","path":"\u001b[31mred\nline\u009b2J","k\u001by":"x"}' | pod-audit append web
	pod-audit query web >"$T/out"
	refute grep -qP '[\x00-\x08\x0b-\x1f]' "$T/out"
	grep -qF '\x1b[31mred' "$T/out"
	[ "$(wc -l <"$T/out")" = 2 ]
}

@test "json: the very lines of the log, so that verify reads them" {
	sample
	pod-audit query --json web | cmp - "$LOG"
	pod-audit query --json web | pod-audit verify -
}

@test "by name, by source, and both" {
	sample
	[ "$(seqs --event commit web)" = "2 " ]
	[ "$(seqs --event commit --event run_end web)" = "2 3 " ]
	[ "$(seqs --src exec web)" = "1 3 4 " ]
	[ "$(seqs --src exec --event run_end web)" = "3 " ]
	[ "$(seqs --event run web)" = "" ]
	[ "$(seqs --event nosuch web)" = "" ]
}

@test "by time: from is inside, until is not, zones count" {
	sample
	[ "$(seqs --since 2026-01-02 web)" = "2 3 4 " ]
	[ "$(seqs --since 2026-01-02T00:00:00.5Z web)" = "2 3 4 " ]
	[ "$(seqs --until 2026-01-02T00:00:00.5Z web)" = "1 " ]
	[ "$(seqs --since 2026-01-02T21:59:59Z --until 2026-01-02T22:00:01Z web)" = "3 " ]
	[ "$(seqs --since 1h web)" = "" ]
	pod-audit append web <<<'{"src":"a","event":"now"}'
	[ "$(seqs --since 1h web)" = "5 " ]
	[ "$(seqs --until 1h web)" = "1 2 3 4 " ]
	expect 64 pod-audit query --since tomorrow web
	expect 64 pod-audit query --since 7 web
	expect 64 pod-audit query --since 2026-02-30 web
}

@test "by a jq program" {
	sample
	[ "$(seqs --where '.argv[0] == "ls"' web)" = "4 " ]
	[ "$(seqs --where '.paths' web)" = "2 " ]
	[ "$(seqs --where 'select(.seq > 2)' web)" = "3 4 " ]
	[ "$(seqs --where empty web)" = "" ]
	[ "$(seqs --where null web)" = "" ]
	[ "$(seqs --where 'true, false' web)" = "1 2 3 4 " ]
}

@test "a jq program that does not compile is 64, one that fails on events 78" {
	sample
	expect 64 pod-audit query --where '.a b' web
	[[ $output == *"--where"* ]]
	[ ${#lines[@]} = 1 ]
	run pod-audit query --json --where '.src + 1 == 2' web
	[ "$status" = 78 ]
	[[ $output == *"4 event(s)"* ]]
	# what did not fail is printed
	[ "$(pod-audit query --json --where '.paths | if . then . + "x" else true end' web 2>/dev/null | jq -s length)" = 3 ]
}

@test "the last N of what matches" {
	sample
	[ "$(seqs -n 2 web)" = "3 4 " ]
	[ "$(seqs -n 9 web)" = "1 2 3 4 " ]
	[ "$(seqs -n 1 --event run_start web)" = "4 " ]
	[ "$(seqs -n 1 --until 2026-01-03 web)" = "3 " ]
	expect 64 pod-audit query -n 10000000 web
	expect 64 pod-audit query -n -1 web
}

@test "a filter over standard input, written by anybody" {
	sample
	pod-audit query --json - <"$LOG" | cmp - "$LOG"
	echo '{ "event" : "x", "ts": "2026-01-01T00:00:00Z" }' >"$T/in"
	[ "$(pod-audit query --json --event x - <"$T/in" | wc -l)" = 1 ]
	[ "$(pod-audit query - <"$T/in" | wc -l)" = 2 ]
}

@test "lines that are no events are left out, said, and end in 2" {
	sample
	{ cat "$LOG"; echo junk; echo 5; } >"$T/in"
	run --separate-stderr pod-audit query --json - <"$T/in"
	[ "$status" = 2 ]
	[ "${#lines[@]}" = 4 ]
	# shellcheck disable=SC2154
	[[ $stderr == *"-:5: not an event"* ]]
	run --separate-stderr pod-audit query -n 1 - <"$T/in"
	[ "$status" = 2 ]
}

@test "a line of 70 kB and one of 3 MB are left out, those behind them are not" {
	{ printf '{"x":"%070000d"}\n' 1; head -c 3M /dev/zero | tr '\0' x; echo
	  echo '{"event":"x"}'; } >"$T/in"
	run --separate-stderr pod-audit query --json - <"$T/in"
	[ "$status" = 2 ]
	[ "$output" = '{"event":"x"}' ]
}

@test "all segments, in order" {
	sample
	head -n2 "$LOG" >"$T/a"
	tail -n2 "$LOG" >"$AUDIT/000002.jsonl"
	mv "$T/a" "$LOG"
	[ "$(seqs web)" = "1 2 3 4 " ]
	[ "$(seqs -n 3 web)" = "2 3 4 " ]
}

@test "an archived log" {
	sample
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	[ "$(seqs --archive web-20260102T030405Z)" = "1 2 3 4 " ]
	expect 2 pod-audit query --archive nosuch
}

@test "a full disk at the output is said" {
	sample
	run bash -c 'pod-audit query web >/dev/full'
	[ "$status" = 2 ]
}

@test "the help is written from the options" {
	expect 0 pod-audit query --help
	[[ $output == *--where* ]]
	expect 0 pod-audit --help
	expect 64 pod-audit quary web
	[[ $output == *"did you mean query"* ]]
}
