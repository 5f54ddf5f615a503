#!/usr/bin/env bats
# pod-dns doctor: what this host offers to resolve names by.
load ../lib/envpod
load helper
setup() { dns_setup; }
teardown() { dns_teardown; }

# with RESOLV.CONF COMMAND...: in the test's network, with that file in the place of the host's.
with() { printf '%s\n' "$1" >"$T/resolv.conf"; shift; inside unshare -m sh -c 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"' "$T/resolv.conf" "$@"; }
status_of() { jq -r --arg n "$1" 'select(.name == $n).status'; }

@test "the host's resolvers are named, and asked on demand; one that is silent fails" {
	upstream 'www.example.com. 60 IN A 192.0.2.1'
	inside ip addr add 192.0.2.53/32 dev lo
	inside nft 'add table ip t; add chain ip t o { type nat hook output priority -100; }; add rule ip t o ip daddr 192.0.2.53 udp dport 53 dnat to 127.0.0.1:5300'
	with 'nameserver 192.0.2.53' pod-dns doctor --json --ask >"$T/checks"
	[ "$(status_of resolvers <"$T/checks")" = pass ]
	grep -q 'are asked: 192.0.2.53' "$T/checks"
	[ "$(status_of resolver <"$T/checks")" = pass ]
	[ "$(status_of public-suffixes <"$T/checks")" = pass ]
	[ "$(status_of ipv6-route <"$T/checks")" = pass ]
	with 'nameserver 127.0.0.9' pod-dns doctor --json --ask >"$T/checks"
	[ "$(status_of resolver <"$T/checks")" = fail ]
}

@test "no resolver, no IPv6 route: said, with how to mend it" {
	inside ip -6 route del 2001:db8::/32 dev lo
	with '# none' pod-dns doctor --json >"$T/checks"
	[ "$(status_of resolvers <"$T/checks")" = fail ]
	[ "$(status_of ipv6-route <"$T/checks")" = warn ]
	jq -es 'map(select(.name == "resolvers")) | .[0].hint | test("network.dns.upstream")' "$T/checks"
	with '# none' pod-dns doctor | grep -q '^fail  resolvers'
	expect 64 pod-dns doctor web
}
