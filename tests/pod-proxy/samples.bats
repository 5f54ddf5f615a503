#!/usr/bin/env bats
# What a sample says of the network, held against what clients and servers say.
load ../lib/envpod
load injector
setup() { injector_setup; }
teardown()
{
	on_host pod-supervise helpers --set govern stop web 2>/dev/null || true
	pod-limit kill web 2>/dev/null || true
	site_teardown
}

value() { pod-monitor sample web | jq ".$1"; }
is() { [ "$(value "$1")" = "$2" ]; }

@test "bytes and requests through the relay: what the client was sent and the server was asked" {
	local down
	tls_site
	printf 'network: {dns: {allow: [a.example], upstream: [192.0.2.53]}}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	on_host pod-net up web
	is net.down 0
	in_pod sh -c 'for n in 1 2 3; do curl -sS -o /dev/null -w "%{size_header} %{size_download} %{size_request}\n" http://a.example/big; done
		curl -sS -o /dev/null -w "%{size_header} %{size_download} %{size_request}\n" http://a.example/small' >"$T/sizes"
	down=$(awk '{ n += $1 + $2 } END { print n }' "$T/sizes")
	[ "$down" -ge 9000000 ]
	wait_for 10 is net.down "$down"
	is net.up "$(awk '{ n += $3 } END { print n }' "$T/sizes")"
	is net.connections 4
	is requests.count 4
	[ "$(grep -c '^GET /' "$T/nginx/access.log")" = 4 ]
	is requests.denied 0
}

# A model's API that counts 46 tokens for each request.
model()
{
	mkdir -p "$T/locations"
	printf '{"usage":{"input_tokens":12,"output_tokens":34}}' >"$T/usage.json"
	chmod 644 "$T/usage.json"
	printf 'location = /v1/messages { default_type application/json; alias %s; }\n' "$T/usage.json" >"$T/locations/usage.conf"
	tls_site
	secrets TOKEN real-token-of-the-vault
	bindings 'host 0 a.example 443' 'bind 0 TOKEN header x-api-key {value}' 'usage 0 anthropic'
}

@test "tokens: what the model said that it counted, in and out" {
	model
	is requests.tokens 0
	call https://a.example/v1/messages >/dev/null
	wait_for 10 is requests.tokens 46
	call https://a.example/v1/messages https://a.example/v1/messages >/dev/null
	wait_for 10 is requests.tokens 138
	jq -se 'map(select(.event == "model_usage") | .input_tokens + .output_tokens) | add == 138' "$T/events"
}

@test "a budget of tokens to its end: warned of, stopped, refused, and on with more" {
	model
	pod-config set web budget.max_tokens=200 budget.grace_period=0 budget.renewable=true
	run in_pod sh -c 'for n in $(seq 500); do curl -sS -o /dev/null --http1.1 --max-time 5 https://a.example/v1/messages; done'
	[ "$status" -ne 0 ]
	envpod audit web --json | jq -se 'map(select(.event | startswith("budget_"))) | map([.event, .budget, .limit]) ==
		[["budget_warning", "tokens", 200], ["budget_exceeded", "tokens", 200]]'
	pod-budget show --json web | jq -e '.budgets[0] | .budget == "tokens" and .exceeded and .used >= 200'
	pod-monitor sample web | jq -e --argjson used "$(pod-budget show --json web | jq '.budgets[0].used')" '.requests.tokens == $used'
	expect 3 in_pod true
	[[ $output = *"has used up its tokens"* ]]
	on_host envpod budget web extend tokens=1000
	[ "$(in_pod echo well)" = well ]
}
