#!/usr/bin/env bats
# A log of a million events: EVENTS=1000000.
load ../lib/envpod

setup()
{
	envpod_setup
	# shellcheck disable=SC2034
	ENVPOD_EVENTS=forged
	n=${EVENTS:-1000000}
	mkdir -p "$ENVPOD_STATE_DIR/pods/web"
	LOG=$ENVPOD_STATE_DIR/pods/web/audit
}
teardown() { envpod_teardown; }

events() { seq "$1" | sed "s/.*/{\"src\":\"exec\",\"event\":\"run_end\",\"status\":$2,\"duration_ms\":&,\"oom\":false}/"; }

@test "a million events: appended by one and by eight at once, verified, queried, exported; none lost, none twice" {
	local jobs=() i total=$((n + n / 8 * 8))
	events "$n" 100 | pod-audit append web
	for ((i = 0; i < 8; i++)); do
		events $((n / 8)) "$i" | pod-audit append web & jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(cat "$LOG"/*.jsonl | wc -l)" = "$total" ]
	pod-audit verify web
	# each writer's events in their order
	for ((i = 0; i < 8; i++)); do
		pod-audit query --json --where ".status == $i" web | grep -o '"duration_ms":[0-9]*' | cut -d: -f2 | cmp - <(seq $((n / 8)))
	done
	cat "$LOG"/*.jsonl | cmp - <(pod-audit export --format ndjson web)
	[ "$(pod-audit export --format csv web | wc -l)" = $((total + 1)) ]
	[ "$(pod-audit export --format ocsf web | grep -c '^{"time":.*"type_uid":100702,.*}$')" = "$total" ]
}
