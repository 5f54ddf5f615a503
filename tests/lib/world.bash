# shellcheck shell=bash
# An Internet of the test's own: two network namespaces, "the host", in which pods live, and "the
# world", joined by a veth pair.  In the world there are sites (nginx), a resolver (unbound), and an
# evil server that listens wherever it can.  Nothing leaves the two.
#	load ../lib/envpod
#	load ../lib/world
#	setup() { world_setup; }
#	teardown() { world_teardown; }
# or, where tests only look, once for all of them by setup_file() and teardown_file().
#
#	192.0.2.254       the host                2001:db8:ffff::254
#	192.0.2.1         the world's router      2001:db8:ffff::1
#	203.0.113.53      the resolver
#	198.51.100.1      shop.example, cdn.example        2001:db8:1::1
#	198.51.100.2      evil.example                     2001:db8:1::2
#	198.51.100.7      its raw address: every TCP and UDP port it can

world_setup()
{
	need root netns userns overlay
	envpod_setup
	need nginx unbound openssl curl
	R=$ENVPOD_RUN_DIR
	start unshare -n sleep 10000
	HOSTNS=$!
	start unshare -n sleep 10000
	WORLDNS=$!
	export R HOSTNS WORLDNS
	wait_for 5 world_apart "$HOSTNS"
	wait_for 5 world_apart "$WORLDNS"
	world_links
	mkdir -p "$T/www" "$T/nginx"
	chmod 755 "$T/www" "$T/nginx"
}

world_apart() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# on_host COMMAND...: where the pods' daemons live.  in_world COMMAND...: among the servers.
on_host() { nsenter -t "$HOSTNS" -n -- "$@"; }
in_world() { nsenter -t "$WORLDNS" -n -- "$@"; }

world_links()
{
	local a
	on_host ip link set lo up
	in_world ip link set lo up
	ip link add name "eph$HOSTNS" type veth peer name "epw$HOSTNS"
	ip link set "eph$HOSTNS" netns "$HOSTNS" name uplink
	ip link set "epw$HOSTNS" netns "$WORLDNS" name uplink
	on_host sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	on_host ip addr add 192.0.2.254/24 dev uplink
	on_host ip addr add 2001:db8:ffff::254/64 dev uplink nodad
	on_host ip link set uplink up
	for a in 192.0.2.1/24 169.254.169.254/32 203.0.113.53/32 198.51.100.1/32 198.51.100.2/32 198.51.100.3/32 198.51.100.7/32; do
		in_world ip addr add "$a" dev uplink
	done
	for a in 2001:db8:ffff::1/64 2001:db8:1::1/128 2001:db8:1::2/128; do
		in_world ip addr add "$a" dev uplink nodad
	done
	in_world ip link set uplink up
	on_host ip route add default via 192.0.2.1
	on_host ip -6 route add default via 2001:db8:ffff::1
}

world_teardown()
{
	local dir
	for dir in "$R"/*/; do
		[ -e "$dir/helpers.pid" ] || continue
		on_host pod-net down --force "$(basename "$dir")" >/dev/null 2>&1 ||
			pod-net down --force "$(basename "$dir")" >/dev/null 2>&1 || true
	done
	xargs -r kill -KILL <"$T/pids" 2>/dev/null || true
	envpod_teardown
}

# A server that runs until the test ends: start COMMAND...
start()
{
	case $1 in # a function's child would outlive the function
	on_host) shift && set -- nsenter -t "$HOSTNS" -n -- "$@" ;;
	in_world) shift && set -- nsenter -t "$WORLDNS" -n -- "$@" ;;
	esac
	(exec </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- "$@" >>"$T/servers.log" 2>&1) &
	echo $! >>"$T/pids"
	disown $!
}

listening() { in_world ss -Htuln "sport = :$2" | grep -q "$1"; }

# sites NAME=ADDRESS...: nginx for each name, on ports 80 and 443 (and $MORE_PORT); each says its own name, so that
# it is seen who answered.  The first site of an address is its default one.
sites()
{
	local pair name address
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=world \
		-addext "subjectAltName=$(for pair; do printf 'DNS:%s,' "${pair%%=*}"; done | sed 's/,$//')" \
		-keyout "$T/nginx/key.pem" -out "$T/nginx/cert.pem" 2>/dev/null
	{
		echo "daemon off; master_process off; pid $T/nginx/pid; error_log $T/nginx/error.log; user root;"
		echo "events { worker_connections 512; }"
		echo "http { access_log $T/nginx/access.log; client_body_temp_path $T/nginx/b; proxy_temp_path $T/nginx/p; fastcgi_temp_path $T/nginx/f; uwsgi_temp_path $T/nginx/u; scgi_temp_path $T/nginx/s;"
		for pair; do
			name=${pair%%=*} address=${pair#*=}
			echo "server { listen $address:80; ${MORE_PORT:+listen $address:$MORE_PORT;} listen $address:443 ssl; server_name $name; ssl_certificate $T/nginx/cert.pem; ssl_certificate_key $T/nginx/key.pem; root $T/www; location = /name { default_type text/plain; return 200 '$name'; } }"
		done
		echo "}"
	} >"$T/nginx/nginx.conf"
	start in_world nginx -c "$T/nginx/nginx.conf" -p "$T/nginx"
	wait_for 10 listening "${1#*=}" 443
}

# resolver RECORD...: unbound that knows these and nothing else; with DELEGATE="ZONE ADDRESS@PORT ...", whom
# to ask about more zones.
resolver()
{
	{
		printf 'server:\n interface: 203.0.113.53\n do-daemonize: no\n chroot: ""\n username: ""\n pidfile: ""\n'
		printf ' use-syslog: no\n directory: "%s"\n access-control: 0.0.0.0/0 allow\n module-config: "iterator"\n' "$T"
		printf ' local-zone: "." static\n local-data: ". 60 IN SOA . . 1 2 3 4 5"\n'
		printf ' local-data: "%s"\n' "$@"
		# shellcheck disable=SC2046,SC2086,SC2183
		[ -z "${DELEGATE:-}" ] || { printf ' local-zone: "%.0s%s." transparent\n' $(printf '%s %s\n' $DELEGATE | awk '{ print $2, $1 }')
			printf 'forward-zone:\n name: "%s."\n forward-addr: %s\n' $DELEGATE; }
	} >"$T/unbound.conf"
	start in_world unbound -d -c "$T/unbound.conf"
	wait_for 10 listening 203.0.113.53 53
}

# net_pod NAME [LINE...]: a pod with these lines below network:, asking the world's resolver.
net_pod()
{
	local name=$1
	shift
	{
		printf 'network:\n'
		printf '  %s\n' "$@"
	} >"$T/$name.yaml"
	envpod init -c "$T/$name.yaml" "$name" >/dev/null
}

# run POD COMMAND...: in the pod, whose daemons live on "the host".
in_pod() { local pod=$1; shift; on_host timeout 30 envpod run "$pod" -- "$@"; }
as_root() { local pod=$1; shift; on_host timeout 30 envpod run --root "$pod" -- "$@"; }

# event POD JQ-CONDITION: something recorded is so.
event() { pod-audit query --json "$1" | jq -es "any($2)" >/dev/null; }
