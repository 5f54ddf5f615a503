#!/usr/bin/env bats
# Ordinary clients whose host the injector stands in for: they notice nothing, and send what they
# do not have.  None is told anything but what a run's own environment tells; most not even that.
load ../lib/envpod
load injected

setup_file()
{
	injected_setup
	forms
	net_pod web 'dns: {allow: [api.example, evil.example], upstream: [203.0.113.53]}'
	printf 'hello\n' >"$T/srv/hello"
	on_host envpod start web -- sleep 1000
	injected_vault
	bound api.example # of a pod that runs: its view gets the authority with the next command
}
teardown_file() { world_teardown; }
setup() { :; }
teardown() { only_there; }

# carried TARGET: a request for it had the secret.
carried() { sent ".target == \"$1\" and any(.headers[]; .[0] == \"authorization\" and (.[1] | test(\"real-\")))"; }

@test "curl and wget, with an environment that says nothing" {
	bare curl -sS https://api.example/curl | jq -e '.sni == "api.example"'
	bare curl -sS --http1.1 --data-binary @/usr/bin/env https://api.example/curl-post | jq -e ".size == $(stat -Lc %s /usr/bin/env)"
	bare curl -sSI https://api.example/curl-head | grep -q '^HTTP/[12.]* 200'
	bare curl -sS -H 'Expect: 100-continue' -d x https://api.example/curl-expect | jq -e '.body == "x"'
	bare wget -qO- https://api.example/wget | jq -e '.method == "GET"'
	for target in /curl /curl-post /curl-head /curl-expect /wget; do carried $target; done
	# What has no binding is passed through, and its own certificate is seen.
	refute bare curl -sS https://evil.example/curl-evil
	bare curl -sSk https://evil.example/curl-evil >/dev/null
}

@test "curl by its directory of hashes alone, and openssl" {
	bare curl -sS --capath /etc/ssl/certs https://api.example/capath >/dev/null
	bare sh -c 'openssl s_client -connect api.example:443 -servername api.example -verify_return_error -CApath /etc/ssl/certs -no-CAfile </dev/null' | grep -q 'Verify return code: 0'
}

