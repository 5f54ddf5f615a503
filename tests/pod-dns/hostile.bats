#!/usr/bin/env bats
# A pod that attacks its resolver.
load ../lib/envpod
load helper

setup() { dns_setup; }
teardown() { dns_teardown; }

start()
{
	upstream "www.example.com. 60 IN A 192.0.2.1" "big.example.com. 60 IN TXT $(printf 'a%.0s' {1..250})" \
		"big.example.com. 60 IN TXT $(printf 'b%.0s' {1..250})"
	serve "allow: ['**.example.com', '**.silent.test']
upstream: ['127.0.0.1#5300']"
}
attack() { inside /usr/bin/python3 "$TOP/tests/pod-dns/hostile.py" "$1"; }
# In kB; a sanitizer's own memory is not counted.
resident() { if sanitized pod-dns; then echo 0; else awk '/^VmRSS/ { print $2 }' "/proc/$DNS/status"; fi; }

@test "malformed questions: FORMERR, or nothing for what is no question" {
	start
	attack malformed
}

@test "twenty thousand damaged datagrams" {
	start
	attack garbage
	kill -0 "$DNS"
}

@test "names of every byte there is: on record, as one line of JSON each" {
	start
	attack long_names
	wait_for 2 event '.name | test("\\\\[0-9]{3}")'
	jq -es 'all(.[]; .v == 1)' "$T/events"
	[ "$(awk 'length > 4096' "$T/events" | wc -l)" = 0 ]
}

@test "TCP in pieces, pipelined, half closed" {
	start
	attack tcp_pieces
}

@test "TCP that is none" {
	start
	attack tcp_bad
}

@test "more connections than there may be, and one that never reads" {
	start
	attack tcp_many
	attack tcp_unread
	[ "$(resident)" -lt 20000 ]
}

@test "a flood of names that nobody answers: others still are, memory stays bounded, refusals are on record" {
	liar 5300 silent
	liar 5302 good
	serve "allow: ['**.example.com', '**.silent.test']
upstream: ['127.0.0.1#5300', '127.0.0.1#5302']"
	attack flood
	addresses www.example.com
	[ "$(resident)" -lt 30000 ]
	event '.event == "dns_denied" or .rcode == "SERVFAIL"'
}

@test "who takes down events is stuck: questions are answered, what is lost is counted, refusals are kept" {
	upstream "www.example.com. 60 IN A 192.0.2.1"
	mkfifo "$T/stuck"
	exec 6<>"$T/stuck"
	serve "allow: ['**.example.com']
upstream: ['127.0.0.1#5300']"
	kill "$DNS" && wait "$DNS"
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	(exec nsenter -t "$NS" -n pod-dns serve --listen 127.0.0.1#53 --ready-fd 7 --event-fd 6 web) 2>"$T/stderr" 3>&- &
	DNS=$!
	read -r -t 5 -u 7
	for i in 1 2 3 4; do printf 'www.example.com\n%.0s' {1..300} | inside xargs kdig @127.0.0.1 +short +time=2 >"$T/got"; done
	[ "$(sort "$T/got" | uniq -c | tr -s ' ')" = " 300 192.0.2.1" ]
	[ "$(status_of evil.test)" = NXDOMAIN ]
	timeout 2 cat "$T/stuck" >"$T/late" || true
	exec 6>&- 7>&-
	jq -es 'any(.[]; .event == "events_lost" and .n > 0) and any(.[]; .name == "evil.test")' "$T/late"
}

@test "100000 entries: read at once, in little memory, and asked as fast" {
	serve "upstream: ['127.0.0.1#5300']"
	awk 'BEGIN { printf "{\"v\":1,\"allow\":["
		for (i = 0; i < 100000; i++) printf "%s{\"name\":\"h%d.some-domain.test\"}", i ? "," : "", i
		print "],\"deny\":[{\"name\":\"h5.some-domain.test\"}]}" }' >"$T/many"
	policy=$ENVPOD_STATE_DIR/pods/web/policy
	cp "$T/many" "$policy/dns.json.x"
	chown --reference="$policy" "$policy/dns.json.x"
	chgrp --reference="$policy" "$policy/dns.json.x"
	chmod 640 "$policy/dns.json.x"
	mv "$policy/dns.json.x" "$policy/dns.json"
	wait_for 3 event '.event == "policy_loaded"'
	[ "$(status_of h99999.some-domain.test)" = SERVFAIL ] # allowed; nobody listens upstream
	[ "$(status_of h5.some-domain.test)" = NXDOMAIN ]
	[ "$(status_of h100000.some-domain.test)" = NXDOMAIN ]
	[ "$(resident)" -lt 16000 ]
}

@test "budgets of the pod file hold; names given in full have none" {
	liar 5300 good
	serve "allow: ['**.tunnel.test', full.test]
budget: {names: 8, odd_types: 2}
upstream: ['127.0.0.1#5300']"
	for i in 1 2 3; do status_of "t$i.tunnel.test" NULL >/dev/null; done
	event '.name == "t3.tunnel.test" and .event == "dns_denied" and (.reason | test("types that carry data"))'
	printf 'n%d.tunnel.test\n' {1..40} | inside xargs kdig @127.0.0.1 +short +time=2 +retry=0 >"$T/got"
	[ "$(wc -l <"$T/got")" -lt 20 ]
	for i in 1 2 3 4; do [ -n "$(addresses full.test)" ]; done
	[ "$(status_of full.test TXT)" = NOERROR ]
}
