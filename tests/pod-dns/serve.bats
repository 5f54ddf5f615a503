#!/usr/bin/env bats
# The resolver of a pod, with a real upstream and a real client.
load ../lib/envpod
load helper

ZONE=("www.example.com. 60 IN A 192.0.2.1" "www.example.com. 60 IN AAAA 2001:db8::1"
	"alias.example.com. 60 IN CNAME www.example.com." "example.com. 60 IN TXT hello"
	"inner.example.com. 60 IN A 10.0.0.1" "mixed.example.com. 60 IN A 10.0.0.1"
	"mixed.example.com. 60 IN A 192.0.2.9" "bad.example.com. 60 IN A 192.0.2.6"
	"big.example.com. 60 IN TXT $(printf 'a%.0s' {1..250})" "big.example.com. 60 IN TXT $(printf 'b%.0s' {1..250})"
	"big.example.com. 60 IN TXT $(printf 'c%.0s' {1..250})")
DNS_POLICY='allow: ["**.example.com"]
deny: [bad.example.com]
remap: {here.test: 192.0.2.77, there.test: www.example.com}
upstream: ["127.0.0.1#5300"]'

setup() { dns_setup; upstream "${ZONE[@]}"; }
teardown() { dns_teardown; }

@test "allowed names by UDP and TCP, IPv4 and IPv6, in the client's spelling" {
	serve "$DNS_POLICY"
	[ "$(addresses www.example.com)" = 192.0.2.1 ]
	[ "$(addresses +tcp www.example.com)" = 192.0.2.1 ]
	[ "$(addresses www.example.com AAAA)" = 2001:db8::1 ]
	[ "$(addresses example.com TXT)" = '"hello"' ]
	inside /usr/bin/python3 -c 'import dns.message as m, dns.query
print(dns.query.udp(m.make_query("wWw.eXample.com", "A"), "127.0.0.1", 2).answer[0].name)' >"$T/said"
	[ "$(cat "$T/said")" = wWw.eXample.com. ]
	[ "$(addresses alias.example.com | tail -n1)" = 192.0.2.1 ]
	[ "$(status_of nosuch.example.com)" = NXDOMAIN ]
	[ "$(status_of www.example.com MX)" = NOERROR ]
}

@test "other names: NXDOMAIN, an extended error, an SOA that lasts a moment; upstream hears nothing" {
	serve "$DNS_POLICY"
	ask +edns evil.test >"$T/said"
	grep -q 'status: NXDOMAIN' "$T/said"
	grep -q 'EDE: 18 (Prohibited)' "$T/said"
	awk '$4 == "SOA" { found = $2 <= 5 && $NF <= 5 } END { exit !found }' "$T/said"
	ask +edns bad.example.com | grep -q 'EDE: 15 (Blocked)'
	refute grep -q 'EDE' <(ask +noedns evil.test)
	[ "$(status_of xexample.com)" = NXDOMAIN ]
	kill "${UPSTREAMS# }"
	[ "$(status_of other.test)" = NXDOMAIN ]
	event '.event == "dns_denied" and .name == "evil.test" and .rule == "mode allowlist"'
	event '.event == "dns_denied" and .name == "bad.example.com" and .rule == "deny bad.example.com"'
}

@test "addresses that lead into private networks are kept back, unless the pod file opens the network" {
	serve "$DNS_POLICY"
	[ -z "$(addresses inner.example.com)" ]
	ask +edns inner.example.com | grep -q 'EDE: 15 (Blocked)'
	[ "$(addresses mixed.example.com)" = 192.0.2.9 ]
	event '.event == "dns_denied" and .name == "inner.example.com" and (.reason | test("private"))'
	kill "$DNS" && wait "$DNS"
	envpod destroy -f web
	serve "$DNS_POLICY" 'cidr_allow: [10.0.0.0/8]'
	[ "$(addresses inner.example.com)" = 10.0.0.1 ]
}

@test "IPv6 addresses that the host has no way to are not told: clients would not come back for IPv4" {
	serve "$DNS_POLICY"
	inside ip -6 route del 2001:db8::/32
	[ -z "$(addresses www.example.com AAAA)" ]
	[ "$(status_of www.example.com AAAA)" = NOERROR ]
	[ "$(addresses www.example.com)" = 192.0.2.1 ]
	inside ip -6 route add 2001:db8::/32 dev lo
	told() { [ "$(addresses www.example.com AAAA)" = 2001:db8::1 ]; }
	wait_for 8 told
}

