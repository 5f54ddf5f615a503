#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load ../lib/envpod

setup()
{
	envpod_setup
	need root overlay userns netns
	printf '# mine\nnetwork: {mode: None}\nprocessor:\n  max_pids: 200 # enough\n  memory: 512MB\n  tmp_size: 32MB\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	P=$ENVPOD_STATE_DIR/pods/web
	cp "$P/pod.yaml" "$T/before"
}

teardown()
{
	envpod kill web >/dev/null 2>&1 || true
	envpod_teardown
}

is_state() { [ "$(envpod ls --json web | jq -r .status)" = "$1" ]; }
live() { envpod run -b web -- sh -c 'echo kept >/tmp/kept; sleep 1000'; wait_for 10 is_state running; wait_for 10 eval '[ "$(inside cat /tmp/kept)" = kept ]'; }
usage() { pod-limit usage --json web | jq -r "$1"; }
inside() { envpod run --root web -- "$@"; }
tmp_kib() { inside df -k /tmp | awk 'NR == 2 { print $2 }'; }
plan() { sed -n "s/^$1 //p" "$P/plan"; }

@test "of a pod that runs: saved and live, the run goes on and sees it" {
	live
	[ "$(tmp_kib)" = 32768 ]
	envpod resize web --memory 256MB --max-pids 100 --cpus 0.5 --cpu-affinity 0 --tmp-size 64MB
	[ "$(usage .memory_max) $(usage .pids_max)" = "268435456 100" ]
	[ "$(tmp_kib)" = 65536 ]
	[ "$(inside cat /tmp/kept)" = kept ]
	[ "$(inside nproc)" = 1 ]
	grep -q 'max_pids: 100 # enough' "$P/pod.yaml"
	[ "$(plan memory.max) $(plan tmp_size) $(plan cpu.max)" = "268435456 67108864 50000 100000" ]
	envpod audit web --json | jq -se 'map(select(.event == "resize")) | length == 1 and .[0].by == "root" and .[0].live'
}

# What the kernel says of the pod's group, by either version.
group() { grep -o "${ENVPOD_CGROUP:-envpod}/web@[^/]*" "/proc/$(cut -d' ' -f1 "$ENVPOD_RUN_DIR/web/init.pid")/cgroup" | head -1; }
quota() { cat /sys/fs/cgroup/{,cpu/,cpu,cpuacct/}"$(group)"/cpu.{max,cfs_quota_us} 2>/dev/null | head -1 | cut -d' ' -f1; }
throttled() { cat /sys/fs/cgroup/{,cpu/,cpu,cpuacct/}"$(group)"/cpu.stat 2>/dev/null | awk '/nr_throttled/ { print $2; exit }'; }
more_throttled() { [ "$(throttled)" -gt "$1" ]; }

@test "processors: what runs already gets fewer, then more, then as many as it likes" {
	envpod run -b web -- perl -e '1 while 1'
	wait_for 10 is_state running
	envpod resize web --cpus 0.2
	[ "$(quota)" = 20000 ]
	wait_for 10 more_throttled "$(throttled)"
	envpod resize web --cpus 1.5
	[ "$(quota) $(plan cpu.max)" = "150000 150000 100000" ]
	envpod resize web --cpus default
	[[ "$(quota)" = -1 || "$(quota)" = max ]]
	[ -z "$(plan cpu.max)" ]
	envpod undo web --all
	[[ "$(quota)" = -1 || "$(quota)" = max || -z "$(quota)" ]]
}

@test "undo puts all of it back, in the file to the byte, and live; that again is undone" {
	live
	envpod resize web --memory 256MB --max-pids 100 --tmp-size 64MB
	envpod undo web --json | jq -se 'length == 1 and .[0].what == "resize"'
	envpod undo web --all
	cmp "$T/before" "$P/pod.yaml"
	[ "$(usage .memory_max) $(usage .pids_max) $(tmp_kib)" = "536870912 200 32768" ]
	envpod undo web "$(envpod undo web --json | jq -r .id | tail -1)"
	[ "$(usage .memory_max) $(plan pids.max) $(tmp_kib)" = "268435456 100 65536" ]
}

@test "undo leaves alone what was changed since, saved or live: 3" {
	live
	envpod resize web --memory 256MB
	pod-config set web memory=300MB
	expect 3 envpod undo web --all
	[ "$(plan memory.max)" = $((300 << 20)) ]
	pod-config set web memory=256MB
	envpod remote web restrict --memory 128MB
	expect 3 envpod undo web "$(envpod undo web --json | jq -r 'select(.what == "resize").id')"
	[ "$(usage .memory_max) $(plan memory.max)" = "134217728 268435456" ]
}

@test "all or nothing: what the kernel refuses last undoes what was done before" {
	live
	expect 2 envpod resize web --memory 256MB --tmp-size 64MB --cpu-affinity 4095
	cmp "$T/before" "$P/pod.yaml"
	[ "$(usage .memory_max) $(tmp_kib)" = "536870912 32768" ]
	[ -z "$(envpod undo web --json)" ]
	expect 78 envpod resize web --memory 256MB --max-pids many
	cmp "$T/before" "$P/pod.yaml"
	inside sh -c 'head -c 20000000 /dev/zero >/tmp/big'
	expect 3 envpod resize web --memory 256MB --tmp-size 1MB
	[[ $output = *"holds more"* ]]
	cmp "$T/before" "$P/pod.yaml"
	[ "$(usage .memory_max) $(tmp_kib)" = "536870912 32768" ]
}

@test "of a pod that does not run: saved; devices only then; default takes a key out" {
	envpod resize web --memory 256MB --audio yes --desktop xfce
	[ "$(plan memory.max)" = 268435456 ]
	[ "$(jq -r '.devices.audio' "$P/pod.json")" = true ]
	envpod undo web --all
	[ "$(jq -r '.devices.audio' "$P/pod.json")" != true ]
	[ "$(plan memory.max)" = 536870912 ]
	envpod resize web --memory default
	[ -z "$(plan memory.max)" ]
	envpod undo web --all
	live
	expect 75 envpod resize web --gpu yes
	[[ $output = *"envpod stop web"* ]]
	envpod resize web --memory default
	[ "$(usage .memory_max)" = null ]
	expect 64 envpod resize web
	expect 64 envpod resize web --memry 1GB
}

# That a quota holds is tests/vm/quota.bats; here there is none to be had.
@test "storage that the filesystem cannot limit: 77, and nothing of the command holds" {
	[ "$(stat -f -c %T "$T")" != xfs ] || not_here "the filesystem may have quotas"
	live
	run envpod resize web --memory 256MB --tmp-size 64MB --disk-size 1GB
	[ "$status" -eq 0 ] && not_here "the filesystem has quotas"
	[ "$status" -eq 77 ]
	cmp "$T/before" "$P/pod.yaml"
	[ "$(usage .memory_max) $(tmp_kib)" = "536870912 32768" ]
	expect 77 envpod remote web restrict --memory 256MB --disk 1GB
	[ "$(usage .memory_max)" = 536870912 ]
	expect 77 envpod remote web restrict --payload '{"disk_bytes": 1073741824}'
	[ -z "$(envpod undo web --json)" ]
}
