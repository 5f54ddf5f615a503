#!/usr/bin/env bats
# Pods that find each other: NAME.pods.local, when both sides want it.
load ../lib/envpod
load helper

setup() { dns_setup; need userns; RESOLVERS=(); }
teardown()
{
	for pid in "${RESOLVERS[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
	for pod in web db; do pod-net down --force $pod >/dev/null 2>&1 || true; done
	dns_teardown
}

# pod NAME YAML-OF-network: up, with its resolver.
pod()
{
	printf 'network:\n  mode: Isolated\n' >"$T/$1.yaml"
	sed 's/^/  /' <<<"$2" >>"$T/$1.yaml"
	envpod init -c "$T/$1.yaml" "$1"
	inside pod-net up --walls-only "$1"
	resolver "$1"
}
resolver()
{
	mkfifo "$T/ready"
	exec 7<>"$T/ready"
	(exec nsenter -t "$NS" -n pod-dns serve --ready-fd 7 "$1") >>"$T/events" 2>>"$T/stderr" 3>&- &
	RESOLVERS+=($!)
	read -r -t 5 -u 7
	exec 7>&-
	rm "$T/ready"
}
in_pod() { local pod=$1; shift; nsenter --net="$ENVPOD_RUN_DIR/$pod/ns/net" "$@"; }
find_from() { in_pod "$1" kdig @127.0.0.1 +short +time=2 +retry=0 "$2" "${3:-A}"; }
address_of() { cut -d' ' -f"$2" "$ENVPOD_RUN_DIR/$1/net/up" | cut -d/ -f1; }

@test "found when both sides want it, pinned for the ports that are open to pods" {
	pod web 'allow_pods: [db]
dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}'
	pod db 'allow_discovery: yes
internal_ports: [5432, 6432]
dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}'
	[ "$(find_from web db.pods.local)" = "$(address_of db 2)" ]
	[ "$(find_from web DB.pods.local AAAA)" = "$(address_of db 3)" ]
	in_pod web nft list set inet envpod pins4 | grep -q "$(address_of db 2) . 5432"
	refute grep -q ' . 80 ' <(in_pod web nft list set inet envpod pins4)
	# Nobody wants the other direction.
	[ -z "$(find_from db web.pods.local)" ]
	[ -z "$(find_from web other.pods.local)" ]
	[ -z "$(find_from web pods.local)" ]
	[ -z "$(find_from web ../db.pods.local)" ]
	event '.event == "dns_denied" and .name == "web.pods.local"'
}

@test "one side alone is not enough; a pod that is down is not found, though its file is there" {
	pod web 'allow_pods: ["*"]
dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}'
	pod db 'dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}'
	[ -z "$(find_from web db.pods.local)" ]
	kill "${RESOLVERS[1]}" && wait "${RESOLVERS[1]}"
	inside pod-net down --force db
	envpod destroy -f db
	pod db 'allow_discovery: yes
dns: {allow: [a.test], upstream: ["127.0.0.1#5300"]}'
	[ "$(find_from web db.pods.local)" = "$(address_of db 2)" ]
	kill -KILL "${RESOLVERS[2]}"
	wait "${RESOLVERS[2]}" || true
	[ -e "$ENVPOD_RUN_DIR/.pods/db" ]
	[ -z "$(find_from web db.pods.local)" ]
	resolver db
	[ "$(find_from web db.pods.local)" = "$(address_of db 2)" ]
	envpod dns web --deny db.pods.local
	gone() { [ -z "$(find_from web db.pods.local)" ]; }
	wait_for 2 gone
}
