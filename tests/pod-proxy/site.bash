# shellcheck shell=bash
# A host and an Internet of the test's own: two network namespaces and a link between them.  All of
# envpod runs in the first; unbound, nginx and odd servers in the second.  192.0.2.0/24 and
# 2001:db8::/64 count as public.

site_setup()
{
	need root netns userns
	envpod_setup
	R=$ENVPOD_RUN_DIR
	unset SUDO_UID
	unshare -n sleep 1000 3>&- &
	HOST=$!
	unshare -n sleep 1000 3>&- &
	SITE=$!
	NETPIDS=("$HOST" "$SITE")
	wait_for 5 is_apart "$HOST"
	wait_for 5 is_apart "$SITE"
	on_host ip link set lo up
	on_site ip link set lo up
	on_host ip link add wan type veth peer name wan netns "$SITE"
	on_host ip addr add 192.0.2.1/24 dev wan
	on_host ip addr add 2001:db8::1/64 dev wan nodad
	on_host ip link set wan up
	for n in 10 11 12 53; do
		on_site ip addr add "192.0.2.$n/24" dev wan
		on_site ip addr add "2001:db8::$n/64" dev wan nodad
	done
	on_site ip link set wan up
}

is_apart() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
on_host() { nsenter -t "$HOST" -n -- "$@"; }
on_site() { nsenter -t "$SITE" -n -- "$@"; }

site_teardown()
{
	local dir
	for dir in "$R"/*/; do
		[ ! -d "$dir" ] || on_host pod-net down --force "$(basename "$dir")" >/dev/null 2>&1 || true
	done
	[ -z "${NETPIDS[*]}" ] || kill -KILL "${NETPIDS[@]}" 2>/dev/null || true
	envpod_teardown
}
NETPIDS=()

# names: unbound at 192.0.2.53, which knows a, b and all below w (one address), c, raw (another), host.
names()
{
	{
		printf 'server:\n interface: 192.0.2.53\n access-control: 0.0.0.0/0 allow\n do-daemonize: no\n chroot: ""\n'
		printf ' username: ""\n pidfile: ""\n use-syslog: no\n directory: "%s"\n' "$T"
		printf ' local-zone: "example." static\n local-zone: "w.example." redirect\n local-data: "w.example. 60 IN A 192.0.2.10"\n'
		for line in 'a.example. 60 IN A 192.0.2.10' 'b.example. 60 IN A 192.0.2.10' 'c.example. 60 IN A 192.0.2.11' \
			'raw.example. 60 IN A 192.0.2.12' 'host.example. 60 IN A 192.0.2.1' 'six.example. 60 IN AAAA 2001:db8::10'; do
			printf ' local-data: "%s"\n' "$line"
		done
	} >"$T/unbound.conf"
	(exec nsenter -t "$SITE" -n unbound -c "$T/unbound.conf" -d) 2>"$T/unbound.log" 3>&- &
	NETPIDS+=($!)
	wait_for 5 listens udp 53
}

listens() { on_site ss -Hln"${1:0:1}" "sport = :$2" | grep -q .; }

# web_server LIMIT ACCESS-LOG: nginx, of which stdin says what its server does; the largest upload it takes.
web_server()
{
	mkdir -p "$T/www/put" "$T/nginx"
	head -c 3000000 /dev/urandom >"$T/www/big"
	chmod -R a+rX "$T/www"
	cat >"$T/nginx.conf" <<-END
	daemon off; master_process off; pid $T/nginx/pid; error_log $T/nginx/error.log; user root;
	events { worker_connections 512; }
	http {
		log_format seen '\$request_method \$request_uri \$status \$connection \$connection_requests'; access_log $2;
		client_body_temp_path $T/nginx; proxy_temp_path $T/nginx; fastcgi_temp_path $T/nginx;
		uwsgi_temp_path $T/nginx; scgi_temp_path $T/nginx; client_max_body_size $1;
		server {
			root $T/www;
			location /put/ { dav_methods PUT; }
	$(cat)
		}
	}
	END
	(exec nsenter -t "$SITE" -n nginx -c "$T/nginx.conf" -p "$T/nginx") 2>"$T/nginx.log" 3>&- &
	NETPIDS+=($!)
	wait_for 5 listens tcp 443
}

# sites: nginx on ports 80 and 443 of all addresses, which says whom it was asked for.
sites()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" \
		-days 2 -subj /CN=site -addext 'subjectAltName=DNS:a.example,DNS:b.example,DNS:c.example,DNS:six.example' 2>/dev/null
	web_server 100m off <<-END
		listen 80 default_server; listen [::]:80 default_server; listen 443 ssl http2 default_server; listen [::]:443 ssl http2 default_server;
		ssl_certificate $T/cert.pem; ssl_certificate_key $T/key.pem;
		location = / { return 200 "\$host at \$server_addr by \$scheme\n"; }
	END
}

# pod NAME [KEY: VALUE...]: its network section, a line each; and its network, up.
pod()
{
	local name=$1
	shift
	{ echo 'network:'; printf '  %s\n' "$@"; } >"$T/$name.yaml"
	on_host envpod init -c "$T/$name.yaml" "$name" >/dev/null
	on_host pod-net up "$name"
}

# allow LIST: the usual pod, web.
allow() { pod web "dns: {allow: [$1], upstream: [192.0.2.53]}" "${@:2}"; }

# in_pod COMMAND...: as an agent would, and as its root.
in_pod() { on_host envpod run web -- "$@"; }
as_root() { on_host envpod run --root web -- "$@"; }
get() { in_pod curl -sS --max-time 10 "$@"; }

# event JQ-CONDITION: some event of the pod is so.
event() { on_host pod-audit query --json web 2>/dev/null | jq -e -s "any(.[]; $1)" >/dev/null; }

# serve POD PORT ADDRESS...: in the pod, something that says its name on a port.
serve()
{
	on_host envpod run "$1" -- python3 -c '
import socket, sys, threading
def run(a):
    f = socket.AF_INET6 if ":" in a else socket.AF_INET
    l = socket.socket(f); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind((a, int(sys.argv[2]))); l.listen()
    u = socket.socket(f, socket.SOCK_DGRAM); u.bind((a, int(sys.argv[2])))
    def echo():
        while True:
            d, p = u.recvfrom(2000); u.sendto(sys.argv[1].encode() + b" heard " + d, p)
    threading.Thread(target=echo, daemon=True).start()
    while True:
        c, _ = l.accept(); d = c.recv(2000); c.sendall(sys.argv[1].encode() + b" heard " + d); c.close()
for a in sys.argv[4:]: threading.Thread(target=run, args=(a,)).start()
run(sys.argv[3])' "$@" >"$T/serve.$1" 2>&1 3>&- &
	NETPIDS+=($!)
	wait_for 10 serves "$1" "$2"
}
serves() { nsenter --net="$R/$1/ns/net" ss -Htln "sport = :$2" | grep -q .; }

# python3 -c "$talk" tcp|udp ADDRESS PORT: from wherever it is called; what the other side says.
talk='
import socket, sys
k, a, p = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM if k == "tcp" else socket.SOCK_DGRAM)
s.settimeout(3); s.connect((a, p)); s.sendall(b"you"); d = s.recv(2000); print(d.decode()); sys.exit(not d)'
