#!/usr/bin/env bats
# pod-proxy inject: requests of a pod get their credentials, with all of the wall around it.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

@test "a request gets the credential, whatever the agent sent; other hosts are passed through untouched" {
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	[ "$(call https://a.example/teapot)" = "short and stout" ] || { cat "$T/inject.log" "$T/events"; false; }
	run call -H 'Authorization: Bearer dummy' -H 'X-Api-Key: mine' "https://a.example/echo?q=1"
	echo "$output"
	[[ $output == "auth=Bearer "* ]]
	[[ $output != *dummy* && $output != *real-token* ]]
	[[ $output == *"key= host=a.example uri=/echo?q=1 "* ]]
	run call -k https://b.example/echo -H 'Authorization: Bearer mine'
	[[ $output == "auth=Bearer mine "* ]]
	refute call https://b.example/echo
	wait_for 5 said '.event == "http_request" and .key == "TOKEN" and .path == "/echo?q=*" and .status == 200 and .name == "a.example"'
	refute grep real-token "$T/events"
}

@test "events of a stream arrive one by one" {
	odd
	mkfifo "$T/step"
	call -N -H "X-Events: 3" -H "X-Step: $T/step" https://c.example/sse >"$T/got" 3>&- &
	jobs=($!)
	for i in 0 1 2; do
		wait_for 5 grep -qx "data: $i" "$T/got"
		refute grep -qx "data: $((i + 1))" "$T/got"
		: >"$T/step"
	done
	wait "${jobs[@]}"
	# Killed in the middle: what came is not taken for the whole.
	call -N -H "X-Events: 3" -H "X-Step: $T/step" https://c.example/sse >"$T/got" 3>&- &
	jobs=($!)
	wait_for 5 grep -qx "data: 0" "$T/got"
	kill -KILL "$INJECTOR"
	refute wait "${jobs[@]}"
}