@test "remaps to an address and to a name" {
	serve "$DNS_POLICY"
	[ "$(addresses here.test)" = 192.0.2.77 ]
	[ -z "$(addresses here.test AAAA)" ]
	[ "$(status_of here.test AAAA)" = NOERROR ]
	[ "$(addresses there.test | tail -n1)" = 192.0.2.1 ]
	event '.name == "there.test" and .decision == "remap"'
}

@test "what was answered once is answered without the upstream, negative answers too" {
	serve "$DNS_POLICY"
	addresses www.example.com
	status_of nosuch.example.com
	kill "${UPSTREAMS# }"
	[ "$(addresses www.example.com)" = 192.0.2.1 ]
	[ "$(status_of nosuch.example.com)" = NXDOMAIN ]
	event '.name == "www.example.com" and .cached == true'
}

@test "what does not fit a datagram is cut between records and marked; TCP has it whole" {
	serve "$DNS_POLICY"
	ask +noedns +ignore big.example.com TXT >"$T/said"
	grep -q 'Flags: qr tc' "$T/said"
	[ "$(grep -c '^big' "$T/said")" = 1 ]
	[ "$(addresses +tcp big.example.com TXT | wc -l)" = 3 ]
	[ "$(addresses +bufsize=1232 big.example.com TXT | wc -l)" = 3 ]
}

@test "each question is an event, with what was answered and by which rule" {
	serve "$DNS_POLICY"
	addresses www.example.com
	jq -e -s '.[-1] | .v == 1 and .pod == "web" and .src == "dns" and .event == "dns_query" and
		.name == "www.example.com" and .type == "A" and .decision == "allow" and .rule == "allow **.example.com" and
		.answers == ["192.0.2.1"] and (.ts | test("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{6}Z$"))' "$T/events"
}

@test "meta types, other classes and odd messages are turned away" {
	serve "$DNS_POLICY"
	[ "$(status_of www.example.com ANY)" = NOTIMPL ]
	[ "$(status_of www.example.com AXFR)" != NOERROR ]
	[ "$(status_of www.example.com TYPE250)" = NOTIMPL ]
	[ "$(status_of -c CH version.bind TXT)" = REFUSED ]
	ask +edns=1 www.example.com | grep -q 'ext-rcode: BADVERS'
}

@test "root's ids, capabilities and files are given up before the first question" {
	serve "$DNS_POLICY"
	status=/proc/$DNS/status
	[ "$(awk '/^Uid:/ { print ($2 == $3 && $2 > 1000000) }' "$status")" = 1 ]
	[ "$(awk '/^CapEff:/ { print $2 }' "$status")" = 0000000000000000 ]
	[ "$(awk '/^NoNewPrivs:/ { print $2 }' "$status")" = 1 ]
	[ "$(awk '/^Seccomp:/ { print $2 }' "$status")" = 2 ]
	refute grep -q . <(find "/proc/$DNS/fd" -lname '*/etc/*' 2>/dev/null)
}

@test "SIGTERM ends it with status 0; without a pod, a network or a sound policy it does not start" {
	serve "$DNS_POLICY"
	kill "$DNS"
	wait "$DNS"
	DNS=
	expect 2 pod-dns serve nosuch
	expect 2 pod-dns serve web
	grep -q 'pod-net up' <<<"$output"
	echo '{"v":1,"allow":[' >"$ENVPOD_STATE_DIR/pods/web/policy/dns.json"
	expect 78 inside pod-dns serve --listen 127.0.0.1#53 web
	grep -q 'dns.json:2:1' <<<"$output"
}

@test "the dummy of a key in a name is a canary, also one that comes later" {
	serve "$DNS_POLICY"
	ask sk-dummy-0123456789abcdef.evil.test >/dev/null
	policy=$ENVPOD_STATE_DIR/pods/web/policy
	printf 'envpod-plan 1 0 0 0\ncanary freeze\ndummy API_KEY sk-dummy-0123456789abcdef\nend\n' >"$policy/new"
	chmod 644 "$policy/new"
	mv "$policy/new" "$policy/proxy"
	found() { ask sk-dummy-0123.456789abcdef.www.example.com >/dev/null; event '.event == "canary"'; }
	wait_for 5 found
	event '.event == "canary" and .key == "API_KEY" and .place == "dns" and .action == "freeze" and (.name | endswith("www.example.com"))'
	refute event '.event == "canary" and (.name | endswith("evil.test"))'
}
