# shellcheck shell=bash
# The world of network tests with an injector in it: api.example has a binding, evil.example is
# allowed and hostile, twin.example lies at api.example's address.  $SEEN is what servers were sent.
#	198.51.100.1   api.example, twin.example      198.51.100.2   evil.example
#	198.51.100.3   liar.example: its certificate is for another name
load ../lib/world

# The secret goes in by standard input, as everybody's does.
injected_vault() { envpod vault web set TOKEN <"$T/secret"; }

injected_setup()
{
	world_setup
	# Of another value in each run, or it would be found in this very file.
	SECRET="real-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')-/+\"value\\of~the.vault"
	printf '%s\n' "$SECRET" >"$T/secret"
	SEEN=$T/seen
	: >"$SEEN"
	export SEEN ENVPOD_TOOLS=$T/tools
	mkdir -p "$T/tools" "$T/srv"
	chmod 755 "$T/srv"
	world_authority
	world_certificate server DNS:api.example,DNS:twin.example,DNS:evil.example
	world_certificate liar DNS:other.example
	# The daemons' environment is built anew: a tool in front gives the injector the world's roots.
	printf '#!/bin/sh\nSSL_CERT_FILE=%s exec %s/bin/pod-proxy "$@"\n' "$T/world.pem" "$B" >"$T/tools/pod-proxy"
	chmod +x "$T/tools/pod-proxy"
	start in_world python3 "$TOP/tests/integration/upstream.py" "$SEEN" "$T/server.pem" "$T/server.key" "$T/srv" \
		198.51.100.1 198.51.100.2
	start in_world python3 "$TOP/tests/integration/upstream.py" "$SEEN" "$T/liar.pem" "$T/liar.key" "$T/srv" 198.51.100.3
	wait_for 10 listening 198.51.100.2 443
	wait_for 10 listening 198.51.100.3 443
	resolver "api.example. 60 IN A 198.51.100.1" "twin.example. 60 IN A 198.51.100.1" \
		"evil.example. 60 IN A 198.51.100.2" "liar.example. 60 IN A 198.51.100.3"
}

# bound HOST OPTION...: the secret is put into requests for that host.
bound() { on_host envpod vault web bind TOKEN "$@"; }
unbound() { on_host envpod vault web unbind TOKEN "$@"; }

pid_of() { jq ".services[] | select(.name == \"$1\").pid" "$R/web/services.json"; }

world_authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/world.key" -out "$T/world.pem" \
		-days 3 -subj /CN=world -addext basicConstraints=critical,CA:TRUE 2>/dev/null
}

# world_certificate FILE ALTNAMES
world_certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.csr" -subj / 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -CA "$T/world.pem" -CAkey "$T/world.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=critical,$2") -out "$T/$1.pem" 2>/dev/null
}

# bare COMMAND...: in the pod, with an environment that says nothing of authorities.
bare() { in_pod web env -i PATH=/usr/bin:/bin HOME=/tmp "$@"; }
# told COMMAND...: in the pod, with the environment that runs get.
told() { in_pod web "$@"; }

# say ADDRESS PORT SNI BYTES...: those bytes, by TLS (SNI "-": without) to that address; what comes back.
say()
{
	in_pod web python3 -c '
import socket, ssl, sys
address, port, sni, data = sys.argv[1], int(sys.argv[2]), sys.argv[3], " ".join(sys.argv[4:]).encode().decode("unicode_escape").encode("latin-1")
s = socket.create_connection((address, port), 5)
s.settimeout(3)
if sni != "-":
    c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
    s = c.wrap_socket(s, server_hostname=sni)
s.sendall(data)
try:
    while (d := s.recv(65536)):
        sys.stdout.write(d.decode("latin-1")); sys.stdout.flush()
except (TimeoutError, ConnectionError, ssl.SSLError):
    pass' "$@" 2>&1 || true
}

# sent JQ-CONDITION: some server was sent such a request.
sent() { jq -es "any($1)" "$SEEN" >/dev/null; }

# Every form of the secret, a line each in $T/forms, for grep -F: inner parts of base64, which stand still.
forms()
{
	SECRET=$SECRET python3 - >"$T/forms" <<-'END'
	import base64, json, os, urllib.parse
	s = os.environ["SECRET"]
	b = s.encode()
	out = {s, json.dumps(s)[1:-1], json.dumps(s)[1:-1].replace("/", "\\/"), b.hex(), b.hex().upper(), urllib.parse.quote(s, safe=""),
	       "".join("%%%02X" % x for x in b), "".join("%%%02x" % x for x in b), "".join("\\u%04x" % x for x in b)}
	for k in range(3):
	    e = base64.b64encode(b[k:k + (len(b) - k) // 3 * 3]).decode()
	    out |= {e, e.replace("+", "-").replace("/", "_")}
	print("\n".join(out))
	END
}

# clean FILE...: none of the forms is in there.
clean() { refute grep -rFlf "$T/forms" -- "$@"; }

# The secret went nowhere but to api.example, by TLS, in that very name.
only_there()
{
	local bad
	# Written as JSON: a form that JSON escapes differently is among the forms.
	bad=$(grep -Ff "$T/forms" "$SEEN" | jq -c 'select((.tls and .at == "198.51.100.1:443" and .sni == "api.example" and
		([.headers[] | select(.[0] == "host")] == [["host", "api.example"]])) | not)')
	[ -z "$bad" ] || { echo "it went elsewhere: $bad" >&2; return 1; }
}
