#!/usr/bin/env bats
# Pinned keys: whose certificate is believed for a bound host, besides the host's authorities.
load ../lib/envpod
load injector
setup()
{
	injector_setup
	secrets TOKEN real-token-of-the-vault
}
teardown() { site_teardown; }

# pin FILE: of the public key in this certificate.
pin() { echo "sha256/$(openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64 -w0)"; }

# pinned PIN...: the policy, for a.example.
pinned()
{
	local lines=('host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}')
	for i; do lines+=("pin 0 $i"); done
	if [ -n "${INJECTOR:-}" ]; then policy "${lines[@]}"; else bindings "${lines[@]}"; fi
}

NONE=sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

answers() { [ "$(call -o /dev/null -w '%{http_code}' https://a.example/echo)" = "$1" ]; }

@test "a server's own key, its authority's, or one of several; with none of them nothing is sent" {
	tls_site
	pinned "$(pin "$T/good.pem")"
	answers 200
	pinned "$NONE" "$(pin "$T/world.pem")"
	wait_for 5 answers 200
	: >"$T/nginx/access.log"
	pinned "$NONE"
	wait_for 5 answers 502
	answers 502
	call https://a.example/echo | grep -q upstream_untrusted
	wait_for 5 said '.event == "upstream_untrusted" and .name == "a.example" and .reason == "none of the keys it shows is pinned"'
	[ "$(grep -c real-token "$T/nginx/access.log")" = 0 ]
}

@test "a key that is pinned no more: neither a connection that was kept nor a session goes on" {
	tls_site
	pinned
	call https://a.example/echo https://a.example/echo >/dev/null
	call -H 'Connection: close' https://a.example/echo | grep -q 'reused='
	pinned "$NONE"
	wait_for 5 answers 502
	for _ in 1 2 3; do answers 502; done
	pinned "$(pin "$T/good.pem")"
	wait_for 5 answers 200
}

@test "an authority that the host does not believe is not believed for a pin" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/good.key" -out "$T/good.pem" \
		-days 3 -subj /CN=a.example -addext subjectAltName=DNS:a.example 2>/dev/null
	tls_site
	pinned "$(pin "$T/good.pem")"
	answers 502
	wait_for 5 said '.event == "upstream_untrusted" and (.reason | test("self.signed"))'
}
