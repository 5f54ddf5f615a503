#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
	events 6 | pod-audit append web
}
teardown() { envpod_teardown; }

# broken LINE KIND: verify says so, as text and as JSON, from the pod and from standard input.
broken()
{
	expect 1 pod-audit verify web
	[[ $output == "000001.jsonl:$1: "* ]] || { echo "$output"; return 1; }
	expect 1 pod-audit verify --json web
	[ "$(jq -c '[.ok, .segment, .line, .kind]' <<<"$output")" = "[false,\"000001.jsonl\",$1,\"$2\"]" ] || { echo "$output"; return 1; }
	expect 1 pod-audit verify - <"$LOG"
	[[ $output == "-:$1: "* ]]
}

@test "a whole log: status 0, its head" {
	expect 0 pod-audit verify web
	[ "${lines[0]}" = "6 event(s), chain whole, head 6:$(chain_of "$LOG")" ]
	[ "${lines[1]}" = "seals right: 6, by the verification key on this host; log 0" ]
	expect 0 pod-audit verify --json web
	[ "$(jq -c '[.ok,.lines,.seq]' <<<"$output")" = '[true,6,6]' ]
	pod-audit verify - <"$LOG"
}

@test "an empty log is whole" {
	pod_dir new
	pod-audit verify new
	pod-audit verify - </dev/null
}

@test "edited line" {
	sed -i '3s/"n":3/"n":4/' "$LOG"
	broken 3 edited
}

@test "edited by one bit in its time" {
	sed -i '3s/"ts":"2/"ts":"3/' "$LOG"
	broken 3 edited
}

@test "deleted line" {
	sed -i 4d "$LOG"
	broken 4 gap
}

@test "deleted first line" {
	sed -i 1d "$LOG"
	broken 1 gap
}

@test "inserted line" {
	sed -i '3{p;s/"n":3/"n":33/}' "$LOG"
	broken 4 order
}

@test "repeated line" {
	sed -i 5p "$LOG"
	broken 6 order
}

@test "two lines exchanged" {
	sed -i -n '3{h;n;p;x;p;b};p' "$LOG"
	broken 3 gap
}

@test "a line replaced by one with a chain of its own making" {
	sed -i '4{s/"n":4/"n":9/;s/"chain":"[0-9a-f]*"/"chain":"'"$(printf '%064d' 5)"'"/}' "$LOG"
	broken 4 edited
}

@test "renumbered after a deletion" {
	sed -i -e 4d -e '5s/"seq":5/"seq":4/' -e '6s/"seq":6/"seq":5/' "$LOG"
	broken 4 edited
}

@test "torn tail" {
	truncate -s -1 "$LOG"
	broken 6 torn
}

@test "another pod's line" {
	pod_dir other
	events 6 | pod-audit append other
	cp "$ENVPOD_STATE_DIR/pods/other/audit/000001.jsonl" "$ENVPOD_STATE_DIR/pods/web/audit/"
	expect 1 pod-audit verify --json web
	[ "$(jq -r .kind <<<"$output")" = pod ]
}

@test "a line that is none, and one that is too long" {
	sed -i '2s/.*/hello/' "$LOG"
	broken 2 format
	{ head -n1 "$LOG"; printf '%070000d\n' 1; tail -n +3 "$LOG"; } >"$T/log" && cp "$T/log" "$LOG"
	broken 2 long
	{ head -n1 "$LOG"; head -c 3M /dev/zero | tr '\0' x; echo; tail -n +3 "$LOG"; } >"$T/log" && cp "$T/log" "$LOG"
	broken 2 long
}

@test "a NUL byte, an empty line" {
	sed -i '2s/"n"/"\x00"/' "$LOG"
	broken 2 edited
	sed -i '2s/.*//' "$LOG"
	broken 2 format
}

@test "segments are read in order, a missing one is a gap" {
	mkdir "$T/log"
	head -n2 "$LOG" >"$T/log/000001.jsonl"
	sed -n 3,4p "$LOG" >"$T/log/000002.jsonl"
	sed -n 5,6p "$LOG" >"$T/log/000010.jsonl"
	echo junk >"$T/log/000003.jsonl.bak"
	expect 0 pod-audit verify "$T/log"
	sed -i '1s/step/stop/' "$T/log/000010.jsonl"
	expect 1 pod-audit verify "$T/log"
	[[ $output == "000010.jsonl:1: "* ]]
	rm "$T/log/000002.jsonl"
	expect 1 pod-audit verify "$T/log"
	[[ $output == "000010.jsonl:1: has seq 5 where 3 was due"* ]]
}

@test "of two bad segments the first is told; a segment behind a damaged one as well" {
	mkdir "$T/log"
	head -n2 "$LOG" >"$T/log/000001.jsonl"
	sed -n 3,4p "$LOG" >"$T/log/000002.jsonl"
	sed -n 5,6p "$LOG" >"$T/log/000003.jsonl"
	: >"$T/log/000004.jsonl"
	expect 0 pod-audit verify "$T/log"
	[[ $output == "6 event(s)"*"head 6:"* ]]
	sed -i '2s/step/stop/' "$T/log/000002.jsonl" "$T/log/000003.jsonl"
	expect 1 pod-audit verify "$T/log"
	[[ $output == "000002.jsonl:2: "* ]]
	truncate -s -1 "$T/log/000001.jsonl"
	expect 1 pod-audit verify "$T/log"
	[[ $output == "000001.jsonl:2: is torn"* ]]
	# A segment exchanged for that of another log fits neither side.
	pod_dir other
	events 6 | sed 's/step/other/' | pod-audit append other
	sed -n 3,4p "$LOG" | sed 's/other/web/' >"$T/log/000002.jsonl"
	printf '\n' >>"$T/log/000001.jsonl"
	expect 1 pod-audit verify "$T/log"
	[[ $output == "000002.jsonl:1: "* ]]
}

@test "a cut-off end is seen by whoever kept the head" {
	local head
	head=$(pod-audit verify --json web | jq -r '"\(.seq):\(.chain)"')
	pod-audit verify --expect "$head" web
	events 3 | pod-audit append web
	pod-audit verify --expect "$head" web
	sed -i '5,$d' "$LOG"
	rm "$AUDIT/seal"
	pod-audit verify - <"$LOG"
	expect 1 pod-audit verify --expect "$head" - <"$LOG"
	expect 1 pod-audit verify --expect "$head" web
	[[ $output == *"was not in it"* ]]
	expect 64 pod-audit verify --expect 7 web
	expect 64 pod-audit verify --expect "$head"x web
}

@test "an archived log, by name and by path, also on a read-only filesystem" {
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	mv "$ENVPOD_STATE_DIR/pods/web/audit" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	rmdir "$ENVPOD_STATE_DIR/pods/web"
	expect 2 pod-audit verify web
	pod-audit verify --archive web-20260102T030405Z
	pod-audit verify "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	pod-audit verify "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	mv "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z" "$ENVPOD_STATE_DIR/archive/api-20260102T030405Z"
	expect 1 pod-audit verify --archive api-20260102T030405Z
	expect 64 pod-audit verify --archive ../pods/web
}

@test "verifying while somebody writes sees whole lines only" {
	local i
	events 20000 | pod-audit append web &
	for i in 1 2 3 4 5 6 7 8 9 10; do
		pod-audit verify web
	done
	wait $!
	pod-audit verify web
}

@test "verify works as anybody on standard input" {
	need root
	chmod 755 "$T"
	setpriv --reuid 65534 --regid 65534 --clear-groups env -u ENVPOD_STATE_DIR "$B/bin/pod-audit" verify - <"$LOG"
}
