#!/usr/bin/env bats
# pod-proxy ca: the pod's own certificate authority.
load ../lib/envpod

setup()
{
	need root
	envpod_setup
	envpod init web </dev/null >/dev/null
	ca=$ENVPOD_STATE_DIR/pods/web/ca
}
teardown() { envpod_teardown; }

# hosts NAME...: policy/proxy intercepts these, and the authorities are made.
hosts()
{
	mkdir -p -m 711 "$ca/../policy"
	{
		echo 'envpod-plan 1 0 0 0'
		echo 'canary alert'
		for i; do echo "$i"; done | awk '{ print "host", NR - 1, $0, $0 == "plain.example" ? 80 : 443 }'
		echo end
	} >"$ca/../policy/proxy"
	pod-proxy ca web
	issuers=$ca/../policy/issuers
}

# issuer DOMAIN: its authority, PEM.
issuer() { sed -n "/^domain $1\$/,/^-----END/p" "$issuers" | openssl x509; }

# leaf ISSUER NAME...: $T/leaf.crt for these names, signed by the key of the authorities, for the host ISSUER; a key beside it.
leaf()
{
	local by=$1
	shift
	issuer "$by" >"$T/issuer.crt"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout "$T/leaf.key" -out "$T/leaf.csr" 2>/dev/null
	openssl x509 -req -in "$T/leaf.csr" -CA "$T/issuer.crt" -CAkey "$ca/issuer" -days 1 -out "$T/leaf.crt" 2>/dev/null \
		-extfile <(printf 'subjectAltName=critical,%s\n' "$(IFS=,; echo "$*")"; echo basicConstraints=critical,CA:FALSE; echo extendedKeyUsage=serverAuth)
	cat "$T/leaf.crt" "$T/issuer.crt" >"$T/chain.crt"
}

text() { openssl x509 -in "$ca/crt" -noout "$@"; }

@test "it is P-256, signs authorities and these no others, and its keys are root's" {
	pod-proxy ca web
	text -text | grep -q 'ASN1 OID: prime256v1'
	[ "$(text -ext basicConstraints | tail -1 | tr -d ' ')" = CA:TRUE,pathlen:1 ]
	text -ext basicConstraints,keyUsage | grep -c critical | grep -qx 2
	text -ext keyUsage | grep -qx ' *Certificate Sign'
	text -checkend $((4 * 365 * 86400))
	refute text -checkend $((6 * 365 * 86400))
	[ "$(cat "$ca/hash")" = "$(text -hash)" ]
	[ "$(stat -c '%a %U' "$ca/key" "$ca/issuer" "$ca")" = $'600 root\n600 root\n700 root' ]
	cmp <(openssl pkey -in "$ca/key" -pubout) <(text -pubkey)
}

@test "it stays the same until it is torn, ends soon, or is renewed" {
	pod-proxy ca web
	first=$(text -serial -subject)
	pod-proxy ca web
	[ "$(text -serial -subject)" = "$first" ]
	: >"$ca/key"
	pod-proxy ca web
	second=$(text -serial -subject)
	[ "$second" != "$first" ]
	pod-proxy ca --renew web
	third=$(text -serial -subject)
	[ "$third" != "$second" ]
	openssl req -x509 -key "$ca/key" -days 80 -subj /CN=soon -out "$ca/crt"
	text -hash >"$ca/hash"
	pod-proxy ca web
	text -checkend $((4 * 365 * 86400))
	[ ! -e "$ca.new" ]
	rm "$ca/issuer"
	fourth=$(text -serial)
	pod-proxy ca web
	[ "$(text -serial)" != "$fourth" ]
	[ -s "$ca/issuer" ]
}

@test "two pods have two, and a clone gets its own" {
	envpod init other </dev/null >/dev/null
	pod-proxy ca web
	pod-proxy ca other
	refute cmp -s "$ca/crt" "$ca/../../other/ca/crt"
	envpod clone web copy >/dev/null
	[ ! -e "$ca/../../copy/ca" ]
	pod-proxy ca copy
	refute cmp -s "$ca/crt" "$ca/../../copy/ca/crt"
}

@test "killed half-way: what was there is there, and the next one is whole" {
	pod-proxy ca web
	first=$(text -serial)
	mkdir "$ca.new"
	echo half >"$ca.new/key"
	pod-proxy ca --renew web
	[ "$(text -serial)" != "$first" ]
	[ ! -e "$ca.new" ]
}

@test "a pod that is not there, wrong words" {
	expect 2 pod-proxy ca nosuch
	expect 64 pod-proxy ca
	expect 64 pod-proxy ca --bad web
}

