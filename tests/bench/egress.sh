#!/usr/bin/env bash
# Egress of a pod (sockets engine: the relay) beside a bare network namespace with a veth pair and
# masquerading: bytes a second of one large answer, and new connections a second.  Besides, the time
# of pod-net up and down, and what the daemons of an idle pod hold in memory.
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/lib/world.bash
. "$TOP/tests/lib/world.bash"
for program in nginx unbound openssl ip nft jq; do has "$program" || exit 0; done

need() { :; }
skip() { echo "bench: $*" >&2; exit 0; }
envpod_setup() { :; }
wait_for() { local n=0; shift; until "$@"; do n=$((n + 1)); [ $n -lt 500 ] || exit 2; sleep 0.02; done; }
world_end()
{
	envpod ls -z | xargs -0 -r -n1 pod-net down --force >/dev/null 2>&1 || true
	xargs -r kill -KILL <"$T/pids" 2>/dev/null || true
	bench_end
}
trap world_end EXIT

world_setup
sites shop.example=198.51.100.1
resolver "shop.example. 3600 IN A 198.51.100.1"
head -c 300000000 /dev/zero >"$T/www/big"
head -c 1024 /dev/zero >"$T/www/small"
${CC:-cc} -O2 -o "$T/connect" "$here/connect.c"
net_pod web 'dns: {allow: [shop.example], upstream: [203.0.113.53]}'
on_host pod-net up web
pod() { nsenter --net="$ENVPOD_RUN_DIR/web/ns/net" -- "$@"; }

# The bare one: the same two namespaces, one hop by routing instead of by the relay.
start unshare -n sleep 10000
BARE=$!
wait_for 5 world_apart "$BARE"
bare() { nsenter -t "$BARE" -n -- "$@"; }
ip link add name "epb$BARE" type veth peer name "epc$BARE"
ip link set "epb$BARE" netns "$HOSTNS" name bare0
ip link set "epc$BARE" netns "$BARE" name eth0
on_host ip addr add 10.9.0.1/30 dev bare0
on_host ip link set bare0 up
bare ip link set lo up
bare ip addr add 10.9.0.2/30 dev eth0
bare ip link set eth0 up
bare ip route add default via 10.9.0.1
on_host sysctl -qw net.ipv4.ip_forward=1
on_host nft 'add table ip bare; add chain ip bare post { type nat hook postrouting priority 100; }; add rule ip bare post ip saddr 10.9.0.0/30 masquerade'

# The pod asks for the name, so that its address is pinned; both then go to the address.
pin() { unshare -m sh -c 'echo nameserver 127.0.0.1 >"$T/resolv" && mount --bind "$T/resolv" /etc/resolv.conf && nsenter --net="$0" getent ahosts shop.example' "$ENVPOD_RUN_DIR/web/ns/net" >/dev/null; }
pin

# rounds NAME UNIT CONNECT-WORDS...: medians of five, in turn.
rounds()
{
	local name=$1 unit=$2 i a b
	shift 2
	: >"$T/a"
	: >"$T/b"
	for i in 1 2 3 4 5; do
		pod "$T/connect" 198.51.100.1 80 "$@" >>"$T/a"
		bare "$T/connect" 198.51.100.1 80 "$@" >>"$T/b"
	done
	a=$(sort -n "$T/a" | sed -n 3p)
	b=$(sort -n "$T/b" | sed -n 3p)
	jq -nc --arg bench "$name" --arg unit "$unit" --argjson pod "$a" --argjson bare "$b" \
		'{bench: $bench, unit: $unit, pod: $pod, bare_veth: $bare, ratio: ($pod / $bare * 100 | round / 100)}'
}
rounds egress_bulk MB/s /big 0 1 bulk
rounds egress_new_connections 1/s /small 3 8 new

# up and down, with daemons: ten in turn.
now_us() { echo "${EPOCHREALTIME/./}"; }
start_us=$(now_us)
for i in 1 2 3 4 5 6 7 8 9 10; do on_host pod-net down web && on_host pod-net up web; done
jq -nc --argjson us $((($(now_us) - start_us) / 10)) '{bench: "net_down_up", unit: "us", pod: $us}'
keeper=$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/helpers.pid")
for pid in $keeper $(pgrep -P "$keeper"); do
	awk -v name="$(cat "/proc/$pid/comm")" '/^Rss:/ { r += $2 } /^Pss:/ { p += $2 } END { printf "%s %d %d\n", name, r, p }' "/proc/$pid/smaps_rollup"
done | jq -Rnc '[inputs | split(" ") | {name: .[0], rss_kb: (.[1] | tonumber), pss_kb: (.[2] | tonumber)}] | {bench: "idle_daemons", rss_kb: (map(.rss_kb) | add), pss_kb: (map(.pss_kb) | add), each: .}'
