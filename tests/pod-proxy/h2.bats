#!/usr/bin/env bats
# pod-proxy inject, to clients that speak HTTP/2: real ones, and those that attack it.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

start()
{
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
}

h2() { in_pod python3 - a.example "$@" <"$TOP/tests/pod-proxy/h2client.py" 3>&-; }
# No request got so far.
unseen() { refute grep -q "$1" "$T/nginx/access.log"; }
alive() { kill -0 "$INJECTOR" && [ "$(call --http2 https://a.example/teapot)" = "short and stout" ]; }

@test "curl, nghttp, h2load: the credential goes in, and stands in no answer" {
	start
	run call -w '%{http_version}\n' --http2 -H 'Authorization: Bearer dummy' -H 'X-Api-Key: mine' 'https://a.example/echo?q=1'
	[[ $output == "auth=Bearer *********************** key= host=a.example uri=/echo?q=1 "*2 ]]
	run call --http2 -I https://a.example/teapot
	[[ $output == "HTTP/2 418"* ]]
	call --http2 https://a.example/big | cmp - "$T/www/big"
	head -c 3000000 /dev/urandom >"$T/up"
	call --http2 -T - https://a.example/put/x <"$T/up"
	cmp "$T/up" "$T/www/put/x"
	call --http2 -H 'Expect: 100-continue' --data-binary @- -X PUT https://a.example/put/y <"$T/up"
	cmp "$T/up" "$T/www/put/y"
	in_pod h2load -n 500 -c 2 -m 20 https://a.example/empty | grep -q '500 succeeded, 0 failed, 0 errored'
	in_pod h2load -n 12 -c 2 -m 6 https://a.example/big | grep -q '12 succeeded, 0 failed, 0 errored'
	in_pod nghttp -n https://a.example/teapot
	wait_for 5 said '.event == "http_request" and .key == "TOKEN" and .path == "/echo?q=*" and .status == 200'
	refute grep real-token "$T/events"
}

@test "python and node speak it" {
	start
	run in_pod python3 -c 'import httpx; r = httpx.Client(http2=True, verify="/etc/ssl/certs/ca-certificates.crt").get("https://a.example/echo"); print(r.http_version, r.text)'
	[[ $output == "HTTP/2 auth=Bearer ****"* ]]
	run in_pod node -e 'const c = require("http2").connect("https://a.example", {ca: require("fs").readFileSync("/etc/ssl/certs/ca-certificates.crt")});
		const r = c.request({":path": "/echo"}); r.on("data", d => process.stdout.write(d)); r.on("end", () => c.close());'
	[[ $output == "auth=Bearer ****"* ]]
}

@test "requests are what they say: lengths, trailers, cookies" {
	start
	run h2 put 4 2 2
	[[ $output == *"status 1 201"* && $(cat "$T/www/put/put") == xxxx ]]
	run h2 put "" 5 5
	[[ $output == *"status 1 204"* && $(cat "$T/www/put/put") == xxxxxxxxxx ]]
	run h2 trailers
	[[ $output == *"status 1 200"* ]]
	[ "$(h2 cookies | sed -n 's/^body 1 //p')" = "a=1; b=2; c=3" ]
	run h2 each put "4 2" "4 2 2 2" 4
	[ "$(grep -c 'reset 1 1, \.$' <<<"$output")" = 3 ] || { echo "$output"; false; }
	alive
}

@test "another authority than the one of the connection is answered 421" {
	start
	run h2 each authority b.example a.example.b.example a.example:8443 "a.example b.example" "A.Example a.example"
	[ "$(grep -c ': status 1 421, ' <<<"$output")" = 3 ]
	[[ $output == *"a.example b.example: reset 1 1, ."*"A.Example a.example: status 1 200, "* ]] || { echo "$output"; false; }
	run h2 authority "" b.example
	[[ $output == *"status 1 421"* ]]
}

@test "pseudo-headers and fields that HTTP/1 would read otherwise reach no server" {
	start
	run h2 each odd twice late no-path no-method empty-path unknown status protocol connect connect-path trace method path-crlf \
		path-blank path-fragment path-absolute path-star scheme userinfo connection keep-alive transfer-encoding upgrade te upper \
		colon blank value-crlf value-nul name-empty length length-two expect
	echo "$output"
	[ "${#lines[@]}" = 33 ]
	refute grep -vE ': (reset 1 [12], |goaway 1, closed, |status 1 4[0-9]*, .*end 1, )\.$' <<<"$output"
	unseen pseudo
	alive
}

@test "floods end the connection, and nothing else" {
	start
	for flood in resets malformed "continuations 0" "continuations 1000" bomb pings settings priorities empties; do
		# shellcheck disable=SC2086
		run h2 $flood
		[[ $output == *closed ]] || { echo "$flood: $output"; false; }
		alive || { echo "$flood"; false; }
	done
	run h2 rubbish
	[[ $output == *closed ]]
	alive
}

@test "what a client does not take, nobody keeps" {
	start
	rss() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$INJECTOR/status"; }
	run h2 overflow
	[[ $output == *"reset 1 "[03]* || $output == *"goaway 3"* ]] # 0: the server had answered before
	alive
	before=$(rss)
	h2 no_window >"$T/held" 2>&1 &
	jobs=($!)
	wait_for 15 grep -q held "$T/held"
	alive
	[ $(($(rss) - before)) -lt 40000 ] || { echo "$before, then $(rss)"; false; }
	envpod stop web >/dev/null
	wait "${jobs[@]}" || true
}

@test "a binding that goes while a connection is open: 421, and no more requests on it" {
	start
	h2 repeat >"$T/said" &
	jobs=($!)
	wait_for 5 grep -q 'auth=Bearer \*' "$T/said"
	policy 'host 0 b.example 443'
	wait "${jobs[@]}"
	grep -q '^status [0-9]* 421$' "$T/said"
	[ "$(grep -c '^goaway 0$' "$T/said")" = 1 ]
	[[ $(in_pod curl -sSk --max-time 20 -H 'Authorization: mine' https://a.example/echo) == "auth=mine "* ]]
}
