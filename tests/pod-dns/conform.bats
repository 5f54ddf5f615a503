#!/usr/bin/env bats
# What the pod is told beside what a real resolver (unbound, before a real authority, nsd) says.
load ../lib/envpod
load helper

setup() { dns_setup; need nsd; }
teardown() { dns_teardown; }

@test "two thousand questions: the same answers, but for what is meant to differ" {
	/usr/bin/python3 "$TOP/tests/pod-dns/conform.py" zone >"$T/zone"
	printf 'server:\n ip-address: 127.0.0.1@5310\n username: ""\n zonesdir: "%s"\n database: ""\n pidfile: ""\n xfrdfile: "%s/xfrd"\n zonelistfile: "%s/zl"\n server-count: 1\nremote-control:\n control-enable: no\nzone:\n name: example.com\n zonefile: zone\n' "$T" "$T" "$T" >"$T/nsd.conf"
	(exec nsenter -t "$NS" -n nsd -d -c "$T/nsd.conf") 2>"$T/nsd.log" 3>&- &
	UPSTREAMS="$!"
	printf 'server:\n interface: 127.0.0.1@5300\n do-daemonize: no\n chroot: ""\n username: ""\n pidfile: ""\n use-syslog: no\n directory: "%s"\n do-not-query-localhost: no\n module-config: "iterator"\n minimal-responses: no\nstub-zone:\n name: example.com\n stub-addr: 127.0.0.1@5310\n' "$T" >"$T/unbound.conf"
	(exec nsenter -t "$NS" -n unbound -c "$T/unbound.conf" -d) 2>"$T/unbound.log" 3>&- &
	UPSTREAMS="$UPSTREAMS $!"
	wait_for 5 listens 5310
	wait_for 5 listens 5300
	serve "allow: ['**.example.com']
budget: {queries: 100000, names: 100000, nxdomains: 100000, odd_types: 100000}
upstream: ['127.0.0.1#5300']"
	inside /usr/bin/python3 "$TOP/tests/pod-dns/conform.py" compare
}
