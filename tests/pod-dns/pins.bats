#!/usr/bin/env bats
# Addresses in the pod's wall: open before they are told, for as long as said, by name and port.
load ../lib/envpod
load helper

ZONE=("www.example.com. 60 IN A 192.0.2.1" "www.example.com. 60 IN AAAA 2001:db8::1"
	"alias.example.com. 60 IN CNAME www.example.com." "shared.example.com. 60 IN A 192.0.2.1"
	"long.example.com. 3600 IN A 192.0.2.5" "inner.example.com. 60 IN A 10.0.0.1")

setup()
{
	dns_setup
	need userns
	upstream "${ZONE[@]}"
}
teardown()
{
	pod-net down --force web >/dev/null 2>&1 || true
	dns_teardown
}

# walled YAML-OF-network.dns: the pod's wall, and pod-dns in it as pod-net starts it, but by hand.
walled()
{
	printf 'network:\n  mode: Isolated\n  dns:\n' >"$T/web.yaml"
	sed 's/^/    /' <<<"$1" >>"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	inside pod-net up --walls-only web
	start_walled
}
start_walled()
{
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	(exec nsenter -t "$NS" -n pod-dns serve --ready-fd 7 web) >>"$T/events" 2>"$T/stderr" 3>&- &
	DNS=$!
	read -r -t 5 -u 7
	exec 7>&-
	rm "$T/ready"
}

in_pod() { nsenter --net="$ENVPOD_RUN_DIR/web/ns/net" "$@"; }
ask() { in_pod kdig @127.0.0.1 +time=2 +retry=0 "$@"; }
# elements 4|6: "ADDRESS PORT SECONDS-LEFT" a line.
elements()
{
	in_pod nft -j list set inet envpod "pins$1" |
		jq -r '.nftables[].set? | select(.) | .elem // [] | .[].elem | (.val.concat | join(" ")) + " \(.expires)"' | sort
}
open4() { elements 4 | cut -d' ' -f1,2 | tr '\n' ' '; }
POLICY="allow: ['**.example.com', 'git.test:22,9418']
remap: {git.test: 192.0.2.9}
upstream: ['127.0.0.1#5300']"

@test "what is answered is open on 80 and 443, IPv4 and IPv6; what is refused or private is not" {
	walled "$POLICY"
	[ "$(open4)" = "" ]
	[ "$(addresses www.example.com)" = 192.0.2.1 ]
	[ "$(open4)" = "192.0.2.1 443 192.0.2.1 80 " ]
	[ "$(addresses www.example.com AAAA)" = 2001:db8::1 ]
	[ "$(elements 6 | cut -d' ' -f1,2 | tr '\n' ' ')" = "2001:db8::1 443 2001:db8::1 80 " ]
	[ -z "$(addresses inner.example.com)" ]
	[ -z "$(addresses evil.test)" ]
	[ "$(elements 4 | wc -l)" = 2 ]
}

@test "by ::1 as well; by TCP as well" {
	walled "$POLICY"
	[ "$(in_pod kdig +short +time=2 @::1 www.example.com)" = 192.0.2.1 ]
	[ "$(in_pod kdig +tcp +short +time=2 @::1 www.example.com)" = 192.0.2.1 ]
}

@test "an entry's ports, and no others" {
	walled "$POLICY"
	[ "$(addresses git.test)" = 192.0.2.9 ]
	[ "$(open4)" = "192.0.2.9 22 192.0.2.9 9418 " ]
}

@test "for the record's life, and pin_min at least" {
	walled "$POLICY
pin_min: 100s"
	addresses www.example.com long.example.com
	[ "$(elements 4 | awk '$1 == "192.0.2.1" && $3 >= 99 && $3 <= 126' | wc -l)" = 2 ]
	[ "$(elements 4 | awk '$1 == "192.0.2.5" && $3 >= 3595 && $3 <= 3630' | wc -l)" = 2 ]
}

@test "an answer out of the cache finds its address open for pin_min again" {
	walled "$POLICY
pin_min: 4s"
	addresses long.example.com
	in_pod nft flush set inet envpod pins4 # the kernel has lost it; our table says it is good
	addresses long.example.com
	[ "$(open4)" = "" ]
	addresses www.example.com # 60 s
	soon() { addresses www.example.com >/dev/null; elements 4 | awk '$3 < 58 { old = 1 } END { exit !old }'; }
	wait_for 8 soon
	[ "$(elements 4 | awk '{ if ($3 < 50) bad = 1 } END { print bad + 0 }')" = 0 ]
}