@test "each host has an authority that can sign for it, what is below it, and nothing else" {
	hosts api.example '*.wide.example' plain.example
	[ "$(grep ^domain "$issuers")" = $'domain api.example\ndomain wide.example' ]
	[ "$(stat -c %a "$issuers")" = 644 ]
	issuer api.example | openssl x509 -noout -ext nameConstraints,basicConstraints >"$T/said"
	grep -q 'Name Constraints: critical' "$T/said"
	grep -q 'CA:TRUE, pathlen:0' "$T/said"
	while read -r answer by names; do
		# shellcheck disable=SC2086
		leaf "$by" $names
		if openssl verify -purpose sslserver -CAfile "$ca/crt" -untrusted "$T/issuer.crt" "$T/leaf.crt" >"$T/said" 2>&1; then
			[ "$answer" = yes ]
		else
			[ "$answer" = no ] && grep -q -e 'permitted subtree violation' -e 'excluded subtree violation' "$T/said"
		fi || { echo "$answer $by $names: $(cat "$T/said")" >&2; false; }
	done <<-'END'
	yes api.example DNS:api.example
	yes api.example DNS:v2.api.example
	no api.example DNS:other.example
	no api.example DNS:api.example DNS:other.example
	no api.example DNS:notapi.example
	no api.example DNS:example
	no api.example DNS:wide.example
	no api.example IP:127.0.0.1
	no api.example IP:::1
	yes wide.example DNS:a.b.wide.example
	no wide.example DNS:api.example
	END
}

@test "authorities of hosts follow the policy, and are left alone while it is the same" {
	hosts api.example
	first=$(issuer api.example)
	hosts api.example
	[ "$(issuer api.example)" = "$first" ]
	hosts api.example other.example
	[ "$(grep -c ^domain "$issuers")" = 2 ]
	[ "$(issuer api.example | openssl x509 -noout -pubkey)" = "$(openssl x509 -noout -pubkey <<<"$first")" ]
	hosts
	refute grep -q ^domain "$issuers"
	hosts api.example
	pod-proxy ca --renew web
	[ "$(issuer api.example | openssl x509 -noout -pubkey)" != "$(openssl x509 -noout -pubkey <<<"$first")" ]
	leaf api.example DNS:api.example
	openssl verify -CAfile "$ca/crt" -untrusted "$T/issuer.crt" "$T/leaf.crt"
	echo 'host x' >"$ca/../policy/proxy"
	expect 78 pod-proxy ca web
}

@test "clients refuse a leaf for another host that the hosts' key has signed" {
	hosts api.example
	for name in api.example other.example; do
		leaf api.example "DNS:$name"
		python3 - "$T" "$name" "$ca/crt" >"$T/$name.said" 2>&1 <<-'END'
		import os, socket, ssl, subprocess, sys, threading
		T, name, root = sys.argv[1:]
		server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		server.load_cert_chain(T + "/chain.crt", T + "/leaf.key")
		s = socket.create_server(("127.0.0.1", 0))
		port = s.getsockname()[1]
		def serve():
		    while True:
		        c, _ = s.accept()
		        try:
		            t = server.wrap_socket(c, server_side=True)
		            t.recv(4096)
		            t.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
		            t.unwrap()
		        except OSError:
		            pass
		        c.close()
		threading.Thread(target=serve, daemon=True).start()
		def python():
		    context = ssl.create_default_context(cafile=root)
		    c = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=name)
		    c.sendall(b"GET / HTTP/1.0\r\n\r\n")
		    return b"hello" in c.recv(4096) + c.recv(4096)
		def tried(*argv, **env):
		    return subprocess.run(argv, env={"PATH": os.environ["PATH"], "HOME": T, **env}, capture_output=True).returncode == 0
		def say(client, good):
		    print(client, "believes" if good else "refuses", flush=True)
		try:
		    say("python", python())
		except ssl.SSLCertVerificationError:
		    say("python", False)
		say("curl", tried("curl", "-sf", "--cacert", root, "--resolve", "%s:%d:127.0.0.1" % (name, port), "https://%s:%d/" % (name, port)))
		node = "require('https').get({host: '127.0.0.1', port: %d, servername: '%s', path: '/'}, r => process.exit(0)).on('error', e => process.exit(1))" % (port, name)
		say("node", tried("node", "-e", node, NODE_EXTRA_CA_CERTS=root))
		END
	done
	[ "$(cat "$T/api.example.said")" = $'python believes\ncurl believes\nnode believes' ] || { cat "$T/api.example.said" >&2; false; }
	[ "$(cat "$T/other.example.said")" = $'python refuses\ncurl refuses\nnode refuses' ] || { cat "$T/other.example.said" >&2; false; }
}
