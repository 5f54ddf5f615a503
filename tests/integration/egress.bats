#!/usr/bin/env bats
# The attack list of the network wall: one attack a test, tried as a user of the pod and as its root.
# Each is tried first on "the host", where it must get through: a test that cannot fail proves
# nothing.  The pod may reach shop.example and what lies below rebind.example; nothing else.
load ../lib/envpod
load ../lib/world

case $BATS_TEST_FILENAME in
*-veth.bats) ENGINE=veth ;;
*) ENGINE=sockets ;;
esac

RECORDS=("shop.example. 60 IN A 198.51.100.1" "shop.example. 60 IN AAAA 2001:db8:1::1" "cdn.example. 60 IN A 198.51.100.1"
	"evil.example. 60 IN A 198.51.100.2" "short.rebind.example. 1 IN A 198.51.100.3"
	"away.rebind.example. 60 IN CNAME evil.example."
	"v4.rebind.example. 60 IN A 192.168.7.7" "lo.rebind.example. 60 IN A 127.0.0.1" "any.rebind.example. 60 IN A 0.0.0.0"
	"meta.rebind.example. 60 IN A 169.254.169.254" "own.rebind.example. 60 IN A 192.0.2.254"
	"mapped.rebind.example. 60 IN AAAA ::ffff:192.168.7.7" "nat.rebind.example. 60 IN AAAA 64:ff9b::c0a8:707" "ula.rebind.example. 60 IN AAAA fd00::7"
	"ech.rebind.example. 60 IN HTTPS 1 . alpn=h2,h3 ech=AEX+DQBBpQAgACAY ipv4hint=198.51.100.7")

setup_file()
{
	world_setup
	sites shop.example=198.51.100.1 cdn.example=198.51.100.1 evil.example=198.51.100.2 'shop.example=[2001:db8:1::1]' short.rebind.example=198.51.100.3
	DELEGATE='t.rebind.example 198.51.100.53@5353 i.rebind.example 198.51.100.53@5354' resolver "${RECORDS[@]}"
	evil
	tunnel
	net_pod web "engine: $ENGINE" 'dns: {allow: [shop.example, "**.rebind.example"], upstream: [203.0.113.53], pin_min: 1}'
	on_host envpod run web -- curl -sS -o /dev/null http://shop.example/name
}
teardown_file() { world_teardown; }

# Whatever comes to 198.51.100.7, 198.51.100.53, the metadata address or 2001:db8:1::2 is written
# down and answered, whatever the port.
evil()
{
	in_world ip addr add 198.51.100.53/32 dev uplink
	in_world nft -f - <<-'END'
	table inet evil {
		chain in { type nat hook prerouting priority -100;
			ip daddr { 198.51.100.7, 198.51.100.53, 169.254.169.254 } meta l4proto { tcp, udp } redirect to :9999
			ip6 daddr 2001:db8:1::2 meta l4proto { tcp, udp } redirect to :9999
		}
	}
	END
	on_host ip route add 169.254.169.254/32 via 192.0.2.1
	cat >"$T/evil.py" <<-'END'
	import selectors, socket, sys
	log = open(sys.argv[1], "a", buffering=1)
	sel = selectors.DefaultSelector()
	for f, a in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
	    for t in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
	        s = socket.socket(f, t)
	        if f == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
	        s.bind((a, 9999))
	        if t == socket.SOCK_STREAM: s.listen(100)
	        sel.register(s, selectors.EVENT_READ)
	while True:
	    for k, _ in sel.select():
	        s = k.fileobj
	        if s.type == socket.SOCK_DGRAM:
	            d, a = s.recvfrom(2000); print("udp", a, d, file=log); s.sendto(b"evil", a)
	        else:
	            c, a = s.accept(); print("tcp", a, file=log); c.sendall(b"evil"); c.close()
	END
	start in_world python3 "$T/evil.py" "$T/evil.log"
	wait_for 5 listening 0.0.0.0 9999
	cat >"$T/try.py" <<-'END'
	# try.py tcp|udp ADDRESS PORT: prints "evil" if somebody answers
	import socket, sys
	kind, to, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
	s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
	s.settimeout(3)
	s.connect((to, port))
	if kind == "udp": s.send(b"hello")
	print(s.recv(100).decode())
	END
	chmod 644 "$T/try.py"
	cp "$T/try.py" /opt/envpod-try.py 2>/dev/null || true
}

