#!/usr/bin/env bash
# The audit log: a million events appended by one writer, and the verification of them beside b2sum and a mere reading.
. "$(dirname "$0")/lib.bash"

events=${EVENTS:-1000000}
envpod init log >/dev/null
log=$ENVPOD_STATE_DIR/pods/log/audit
seq "$events" | sed 's/.*/{"event":"bench","src":"bench","n":&,"argv":["make","-j4","test"],"user":"root"}/' >"$T/events"
interleave -1 -b "audit_append_$events" -- envpod sh -c "pod-audit append log <'$T/events' && sync" -- cp sh -c "cp '$T/events' '$T/copy' && sync"
interleave -b audit_verify -n 5 -- envpod pod-audit verify log -- b2sum sh -c "b2sum -l 256 '$log'/*.jsonl" -- cat sh -c "cat '$log'/*.jsonl >/dev/null" |
	jq -c --argjson bytes "$(cat "$log"/*.jsonl | wc -c)" '. + {gb_s: ($bytes / .median_ms / 1000 | round / 1000)}'
