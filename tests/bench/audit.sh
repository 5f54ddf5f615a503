#!/usr/bin/env bash
# The audit log: a million events appended by one writer and by eight, their verification beside b2sum and a mere reading,
# a query with a jq program beside jq itself, and the exports.
. "$(dirname "$0")/lib.bash"

events=${EVENTS:-1000000}
BENCH_S=20
envpod init log >/dev/null
log=$ENVPOD_STATE_DIR/pods/log/audit
event() { seq "$1" | sed 's/.*/{"event":"bench","src":"bench","n":&,"argv":["make","-j4","test"],"user":"root"}/'; }
event "$events" >"$T/events"
event $((events / 8)) >"$T/eighth"
interleave -1 -b "audit_append_$events" -- envpod sh -c "pod-audit append log <'$T/events' && sync" -- cp sh -c "cp '$T/events' '$T/copy' && sync"
interleave -b audit_verify -n 5 -- envpod pod-audit verify log -- b2sum sh -c "b2sum -l 256 '$log'/*.jsonl" -- cat sh -c "cat '$log'/*.jsonl >/dev/null" |
	jq -c --argjson bytes "$(cat "$log"/*.jsonl | wc -c)" '. + {gb_s: ($bytes / .median_ms / 1000 | round / 1000)}'
interleave -1 -b "audit_query_$events" -- envpod sh -c "pod-audit query --json --where '.n and .n % 1000 == 0' log >/dev/null" \
	-- jq sh -c "cat '$log'/*.jsonl | jq -c 'select(.n and .n % 1000 == 0)' >/dev/null"
for format in ndjson csv ocsf; do
	interleave -1 -b "audit_export_${format}_$events" -- envpod sh -c "pod-audit export --format $format log >/dev/null" -- cat sh -c "cat '$log'/*.jsonl >/dev/null"
done
interleave -1 -b "audit_append_8_writers_$events" -- envpod sh -c "for i in 1 2 3 4 5 6 7 8; do pod-audit append log <'$T/eighth' & done; wait; sync" \
	-- one sh -c "pod-audit append log <'$T/events' && sync"
