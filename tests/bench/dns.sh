#!/usr/bin/env bash
# Queries per second, processor time of the server for each, and latency one at a time: pod-dns (with
# an event for every question) beside unbound and dnsmasq (without a log), with the same 10000 names
# and the same upstream, in rounds that take turns.  On few processors dnsperf itself is the limit.
[ "${INSIDE:-}" = 1 ] || exec unshare -n env INSIDE=1 "$0"
. "$(dirname "$0")/lib.bash"
has dnsperf && has unbound && has dnsmasq || exit 0
ip link set lo up
names=${NAMES:-10000} seconds=${SECONDS_EACH:-3} rounds=${ROUNDS:-2}
cd "$T" || exit

# unbound PORT: the start of a configuration.
unbound_on()
{
	printf 'server:\n interface: 127.0.0.1@%d\n do-daemonize: no\n chroot: ""\n username: ""\n pidfile: ""\n' "$1"
	printf ' use-syslog: no\n directory: "%s"\n num-threads: 1\n do-not-query-localhost: no\n' "$T"
}
{ unbound_on 5300; echo ' local-zone: "example.com." static'
	seq "$names" | sed 's/.*/ local-data: "h&.example.com. 3600 IN A 198.18.0.1"/'; } >up.conf
{ unbound_on 5400; printf ' module-config: "iterator"\n local-zone: "." refuse\n msg-cache-size: 64m\n rrset-cache-size: 64m\n'
	seq "$names" | sed 's/.*/ local-zone: "h&.example.com." transparent/'
	printf 'forward-zone:\n name: "."\n forward-addr: 127.0.0.1@5300\n'; } >unbound.conf
{ printf 'port=5500\nno-resolv\nno-hosts\nbind-interfaces\nlisten-address=127.0.0.1\ncache-size=%d\naddress=/#/\n' $((names * 2))
	seq "$names" | sed 's|.*|server=/h&.example.com/127.0.0.1#5300|'; } >dnsmasq.conf
echo 'network: {dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}}' >web.yaml
envpod init -c web.yaml web >/dev/null 2>&1
pod-dns check web a.test >/dev/null
policy=$ENVPOD_STATE_DIR/pods/web/policy
{ echo '{"v":1,"allow":['; seq "$names" | sed 's/.*/{"name":"h&.example.com"}/' | paste -sd,; echo ']}'; } >"$policy/dns.json"
chgrp --reference="$policy" "$policy/dns.json"
chmod 640 "$policy/dns.json"

declare -A pid port=([unbound]=5400 [dnsmasq]=5500 [pod-dns]=5600)
unbound -c up.conf -d 2>/dev/null & upstream=$!
unbound -c unbound.conf -d 2>/dev/null & pid[unbound]=$!
dnsmasq -k -C dnsmasq.conf --pid-file= --user=root 2>/dev/null & pid[dnsmasq]=$!
pod-dns serve --listen 127.0.0.1#5600 web > >(cat >/dev/null) & pid[pod-dns]=$!
trap 'kill "$upstream" "${pid[@]}" 2>/dev/null; bench_end' EXIT
for server in "${!port[@]}"; do
	until dnsperf -s 127.0.0.1 -p "${port[$server]}" -d <(echo "h1.example.com A") -n 1 -t 1 2>/dev/null | grep -q 'completed: *1 '; do :; done
done

seq "$names" | sed 's/.*/h& A/;s/ A/.example.com A/' >warm
seq "$names" | sed 's/.*/x&.evil.test A/' >denied
ticks() { awk '{ print $14 + $15 }' "/proc/${pid[$1]}/stat"; }

# measure SERVER LOAD DNSPERF-OPTIONS: one line of NDJSON.
measure()
{
	local server=$1 load=$2 before after
	shift 2
	before=$(ticks "$server")
	dnsperf -s 127.0.0.1 -p "${port[$server]}" -d "${load%%_*}" "$@" >said 2>/dev/null
	after=$(ticks "$server")
	awk -v bench="dns_$load" -v server="$server" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
		/Queries completed/ { n = $3 }
		/Queries lost/ { lost = $3 }
		/Queries per second/ { qps = $4 }
		/Average Latency/ { latency = $4 * 1e6 }
		END { printf "{\"bench\":\"%s\",\"name\":\"%s\",\"qps\":%d,\"lost\":%d,\"cpu_us\":%.2f,\"latency_us\":%.0f}\n",
			bench, server, qps, lost, n ? ticks / hz * 1e6 / n : 0, latency }' said
}

# alone SERVER: the median of questions put one at a time.  (dnsperf -q 1 pauses of its own accord.)
alone()
{
	python3 - "$1" "${port[$1]}" <<-'END'
	import socket, struct, sys, time
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect(("127.0.0.1", int(sys.argv[2])))
	took = []
	for i in range(3000):
	    q = struct.pack("!HHHHHH", i, 0x100, 1, 0, 0, 0) + b"\3h%02d\7example\3com\0\0\1\0\1" % (i % 90 + 10)
	    begin = time.perf_counter()
	    s.send(q)
	    s.recv(512)
	    took.append(time.perf_counter() - begin)
	took.sort()
	print('{"bench":"dns_alone","name":"%s","median_us":%.1f,"p99_us":%.1f}' % (sys.argv[1], took[1500] * 1e6, took[2970] * 1e6))
	END
}

for server in "${!port[@]}"; do measure "$server" warm_cold -n 1 -c 1 -q 20; done
for ((i = 0; i < rounds; i++)); do
	for server in unbound dnsmasq pod-dns; do
		measure "$server" warm -l "$seconds" -c 8 -q 200
		measure "$server" denied -l "$seconds" -c 8 -q 200
		alone "$server"
	done
done
for server in unbound dnsmasq pod-dns; do
	printf '{"bench":"dns_resident","name":"%s","kb":%d}\n' "$server" "$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[$server]}/status")"
done