# dns2tcp: TCP in names below t.rebind.example, which the pod may ask for.  It leads to 200 kB.
tunnel()
{
	printf 'listen = 198.51.100.53\nport = 5353\nuser = root\nchroot = %s\ndomain = t.rebind.example\nresources = much:127.0.0.1:7777\n' "$T/www" >"$T/dns2tcpd.conf"
	start in_world dns2tcpd -F -f "$T/dns2tcpd.conf"
	start in_world python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 7777))
while True:
    c, _ = s.accept()
    try: c.sendall(b"x" * 200000)
    except OSError: pass
    c.close()'
	wait_for 5 listening 198.51.100.53 5353
	wait_for 5 listening 127.0.0.1 7777
}

# Ways to be in the pod.
as_user() { on_host timeout 20 envpod run --user agent web -- "$@"; }
as_pod_root() { on_host timeout 20 envpod run --root web -- "$@"; }

# blocked COMMAND...: gets "evil" out on the host, and not in the pod, whoever one is there.
blocked()
{
	[[ "$(on_host timeout 20 "$@")" == *evil* ]] || { echo "the control failed: $*" >&2; return 1; }
	local way
	for way in as_user as_pod_root; do
		run "$way" "$@"
		[[ "$output" != *evil* ]] || { echo "got through $way: $*" >&2; return 1; }
	done
}

# python SCRIPT [ARG...]: without files.
attack() { local script; script=$(cat "$T/try.py"); blocked python3 -c "$script" "$@"; }

@test "control: what is allowed works, for both" {
	for way in as_user as_pod_root; do
		[ "$("$way" curl -sSk https://shop.example/name)" = shop.example ]
		[ "$("$way" curl -sSk -6 https://shop.example/name)" = shop.example ]
	done
}

@test "raw IPv4 addresses, every kind of port" {
	for port in 443 22 65535; do
		attack tcp 198.51.100.7 $port
	done
}

@test "raw IPv6 addresses" { attack tcp 2001:db8:1::2 443; attack tcp 2001:db8:1::2 22; }

@test "an IPv4 address in IPv6 dress" {
	attack tcp ::ffff:198.51.100.7 443
}

@test "another resolver by UDP" { attack udp 198.51.100.53 53; }

@test "another resolver by TCP" { attack tcp 198.51.100.53 53; }

@test "DNS over TLS" { attack tcp 198.51.100.53 853; }

@test "QUIC, also to an address that is pinned" {
	attack udp 198.51.100.7 443
	in_world nft add rule inet evil in ip daddr 198.51.100.1 udp dport 443 redirect to :9999
	attack udp 198.51.100.1 443
}

@test "UDP of any kind" { for port in 123 51820; do attack udp 198.51.100.7 $port; done; }

@test "the cloud's metadata" { attack tcp 169.254.169.254 80; }

@test "DNS over HTTPS to a neighbour at an allowed address: another SNI" {
	on_host curl -sSk --resolve cdn.example:443:198.51.100.1 https://cdn.example/name | grep -q cdn.example
	for way in as_user as_pod_root; do
		"$way" curl -sSk https://shop.example/name >/dev/null
		run "$way" curl -sSk --resolve cdn.example:443:198.51.100.1 https://cdn.example/name
		[ "$status" -eq 35 ]
	done
	refute grep -q cdn.example <(grep -v 192.0.2.254 "$T/nginx/access.log")
}

@test "another Host in a plain request to an allowed address, also smuggled" {
	for way in as_user as_pod_root; do
		"$way" curl -sS http://shop.example/name >/dev/null
		[[ "$("$way" curl -sS -H 'Host: cdn.example' http://shop.example/name)" == *refused* ]]
		"$way" python3 -c '
import socket
for text in ("POST /name HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /name HTTP/1.1\r\nHost: cdn.example\r\n\r\n",
             "GET /name HTTP/1.1\r\nHost: shop.example\r\n\r\nGET /name HTTP/1.1\r\nHost: cdn.example\r\n\r\n",
             "GET http://cdn.example/name HTTP/1.1\r\nHost: shop.example\r\n\r\n",
             "GET /name HTTP/1.1\r\nHost: shop.example\r\nHost: cdn.example\r\n\r\n"):
    s = socket.create_connection(("shop.example", 80), 5); s.sendall(text.encode()); got = b""
    try:
        while True:
            d = s.recv(1000)
            if not d: break
            got += d
    except (ConnectionResetError, TimeoutError): pass
    assert b"\r\n\r\ncdn.example" not in got, got
'
	done
}

