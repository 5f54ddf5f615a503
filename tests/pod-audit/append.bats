#!/usr/bin/env bats
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
}
teardown() { envpod_teardown; }

@test "an event gets v, ts, pod, seq and chain, its own keys behind src and event" {
	pod-audit append web <<<'{"event":"note","text":"hi","src":"me"}'
	grep -E '^\{"v":1,"ts":"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z","pod":"web","src":"me","event":"note","text":"hi","seq":1,"chain":"[0-9a-f]{64}","seal":"[0-9a-f]{32}"\}$' "$LOG"
}

@test "the chain is what b2sum computes" {
	events 5 | pod-audit append web
	[ "$(tail -n1 "$LOG" | jq -r .chain)" = "$(chain_of "$LOG")" ]
	[ "$(jq -r .seq "$LOG" | tr '\n' ' ')" = "1 2 3 4 5 " ]
}

@test "seq and chain of the input are not believed" {
	pod-audit append web <<<'{"src":"me","event":"note","seq":77,"chain":"feed"}'
	[ "$(jq -c '[.seq, (.chain|length)]' "$LOG")" = "[1,64]" ]
	pod-audit verify web
}

@test "ts given is kept, another pod's event is refused" {
	pod-audit append web <<<'{"src":"me","event":"note","ts":"2026-01-02T03:04:05Z","pod":"web"}'
	[ "$(jq -r .ts "$LOG")" = 2026-01-02T03:04:05Z ]
	expect 2 pod-audit append web <<<'{"src":"me","event":"note","pod":"other"}'
	[[ $output == *"belongs to pod 'other'"* ]]
	[ "$(wc -l <"$LOG")" = 1 ]
}

@test "what is no event is refused with its line, what stood before it is recorded" {
	local bad
	for bad in '[1]' '"x"' 'null' '{' '{"src":"a","event":"b"} x' '{"src":"a"}' '{"event":"b"}' \
		'{"src":"a","event":"B"}' '{"src":"a b","event":"b"}' '{"src":"a","event":1}' \
		'{"src":"a","event":"b","v":2}' '{"src":"a","event":"b","ts":"yesterday"}' \
		'{"src":"a","event":"b","pod":null}' '{"src":"a","event":"b\u0000c"}'; do
		rm -rf "$AUDIT"
		run pod-audit append web < <(events 1; echo "$bad"; events 1)
		echo "$bad -> $status $output"
		[ "$status" = 2 ]
		[[ $output == *"line 2: "* ]]
		[ "$(wc -l <"$LOG")" = 1 ]
	done
}

@test "nothing, blank lines, a last line without newline" {
	pod-audit append web </dev/null
	printf '\n  \n{"src":"a","event":"b"}' | pod-audit append web
	[ "$(wc -l <"$LOG")" = 1 ]
}

@test "an event too long for a line is refused" {
	expect 2 pod-audit append web < <(printf '{"src":"a","event":"b","x":"%070000d"}\n' 1)
	[[ $output == *"longer than"* ]]
	# Short as given, too long once its bytes are written as \uXXXX.
	expect 2 pod-audit append web < <(printf '{"src":"a","event":"b","x":"'; head -c 40000 /dev/zero | tr '\0' '\177'; printf '"}\n')
	[ ! -s "$LOG" ]
}

@test "a stream without end is not kept in memory" {
	! sanitized pod-audit || not_here "ulimit -v and the address sanitizer do not go together"
	run bash -c "ulimit -v 400000; head -c 300M /dev/zero | tr '\0' 'x' | pod-audit append web"
	[ "$status" = 2 ]
	[[ $output == *"line 1: "* ]]
}

@test "four writers at once: every event once, the chain whole" {
	local n pids=()
	for n in 1 2 3 4; do
		events 50 | while read -r line; do pod-audit append web <<<"$line"; done &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(wc -l <"$LOG")" = 200 ]
	[ "$(jq -r .n "$LOG" | sort -n | uniq -c | awk '$1 != 4' | wc -l)" = 0 ]
	pod-audit verify web
}

@test "a line torn by a crash is cut off by the next append" {
	events 3 | pod-audit append web
	printf '{"v":1,"ts":"2026' >>"$LOG"
	events 1 | pod-audit append web
	[ "$(wc -l <"$LOG")" = 4 ]
	pod-audit verify web
}

@test "the very first line torn by a crash" {
	mkdir -m 700 "$AUDIT"
	printf '{"v":1,"ts":"2026' >"$LOG"
	events 1 | pod-audit append web
	pod-audit verify web
}

@test "a damaged last line: nothing is chained to it" {
	events 2 | pod-audit append web
	echo garbage >>"$LOG"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
	[[ $output == *damaged* ]]
	# also one longer than any line
	head -c 200000 /dev/zero | tr '\0' 'x' >>"$LOG"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
	[ "$(stat -c %s "$LOG")" -gt 200000 ]
}

@test "a full segment is followed by the next, which goes on with the chain" {
	events 2 | pod-audit append web
	# A hole makes it as long as a full one; its last line is the one written last.
	tail -n1 "$LOG" >"$T/last"
	truncate -s 64M "$LOG"
	printf '\n' >>"$LOG"
	cat "$T/last" >>"$LOG"
	events 1 | pod-audit append web
	[ -s "$AUDIT/000002.jsonl" ]
	[ "$(jq .seq "$AUDIT/000002.jsonl")" = 3 ]
	[ "$(printf '%s\n%s' "$(jq -r .chain "$T/last")" "$(sed 's/,"chain":.*/}/' "$AUDIT/000002.jsonl")" |
		b2sum -l 256 | cut -d' ' -f1)" = "$(jq -r .chain "$AUDIT/000002.jsonl")" ]
}

@test "a crash between making a segment and writing to it" {
	events 2 | pod-audit append web
	: >"$AUDIT/000002.jsonl"
	events 1 | pod-audit append web
	[ "$(jq .seq "$AUDIT/000002.jsonl")" = 3 ]
	pod-audit verify web
	rm "$LOG"
	: >"$AUDIT/000002.jsonl"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
	[[ $output == *"lost segment 000001"* ]]
}

@test "a full disk: whole lines or none, and the log goes on afterwards" {
	need root
	mkdir "$AUDIT"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$AUDIT"
	run pod-audit append web < <(events 2000)
	[ "$status" = 2 ]
	[[ $output == *"No space left"* || $output == *"no space left"* ]]
	rm -f "$AUDIT"/*.jsonl
	events 3 | pod-audit append web
	pod-audit verify web
	umount "$AUDIT"
}

@test "no such pod, bad name, no pod" {
	expect 2 pod-audit append nosuch </dev/null
	expect 64 pod-audit append ../web </dev/null
	expect 64 pod-audit append </dev/null
	expect 64 pod-audit append --nope web </dev/null
}

@test "a planted symlink is not written through" {
	mkdir "$AUDIT"
	touch "$T/victim"
	ln -s "$T/victim" "$LOG"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
	[ ! -s "$T/victim" ]
}

@test "numbers, unicode and nesting come through" {
	pod-audit append --sync web <<<'{"src":"a","event":"b","x":{"y":[1,2.5,null,true,"é\u001b\ud83d\ude00"]}}'
	[ "$(jq -c .x "$LOG")" = '{"y":[1,2.5,null,true,"é\u001b😀"]}' ]
}
