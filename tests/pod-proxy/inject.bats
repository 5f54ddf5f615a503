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