@test "no SNI, a wrong protocol on an allowed port" {
	for way in as_user as_pod_root; do
		"$way" curl -sS http://shop.example/name >/dev/null
		refute "$way" curl -sSk https://198.51.100.1/name
		"$way" python3 -c '
import socket
s = socket.create_connection(("shop.example", 443), 5); s.sendall(b"SSH-2.0-evil\r\n")
try: assert not s.recv(100) or True
except ConnectionResetError: pass
'
	done
	refute grep -q SSH "$T/nginx/error.log"
}

@test "services of the host: by its address, by its loopback" {
	start on_host python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8081))
while True:
    c, _ = s.accept(); c.sendall(b"evil"); c.close()'
	host_listens() { on_host ss -Htln 'sport = :8081' | grep -q .; }
	wait_for 5 host_listens
	attack tcp 192.0.2.254 8081
	attack tcp 127.0.0.1 8081
}

@test "other pods: their address, their loopback" {
	net_pod other "engine: $ENGINE" 'cidr_allow: [203.0.113.9]'
	on_host envpod start other -- python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8082))
while True:
    c, _ = s.accept(); c.sendall(b"evil"); c.close()'
	address=$(cut -d' ' -f2 "$R/other/net/up")
	there() { nsenter --net="$R/other/ns/net" ss -Htln 'sport = :8082' | grep -q .; }
	wait_for 10 there
	[ "$(nsenter --net="$R/other/ns/net" python3 "$T/try.py" tcp "${address%/32}" 8082)" = evil ]
	script=$(cat "$T/try.py")
	for way in as_user as_pod_root; do
		refute "$way" python3 -c "$script" tcp "${address%/32}" 8082 2>/dev/null
		refute "$way" python3 -c "$script" tcp 127.0.0.1 8082 2>/dev/null
	done
	on_host envpod stop -t 1 other
}

@test "rebinding: allowed names that lead into private networks, to loopback, to the host" {
	for name in v4 lo any meta mapped nat ula; do
		for way in as_user as_pod_root; do
			refute "$way" getent ahosts $name.rebind.example
		done
	done
	for way in as_user as_pod_root; do
		refute "$way" curl -sSf http://own.rebind.example:80/
	done
	pod-audit query --json web | jq -es 'map(select(.event == "net_denied" and .src == "proxy" and .address == "192.0.2.254")) | length > 0'
}

@test "CNAME: an allowed name may lead elsewhere, but the other name stays closed" {
	for way in as_user as_pod_root; do
		[ "$("$way" curl -sSk -o /dev/null -w '%{remote_ip}' https://away.rebind.example/name)" = 198.51.100.2 ]
		refute "$way" getent ahosts evil.example
		run "$way" curl -sSk --resolve evil.example:443:198.51.100.2 https://evil.example/name
		[ "$status" -eq 35 ]
	done
}

@test "ECH: its key does not arrive, nor HTTP/3, nor an address that is not pinned" {
	on_host kdig +short @203.0.113.53 ech.rebind.example HTTPS | grep -q 'ech='
	for way in as_user as_pod_root; do
		"$way" kdig +short @127.0.0.1 ech.rebind.example HTTPS >"$T/said"
		grep -q 'alpn=' "$T/said"
		refute grep -Eq 'ech=|h3' "$T/said"
	done
}

@test "ICMP" {
	on_host ping -qc1 -W2 198.51.100.7 >/dev/null
	for way in as_user as_pod_root; do
		refute "$way" ping -qc1 -W1 198.51.100.7 >/dev/null 2>&1
		refute "$way" ping -qc1 -W1 2001:db8:1::2 >/dev/null 2>&1
	done
}

