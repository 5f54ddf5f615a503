#!/usr/bin/env bash
# Egress of a pod by each engine beside a bare network namespace with a veth pair and masquerading:
# bytes a second of one large answer, and new connections a second.  Besides, the time of pod-net up
# and down, alone, with 50 and with 500 pods, and what the daemons of an idle pod hold in memory.
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/lib/world.bash
. "$TOP/tests/lib/world.bash"
for program in nginx unbound openssl ip nft jq; do has "$program" || exit 0; done

need() { :; }
skip() { echo "bench: $*" >&2; exit 0; }
envpod_setup() { :; }
wait_for() { local n=0; shift; until "$@"; do n=$((n + 1)); [ $n -lt 1000 ] || exit 2; sleep 0.02; done; }
world_end()
{
	envpod ls -z | on_host xargs -0 -r -n1 pod-net down --force >/dev/null 2>&1 || true
	xargs -r kill -KILL <"$T/pids" 2>/dev/null || true
	bench_end
}
trap world_end EXIT

world_setup
# One server address for each contender: the host's address stands for all of them, and a server that
# remembers a port of it in TIME_WAIT from another one's connection, whose time stamps are not these,
# lets a new connection wait for a second.
MORE_PORT=8080 sites sockets.example=198.51.100.1 veth.example=198.51.100.2 bare.example=198.51.100.3
resolver "sockets.example. 3600 IN A 198.51.100.1" "veth.example. 3600 IN A 198.51.100.2"
head -c 300000000 /dev/zero >"$T/www/big"
head -c 1024 /dev/zero >"$T/www/small"
${CC:-cc} -O2 -o "$T/connect" "$here/connect.c"
for engine in sockets veth; do
	net_pod $engine "engine: $engine" "dns: {allow: [\"$engine.example:80,8080\"], upstream: [203.0.113.53]}"
	on_host pod-net up $engine
done
pod() { local pod=$1; shift; nsenter --net="$ENVPOD_RUN_DIR/$pod/ns/net" -- "$@"; }

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

# The pods ask for the names, so that their addresses are pinned; all then go to addresses.
pin() { unshare -m sh -c 'echo nameserver 127.0.0.1 >"$T/resolv" && mount --bind "$T/resolv" /etc/resolv.conf && nsenter --net="$1" getent ahosts "$0.example"' "$1" "$ENVPOD_RUN_DIR/$1/ns/net" >/dev/null; }
pin sockets
pin veth

median() { sort -n "$1" | sed -n 3p; }
# rounds NAME UNIT PATH SECONDS PARALLEL KIND: medians of five, in turn.  The relay looks at port 80, so what
# goes straight by the other engine is port 8080; by 80 that one has the relay, too.
rounds()
{
	local name=$1 unit=$2 i way
	shift 2
	rm -f "$T"/way.*
	for i in 1 2 3 4 5; do
		pod sockets "$T/connect" 198.51.100.1 80 "$1" "$2" "$3" "$4" sockets.example >>"$T/way.sockets"
		pod veth "$T/connect" 198.51.100.2 8080 "$1" "$2" "$3" "$4" veth.example >>"$T/way.veth"
		bare "$T/connect" 198.51.100.3 80 "$1" "$2" "$3" "$4" bare.example >>"$T/way.bare"
	done
	for way in sockets veth; do
		jq -nc --arg bench "$name" --arg engine $way --arg unit "$unit" --argjson pod "$(median "$T/way.$way")" --argjson bare "$(median "$T/way.bare")" \
			'{bench: $bench, engine: $engine, unit: $unit, pod: $pod, bare_veth: $bare, ratio: ($pod / $bare * 100 | round / 100)}'
	done
}
rounds egress_bulk MB/s /big 0 1 bulk
rounds egress_new_connections 1/s /small 3 8 new

now_us() { echo "${EPOCHREALTIME/./}"; }
# up and down, with daemons: ten in turn.
for engine in sockets veth; do
	start_us=$(now_us)
	for i in 1 2 3 4 5 6 7 8 9 10; do on_host pod-net down $engine && on_host pod-net up $engine; done
	jq -nc --arg engine $engine --argjson us $((($(now_us) - start_us) / 10)) '{bench: "net_down_up", engine: $engine, unit: "us", pod: $us}'
done
keeper=$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/sockets/helpers.pid")
for pid in $keeper $(pgrep -P "$keeper"); do
	awk -v name="$(cat "/proc/$pid/comm")" '/^Rss:/ { r += $2 } /^Pss:/ { p += $2 } END { printf "%s %d %d\n", name, r, p }' "/proc/$pid/smaps_rollup"
done | jq -Rnc '[inputs | split(" ") | {name: .[0], rss_kb: (.[1] | tonumber), pss_kb: (.[2] | tonumber)}] | {bench: "idle_daemons", rss_kb: (map(.rss_kb) | add), pss_kb: (map(.pss_kb) | add), each: .}'

# The walls alone, of many: one after the other; how long one takes while there are so many.
# each WORD FIRST LAST ENGINE: microseconds for one.
each()
{
	local from
	from=$(now_us)
	on_host bash -c 'for ((i = $2; i <= $3; i++)); do pod-net $1 "$4$i" || exit 1; done' - "$@"
	echo $((($(now_us) - from) / ($3 - $2 + 1)))
}
for engine in sockets veth; do
	for i in $(seq 1 ${MANY:-500}); do envpod clone $engine $engine$i >/dev/null; done
	done=0
	for many in 50 ${MANY:-500}; do
		up=$(each 'up --walls-only' $((done + 1)) $many $engine)
		jq -nc --arg engine $engine --argjson pods $many --argjson us "$up" '{bench: "net_up_many", engine: $engine, pods: $pods, unit: "us", pod: $us}'
		done=$many
	done
	down=$(each down 1 $done $engine)
	jq -nc --arg engine $engine --argjson pods $done --argjson us "$down" '{bench: "net_down_many", engine: $engine, pods: $pods, unit: "us", pod: $us}'
done
