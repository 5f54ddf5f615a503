# shellcheck shell=bash
# A network namespace of the test's own, with a real resolver or a lying one as upstream, and
# pod-dns in front of it.  All traffic is on that namespace's loopback.

dns_setup()
{
	envpod_setup
	need root netns
	need kdig unbound

	unshare -n sleep 1000 3>&- &
	NS=$!
	wait_for 5 is_apart
	inside ip link set lo up
	inside ip -6 route add 2001:db8::/32 dev lo # or addresses there would not be told
}

is_apart() { [ "$(readlink "/proc/$NS/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
inside() { nsenter -t "$NS" -n "$@"; }

dns_teardown()
{
	local pid
	for pid in ${DNS:-} ${UPSTREAMS:-} ${NS:-}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	envpod_teardown
}

# upstream ZONE-LINES...: unbound on port 5300, told what to say by local-data lines.
upstream()
{
	{
		printf 'server:\n interface: 127.0.0.1\n port: 5300\n do-daemonize: no\n chroot: ""\n'
		printf ' username: ""\n pidfile: ""\n use-syslog: no\n directory: "%s"\n' "$T"
		printf ' local-zone: "example.com." static\n'
		printf ' local-data: "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 60"\n'
		printf ' local-data: "%s"\n' "$@"
	} >"$T/unbound.conf"
	(exec nsenter -t "$NS" -n unbound -c "$T/unbound.conf" -d) 2>"$T/unbound.log" 3>&- &
	UPSTREAMS="${UPSTREAMS:-} $!"
	wait_for 5 listens 5300
}

listens() { inside ss -Hlun "sport = :$1" | grep -q .; }

# liar PORT BEHAVIOUR: an upstream that misbehaves (liar.py); every question it gets is a line of $T/asked.PORT.
liar()
{
	(exec nsenter -t "$NS" -n /usr/bin/python3 "$TOP/tests/pod-dns/liar.py" "$1" "$2" "$T/asked.$1") 3>&- &
	UPSTREAMS="${UPSTREAMS:-} $!"
	wait_for 5 test -e "$T/asked.$1"
}
asked() { wc -l <"$T/asked.$1"; }

# serve YAML-OF-network.dns: pod-dns for the pod web on port 53 of the namespace.
serve()
{
	printf 'network:\n  mode: %s\n  dns:\n' "${MODE:-Isolated}" >"$T/web.yaml"
	sed 's/^/    /' <<<"$1" >>"$T/web.yaml"
	[ -z "${2:-}" ] || printf '  %s\n' "$2" >>"$T/web.yaml"
	[ -e "$ENVPOD_STATE_DIR/pods/web" ] || envpod init -c "$T/web.yaml" web
	start_dns
}

start_dns()
{
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	(exec nsenter -t "$NS" -n pod-dns serve --listen 127.0.0.1#53 --ready-fd 7 web) >>"$T/events" 2>"$T/stderr" 3>&- &
	DNS=$!
	read -r -t 5 -u 7
	exec 7>&-
	rm "$T/ready"
}

# ask KDIG-WORDS...: one try, one second.
ask() { inside kdig @127.0.0.1 +time="${TIME:-2}" +retry=0 "$@"; }
addresses() { ask +short "$@"; }
status_of() { ask "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
# event JQ-CONDITION: some event is so.
event() { jq -e -s "any(.[]; $1)" "$T/events" >/dev/null; }
events() { jq -s "[.[] | select($1)] | length" "$T/events"; }
