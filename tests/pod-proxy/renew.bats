#!/usr/bin/env bats
# A pod's authority that is made anew while its injector runs.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown() { site_teardown; }

@test "the injector ends, and the next one signs by the new authority" {
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}'
	call https://a.example/echo | grep -q '^auth=Bearer'
	pod-proxy ca web # the same one: nothing happens
	call https://a.example/echo | grep -q '^auth=Bearer'
	pod-proxy ca --renew web
	status=0
	wait "$INJECTOR" || status=$?
	[ "$status" = 2 ]
	grep -q 'another certificate authority' "$T/inject.log"
	inject
	call https://a.example/echo | grep -q '^auth=Bearer'
}