@test "connections to servers are kept, and not used again where anything was odd" {
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	for i in 1 2 3; do call -o /dev/null https://a.example/teapot; done
	[ "$(awk '{print $4}' "$T/nginx/access.log" | sort -u | wc -l)" = 1 ]
	[ "$(awk '{print $5}' "$T/nginx/access.log" | tail -1)" = 3 ]
	[ "$(call -o /dev/null -w '%{num_connects} ' https://a.example/teapot --next -sS -o /dev/null -w '%{num_connects}' https://a.example/teapot)" = '1 0' ]
	kill "$(cat "$T/nginx/pid")"
	wait_for 5 on_site sh -c '! ss -Hltn "sport = :443" | grep -q .'
	tls_site
	[ "$(call https://a.example/teapot)" = 'short and stout' ]
	odd_site
	policy 'host 0 c.example 443'
	wait_for 5 intercepted
	[ "$(call https://c.example/more)" = one ]
	[[ $(call https://c.example/next) == 'GET /next'* ]]
	# A POST cannot be sent twice: a connection that ends, or may at any moment, is not used for it.
	for path in then-close bye no-more; do
		call "https://c.example/$path"
		[[ $(call -d x https://c.example/next) == 'POST /next'* ]] || { echo "$path"; false; }
	done
}
intercepted() { call -o /dev/null https://c.example/x; }

@test "a server with the wrong certificate gets nothing: self-signed, of another host, out of date" {
	certificate other 2 DNS:other.example
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/self.key" -out "$T/self.pem" -days 2 \
		-subj /CN=c.example -addext subjectAltName=DNS:c.example 2>/dev/null
	certificate old -1 DNS:c.example
	certificate partial 2 'DNS:c*.example'
	secrets TOKEN real-token-of-the-vault
	bindings "${BOUND[@]}"
	for which in other self old partial; do
		odd_site "$which"
		run call -w '%{http_code}' https://c.example/x
		[[ $output == *"upstream_untrusted"*502 ]] || { echo "$which: $output"; false; }
		kill "${NETPIDS[-1]}"
		wait_for 5 refute_listens
	done
	[ ! -s "$T/odd.log" ]
	said '.event == "upstream_untrusted" and (.reason | test("self.signed"))'
	said '.event == "upstream_untrusted" and .reason == "certificate has expired"'
	said '.event == "upstream_untrusted" and (.reason | test("ostname mismatch"))'
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *"upstream_failed"*502 ]]
}
refute_listens() { ! listens_at 192.0.2.11; }

@test "live: bindings come and go, secrets change, the vault is locked, the injector is killed" {
	odd
	auth() { call https://c.example/form | tr ' ' '\n' | sed -n 's/^authorization=//p'; }
	call -o /dev/null https://c.example/form
	policy 'host 0 a.example 443'
	wait_for 5 unbound
	policy "${BOUND[@]}"
	wait_for 5 intercepted
	printf 'locked no passphrase was given\nend\n' >"$T/feed"
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *'no passphrase was given'*503 ]]
	secrets OTHER another-secret-of-it
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *'no value for TOKEN'*503 ]]
	secrets TOKEN short
	[ "$(push)" = ok ]
	run call -w '%{http_code}' https://c.example/x
	[[ $output == *503 ]]
	secrets TOKEN a-new-token-for-all
	[ "$(push)" = ok ]
	call -o /dev/null https://c.example/form
	refute policy "${BOUND[@]}" 'no such line' # what may be put in is not known then, nor with another feed
	wait_for 5 is_locked
	[ "$(push)" = refused ]
	is_locked
	policy "${BOUND[@]}"
	[ "$(push)" = ok ]
	[ "$(call https://c.example/split)" = "Bearer $(printf '*%.0s' {1..19})" ]
	kill -KILL "$INJECTOR"
	before=$(wc -l <"$T/odd.log")
	refute call https://c.example/x
	[ "$(wc -l <"$T/odd.log")" = "$before" ]
	inject
	call -o /dev/null https://c.example/form
}
is_locked() { [[ $(call -w '%{http_code}' https://c.example/x) == *'policy cannot be read'*503 ]]; }
unbound() { call -k https://c.example/form | grep -qv authorization=; }
push()
{
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
print(s.recv(100).decode(), end="")' "$R/web/net/feed" <"$T/feed"
}

@test "a policy that can be read again needs nobody who says so: the next injector has the secrets" {
	local status=0
	odd
	call https://c.example/form | grep -q 'authorization=Bearer real-token\|authorization=Bearer \*'
	refute policy "${BOUND[@]}" 'no such line'
	wait_for 5 is_locked
	kill -0 "$INJECTOR"
	policy "${BOUND[@]}"
	wait "$INJECTOR" || status=$?
	[ "$status" = 2 ]
	grep -q 'can be read again' "$T/inject.log"
	inject
	[ "$(call -o /dev/null -w '%{http_code}' https://c.example/form)" = 200 ]
}

@test "with the last binding the injector rests, and a program's connection ends; a first one wakes it" {
	printf 'network:\n  dns: {allow: ["c.example:443,8443"], upstream: [192.0.2.53]}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	pod-proxy ca web
	mkdir -p -m 711 "$ENVPOD_STATE_DIR/pods/web/policy"
	policy 'host 0 c.example 443'
	on_host pod-net up web
	is_state up
	odd_site
	[[ $(call https://c.example/form) == *upstream_untrusted* ]] # the keeper's injector knows not our authority
	policy 'canary alert'
	[ "$(push)" = ok ] # who took it away wants to hear that
	wait_for 20 is_state resting
	[[ $(call -k https://c.example/form) == 'GET /form'* ]]
	policy 'host 0 c.example 443'
	on_host pod-supervise helpers wake web
	is_state up
	[[ $(call https://c.example/form) == *upstream_untrusted* ]]
}
is_state() { jq -e --arg s "$1" '.services[] | select(.name == "inject") | .state == $s' "$R/web/services.json" >/dev/null; }

@test "a first binding on another port than 80 and 443 holds at once, for connections that are open too" {
	odd_site good 8443
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 c.example 443'
	in_pod python3 -uc 'import socket; s = socket.create_connection(("c.example", 8443), 10); print("open")
try: s.settimeout(20); print(s.recv(1) or "end")
except ConnectionError: print("cut")' >"$T/said" 3>&- &
	jobs=($!)
	wait_for 10 grep -q open "$T/said"
	[[ $(call -k https://c.example:8443/form) != *authorization* ]]
	policy 'host 0 c.example 8443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 'bind 0 TOKEN header x-api-key {value}'
	wait_for 10 grep -q cut "$T/said"
	[[ $(call https://c.example:8443/form) == *"authorization=Bearer *"* ]]
	wait "${jobs[@]}"
	wait_for 5 said '.event == "http_request" and .port == 8443 and .keys == ["TOKEN", "TOKEN"]'
}
