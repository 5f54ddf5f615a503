#!/usr/bin/env bats
# What http_request says of a request, held against what the server and the client saw of it.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

# of PATH MEMBER: of the event of that request.
of() { jq -r --arg p "$1" "select(.event == \"http_request\" and .path == \$p).$2" "$T/events"; }
is_told() { [ -n "$(of "$1" status)" ]; }
# within LOW VALUE HIGH
within() { [ "$1" -le "$2" ] && [ "$2" -le "$3" ] || { echo "$1 <= $2 <= $3 does not hold" >&2; return 1; }; }

@test "bytes either way are those of the bodies, as the server and the client count them, however they are framed" {
	odd
	head -c 300000 /dev/urandom >"$T/up"
	for http in http1.1 http2; do
		in_pod curl -sS --max-time 20 "--$http" -o /dev/null "https://c.example/bytes/123456?$http"
		wait_for 5 is_told "/bytes/123456?$http"
		[ "$(of "/bytes/123456?$http" bytes_down)" = 123456 ]
		[ "$(of "/bytes/123456?$http" bytes_up)" = 0 ]
		on_host envpod run web -- curl -sS --max-time 20 "--$http" -o /dev/null -H 'Transfer-Encoding: chunked' -T - "https://c.example/$http-chunked" <"$T/up"
		on_host envpod run web -- curl -sS --max-time 20 "--$http" --data-binary @- -w '%{size_download}' -o /dev/null "https://c.example/$http-length" <"$T/up" >"$T/size"
		for path in "/$http-chunked" "/$http-length"; do
			wait_for 5 is_told "$path"
			[ "$(of "$path" bytes_up)" = "$(awk -v path="$path" '$2 == path { print $3 }' "$T/odd.log")" ]
			[ "$(of "$path" bytes_up)" = 300000 ]
		done
		[ "$(of "/$http-length" bytes_down)" = "$(cat "$T/size")" ]
	done
}

@test "ms is the time that the server took, and no more than the client waited" {
	odd
	mkfifo "$T/step"
	for http in http1.1 http2; do
		: >"$T/odd.log.took"
		in_pod curl -sS --max-time 30 "--$http" -o /dev/null -w '%{time_total}' -H 'X-Events: 1' -H "X-Step: $T/step" "https://c.example/sse?$http" >"$T/total" 3>&- &
		jobs=($!)
		for i in 1 2 3; do call -o /dev/null "https://c.example/meanwhile$i"; done # takes a while
		: >"$T/step"
		wait "${jobs[@]}"
		wait_for 5 is_told "/sse?$http"
		took=$(jq -r --arg p "/sse?$http" 'select(.[0] == $p)[1]' "$T/odd.log.took")
		total=$(awk '{ printf "%d", $1 * 1000 }' "$T/total")
		within $((took - 20)) "$(of "/sse?$http" ms)" $((total + 20))
		within 1 "$took" $((total + 20))
	done
}
