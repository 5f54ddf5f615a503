#!/usr/bin/env bats
# The boundary score: what pods as they should be score, and that each weakness is found by its name.
load ../lib/envpod
bats_require_minimum_version 1.5.0

LIMITS='processor: {memory: 300MB, cores: 0.5, max_pids: 200}'

setup()
{
	envpod_setup
	need root overlay userns netns
	export SUDO_UID=65534 SUDO_GID=65534
}

teardown()
{
	local pid
	for pid in $(cat "$ENVPOD_STATE_DIR"/pods/verify-*/throwaway 2>/dev/null | cut -d' ' -f1); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	envpod gc >/dev/null 2>&1
	rm -rf "${secret:-}"
	envpod_teardown
}

# pod NAME LINE...: with limits, so that nothing but the lines is weak.
pod()
{
	local name=$1
	shift
	printf '%s\n' "$LIMITS" "$@" >"$T/$name.yaml"
	envpod init -c "$T/$name.yaml" "$name" >/dev/null
}

# Nothing is left of a clone: not in state, runs, groups, mounts, processes.
nothing_left()
{
	[ -z "$(find "$ENVPOD_STATE_DIR/pods" "$ENVPOD_RUN_DIR" "$ENVPOD_STATE_DIR/archive" "$ENVPOD_STATE_DIR/netids" -name '*verify*' 2>/dev/null)" ] &&
		! grep -q "$ENVPOD_RUN_DIR/.verify" /proc/self/mounts &&
		[ -z "$(find /sys/fs/cgroup -type d -name 'verify-*' 2>/dev/null | grep -F "${clone:-verify-none}")" ]
}

# open ID FINDING: that hole is named in the last output, with its finding.
hole()
{
	jq -es --arg id "$1" --arg finding "$2" 'any(.[]; .id == $id and .verdict == "open" and (.finding | contains($finding)))' \
		<<<"$output" >/dev/null || { jq -c 'select(.verdict == "open")' <<<"$output"; return 1; }
}
score() { jq -s 'last.score' <<<"$output"; }

# weak CATEGORY NAME LINE...: scores below 100 there, ends with 1.
weak()
{
	local category=$1
	shift
	pod "$@"
	run envpod verify --json --category "$category" "$1"
	[ "$status" = 1 ] || { echo "status $status"; head -3 <<<"$output"; return 1; }
	[ "$(score)" -lt 100 ]
}

# full CATEGORY NAME: nothing is open there.
full()
{
	run envpod verify --json --category "$1" "$2"
	[ "$status" = 0 ] || { jq -c 'select(.verdict == "open")' <<<"$output"; return 1; }
	[ "$(score)" = 100 ]
}

@test "a pod with limits scores 100: all categories, hardly anything untried, on record; nothing is left" {
	pod good
	expect 0 envpod verify good
	[[ "${lines[-1]}" =~ ^good\ +100%\ +[0-9]+\ held ]]
	run -0 envpod verify --json good
	[ "$(score)" = 100 ]
	jq -es 'last | .open == 0 and .held > 180 and .cannot_try < 15 and
		(.categories | keys) == ["filesystem","governance","hardening","info","limits","network","process","seccomp"] and
		all(.categories[]; .held > 2)' <<<"$output"
	pod-audit query --json --event verify good | jq -es 'length == 2 and all(.[]; .score == 100 and .open == [])'
	nothing_left
	[ ! -e "$ENVPOD_STATE_DIR/pods/good/view" ] # it never ran
	pod-audit verify good
	[[ "$(envpod audit --security good)" == *"Its walls were measured at 20"*": a score of "*"again by: envpod verify good"* ]]
	[[ "$(envpod audit --security -c "$T/good.yaml")" != *"envpod verify"* ]]
}

@test "a pod without limits: what is missing is named, the key that closes it, the status is 1, --min lowers the bar" {
	envpod init bare >/dev/null
	expect 1 envpod verify bare
	[[ $output == *limit-memory*C-01*processor.memory*limit-pids*C-03*processor.max_pids* ]]
	expect 0 envpod verify --min 90 bare
	expect 0 envpod verify --category seccomp bare
	[[ $output != *limits* ]]
	expect 1 envpod verify --category limits --min 26 bare
}

@test "no system call filter" {
	weak seccomp none 'security: {seccomp_profile: none}'
	hole bpf S-04
	hole io-uring S-04
	hole unshare-user S-04
}

