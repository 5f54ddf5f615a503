#!/usr/bin/env bash
# Requests per second and their latency by TLS, in rounds that take turns: straight to an nginx; through
# an nginx that ends TLS and begins it anew; through a pod's injector, which does the same and puts a
# credential in; through the relay, which looks at the name and splices; through nginx' stream module,
# which does that; through mitmproxy, which is what others put credentials in by.  Then new connections,
# a large body, and memory; at last ours as a part of the others', with the budgets: injecting at least
# 0.8 of nginx' requests at no more than twice its p99, spliced at least nginx stream's.  On few
# processors the load takes its share of them.  PEERS="inject nginx" measures these alone.
. "$(dirname "$0")/lib.bash"
has wrk && has nginx && has openssl || exit 0
seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-3}
T_TOOLS=$T/tools BATS_TEST_DIRNAME=$TOP/tests/pod-proxy R=$ENVPOD_RUN_DIR
export R
need() { :; }
envpod_setup() { :; }
envpod_teardown() { bench_end; }
wait_for() { local until=$(($(date +%s) + $1)); shift; until "$@"; do [ "$(date +%s)" -lt "$until" ] || return 1; done; }
# shellcheck disable=SC1090
load() { . "$BATS_TEST_DIRNAME/$1.bash"; }
load injector
injector_setup
trap site_teardown EXIT
cd "$T"

