# shellcheck shell=bash
# As many pods as one likes, for tests that have a world (world.bash).

# up_all FROM TO: eight at a time.
up_all()
{
	local i
	for ((i = $1; i <= $2; i++)); do printf 'p%d\n' "$i"; done |
		nsenter -t "$HOSTNS" -n -- xargs -P8 -n1 pod-net up 3>&-
}

# The pod file is compiled once; the others are the first one under other names.
make_pods()
{
	local i
	net_pod p1 'dns: {allow: [shop.example], upstream: [203.0.113.53]}'
	for ((i = 2; i <= $1; i++)); do printf 'p%d\n' "$i"; done | xargs -P4 -n1 envpod clone p1 >/dev/null
}

keepers() { find "$R" -maxdepth 2 -name helpers.pid | wc -l; }

# many_pods N: N networks with all their daemons, each its own; the last works; then none is left.
many_pods()
{
	make_pods "$1"
	up_all 1 "$1"
	[ "$(keepers)" = "$1" ]
	[ "$(cat "$R"/p*/net/up | cut -d' ' -f2 | sort -u | wc -l)" = "$1" ]
	[ "$(cat "$R"/p*/net/up | cut -d' ' -f3 | sort -u | wc -l)" = "$1" ]
	[ "$(readlink -f "$R"/p*/ns/net | sort -u | wc -l)" = "$1" ]
	[ "$(in_pod "p$1" curl -sS --max-time 20 http://shop.example/name)" = shop.example ]
	find "$R" -maxdepth 1 -name 'p*' -printf '%f\n' | xargs -P8 -n1 pod-net down 3>&-
	[ "$(keepers)" = 0 ]
	[ -z "$(ls "$R/.addresses")" ]
	refute grep -q " $R/p[0-9]*/ns/net " /proc/self/mounts
}