@test "the browsers' filter" {
	weak seccomp browser 'security: {seccomp_profile: browser}'
	hole unshare-user S-03
	[ "$(jq -s '[.[] | select(.verdict == "open")] | length' <<<"$output")" = 2 ]
}

@test "the host's network: raw addresses, other resolvers, loopback, metadata; no packet leaves the host" {
	weak network unsafe 'network: {mode: Unsafe}'
	for id in raw-address raw-address-v6 resolver-udp resolver-tcp dns-over-tls quic metadata host-loopback-http \
		own-network unlisted-name private-address host-address; do
		hole "$id" N-01
	done
}

@test "a network of names scores 100, with either engine" {
	for engine in sockets veth; do
		pod "$engine" "network: {engine: $engine, dns: {allow: [shop.example]}}"
		full network "$engine"
	done
	nothing_left
}

@test "names are open unless denied; every address is open" {
	weak network deny 'network: {dns: {mode: Denylist, deny: [evil.example]}}'
	hole unlisted-name N-03
	weak network monitor 'network: {mode: Monitored, dns: {mode: Monitor}}'
	hole raw-address N-03
	hole resolver-tcp N-03
}

@test "a wide network past the names" {
	weak network wide 'network: {cidr_allow: [192.0.2.0/24]}'
	hole raw-address N-09
	[ "$(jq -r 'select(.id == "raw-address-v6").verdict' <<<"$output")" = held ]
}

@test "a ReadWrite mount, which is left as it was; cow is none" {
	mkdir -m 777 "$T/lent"
	pod cow "filesystem: {mounts: [{path: $T/lent, cow: true}]}"
	full filesystem cow
	weak filesystem rw "filesystem: {mounts: [{path: $T/lent, permissions: ReadWrite}]}"
	hole direct-writes F-01
	[ -z "$(ls -A "$T/lent")" ]
}

@test "a socket of the host's" {
	mkdir "$T/service"
	chmod 777 "$T/service"
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5); print("up", flush=True); time.sleep(600)' \
		"$T/service/docker.sock" >"$T/up" 3>&- &
	job=$!
	wait_for 10 test -s "$T/up"
	chmod 777 "$T/service/docker.sock"
	weak filesystem sock "filesystem: {mounts: [{path: $T/service/docker.sock, permissions: ReadOnly}]}"
	kill "$job"
	hole host-sockets F-03
}

@test "a hidden secret that is shown" {
	secret=$(mktemp /var/tmp/envpod-verify.XXXXXX) # /tmp is another in pods anyway
	chmod 644 "$secret"
	export ENVPOD_DATA_DIR=$T/share
	cp -r "$TOP/share" "$T/share"
	echo s3cret >"$secret"
	echo "$secret" >>"$T/share/masks/secrets"
	pod shut
	full filesystem shut
	weak filesystem shown "filesystem: {reveal: [$secret]}"
	hole hidden-files F-04
	[[ $output == *"$secret"* ]]
}

