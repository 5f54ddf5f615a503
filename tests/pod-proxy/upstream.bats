#!/usr/bin/env bats
# pod-proxy inject, to servers that speak HTTP/2: decent ones, and those that attack it.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

# odd [MAX_STREAMS]: h2site.py at c.example.
odd()
{
	(exec nsenter -t "$SITE" -n /usr/bin/python3 "$BATS_TEST_DIRNAME/h2site.py" 192.0.2.11 "$T/good.pem" "$T/good.key" "$T/odd.log" "$@") >>"$T/odd.err" 2>&1 3>&- &
	NETPIDS+=($!)
	: >"$T/odd.log"
	wait_for 5 listens_at 192.0.2.11
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
}

# ask ARG...: curl in the pod, by HTTP/2.
ask() { in_pod curl -sS --max-time 20 --http2 "$@"; }
# codes PATH...: the status, and curl's own, of each; in one go; bodies in $T/bodies.
codes()
{
	local path args=()
	for path; do args+=("https://c.example/$path"); done
	ask -w '\n%{http_code} %{exitcode}\n' "${args[@]}" 2>/dev/null | tee "$T/bodies" | grep -E '^[0-9]{3} [0-9]+$' | paste -sd, || true
}
h2() { in_pod python3 - c.example "$@" <"$BATS_TEST_DIRNAME/h2client.py" 3>&-; }
# How often the server was asked for it.
asked() { grep -c " [A-Z]* /$1 " "$T/odd.log"; }

@test "many requests share one connection; bodies and trailers go both ways; the key comes back nowhere" {
	odd
	[ "$(codes a b c)" = '200 0,200 0,200 0' ]
	[ "$(cut -d' ' -f1 "$T/odd.log" | sort -u)" = 1 ]
	grep -q 'GET /a .*authorization=Bearer real-token-of-the-vault' "$T/odd.log"
	head -c 3000000 /dev/urandom >"$T/up"
	[ "$(ask --data-binary @- https://c.example/up <"$T/up")" = 'path /up size 3000000' ]
	[ "$(ask -H 'Expect: 100-continue' -T - https://c.example/up <"$T/up")" = 'path /up size 3000000' ]
	run ask -i https://c.example/leak
	[[ $output == *"x-echo: Bearer *****"* && $output == *"x-trailer: Bearer *****"* && $output != *real-token* ]]
	[ "$(grep -o 'Bearer \*\{23\}' <<<"$output" | wc -l)" = 3 ]
	run ask -i https://c.example/trailers
	[[ $output == *"x-sum: 42"* && $output != *set-cookie* ]]
	run h2 trailers authorization x-api-key cookie content-type
	[[ $output == *"status 1 200"* ]]
	grep -qx '[0-9]* body /echo 4 x-checksum=1' "$T/odd.log" # nothing that is a credential, or comes too late
	[ "$(codes hints)" = '200 0' ]
	[[ $(ask -I https://c.example/x) == "HTTP/2 200"* ]]
	# Who speaks HTTP/1.1 is answered by a server that speaks it.
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *502 ]]
}

@test "what a server has surely not looked at is asked again, a POST too; what it may have done is not" {
	odd
	for how in '' '-d x=1'; do
		# shellcheck disable=SC2086
		[ "$(ask $how https://c.example/refuse)" = taken ]
	done
	[ "$(asked refuse)" = 4 ]
	[ "$(ask -d x=1 https://c.example/goaway)" = taken ]
	[ "$(asked goaway)" = 2 ]
	grep -q ' body /goaway 3' "$T/odd.log"
	run ask -w '%{http_code}' -d x=1 https://c.example/gone
	[[ $output == *upstream_failed*502 ]]
	[ "$(asked gone)" = 1 ]
	# Not for ever; HTTP/2 has a word for it, so that the client may try again.
	[[ $(h2 path /refuse-always) == *"reset 1 7"* ]]
	[ "$(asked refuse-always)" = 4 ]
	[[ $(h2 path /refuse-early 49152) == *"reset 1 7"* ]]
	[[ $(ask https://c.example/x) == 'path /x'* ]]
}

@test "a server that takes one request at a time gets no more" {
	odd 1
	in_pod h2load -n 40 -c 1 -m 8 https://c.example/x | grep -q '40 succeeded, 0 failed, 0 errored'
}

@test "answers that end too early are not taken for whole; an early one is passed on" {
	odd
	[ "$(codes reset)" = '502 0' ]
	refute ask https://c.example/reset-late
	refute ask https://c.example/cut
	head -c 3000000 /dev/urandom >"$T/up"
	run ask -w '%{http_code}' --data-binary @- https://c.example/early <"$T/up"
	[[ $output == *413 ]]
	[[ $(ask https://c.example/x) == 'path /x'* ]]
	run ask -w '%{http_code}' https://c.example/gzip # what cannot be looked into
	[[ $output == *502 ]]
}

@test "a hostile server: heads that are none, floods, bombs; nothing of it passes, and others are served" {
	odd
	heads=(no-status status-text status-two status-late status-101 status-600 method upper connection transfer-encoding crlf nul
		name length-two length-odd hints-endless data-first huge-head bomb rubbish continuations
		grpc-two grpc-twice packed-two)
	for path in "${heads[@]}"; do
		run codes "$path"
		[ "$output" = '502 0' ] || { echo "$path: $output"; false; }
	done
	refute grep -qi 'xyz\|set-cookie' "$T/bodies"
	for path in length-less length-more trailer-pseudo overflow pings settings empties; do
		refute ask -o /dev/null -f "https://c.example/$path" || { echo "$path"; false; }
	done
	[[ $(ask https://c.example/x) == 'path /x'* ]]
	awk '/VmHWM/ { exit $2 > 40000 }' "/proc/$INJECTOR/status"
}

@test "large answers and bodies against real servers: whole, in constant memory" {
	mkdir -p "$T/www"
	head -c 3000000 /dev/urandom >"$T/www/big"
	(exec nsenter -t "$SITE" -n nghttpd -a 192.0.2.11 -d "$T/www" --echo-upload 443 "$T/good.key" "$T/good.pem") >"$T/nghttpd.log" 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 5 listens_at 192.0.2.11
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	ask https://c.example/big | cmp - "$T/www/big"
	ask --data-binary @- https://c.example/echo <"$T/www/big" | cmp - "$T/www/big"
	in_pod h2load -n 40 -c 2 -m 20 https://c.example/big | grep -q '40 succeeded, 0 failed, 0 errored'
	truncate -s 200000000 "$T/www/huge"
	ask -o /dev/null -w '%{size_download}' https://c.example/huge | grep -qx 200000000
	awk '/VmHWM/ { exit $2 > 40000 }' "/proc/$INJECTOR/status"
}