@test "raw and packet sockets, other protocols, source routes, marks" {
	for way in as_user as_pod_root; do
		"$way" python3 - <<-'END'
		import socket, struct
		def closed(what, f):
		    try: f()
		    except OSError: return
		    raise SystemExit("open: " + what)
		S = socket.socket
		closed("raw", lambda: S(socket.AF_INET, socket.SOCK_RAW, 255))
		closed("raw icmp", lambda: S(socket.AF_INET, socket.SOCK_RAW, 1))
		closed("raw6", lambda: S(socket.AF_INET6, socket.SOCK_RAW, 58))
		closed("packet", lambda: S(socket.AF_PACKET, socket.SOCK_RAW, 0x300))
		def sctp():
		    s = S(socket.AF_INET, socket.SOCK_STREAM, 132); s.settimeout(2); s.connect(("198.51.100.7", 443))
		closed("sctp", sctp)
		def udplite():
		    s = S(socket.AF_INET, socket.SOCK_DGRAM, 136); s.sendto(b"x", ("198.51.100.7", 443))
		closed("udplite", udplite)
		t = S()
		closed("source route", lambda: t.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x83\x0b\x04\xc0\x00\x02\x01\xc6\x33\x64\x07\x00"))
		closed("strict source route", lambda: t.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x89\x0b\x04\xc0\x00\x02\x01\xc6\x33\x64\x07\x00"))
		def routed(kind):
		    head = bytes([0, 2, kind, 1, 0, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, "2001:db8:1::2")
		    s = S(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, head); s.sendto(b"x", ("2001:db8:1::1", 443))
		for kind in (0, 2, 4): closed("routing header", lambda: routed(kind))
		closed("mark", lambda: t.setsockopt(socket.SOL_SOCKET, 36, 7))
		closed("transparent", lambda: t.setsockopt(socket.IPPROTO_IP, 19, 1))
		def device(name):
		    s = S(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, 25, name); s.sendto(b"x", ("198.51.100.7", 53))
		for name in (b"eth0\0", b"nowhere0\0"): closed("device", lambda: device(name))
		def fast():
		    s = S(); s.settimeout(2); s.sendto(b"x", socket.MSG_FASTOPEN, ("198.51.100.7", 443))
		closed("fast open", fast)
		def cast(to):
		    s = S(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1); s.sendto(b"x", to)
		for to in (("255.255.255.255", 67), ("224.0.0.251", 5353), ("10.200.255.255", 9)): closed("cast", lambda: cast(to))
		END
	done
	refute grep -q "'192.0.2.254'.*b'x'" "$T/evil.log"
}

@test "proxy variables lead nowhere" {
	for way in as_user as_pod_root; do
		refute "$way" env http_proxy=http://198.51.100.7:3128 curl -sS http://evil.example/
		refute "$way" env https_proxy=socks5h://198.51.100.7:1080 curl -sS https://evil.example/
	done
}

@test "resolv.conf and hosts of the pod: changed, they open nothing" {
	refute as_pod_root sh -c 'cp /etc/resolv.conf /tmp/; echo nameserver 203.0.113.53 >/etc/resolv.conf; getent ahosts evil.example; s=$?; cp /tmp/resolv.conf /etc/resolv.conf; exit $s'
	run as_pod_root sh -c 'cp /etc/hosts /tmp/; echo 198.51.100.7 shop.example >>/etc/hosts; curl -sS --max-time 5 -4 http://shop.example/; cp /tmp/hosts /etc/hosts'
	[[ "$output" != *evil* ]]
	as_user curl -sS http://shop.example/name
}

@test "the relay's own port, straight and by way of itself" {
	for way in as_user as_pod_root; do
		for to in 127.0.0.1 ::1 10.200.0.2; do
			refute "$way" python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 15001), 3)' "$to" 2>/dev/null
		done
	done
}

@test "netlink and nft from inside change nothing" {
	pod-net rules web >"$T/rules"
	before=$(nsenter --net="$R/web/ns/net" nft -s list ruleset | grep -v -e packets -e elements -e ' \. [0-9]')
	for way in as_user as_pod_root; do
		for what in 'nft flush ruleset' 'nft add rule inet envpod c_out accept' 'nft delete table inet envpod' \
			'nft add element inet envpod pins4 { 198.51.100.7 . 443 }' 'ip addr add 198.51.100.9/32 dev eth0' 'ip link set lo down' \
			'ip route replace default dev lo' 'ip link add v type veth' 'sysctl -w net.ipv4.conf.all.route_localnet=1' \
			'unshare -n true' 'nsenter --net=/proc/1/ns/net ip link set lo down' 'conntrack -F' 'tc qdisc add dev eth0 root tbf rate 1mbit burst 1k latency 1ms'; do
			refute "$way" sh -c "$what" 2>/dev/null
		done
	done
	after=$(nsenter --net="$R/web/ns/net" nft -s list ruleset | grep -v -e packets -e elements -e ' \. [0-9]')
	[ "$before" = "$after" ]
}

@test "a tunnel by dns2tcp below an allowed wildcard is strangled" {
	drain='
import os, select, subprocess, sys, time
end, got = time.monotonic() + float(sys.argv[1]), 0
p = subprocess.Popen(["dns2tcpc", "-z", "t.rebind.example", "-r", "much", "-l", "-", sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
while got < 50000 and time.monotonic() < end:
    if select.select([p.stdout], [], [], 0.2)[0]:
        data = os.read(p.stdout.fileno(), 65536)
        if not data: break
        got += len(data)
p.kill(); print(got)'
	[ "$(on_host python3 -c "$drain" 20 203.0.113.53)" -ge 50000 ]
	for way in as_user as_pod_root; do
		[ "$("$way" python3 -c "$drain" 4 127.0.0.1)" -lt 10000 ]
	done
	# its questions were let through; their data is in the case of letters, which is not kept
	pod-audit query --json web | jq -es 'any(.src == "dns" and .decision == "allow" and (.name // "" | endswith(".t.rebind.example")))'
}

# iodine, whose data needs no case: it may ask below i.rebind.example.  It needs a device, which no agent can make:
# the pod's own resolver is asked for it by root of the host, in the pod's network, past a wall opened for that device.
@test "a tunnel by iodine below an allowed wildcard is strangled by the budgets" {
	need tun
	drain='
import socket, sys, time
end, got = time.monotonic() + float(sys.argv[1]), 0
s = socket.socket(); s.settimeout(float(sys.argv[1]))
try:
    s.connect(("10.53.0.1", 7778))
    while got < 50000 and time.monotonic() < end:
        d = s.recv(65536)
        if not d: break
        got += len(d)
except OSError: pass
print(got)'
	start in_world iodined -f -c -P pw -l 198.51.100.53 -p 5354 10.53.0.1 i.rebind.example
	start in_world python3 -c '
import socket
s = socket.create_server(("", 7778))
while True:
    c, _ = s.accept()
    try: c.sendall(b"x" * 200000)
    except OSError: pass
    c.close()'
	wait_for 5 listening 198.51.100.53 5354
	wait_for 5 listening 0.0.0.0 7778
	start on_host iodine -f -r -P pw 203.0.113.53 i.rebind.example
	control=$(tail -n1 "$T/pids")
	wait_for 30 grep -q "Connection setup complete" "$T/servers.log"
	[ "$(on_host python3 -c "$drain" 30)" -ge 50000 ]
	kill "$control"
	for way in as_user as_pod_root; do
		refute "$way" iodine -f -r -P pw 127.0.0.1 i.rebind.example
	done
	net_pod tun "engine: $ENGINE" 'dns: {allow: ["**.rebind.example"], upstream: [203.0.113.53]}'
	on_host envpod run tun -- true
	inside() { nsenter --net="$R/tun/ns/net" -- "$@"; }
	inside nft insert rule inet envpod c_out oifname dns0 accept
	inside nft insert rule inet envpod c_in iifname dns0 accept
	start nsenter --net="$R/tun/ns/net" iodine -f -r -P pw 127.0.0.1 i.rebind.example
	set_up() { [ "$(grep -c 'Connection setup complete' "$T/servers.log")" -ge 2 ]; }
	wait_for 30 set_up
	# its first answers come through; then it is known for what it is
	[ "$(inside python3 -c "$drain" 4)" -lt 100000 ]
	[ "$(inside python3 -c "$drain" 3)" = 0 ]
	known() # it is written down a moment after
	{
		pod-audit query --json tun | jq -es 'map(select(.src == "dns" and (.name // "" | endswith("i.rebind.example")))) |
			any(.decision == "allow" and .rcode == "NOERROR") and any(.decision == "deny" and (.reason | test("coded data")))'
	}
	wait_for 10 known
}

@test "between answer and pin there is no gap" {
	as_user python3 - <<-'END'
	import socket
	for i in range(150):
	    a = socket.getaddrinfo("short.rebind.example", 80, socket.AF_INET)[0][4]
	    s = socket.socket(); s.settimeout(5); s.connect(a)
	    s.sendall(b"GET /name HTTP/1.0\r\nHost: short.rebind.example\r\n\r\n")
	    d = b""
	    while True:
	        x = s.recv(1000)
	        if not x: break
	        d += x
	    assert b" 200 " in d, (i, d)
	END
}

@test "a pin ends: the address is closed until the name is asked for again" {
	as_user curl -sS http://short.rebind.example/name >/dev/null
	closed() { ! nsenter --net="$R/web/ns/net" nft list set inet envpod pins4 | grep -q 198.51.100.3; }
	wait_for 10 closed
	refute as_user python3 -c 'import socket; socket.create_connection(("198.51.100.3", 80), 5)' 2>/dev/null
	as_user curl -sS http://short.rebind.example/name >/dev/null
}

@test "a name removed: its live connection is cut, its address closed; allowed live, it opens" {
	on_host envpod dns web --allow evil.example
	for way in as_user as_pod_root; do
		[ "$("$way" curl -sSk --retry 5 --retry-all-errors --retry-delay 1 https://evil.example/name)" = evil.example ]
	done
	on_host timeout 60 envpod run web -- python3 -c '
import socket
s = socket.create_connection(("evil.example", 80)); s.sendall(b"GET /name HTTP/1.1\r\nHost: evil.example\r\n\r\n")
print("connected" if b" 200 " in s.recv(1000) else "not", flush=True)
s.settimeout(20)
try: print("ended" if s.recv(1000) == b"" else "more", flush=True)
except ConnectionResetError: print("reset", flush=True)
' >"$T/cut" 2>&1 3>&- &
	client=$!
	connected() { grep -q connected "$T/cut"; }
	wait_for 10 connected
	on_host envpod dns web --remove-allow evil.example
	wait "$client"
	grep -Eq 'reset|ended' "$T/cut"
	for way in as_user as_pod_root; do
		refute "$way" getent ahosts evil.example
		refute "$way" curl -sSk --max-time 5 --resolve evil.example:443:198.51.100.2 https://evil.example/name
	done
}

@test "the same on a port that no relay looks at: connection and datagrams are cut" {
	start in_world python3 -c '
import socket, threading
def answer(f, a):
    u = socket.socket(f, socket.SOCK_DGRAM); u.bind((a, 7000))
    while True:
        d, who = u.recvfrom(100); u.sendto(d, who)
threading.Thread(target=answer, args=(socket.AF_INET, "198.51.100.2")).start()
s = socket.create_server(("198.51.100.2", 7000))
while True:
    c, _ = s.accept(); c.sendall(b"hello"); globals().setdefault("kept", []).append(c)'
	wait_for 5 listening 198.51.100.2 7000
	on_host envpod dns web --allow evil.example:7000
	on_host timeout 60 envpod run web -- python3 -c '
import select, socket, sys
for _ in range(50):
    try: a = socket.getaddrinfo("evil.example", 7000, socket.AF_INET, socket.SOCK_STREAM)[0][4]; break
    except OSError: select.select([], [], [], 0.1)
s = socket.create_connection(a); s.settimeout(20)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(3)
def talk():
    try: u.sendto(b"ping", a); return u.recv(100) == b"ping"
    except OSError: return False
print("connected", s.recv(100) == b"hello", "datagrams", talk(), flush=True)
try: print("ended" if s.recv(100) == b"" else "more", flush=True)
except (ConnectionResetError, ConnectionAbortedError): print("reset", flush=True)
except TimeoutError: print("goes on", flush=True)
print("silent" if any(not talk() or select.select([], [], [], 0.1)[0] for _ in range(50)) else "still", flush=True)
' >"$T/straight" 2>&1 3>&- &
	client=$!
	connected() { grep -q connected "$T/straight"; }
	wait_for 10 connected
	case $ENGINE in # no datagrams leave by sockets
	veth) grep -q '^connected True datagrams True' "$T/straight" ;;
	*) grep -q '^connected True datagrams False' "$T/straight" ;;
	esac
	on_host envpod dns web --remove-allow evil.example:7000
	wait "$client"
	grep -Eq 'reset|ended' "$T/straight"
	grep -q silent "$T/straight"
}

@test "all that was refused is on record" {
	pod-audit query --json web | jq -es '
		(map(select(.event == "net_denied" and .src == "net") | .address) | index("198.51.100.7") != null)
		and (map(select(.event == "net_denied" and .src == "proxy") | .name) | index("cdn.example") != null)
		and (map(select(.event == "dns_denied") | .name) | index("evil.example") != null)'
	pod-audit verify web
}