# Two nginx: the site, and the proxy that ours is held against.
head -c 1024 /dev/urandom | base64 -w 0 | head -c 1024 >kb
mkdir -p www nginx
cp kb www/kb
head -c 100000000 /dev/zero | tr '\0' x >www/large
nginx_conf() # NAME, and a server's lines on standard input
{
	echo "daemon off; master_process off; pid $T/nginx/$1.pid; error_log $T/nginx/$1.log; user root; worker_rlimit_nofile 4096;
	events { worker_connections 2000; } http { access_log off; ssl_protocols TLSv1.2 TLSv1.3; keepalive_requests 100000000; sendfile on;
	client_body_temp_path $T/nginx; proxy_temp_path $T/nginx; fastcgi_temp_path $T/nginx; uwsgi_temp_path $T/nginx; scgi_temp_path $T/nginx;"
	cat
	echo "}"
}
nginx_conf site >site.conf <<END
server { listen 192.0.2.10:443 ssl; ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key; root $T/www; }
END
nginx_conf proxy >proxy.conf <<END
upstream site { server 192.0.2.10:443; keepalive 64; keepalive_requests 100000000; }
server { listen 192.0.2.1:8443 ssl; ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key;
	location / { proxy_pass https://site; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host a.example;
	proxy_set_header Authorization "Bearer real-token-of-the-vault"; proxy_ssl_protocols TLSv1.3; proxy_ssl_name a.example; proxy_ssl_server_name on;
	proxy_ssl_verify on; proxy_ssl_trusted_certificate $T/world.pem; proxy_buffering off; } }
END
stream=/usr/lib/nginx/modules/ngx_stream_module.so
cat >stream.conf <<END
load_module $stream;
daemon off; master_process off; pid $T/nginx/stream.pid; error_log $T/nginx/stream.log; user root; worker_rlimit_nofile 4096;
events { worker_connections 2000; }
stream { map \$ssl_preread_server_name \$site { b.example 192.0.2.10:443; }
	server { listen 192.0.2.1:9443; ssl_preread on; proxy_pass \$site; } }
END
nsenter -t "$SITE" -n nginx -c "$T/site.conf" -p "$T/nginx" 2>/dev/null & NETPIDS+=($!)
nsenter -t "$HOST" -n nginx -c "$T/proxy.conf" -p "$T/nginx" 2>/dev/null & NETPIDS+=($!)
# absent NAME WHY: a peer that was asked for and is not measured; in the answer, so that nobody takes it for measured.
absent()
{
	[[ $peers == *" $1 "* ]] || return 0
	jq -cn --arg name "$1" --arg why "$2" '{bench: "proxy_peer", name: $name, measured: false, why: $why}'
	peers=${peers/ $1 / }
}
peers=" ${PEERS:-inject nginx splice stream mitmproxy direct} "
if [ ! -e "$stream" ]; then
	absent stream 'nginx has no stream module (share/packages/bench)'
elif [[ $peers == *' stream '* ]]; then
	nsenter -t "$HOST" -n nginx -c "$T/stream.conf" -p "$T/nginx" 2>/dev/null & NETPIDS+=($!)
fi
has mitmdump || absent mitmproxy 'mitmdump is not installed (share/packages/bench)'
if [[ $peers == *' mitmproxy '* ]]; then
	cat "$T/good.key" "$T/good.pem" >mitm.pem
	echo '192.0.2.10 a.example' >mitm.hosts
	HOME=$T nsenter -t "$HOST" -n unshare -m sh -c 'mount --bind "$1" /etc/hosts; shift; exec "$@"' sh "$T/mitm.hosts" \
		mitmdump -q --mode reverse:https://a.example --listen-host 192.0.2.1 -p 7443 --certs "$T/mitm.pem" \
		--set "confdir=$T/mitm" --set ssl_verify_upstream_trusted_ca="$T/world.pem" --set keep_host_header=true \
		--set stream_large_bodies=1m --modify-headers '/~q/Authorization/Bearer real-token-of-the-vault' >mitm.log 2>&1 & NETPIDS+=($!)
	mitm=$!
	wait_for 30 on_host curl -sk -m 5 -o /dev/null --resolve a.example:7443:192.0.2.1 https://a.example:7443/kb || { cat mitm.log >&2; exit 1; }
fi
secrets TOKEN real-token-of-the-vault
bindings 'host 0 a.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}' 2>bindings.err || { cat bindings.err inject.log; exit 1; }
echo 'nameserver 127.0.0.1' >resolv
printf '192.0.2.1 a.example b.example\n' >hosts
on_peer() { on_host unshare -m sh -c 'mount --bind "$1" /etc/hosts; shift; exec "$@"' sh "$T/hosts" "$@"; }
on_pod() { nsenter --net="$R/web/ns/net" unshare -m sh -c 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"' sh "$T/resolv" "$@"; }
declare -A url=([direct]=https://192.0.2.10 [nginx]=https://192.0.2.1:8443 [inject]=https://a.example [splice]=https://b.example
	[stream]=https://b.example:9443 [mitmproxy]=https://a.example:7443)
from() { case $1 in inject | splice) echo on_pod ;; *) echo on_peer ;; esac; }
for name in $peers; do
	said=$($(from "$name") curl -sk -m 20 -o /dev/null -w '%{http_code}' "${url[$name]}/kb")
	[ "$said" = 200 ] || { echo "bench: $name answers $said" >&2; cat events inject.log nginx/*.log >&2; exit 1; }
done

# Processor time of the one that is measured, in ticks.
declare -A server=([nginx]=$(cat nginx/proxy.pid) [direct]=$(cat nginx/site.pid) [inject]=$INJECTOR
	[splice]=$(jq '.services[] | select(.name == "proxy").pid' "$R/web/services.json")
	[stream]=$(cat nginx/stream.pid 2>/dev/null || :) [mitmproxy]=${mitm:-})
ticks() { awk '{ print $14 + $15 }' "/proc/${server[$1]}/stat"; }

# measure NAME CONNECTIONS BENCH [WRK-OPTION...]
measure()
{
	local name=$1 connections=$2 bench=$3 before
	shift 3
	before=$(ticks "$name")
	$(from "$name") wrk -t1 -c"$connections" -d"${seconds}s" --latency "$@" "${url[$name]}/kb" >said 2>&1 || { cat said >&2; return 1; }
	awk -v bench="proxy_$bench" -v name="$name" -v n="$connections" -v ticks=$(($(ticks "$name") - before)) -v hz="$(getconf CLK_TCK)" '
		function ms(t) { return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000 }
		$1 == "50%" { p50 = ms($2) } $1 == "99%" { p99 = ms($2) } /Requests\/sec/ { rate = $2 } /requests in/ { all = $1 } /Non-2xx/ { bad = $NF } /Socket errors/ { bad += $4 + $6 + $8 + $10 }
		END { printf "{\"bench\":\"%s\",\"name\":\"%s\",\"connections\":%d,\"rate\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"cpu_us\":%.1f,\"bad\":%d}\n", bench, name, n, rate, p50, p99, all ? ticks / hz * 1e6 / all : 0, bad }' said
}

rounds()
{
	local connections name
	for _ in $(seq "$rounds"); do
		for connections in ${CONNECTIONS:-1 8 64}; do
			for name in $peers; do measure "$name" "$connections" kept; done
		done
		for name in $peers; do measure "$name" 8 new -H 'Connection: close'; done
	done
	for _ in $(seq "$rounds"); do
		for name in $peers; do
			$(from "$name") curl -sk -m 60 -o /dev/null -w "{\"bench\":\"proxy_100mb\",\"name\":\"$name\",\"connections\":1,\"rate\":%{speed_download},\"status\":%{http_code}}\n" "${url[$name]}/large"
		done
	done
}

# What each holds after all of that; the site itself is no peer.
memory()
{
	local name
	for name in $peers; do
		[ "$name" = direct ] || awk -v name="$name" '/VmRSS|VmHWM/ { v[$1] = $2 }
			END { printf "{\"bench\":\"proxy_memory\",\"name\":\"%s\",\"resident_kib\":%d,\"peak_kib\":%d}\n", name, v["VmRSS:"], v["VmHWM:"] }' "/proc/${server[$name]}/status"
	done
}

# Ours beside others: medians of the rounds, with the budgets that there are.
ratios()
{
	jq -cs '
	def median: sort | if length == 0 then null else .[length / 2 | floor] end;
	def value($bench; $n; $name; $what): [.[] | select(.bench == $bench and .connections == $n and .name == $name)[$what]] | median;
	def ratio($bench; $n; $a; $b; $what; $budget):
		value($bench; $n; $a; $what) as $x | value($bench; $n; $b; $what) as $y | select($x != null and $y != null and $y > 0) |
		{bench: "proxy_ratio", of: $bench, connections: $n, what: "\($a) / \($b) \($what)", ratio: ($x / $y * 1000 | round / 1000)} +
		(if $budget == null then {} elif $what == "rate" then {budget: ">= \($budget)", holds: ($x / $y >= $budget)}
			else {budget: "<= \($budget)", holds: ($x / $y <= $budget)} end);
	def all($bench; $n): ratio($bench; $n; "inject"; "nginx"; "rate"; 0.8), ratio($bench; $n; "inject"; "nginx"; "p99_ms"; 2),
		ratio($bench; $n; "splice"; "stream"; "rate"; 1), ratio($bench; $n; "inject"; "mitmproxy"; "rate"; null), ratio($bench; $n; "nginx"; "direct"; "rate"; null);
	([.[] | select(.bench == "proxy_kept").connections] | unique) as $kept |
	all("proxy_kept"; $kept[]), all("proxy_new"; 8), all("proxy_100mb"; 1)' results
}

rounds | tee results
memory
ratios
