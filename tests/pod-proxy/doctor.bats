#!/usr/bin/env bats
# pod-proxy doctor: what this host offers to put credentials into requests.
load ../lib/envpod
setup() { envpod_setup; need root; }
teardown() { envpod_teardown; }

@test "authorities, and memory that can be locked; envpod doctor asks it" {
	pod-proxy doctor --json >"$T/checks"
	jq -es 'map(.name) == ["authorities", "locked-memory"] and all(.group == "secrets" and (.status | IN("pass", "warn")))' "$T/checks"
	[ "$(jq -r 'select(.name == "authorities").status' "$T/checks")" = pass ]
	envpod doctor --json | jq -es 'any(.name == "authorities")'
	expect 64 pod-proxy doctor web
}

@test "a host without authorities, a limit that cannot be lifted: said, with what to do" {
	unshare -m sh -c 'mount -t tmpfs none /etc/ssl && pod-proxy doctor --json' >"$T/checks"
	jq -es 'any(.name == "authorities" and .status == "warn" and (.hint | test("ca-certificates")))' "$T/checks"
	setpriv --bounding-set -sys_resource --inh-caps -sys_resource sh -c 'ulimit -l 64; pod-proxy doctor --json' >"$T/checks"
	jq -es 'any(.name == "locked-memory" and .status == "warn" and (.hint | length > 0))' "$T/checks"
}
