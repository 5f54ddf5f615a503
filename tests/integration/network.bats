#!/usr/bin/env bats
# The network of pods as a whole: ordinary clients, live changes, bad luck.
load ../lib/envpod
load ../lib/world

setup()
{
	world_setup
	sites shop.example=198.51.100.1 evil.example=198.51.100.2
	resolver "shop.example. 60 IN A 198.51.100.1" "shop.example. 60 IN AAAA 2001:db8:1::1" "evil.example. 60 IN A 198.51.100.2" \
		"own.example. 60 IN A 192.0.2.253"
}
teardown() { world_teardown; }

web() { net_pod "${1:-web}" 'dns: {allow: [shop.example], upstream: [203.0.113.53]}' "${@:2}"; }
fetch() { in_pod "${1:-web}" curl -sS --max-time 10 http://shop.example/name; }
pid_of() { jq ".services[] | select(.name == \"$1\").pid" "$R/web/services.json"; }
another() { local pid; pid=$(pid_of "$1") && [ "$pid" -gt 0 ] && [ "$pid" != "$2" ] && pod-supervise helpers status web >/dev/null; }

@test "ordinary clients reach an allowed name, and fail for another one, by either engine" {
	web sockets
	web veth 'engine: veth'
	git -C "$T/www" init -q repo
	git -C "$T/www/repo" -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
	git -C "$T/www/repo" update-server-info
	for pod in sockets veth; do for site in shop evil; do
		in_pod $pod sh -c "
			curl -sSk -o /dev/null https://$site.example/name; echo curl \$?
			wget -q --tries=1 -O /dev/null http://$site.example/name; echo wget \$?
			python3 -c 'import urllib.request as u; u.urlopen(\"http://$site.example/name\").read()' 2>/dev/null; echo python \$?
			node -e 'fetch(\"http://$site.example/name\").then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))'; echo node \$?
			git clone -q http://$site.example/repo/.git /tmp/clone-$site 2>/dev/null; echo git \$?
		" >>"$T/$site.said" 2>/dev/null
	done; done
	[ "$(grep -c ' 0$' "$T/shop.said")" = 10 ] || { cat "$T/shop.said" >&2; false; }
	[ "$(grep -c ' 0$' "$T/evil.said")" = 0 ] || { cat "$T/evil.said" >&2; false; }
	[ "$(wc -l <"$T/evil.said")" = 10 ]
}

@test "a pod without a wall gets one while it runs, and keeps it" {
	net_pod web 'dns: {upstream: [203.0.113.53]}'
	on_host envpod start web -- sleep 1000
	[ "$(envpod status --json web | jq -r .wall)" = loopback ]
	refute fetch
	on_host envpod dns web --allow shop.example
	[ "$(envpod status --json web | jq -r .wall)" = up ]
	[ "$(fetch)" = shop.example ]
	on_host envpod stop -t 1 web
	[ "$(fetch)" = shop.example ]
}

@test "each daemon killed in turn: nothing opens, and all is well again" {
	web
	fetch
	for name in net dns proxy; do
		pid=$(pid_of $name)
		kill -KILL "$pid"
		refute in_pod web python3 -c 'import socket; socket.create_connection(("198.51.100.2", 80), 5)' 2>/dev/null
		wait_for 10 another $name "$pid"
		[ "$(fetch)" = shop.example ]
	done
	pod-audit query --json web | jq -es 'map(select(.event == "service_died").service) == ["net", "dns", "proxy"]'
}

@test "after a reboot the pod has its number again, and works" {
	web
	fetch
	number=$(cat "$ENVPOD_STATE_DIR/pods/web/netid")
	envpod stop web
	grep -o " $R/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l
	find "$R" -mindepth 1 -delete
	[ "$(fetch)" = shop.example ]
	[ "$(cat "$ENVPOD_STATE_DIR/pods/web/netid")" = "$number" ]
}

@test "a pod with a link to the host: another one of it, stopped, started, destroyed, leaves nothing" {
	before=$(on_host nft list ruleset; on_host ip -br link | grep envp; on_host sysctl net.ipv4.conf.uplink.forwarding) || true
	web one 'engine: veth'
	web two 'engine: veth' 'allow_discovery: yes' 'allow_pods: ["*"]' 'internal_ports: [8099]'
	net_pod three 'engine: veth' 'dns: {allow: ["two.pods.local"], upstream: [203.0.113.53]}' 'allow_discovery: yes' 'allow_pods: ["*"]'
	[ "$(fetch one)" = shop.example ]
	on_host envpod start two -- python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8099))
