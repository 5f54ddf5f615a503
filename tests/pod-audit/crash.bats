#!/usr/bin/env bats
# Appenders that are killed, anywhere: what was acknowledged is in the log, and the log is whole.
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	# Who is traced, or killed, cannot look for leaks.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	INJECT=$B/tests/lib/inject
	KEYS=$ENVPOD_STATE_DIR/keys/audit
	pod_dir web
}
teardown()
{
	[ ${#WRITERS[@]} = 0 ] || kill -KILL "${WRITERS[@]}" 2>/dev/null || true
	envpod_teardown
}
WRITERS=()

whole() { pod-audit verify --key "$KEYS/verification-key" "$@"; }

@test "killed before each call that writes: the next writer goes on, nothing is lost, all is sealed" {
	local n acknowledged=0 hit=0
	pod-audit append web <<<'{"src":"a","event":"first"}'
	for ((n = 1; ; n++)); do
		"$INJECT" -o "$T/hit" kill "$n" pod-audit append web <<<"{\"src\":\"a\",\"event\":\"e\",\"try\":$n}" && acknowledged=$n
		whole web || { cat "$LOG"; return 1; }
		grep -q ^hit "$T/hit" || break
		hit=$((hit + 1))
	done
	[ "$hit" -ge 2 ]
	jq -e --argjson n "$acknowledged" -s 'any(.try == $n)' "$LOG"
	pod-audit append web <<<'{"src":"a","event":"last"}'
	whole web
	[ "$(pod-audit verify --json web | jq -c '[.ok,.seals.behind,.cut_off]')" = '[true,0,0]' ]
}

@test "killed between the lines and the seal: behind, and caught up with" {
	local n behind=0
	events 300 >"$T/events" # a file is one read, and so one batch
	pod-audit append web <<<'{"src":"a","event":"first"}'
	for ((n = 1; n < 12; n++)); do
		"$INJECT" kill "$n" pod-audit append web <"$T/events" || true
		[ "$(pod-audit verify --json web | jq -c '[.ok,.seals.behind]')" = '[true,300]' ] && behind=$n
		whole web
	done
	[ "$behind" -gt 0 ]
	events 1 | pod-audit append web
	[ "$(pod-audit verify --json web | jq -c '[.ok,.seals.behind]')" = '[true,0]' ]
}

@test "killed while the host's keys and a log are made: the next pod has both" {
	local n
	for ((n = 1; ; n++)); do
		rm -rf "$ENVPOD_STATE_DIR/keys" "$AUDIT" "$AUDIT.new"
		"$INJECT" -o "$T/hit" kill "$n" pod-audit append web <<<'{"src":"a","event":"b"}' || true
		events 2 | pod-audit append web
		whole web || { echo "$n"; cat "$T/hit"; return 1; }
		[ "$(pod-audit verify --json web | jq .seals.unsealed)" = "[]" ]
		grep -q ^hit "$T/hit" || break
	done
	[ "$n" -gt 8 ]
}

@test "each of these calls failing: the event is refused and not half there, or it is recorded" {
	local n before
	events 2 >"$T/events"
	for ((n = 1; ; n++)); do
		before=$(cat "$LOG" 2>/dev/null | wc -l)
		if "$INJECT" -o "$T/hit" ENOSPC "$n" pod-audit append web <"$T/events"; then
			[ "$(wc -l <"$LOG")" = $((before + 2)) ]
		else
			[ "$(cat "$LOG" 2>/dev/null | wc -l)" = "$before" ]
		fi
		events 1 | pod-audit append web
		whole web || { echo "$n"; cat "$T/hit"; return 1; }
		grep -q ^hit "$T/hit" || break
	done
}

# One event at a time; its number is written down once the append has said that it is recorded.
writer()
{
	local n
	for ((n = 1; n <= 400; n++)); do
		pod-audit append web <<<"{\"src\":\"w\",\"event\":\"e\",\"who\":\"$1.$n\"}" && echo "$1.$n"
	done
}

@test "four appenders, killed at random and started again: nothing acknowledged is lost" {
	local i round
	RANDOM=7
	for round in 1 2 3 4 5 6; do
		WRITERS=()
		for i in 1 2 3 4; do
			(exec 3>&-; set -m; writer "$round.$i" >>"$T/said.$i") &
			WRITERS+=($!)
		done
		wait_for 20 said_more $((round * 3))
		for i in $(seq $((RANDOM % 40))); do
			pod-audit append web <<<'{"src":"w","event":"between"}'
		done
		# The appends themselves, wherever they are: every process of these jobs.
		for i in "${WRITERS[@]}"; do
			kill -KILL "$i" $(pgrep -P "$i") 2>/dev/null || true
		done
		wait "${WRITERS[@]}" || true
		whole web
	done
	WRITERS=()
	jq -r 'select(.who) | .who' "$LOG" | sort >"$T/recorded"
	[ "$(uniq -d "$T/recorded")" = "" ]
	[ "$(cat "$T"/said.* | sort | comm -23 - "$T/recorded")" = "" ]
	[ "$(cat "$T"/said.* | wc -l)" -ge 60 ]
}
said_more() { [ "$(cat "$T"/said.* | wc -l)" -ge "$1" ]; }

@test "a full disk: the operation fails, and the seal stays where the log is" {
	need root
	pod-audit append web <<<'{"src":"a","event":"first"}'
	mv "$AUDIT" "$T/first"
	mkdir "$AUDIT"
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$AUDIT"
	cp "$T"/first/* "$AUDIT"
	run pod-audit append web < <(events 2000)
	[ "$status" = 2 ]
	whole web
	events 20 | pod-audit append web || true
	whole web
	umount "$AUDIT"
}