@test "python: urllib, http.client, requests" {
	bare /usr/bin/python3 -c '
import http.client, urllib.request
print(urllib.request.urlopen("https://api.example/urllib").status)
c = http.client.HTTPSConnection("api.example")
for i in range(3):
    c.request("POST", "/client%d" % i, body=(b"x" for _ in range(3)), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    print(c.getresponse().read() and 200)' >"$T/said"
	[ "$(sort -u "$T/said")" = 200 ]
	told /usr/bin/python3 -c 'import requests
with requests.Session() as s:
    s.get("https://api.example/requests1").raise_for_status(); s.put("https://api.example/requests2", data=b"y" * 100000).raise_for_status()'
	for target in /urllib /client0 /client1 /client2 /requests1 /requests2; do carried $target; done
}

@test "node: fetch and https, told by NODE_EXTRA_CA_CERTS" {
	told node -e '
const https = require("https");
fetch("https://api.example/node-fetch", {method: "POST", body: "z"}).then(r => r.json()).then(j => {
	if (j.body !== "z") process.exit(1);
	https.get("https://api.example/node-https", r => { r.resume(); r.on("end", () => process.exit(r.statusCode === 200 ? 0 : 1)); });
}, e => { console.error(e); process.exit(1); });'
	carried /node-fetch
	carried /node-https
}

@test "HTTP/2: curl, node and python, many requests on one connection" {
	[ "$(bare curl -sS --http2 -o /dev/null -w '%{http_version}' https://api.example/h2-curl)" = 2 ]
	told node -e '
const http2 = require("http2");
const c = http2.connect("https://api.example");
let left = 20;
for (let i = 0; i < 20; i++) {
	const r = c.request({":path": "/h2-node" + i, ":method": "POST"});
	let body = "";
	r.on("response", h => { if (h[":status"] !== 200) process.exit(1); });
	r.on("data", d => body += d);
	r.on("end", () => { if (JSON.parse(body).body !== "n" + i) process.exit(1); if (--left === 0) { c.close(); } });
	r.end("n" + i);
}
c.on("error", e => { console.error(e); process.exit(1); });'
	told /usr/bin/python3 -c '
import httpx
with httpx.Client(http2=True) as c:
    for i in range(3): assert c.get("https://api.example/h2-python").http_version == "HTTP/2"'
	for target in /h2-curl /h2-node0 /h2-node19 /h2-python; do carried $target; done
}

# A runtime has no compiler: its own tool reads a list of revoked certificates, over HTTPS, as any program of Java's would.
@test "java, by its own store" {
	need keytool
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ncrlnumber=%s\ndefault_md=sha256\n' "$T/crl.index" "$T/crl.number" >"$T/crl.conf"
	: >"$T/crl.index"
	echo 01 >"$T/crl.number"
	openssl ca -config "$T/crl.conf" -gencrl -keyfile "$T/world.key" -cert "$T/world.pem" -crldays 1 -out "$T/srv/crl" 2>/dev/null
	bare keytool -J-Duser.language=en -printcrl -file https://api.example/files/crl >"$T/said"
	grep -q 'Issuer: CN=world' "$T/said" || { cat "$T/said"; false; }
	carried /files/crl
	refute bare keytool -printcrl -file https://evil.example/files/crl
	refute sent '.at == "198.51.100.2:443" and .target == "/files/crl"'
}

@test "Go: net/http believes the bundle" {
	need gobuster
	look() { bare sh -c "printf 'go-one\ngo-two\n' >/tmp/words && gobuster fuzz -q -z -t 1 --no-error -w /tmp/words -u https://$1/FUZZ"; }
	look api.example >"$T/said" 2>&1 || true
	carried /go-one
	carried /go-two
	look evil.example >"$T/said" 2>&1 || true
	refute sent '.at == "198.51.100.2:443" and (.target | test("go-"))'
}

# It knows no name constraints, and a critical word that it does not know ends its belief: a limit that is told of.
@test "mbedTLS: refuses the host's own authority, and that is an event; a host without a binding is nothing new to it" {
	need cc mbedtls
	cc -O1 -o "$T/mbedtls_get" "$TOP/tests/integration/mbedtls_get.c" -lmbedtls -lmbedx509 -lmbedcrypto
	bundle=/etc/ssl/certs/ca-certificates.crt
	on_host timeout 60 envpod run web -- sh -c 'cat >/tmp/mbedtls_get && chmod +x /tmp/mbedtls_get' <"$T/mbedtls_get"
	run bare /tmp/mbedtls_get api.example /mbedtls $bundle
	echo "$output"
	[[ $status = 1 && $output == handshake:* ]]
	refute sent '.target == "/mbedtls"'
	on_host timeout 60 envpod run web -- sh -c 'cat >/tmp/world.pem' <"$T/world.pem"
	run bare /tmp/mbedtls_get evil.example /mbedtls /tmp/world.pem
	[[ $output == 'HTTP/1.1 200'* ]]
}
# The stores of users are theirs; this is how such a program is told, and the change is in the diff.
@test "NSS: a store of the user's own believes the authority once it is put there" {
	need certutil tstclnt
	told sh -c '
		rm -rf /tmp/nssdb && mkdir /tmp/nssdb && certutil -d sql:/tmp/nssdb -N --empty-password || exit
		ask() {
			printf "GET $1 HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n" >/tmp/nss-request
			timeout 10 tstclnt -h api.example -p 443 -d sql:/tmp/nssdb -A /tmp/nss-request </dev/null
		}
		ask /nss-before
		certutil -d sql:/tmp/nssdb -A -t C,, -n envpod -i "$NODE_EXTRA_CA_CERTS" && ask /nss-after' >"$T/said" 2>&1 || true
	grep -q '^HTTP/1.1 200' "$T/said" || { cat "$T/said" >&2; false; }
	carried /nss-after
	refute sent '.target == "/nss-before"'
}
have_mbedtls() { [ -e /usr/include/mbedtls/ssl.h ]; }

@test "git: clone and push over https, by a credential that the pod does not have" {
	git init -q --bare "$T/srv/repo.git"
	git -C "$T/srv/repo.git" config http.receivepack true
	bare sh -c '
		set -e
		cd /tmp && rm -rf work && git clone -q https://api.example/git/repo.git work 2>/dev/null && cd work
		git config user.name a && git config user.email a@b
		head -c 2000000 /dev/urandom >big && git add big && git commit -qm one && git push -q origin HEAD:main
		cd .. && rm -rf again && git clone -q -b main https://api.example/git/repo.git again && cmp work/big again/big'
	[ "$(git -C "$T/srv/repo.git" -c safe.directory='*' log --format=%s main)" = one ]
	carried '/git/repo.git/git-receive-pack'
}

@test "apt: a repository behind the injector" {
	mkdir -p "$T/deb/DEBIAN" "$T/srv/apt"
	printf 'Package: hello-envpod\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n' >"$T/deb/DEBIAN/control"
	dpkg-deb -b "$T/deb" "$T/srv/apt/hello-envpod_1_all.deb" >/dev/null
	(cd "$T/srv/apt" && apt-ftparchive packages . >Packages)
	on_host timeout 60 envpod run --root web -- sh -c '
		d=$(mktemp -d /tmp/apt.XXXXXX) && mkdir -p $d/lists/partial $d/cache/archives/partial && cd $d &&
		echo "deb [trusted=yes] https://api.example/files/apt ./" >sources.list &&
		o="-o Dir::Etc::sourcelist=$d/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$d/lists -o Dir::Cache=$d/cache -o APT::Sandbox::User=root" &&
		env -i PATH=/usr/bin:/bin apt-get $o -qq update && env -i PATH=/usr/bin:/bin apt-get $o -qq download hello-envpod && ls hello-envpod_1_all.deb' >"$T/said" 2>&1
	grep -q hello-envpod_1_all.deb "$T/said" || { cat "$T/said" >&2; false; }
	carried /files/apt/./Packages || carried /files/apt/Packages
}

@test "a WebSocket, and an hour's worth of events one by one" {
	told /usr/bin/python3 -c '
import websocket
w = websocket.create_connection("wss://api.example/ws", timeout=10)
for n in (1, 125, 126, 4000):
    w.send("m" * n); assert w.recv() == "m" * n
w.close()'
	carried /ws
	# Each event is passed on as it comes: the client stops after the last one, long before the end.
	[ "$(bare sh -c 'curl -sSN "https://api.example/sse?n=36000" | grep -c ^data')" = 36000 ]
	carried '/sse?n=36000'
}

@test "big bodies both ways, whole, in constant memory" {
	head -c 80000000 /dev/zero | tr '\0' 'x' >"$T/srv/big"
	before=$(awk '/^VmHWM/ { print $2 }' "/proc/$(pid_of inject)/status")
	[ "$(bare sh -c 'curl -sS https://api.example/files/big | sha256sum')" = "$(sha256sum <"$T/srv/big")" ]
	bare sh -c 'head -c 40000000 /dev/zero | curl -sS -T - https://api.example/upload' | jq -e '.size == 40000000'
	after=$(awk '/^VmHWM/ { print $2 }' "/proc/$(pid_of inject)/status")
	[ $((after - before)) -lt 16384 ]
}

@test "a client that believes only its own roots is refused, and that is an event with advice" {
	bare sh -c 'cp /etc/ssl/certs/ca-certificates.crt /tmp/own && sed -i "/-----BEGIN CERT/,\$d" /tmp/own; curl -sS --cacert /tmp/own --capath /nowhere https://api.example/pinned' >"$T/said" 2>&1 || true
	refute sent '.target == "/pinned"'
	bare /usr/bin/python3 -c '
import ssl, socket
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
try:
    c.wrap_socket(socket.create_connection(("api.example", 443)), server_hostname="api.example")
except ssl.SSLCertVerificationError:
    print("refused")' | grep -qx refused
	said() { event web '.event == "ca_untrusted"'; }
	wait_for 5 said
}

@test "what the TLS of the injector offers: 1.2 and 1.3, authenticated encryption, forward secrecy, nothing old" {
	bare sslscan --no-colour api.example:443 >"$T/said" 2>&1 || { cat "$T/said" >&2; false; }
	for old in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do grep -qE "^$old +disabled" "$T/said"; done
	for new in TLSv1.2 TLSv1.3; do grep -qE "^$new +enabled" "$T/said"; done
	grep -qi 'Session renegotiation not supported' "$T/said"
	refute grep -iE 'heartbleed.*vulnerable to|CBC|RC4|3DES|NULL|EXPORT| DHE-| RSA ' <(grep -v 'not vulnerable' "$T/said" | grep -E '^(Accepted|Preferred)')
	grep -qE '^(Accepted|Preferred) +TLSv1.2 .*ECDHE-ECDSA-.*GCM' "$T/said"
}
