#!/usr/bin/env bats
# Upstreams by TLS: who they are is proven, and what is asked is nobody else's business.
load ../lib/envpod
load helper

setup()
{
	dns_setup
	need openssl
	cd "$T"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
		-subj '/CN=test CA' 2>/dev/null
	certificate dns.example
	export SSL_CERT_FILE=$T/ca.pem
}
teardown() { dns_teardown; }

# certificate NAME: key.pem and cert.pem for it.
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out req.pem -subj "/CN=x" 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$1" >ext
	openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem 2>/dev/null
}

tls_upstream()
{
	{
		printf 'server:\n interface: 127.0.0.1@5853\n tls-port: 5853\n tls-service-key: "%s/key.pem"\n' "$T"
		printf ' tls-service-pem: "%s/cert.pem"\n do-daemonize: no\n chroot: ""\n username: ""\n pidfile: ""\n' "$T"
		printf ' use-syslog: no\n directory: "%s"\n local-zone: "test." static\n' "$T"
		for i in 1 2 3 4 5 6 7 8 9; do printf ' local-data: "h%d.test. 60 IN A 192.0.2.%d"\n' $i $i; done
	} >unbound.conf
	(exec nsenter -t "$NS" -n unbound -c unbound.conf -d) 2>unbound.log 3>&- &
	UPSTREAMS="${UPSTREAMS:-} $!"
	wait_for 5 listens_tcp 5853
}
listens_tcp() { inside ss -Hltn "sport = :$1" | grep -q .; }

@test "many questions over one connection" {
	local jobs=()
	tls_upstream
	serve "allow: ['**.test']
upstream: ['tls://dns.example@127.0.0.1#5853']"
	for i in 1 2 3 4 5 6 7 8 9; do
		addresses "h$i.test" >"$T/got.$i" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	for i in 1 2 3 4 5 6 7 8 9; do [ "$(cat "$T/got.$i")" = "192.0.2.$i" ]; done
	[ "$(inside ss -Htn state established "dport = :5853" | wc -l)" = 1 ]
	[ -z "$(inside ss -Hun "dport = :5853")" ]
}

@test "the upstream is started again: the next question finds it" {
	tls_upstream
	serve "allow: ['**.test']
upstream: ['tls://dns.example@127.0.0.1#5853']"
	[ "$(addresses h1.test)" = 192.0.2.1 ]
	kill "${UPSTREAMS# }" && wait "${UPSTREAMS# }" || true
	UPSTREAMS=
	tls_upstream
	[ "$(addresses h2.test)" = 192.0.2.2 ]
}

@test "another name, another authority, no TLS at all: not believed, and a reason given" {
	certificate other.example
	tls_upstream
	serve "allow: ['**.test']
upstream: ['tls://dns.example@127.0.0.1#5853']"
	TIME=8 ask +edns h1.test >"$T/said"
	grep -q 'status: SERVFAIL' "$T/said"
	event '.name == "h1.test" and (.reason | test("certificate"))'
	kill "$DNS" && wait "$DNS"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -out o.pem -days 2 -subj '/CN=o' 2>/dev/null
	SSL_CERT_FILE=$T/o.pem start_dns
	[ "$(TIME=8 status_of h2.test)" = SERVFAIL ]
	kill "$DNS" && wait "$DNS"
	DNS=
	SSL_CERT_FILE=$T/nosuch expect 2 inside pod-dns serve --listen 127.0.0.1#53 web
}