@test "the name goes: its addresses are closed, and its rows say so; what another holds stays" {
	walled "allow: [www.example.com, shared.example.com, long.example.com]
upstream: ['127.0.0.1#5300']"
	addresses www.example.com shared.example.com long.example.com
	envpod dns web --remove-allow long.example.com --remove-allow shared.example.com
	wait_for 2 gone 192.0.2.5
	[ "$(open4)" = "192.0.2.1 443 192.0.2.1 80 " ]
	envpod dns web --remove-allow www.example.com
	wait_for 2 gone 192.0.2.1
	event '.event == "policy_loaded" and (.effect | test("[1-9][0-9]* pins removed"))'
}
gone() { refute grep -q "^$1 " <(elements 4); }

@test "a deny entry closes what is open; other ports replace those before" {
	walled "$POLICY"
	addresses www.example.com
	envpod dns web --deny www.example.com
	wait_for 2 gone 192.0.2.1
	envpod dns web --remove-deny www.example.com --allow www.example.com:8443
	answered() { [ "$(addresses www.example.com)" = 192.0.2.1 ]; }
	wait_for 2 answered
	[ "$(open4)" = "192.0.2.1 8443 " ]
}

@test "killed and started again: pins stand meanwhile, and are the new one's to take away" {
	walled "$POLICY"
	addresses www.example.com
	kill -KILL "$DNS"
	wait "$DNS" || true
	[ "$(open4)" = "192.0.2.1 443 192.0.2.1 80 " ]
	[ -z "$(addresses www.example.com)" ]
	start_walled
	envpod dns web --deny www.example.com
	wait_for 2 gone 192.0.2.1
}

@test "removed while the daemon was away: closed when it is back" {
	walled "$POLICY"
	addresses www.example.com
	kill "$DNS" && wait "$DNS"
	envpod dns web --deny www.example.com
	start_walled
	wait_for 2 gone 192.0.2.1
}

@test "who asks is on record: the uid as the pod counts it" {
	walled "$POLICY"
	base=$(sed -n 's/^base //p' "$ENVPOD_STATE_DIR/pods/web/plan")
	in_pod setpriv --reuid $((base + 1234)) --clear-groups kdig @127.0.0.1 +short +time=2 www.example.com
	in_pod setpriv --reuid $((base + 33)) --clear-groups kdig @::1 +short +time=2 evil.test
	in_pod setpriv --reuid $((base + 33)) --clear-groups kdig +tcp @127.0.0.1 +short +time=2 evil2.test
	event '.name == "www.example.com" and .uid == 1234'
	event '.name == "evil.test" and .uid == 33'
	event '.name == "evil2.test" and (has("uid") | not)'
}

@test "a wall that is gone: no address is told" {
	walled "$POLICY"
	in_pod nft delete table inet envpod
	[ "$(status_of www.example.com)" = SERVFAIL ]
	event '.name == "www.example.com" and .event == "dns_denied" and (.reason | test("wall"))'
}

@test "hundreds of names below one domain: each answer is open, and the budget ends it" {
	kill "${UPSTREAMS# }" && wait "${UPSTREAMS# }" || true
	UPSTREAMS=
	mapfile -t ZONE < <(for i in {0..399}; do echo "h$i.example.com. 60 IN A 198.51.$((i / 250)).$((i % 250 + 1))"; done)
	upstream "${ZONE[@]}"
	walled "$POLICY"
	printf 'h%d.example.com\n' {0..399} |
		xargs nsenter --net="$ENVPOD_RUN_DIR/web/ns/net" kdig +short +time=2 +retry=0 @127.0.0.1 >"$T/got"
	n=$(sort -u "$T/got" | wc -l)
	[ "$n" -ge 200 ]
	[ "$n" -lt 400 ]
	event '.event == "dns_denied" and (.reason | test("too many different names"))'
	[ "$(elements 4 | cut -d' ' -f1 | sort -u | wc -l)" = "$n" ]
}
