# shellcheck shell=bash
# All that the veth engine may change on "the host", as text; and pods of it.
straight() { net_pod "$1" 'engine: veth' 'cidr_allow: [198.51.100.0/24, "2001:db8:1::/64"]' "${@:2}"; }
up() { on_host pod-net up --walls-only "$@"; }
down() { on_host pod-net down "$@"; }
inside() { local pod=$1; shift; nsenter --net="$R/$pod/ns/net" -- "$@"; }

host_state()
{
	on_host ip -br link | sed 's/@.*//'
	on_host ip route show table all | grep -v ' proto kernel '
	on_host ip -6 route show table all | grep -v ' proto kernel '
	on_host nft -s list ruleset
	on_host sh -c 'grep -H . /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/force_forwarding' | grep -v envp
}
remember_host() { before=$(host_state); }
as_before() { [ "$(host_state)" = "$before" ]; }
