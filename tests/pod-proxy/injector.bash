# shellcheck shell=bash
# A pod whose injector runs beside it, fed by a stand-in for pod-vault; sites as in site.bash, with
# certificates of an authority that the host trusts.
load ../pod-proxy/site

INJECT_OPTIONS=() INJECT_PROGRAM=()

injector_setup()
{
	site_setup
	names
	T_TOOLS=$T/tools
	mkdir -p "$T_TOOLS"
	cat >"$T_TOOLS/pod-vault" <<-END
	#!/bin/sh
	[ "\$1" = feed ] || exec "$B/bin/pod-vault" "\$@"
	exec cat "$T/feed"
	END
	chmod +x "$T_TOOLS/pod-vault"
	echo end >"$T/feed"
	authority
}

# secret KEY VALUE...: what the vault holds.
secrets()
{
	: >"$T/feed"
	while [ $# -gt 0 ]; do
		printf 'secret %s %d\n%s\n' "$1" "${#2}" "$2" >>"$T/feed"
		shift 2
	done
	echo end >>"$T/feed"
}

# An authority of the world, and certificates by it: "$T/world.pem", "$T/good.{pem,key}".
authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/world.key" -out "$T/world.pem" \
		-days 3 -subj /CN=world -addext basicConstraints=critical,CA:TRUE 2>/dev/null
	certificate good 2 DNS:a.example,DNS:b.example,DNS:c.example,DNS:six.example,DNS:*.w.example
}

# certificate NAME DAYS ALTNAMES
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.csr" -subj /CN=x 2>/dev/null
	printf 'subjectAltName=%s\n' "$3" >"$T/$1.ext"
	openssl x509 -req -in "$T/$1.csr" -CA "$T/world.pem" -CAkey "$T/world.key" -CAcreateserial -days "$2" \
		-extfile "$T/$1.ext" -out "$T/$1.pem" 2>/dev/null
}

# tls_site: nginx at 192.0.2.10 and .11 by TLS, which says what it was sent; and $T/locations/*.conf.
tls_site()
{
	web_server 2000m "$T/nginx/access.log seen" <<-END
		listen 80 default_server; listen 192.0.2.10:443 ssl; listen [::]:443 ssl;
		ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key; ssl_session_cache shared:a:1m;
		location = /echo { default_type text/plain; return 200 "auth=\$http_authorization key=\$http_x_api_key host=\$http_host uri=\$request_uri reused=\$ssl_session_reused\n"; }
		location = /teapot { return 418 "short and stout\n"; }
		location = /empty { return 204; }
		location = /cookies { default_type text/plain; return 200 "\$http_cookie\n"; }
		include $T/locations/*.conf;
	END
}

# bindings LINE...: the pod may use a.example and b.example, and has this policy.
bindings()
{
	local policy
	printf 'network:\n  dns: {allow: [a.example, b.example, "c.example:443,8443", six.example, "*.w.example"], upstream: [192.0.2.53]}\n' >"$T/web.yaml"
	on_host envpod init -c "$T/web.yaml" web >/dev/null
	pod-proxy ca web
	policy=$ENVPOD_STATE_DIR/pods/web/policy
	on_host pod-net up web # without hosts yet: the keeper's own injector rests, the test's is used
	mkdir -p -m 711 "$policy"
	policy "$@"
	inject
}

# policy LINE...: from now on.
policy()
{
	local file=$ENVPOD_STATE_DIR/pods/web/policy/proxy
	{
		echo 'envpod-plan 1 0 0 0'
		printf '%s\n' "$@"
		echo end
	} >"$file.new"
	chmod 644 "$file.new"
	mv "$file.new" "$file"
	pod-proxy ca web # as pod-vault bind does
}

# The pod is up, and its injector runs.
inject()
{
	on_host pod-net up web
	ready=$T/ready
	rm -f "$ready"
	mkfifo "$ready"
	(exec nsenter -t "$HOST" -n env SSL_CERT_FILE="$T/world.pem" ENVPOD_TOOLS="$T_TOOLS" \
		"${INJECT_PROGRAM[@]:-$B/bin/pod-proxy}" inject --ready-fd 4 "${INJECT_OPTIONS[@]}" web) 4>"$ready" >>"$T/events" 2>>"$T/inject.log" 3>&- &
	INJECTOR=$!
	NETPIDS+=("$INJECTOR")
	read -r _ <"$ready" || { cat "$T/inject.log"; wait "$INJECTOR"; echo "status $?"; return 1; }
}

# call ARG...: curl in the pod.
call() { in_pod curl -sS --max-time 20 --http1.1 "$@"; } # HTTP/2: h2.bats

# What the injector said.
said() { jq -es "any($1)" "$T/events" >/dev/null; }

# odd_site [CERTIFICATE [PORT]]: odd.py at c.example.
odd_site()
{
	(exec nsenter -t "$SITE" -n python3 "$BATS_TEST_DIRNAME/odd.py" 192.0.2.11 "${2:-443}" "$T/${1:-good}.pem" "$T/${1:-good}.key" "$T/odd.log") >>"$T/odd.err" 2>&1 3>&- &
	NETPIDS+=($!)
	: >"$T/odd.log"
	wait_for 30 listens_at 192.0.2.11 "${2:-443}"
}
listens_at() { on_site ss -Hltn "src $1 and sport = :${2:-443}" | grep -q .; }

# raw REQUEST...: each by a TLS connection of its own to c.example, escapes (\r\n) made real; what comes back
# until its end, a line each, in the escapes of Python.
raw()
{
	in_pod python3 -c '
import socket, ssl, sys
ctx = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
for text in sys.argv[1:]:
    s = ctx.wrap_socket(socket.create_connection(("c.example", 443), 10), server_hostname="c.example")
    s.settimeout(10)
    got = b""
    try:
        s.sendall(text.encode().decode("unicode_escape").encode("latin1"))
        while d := s.recv(65536): got += d
    except (ConnectionError, ssl.SSLError): got += b"RESET"
    print(repr(got)[2:-1])' "$@"
}

BOUND=('host 0 c.example 443' 'bind 0 TOKEN header authorization Bearer\\040{value}')

# odd: c.example is bound, and answers as odd.py does.
odd()
{
	odd_site "$@"
	secrets TOKEN real-token-of-the-vault
	bindings "${BOUND[@]}"
}

# codes PATH...: what curl says about each, in one go; bodies in $T/bodies.
codes()
{
	local path args=()
	for path; do args+=("https://c.example/$path"); done
	call --no-keepalive -w '\n%{http_code} %{exitcode}\n' "${args[@]}" 2>/dev/null | tee "$T/bodies" | grep -E '^[0-9]{3} [0-9]+$' || true
}