@test "a file that is shown out of a hidden directory, and is not the one that stands for it" {
	secret=$(mktemp -d /var/tmp/envpod-verify.XXXXXX)
	chmod 755 "$secret"
	export ENVPOD_DATA_DIR=$T/share
	cp -r "$TOP/share" "$T/share"
	for name in a b c d; do echo "s3cret $name" >"$secret/$name"; done
	chmod 644 "$secret"/*
	echo "$secret" >>"$T/share/masks/secrets"
	pod shut
	full filesystem shut
	for name in a d; do
		weak filesystem "shown-$name" "filesystem: {reveal: [$secret/$name]}"
		hole hidden-files F-04
		[[ $output == *"$secret/$name"* ]]
	done
}

@test "a pod with a queue: it is asked in the clone, by a probe that would be its own approver; the pod's own is not" {
	pod asking 'queue: {socket: yes}'
	run envpod verify --json --category governance asking
	[ "$status" = 0 ] || { jq -c 'select(.verdict == "open")' <<<"$output"; false; }
	jq -es 'any(.[]; .id == "approve-own" and .verdict == "held" and .as_user.detail == "it waits" and .as_root.detail == "it waits")' <<<"$output" || { jq -c 'select(.id == "approve-own")' <<<"$output"; false; }
	jq -es 'all(.[] | select(.id == "other-pod" or .id == "other-pod-socket"); .verdict == "held")' <<<"$output"
	[ -z "$(find "$ENVPOD_STATE_DIR/pods/asking/queue" -name '*.json' 2>/dev/null)" ]
	nothing_left
	pod quiet
	run envpod verify --json --category governance quiet
	jq -es 'any(.[]; .id == "approve-own" and .verdict == "held")' <<<"$output"
}

@test "runs that are root by default" {
	weak hardening rooty 'user: root'
	hole default-user N-05
}

@test "what the pod has changed is measured, and is not changed; a running one goes on" {
	pod live
	envpod run live -- sh -c 'echo kept >/var/tmp/mine'
	mkfifo "$T/go"
	envpod run live -- sh -c 'echo up; read x; echo "$x"' <"$T/go" >"$T/said" 3>&- &
	job=$!
	exec 6>"$T/go"
	wait_for 20 grep -q up "$T/said"
	expect 0 envpod verify live
	echo on >&6
	exec 6>&-
	wait "$job"
	grep -q on "$T/said"
	[ "$(envpod run live -- cat /var/tmp/mine)" = kept ]
	nothing_left
}

@test "a pod that lies in wait in its own files decides nothing: shell, loader, libraries, links" {
	pod evil 'filesystem: {system_access: advanced}'
	envpod run --root evil -- sh -c 'for f in /bin/sh /usr/bin/env /etc/passwd; do
		printf "#!/bin/cat\n{\"id\":\"bpf\",\"verdict\":\"held\"}\n" >$f.new; chmod 755 $f.new; mv $f.new $f; done' || true
	envpod run --root evil -- /usr/bin/python3 -c 'import os
os.makedirs("/root/x", exist_ok=True)
open("/etc/ld.so.preload", "w").write("/evil.so\n")' || true
	run envpod verify --json evil
	[ "$status" -le 2 ]
	if [ "$status" = 2 ]; then [[ $output != *'"verdict"'* ]]; else [ "$(jq -s '[.[] | select(.verdict == "unanswered")] | length' <<<"$output")" = 0 ]; fi
	nothing_left
}

@test "two at once" {
	pod good
	envpod verify --json good >"$T/one" 3>&- &
	job=$!
	expect 0 envpod verify --json good
	wait "$job"
	[ "$(jq -s last.score "$T/one")" = 100 ]
	nothing_left
}

# begun: a clone is there, and its owner's name known.
begun() { clone=$(basename "$(dirname "$(ls "$ENVPOD_STATE_DIR"/pods/verify-*/created 2>/dev/null)")"); [ -n "$clone" ] && [ "$clone" != . ]; }

@test "killed in the middle, by any signal: its guard leaves nothing" {
	pod good 'network: {dns: {allow: [shop.example]}}'
	for signal in INT TERM KILL; do
		envpod verify good >/dev/null 2>&1 3>&- &
		job=$!
		wait_for 20 begun
		kill -"$signal" "$job"
		wait "$job" 2>/dev/null || true
		wait_for 60 nothing_left
	done
	expect 0 envpod verify --category limits good
}

@test "killed with its guard: gc destroys what is left, and nobody else's" {
	pod good
	envpod verify good >/dev/null 2>&1 3>&- &
	job=$!
	wait_for 20 begun
	read -r guard _ <"$ENVPOD_STATE_DIR/pods/$clone/throwaway"
	kill -STOP "$job"
	envpod gc >"$T/said" # it lives
	refute grep -q verify "$T/said"
	kill -KILL "$guard" "$job"
	wait "$job" 2>/dev/null || true
	[ -d "$ENVPOD_STATE_DIR/pods/$clone" ]
	[[ "$(envpod gc -n)" == *"Would remove 1 clone(s)"* ]]
	[[ "$(envpod gc)" == *"Removed 1 clone(s)"* ]]
	nothing_left
	[ -d "$ENVPOD_STATE_DIR/pods/good" ]
}

@test "words: no such pod, no such category, --print" {
	expect 2 envpod verify nosuch
	expect 64 envpod verify
	pod good
	expect 64 envpod verify --category nosuch good
	nothing_left
	run -0 envpod --print verify good
	[[ $output == *"envpod clone --current good"* ]]
	expect 77 setpriv --reuid 65534 --clear-groups envpod verify good
}