while True:
    c, _ = s.accept(); c.sendall(b"found"); c.close()'
	# From pod to pod as with the other engine: by the forwarder, never by the links.
	found() { [ "$(in_pod three python3 -c 'import socket; print(socket.create_connection(("two.pods.local", 8099), 5).recv(99).decode())' 2>/dev/null)" = found ]; }
	wait_for 20 found
	on_host envpod stop -t 1 two
	[ "$(fetch one)" = shop.example ]
	[ "$(fetch two)" = shop.example ]
	for pod in one two three; do
		on_host envpod destroy --force $pod
	done
	as_before() { [ "$(on_host nft list ruleset; on_host ip -br link | grep envp; on_host sysctl net.ipv4.conf.uplink.forwarding)" = "$before" ]; }
	wait_for 90 as_before
}

@test "two pods: what is open in one is not in the other, nor closed with it" {
	web one
	net_pod two 'dns: {allow: [evil.example], upstream: [203.0.113.53]}'
	[ "$(fetch one)" = shop.example ]
	refute fetch two
	[ "$(in_pod two curl -sS http://evil.example/name)" = evil.example ]
	on_host envpod dns two --remove-allow evil.example
	envpod destroy --force two
	[ "$(fetch one)" = shop.example ]
}

@test "apt installs from an allowed site, and cannot from another" {
	local package="$T/package" repository="$T/www/apt" site
	mkdir -p "$package/DEBIAN" "$package/usr/share/envpod-test" "$repository"
	echo from-apt >"$package/usr/share/envpod-test/file"
	printf 'Package: envpod-test\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: test\n' >"$package/DEBIAN/control"
	dpkg-deb -b "$package" "$repository/envpod-test_1_all.deb" >/dev/null
	{
		cat "$package/DEBIAN/control"
		printf 'Filename: ./envpod-test_1_all.deb\nSize: %s\nSHA256: %s\n' "$(stat -c %s "$repository"/*.deb)" "$(sha256sum <"$repository"/*.deb | cut -d' ' -f1)"
	} >"$repository/Packages"
	chmod -R a+rX "$repository"
	web
	for site in shop evil; do
		as_root web sh -c "
			mkdir -p /tmp/apt/lists/partial /tmp/apt/cache/archives/partial && cd /tmp/apt
			echo 'deb [trusted=yes] http://$site.example/apt ./' >list
			set -- -o Dir::Etc::sourcelist=/tmp/apt/list -o Dir::Etc::sourceparts=- -o Dir::State::lists=/tmp/apt/lists -o Dir::Cache=/tmp/apt/cache -o Acquire::Retries=0 -o APT::Sandbox::User=root
			apt-get \"\$@\" -qq update && apt-get \"\$@\" -qq download envpod-test && dpkg-deb --fsys-tarfile envpod-test_1_all.deb | tar -xO ./usr/share/envpod-test/file
		" >"$T/$site.apt" 2>&1 || true
	done
	grep -qx from-apt "$T/shop.apt" || { cat "$T/shop.apt" >&2; false; }
	refute grep -qx from-apt "$T/evil.apt"
	grep -q "evil.example" "$T/evil.apt"
}

@test "the host's address goes, and comes as another one: pods follow, and the new one is the host's own" {
	net_pod web 'dns: {allow: [shop.example, own.example], upstream: [203.0.113.53]}'
	[ "$(fetch)" = shop.example ]
	on_host ip addr del 192.0.2.254/24 dev uplink
	on_host ip -6 addr del 2001:db8:ffff::254/64 dev uplink
	refute fetch
	on_host ip addr add 192.0.2.253/24 dev uplink
	on_host ip route replace default via 192.0.2.1
	works() { [ "$(fetch 2>/dev/null)" = shop.example ]; }
	wait_for 20 works
	start on_host python3 -c '
import socket
s = socket.create_server(("192.0.2.253", 80))
while True: c, _ = s.accept(); c.recv(4096); c.sendall(b"HTTP/1.0 200 OK\r\n\r\n"); c.close()'
	host_serves() { on_host ss -Hltn 'sport = :80' | grep -q 192.0.2.253; }
	wait_for 10 host_serves
	on_host curl -sS -o /dev/null http://192.0.2.253/
	refute in_pod web curl -sSf --max-time 10 http://own.example/
	denied() { event web '.[]; .event == "net_denied" and .reason == "host_address" and .address == "192.0.2.253"'; }
	wait_for 10 denied
	on_host ip link set uplink down
	refute fetch
	on_host ip link set uplink up
	on_host ip route replace default via 192.0.2.1
	wait_for 20 works
}

@test "a hundred pods at once have a network each; taken down, nothing of them is left" {
	. "$TOP/tests/lib/pods.bash"
	many_pods 100
}

@test "an upstream that is away: names fail, nothing opens; it is back: names work" {
	web
	fetch
	in_world ip addr del 203.0.113.53/32 dev uplink
	envpod stop web
	refute fetch
	in_world ip addr add 203.0.113.53/32 dev uplink
	works() { [ "$(fetch 2>/dev/null)" = shop.example ]; }
	wait_for 20 works
}
