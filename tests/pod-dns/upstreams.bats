#!/usr/bin/env bats
# Upstreams that are silent, slow, wrong or hostile.
load ../lib/envpod
load helper

setup() { dns_setup; }
teardown() { dns_teardown; }

# through PORT...: a pod that may resolve everything below test, through these upstreams.
through()
{
	local list
	list=$(printf '"127.0.0.1#%s",' "$@")
	serve "allow: ['**.test', '**.example.com']
upstream: [${list%,}]"
}

@test "a silent upstream is passed over; the next one answers, and is asked first from then on" {
	liar 5301 silent
	liar 5302 good
	through 5301 5302
	[ "$(addresses a.test)" = 192.0.2.182 ]
	[ "$(addresses b.test)" = 192.0.2.182 ]
	[ "$(addresses c.test)" = 192.0.2.182 ]
	[ "$(asked 5301)" -le 2 ]
}

@test "an upstream that nobody listens on costs nothing; none at all is SERVFAIL with a reason" {
	liar 5302 good
	through 5301 5302
	[ "$(addresses a.test)" = 192.0.2.182 ]
	kill "${UPSTREAMS# }"
	wait_for 5 refute kill -0 "${UPSTREAMS# }" 2>/dev/null
	TIME=8 ask +edns b.test >"$T/said"
	grep -q 'status: SERVFAIL' "$T/said"
	grep -q 'EDE: 22 (No Reachable Authority)' "$T/said"
	event '.name == "b.test" and .rcode == "SERVFAIL" and (.reason | length > 0)'
}

@test "forged answers are not believed: the true one still comes" {
	liar 5301 lying
	through 5301
	[ "$(addresses a.test)" = 192.0.2.181 ]
	liar 5302 only-lies
	liar 5303 good
	kill "$DNS" && wait "$DNS"
	envpod destroy -f web
	through 5302 5303
	[ "$(addresses b.test)" = 192.0.2.183 ]
}

@test "names are asked for in random case; one that comes back otherwise is asked for by TCP" {
	liar 5301 folding
	through 5301
	[ "$(addresses abcdefghijklmnop.test)" = 192.0.2.181 ]
	head -n1 "$T/asked.5301" | grep -q '^udp .*[A-Z].*[a-z]'
	sed -n 2p "$T/asked.5301" | grep -q '^tcp'
	[ "$(addresses qrstuvwxyzabcdefg.test)" = 192.0.2.181 ]
	[ "$(asked 5301)" = 3 ] # by UDP alone: it is known by now
}

@test "a truncated answer is fetched by TCP, whole, and capped" {
	liar 5301 truncating
	through 5301
	[ "$(addresses a.test | wc -l)" = 24 ]
	sed -n 2p "$T/asked.5301" | grep -q '^tcp'
	[ "$(addresses +noedns +ignore b.test | wc -l)" = 24 ] # so many fit without EDNS
}

@test "an upstream whose TCP is silent is passed over, too" {
	liar 5301 truncating-silent-tcp
	liar 5302 good
	through 5301 5302
	[ "$(TIME=6 addresses a.test)" = 192.0.2.182 ]
}

@test "SERVFAIL of one upstream is not the last word; of all, it is asked once each" {
	liar 5301 servfail
	liar 5302 good
	through 5301 5302
	[ "$(addresses a.test)" = 192.0.2.182 ]
	kill "$DNS" && wait "$DNS"
	envpod destroy -f web
	: >"$T/asked.5301"
	through 5301
	[ "$(status_of b.test)" = SERVFAIL ]
	[ "$(asked 5301)" = 1 ]
}

@test "an upstream without EDNS is asked without it" {
	liar 5301 no-edns
	through 5301
	[ "$(addresses a.test)" = 192.0.2.181 ]
	[ "$(addresses b.test)" = 192.0.2.181 ]
	[ "$(asked 5301)" = 3 ]
}

@test "a chain that breaks off is followed, though its names are not on the list" {
	liar 5301 chain
	through 5301
	[ "$(addresses n3.test | tail -n1)" = 192.0.2.181 ]
	[ "$(addresses n3.test | wc -l)" = 4 ]
	[ "$(status_of n2.elsewhere.invalid)" = NXDOMAIN ]
}

@test "what nobody asked for is neither told nor kept" {
	liar 5301 poison
	through 5301
	ask a.test >"$T/said"
	refute grep -q '203.0.113.66\|victim\|evil' "$T/said"
	addresses victim.example.com >/dev/null
	[ "$(asked 5301)" = 2 ]
}

@test "a torn answer is SERVFAIL" {
	liar 5301 torn
	through 5301
	[ "$(status_of a.test)" = SERVFAIL ]
}

@test "many who ask the same at once cause one question upstream" {
	local jobs=()
	liar 5301 slow
	through 5301
	for _ in 1 2 3 4 5 6 7 8; do
		addresses same.test >>"$T/got" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(sort "$T/got" | uniq -c | tr -s ' ')" = " 8 192.0.2.181" ]
	[ "$(asked 5301)" -le 2 ] # a second one may follow when the first is slow
}

@test "ids and ports differ from question to question" {
	liar 5301 good
	through 5301
	for i in 1 2 3 4 5 6 7 8; do addresses "h$i.test" >/dev/null; done
	[ "$(awk '{ print $3 }' "$T/asked.5301" | sort -u | wc -l)" = 8 ]
}

@test "the host's own resolvers are asked, and followed when they change" {
	liar 53 good # at 127.0.0.1: the pod's resolver listens at another address here
	printf 'search x\nnameserver 127.0.0.1\noptions edns0\n' >"$T/resolv.conf"
	printf 'network: {dns: {allow: ["**.test"]}}\n' >"$T/web.yaml"
	envpod init -c "$T/web.yaml" web
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	# shellcheck disable=SC2016
	(exec nsenter -t "$NS" -n unshare -m sh -c 'mount --bind "$0/resolv.conf" /etc/resolv.conf &&
		exec pod-dns serve --listen 127.0.0.2#53 --ready-fd 7 web' "$T") >>"$T/events" 2>"$T/stderr" 3>&- &
	DNS=$!
	read -r -t 5 -u 7
	exec 7>&-
	from() { inside kdig @127.0.0.2 +time=2 +retry=0 +short "$1"; }
	[ "$(from a.test)" = 192.0.2.53 ]
	inside ip addr add 127.0.0.3/8 dev lo
	printf '' >"$T/resolv.conf" # being written: what is known stays
	(exec nsenter -t "$NS" -n /usr/bin/python3 - "$T/second") <<-'END' 3>&- &
	import dns.message, dns.rrset, socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("127.0.0.3", 53))
	open(sys.argv[1], "w").close()
	while True:
	    data, client = s.recvfrom(4096)
	    q = dns.message.from_wire(data)
	    a = dns.message.make_response(q, recursion_available=True)
	    a.answer.append(dns.rrset.from_text(q.question[0].name, 1, "IN", "A", "192.0.2.3"))
	    s.sendto(a.to_wire(), client)
	END
	UPSTREAMS="$UPSTREAMS $!"
	wait_for 5 test -e "$T/second"
	[ "$(from b.test)" = 192.0.2.53 ]
	echo 'nameserver 127.0.0.3' >"$T/resolv.conf"
	n=0
	followed() { n=$((n + 1)); [ "$(from "c$n.test")" = 192.0.2.3 ]; }
	wait_for 6 followed
}
