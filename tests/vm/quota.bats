#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The storage wall: project quotas of ext4 and xfs, which many kernels lack and the distribution's
# has.  Each filesystem is made for the test, so that all of it can be counted.

load ../lib/envpod
setup()
{
	envpod_setup
	mkdir -p /srv/p
}
teardown()
{
	pod-limit kill web 2>/dev/null || true
	umount -l "$T/state" 2>/dev/null || true
	rm -rf /srv/p
	envpod_teardown
}

# state_on TYPE [MOUNT-OPTION]: the state directory, on a filesystem of its own.
state_on()
{
	truncate -s 320M "$T/image"
	case $1 in
	ext4) mkfs.ext4 -q -O quota,project "$T/image" ;;
	xfs) mkfs.xfs -q "$T/image" ;;
	esac
	mount -o "loop,${2:-prjquota}" "$T/image" "$T/state"
	chmod 700 "$T/state"
	rm -rf "$T/state/lost+found"
}

# web LIMIT
web()
{
	printf 'budget: {max_storage: %s}\n' "$1" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
}

quota() { pod-mount quota --json web | jq -r ".$1"; }

fill() { envpod run web -- sh -c "cd /srv/p && head -c ${1:-64M} /dev/zero >${2:-fill}"; }

# By the kernel, project quotas of xfs end in ENOSPC, those of ext4 in EDQUOT.
is_full()
{
	case $(findmnt -no FSTYPE -T "$T/state") in
	xfs) [[ $output = *"No space left on device"* ]] ;;
	ext4) [[ $output = *"Disk quota exceeded"* ]] ;;
	*) false ;;
	esac
}

ends_at_the_limit()
{
	state_on "$1"
	web 16MB
	run fill
	[ "$status" -ne 0 ]
	is_full
	[ "$(quota bytes)" -le $(((16 << 20) + 65536)) ]
	[ "$(quota bytes)" -gt $((12 << 20)) ]
	# The host has room, in that filesystem too, and the pod once it is rid of it.
	[ "$(df --output=avail -B1M "$T/state" | tail -1)" -gt 150 ]
	head -c 32M /dev/zero >"$T/state/of-the-host"
	pod-budget show --json web | jq -e '.budgets == [.budgets[0]] and .budgets[0].budget == "storage" and .budgets[0].limit == 16777216'
	[ "$(envpod run web -- echo well)" = well ]
	envpod rollback --all web
	envpod gc
	fill 8M other
}

@test "ext4: a pod is refused what goes beyond its limit, the host is not" { ends_at_the_limit ext4; }

@test "xfs: a pod is refused what goes beyond its limit, the host is not" { ends_at_the_limit xfs; }

@test "ext4: a snapshot that an agent asks for must fit into the limit, one that a person asks for is made" {
	state_on ext4
	web 16MB
	envpod start web -- sh -c 'cd /srv/p && head -c 10M /dev/urandom >fill && sync && touch full && sleep 1000'
	wait_for 30 envpod run web -- test -e /srv/p/full
	run pod-mount snapshot --agent web create
	[ "$status" -eq 3 ]
	[[ $output = *"has no room for a copy"* ]]
	[ "$(quota bytes)" -le $(((16 << 20) + 65536)) ]
	[ -z "$(ls "$T/state/pods/web/snapshots" 2>/dev/null)" ]
	pod-mount snapshot web create
	envpod stop web
}

@test "files without content end, too, and so do copies of the host's" {
	state_on ext4
	web 1MB
	run envpod run web -- bash -c 'cd /srv/p; for i in {1..3000}; do : >f$i || exit 9; done'
	[ "$status" -eq 9 ]
	[ "$(quota inodes)" -le "$(quota inode_limit)" ]
	envpod rollback --all web
	head -c 4M /dev/urandom >/srv/p/large
	run envpod run web -- sh -c 'echo more >>/srv/p/large'
	rm /srv/p/large
	[ "$status" -ne 0 ]
	is_full
}

@test "nobody in the pod changes its project" {
	state_on ext4
	web 16MB
	run envpod run --user root web -- sh -c 'cd /srv/p; mkdir d; chattr -p 0 d || chattr -P d'
	[ "$status" -ne 0 ]
	run fill
	[ "$status" -ne 0 ]
}

turns_over()
{
	state_on "$1"
	web 16MB
	fill 4M one
	fill 4M two
	[ "$(quota bytes)" -ge $((8 << 20)) ]
	# What is committed is the host's, and has no project.
	envpod commit web /srv/p/one
	[ "$(stat -c %s /srv/p/one)" = $((4 << 20)) ]
	[ "$(quota bytes)" -lt $((6 << 20)) ]
	envpod undo web "$(envpod undo --json web | jq -rs '.[-1].id')"
	[ ! -e /srv/p/one ]
	[ "$(quota bytes)" -ge $((8 << 20)) ]
	envpod rollback web /srv/p/two
	[ "$(envpod run web -- sh -c 'ls /srv/p/two || echo gone')" = gone ]
	envpod snapshot web create --name before
	fill 1M late
	envpod snapshot web restore before
	envpod clone web other
	[ "$(envpod run other -- echo well)" = well ]
	envpod destroy other
	envpod gc
	fill 1M last
}

@test "ext4: turn-over, commit, undo, rollback, snapshots and clones go on" { turns_over ext4; }

@test "xfs: turn-over, commit, undo, rollback, snapshots and clones go on" { turns_over xfs; }

@test "a limit that comes later counts what is there, and can change while the pod lives" {
	state_on ext4
	envpod init web
	fill 8M early
	[ "$(quota limit)" = 0 ]
	pod-config set web budget.max_storage=16MB
	envpod run web -- true
	[ "$(quota bytes)" -ge $((8 << 20)) ]
	run fill 12M
	[ "$status" -ne 0 ]
	mkfifo "$T/go"
	envpod run web -- sh -c 'echo up; read x; head -c 12M /dev/zero >/srv/p/more' <>"$T/go" >"$T/out" 3>&- &
	wait_for 60 test -s "$T/out"
	pod-mount quota web 64MB
	echo >"$T/go"
	wait $!
	[ "$(quota limit)" = $((64 << 20)) ]
}

@test "without quotas on the filesystem nothing runs, and it is said what to do" {
	state_on ext4 noquota
	web 16MB
	run envpod run web -- true
	[ "$status" -eq 125 ]
	[[ $output = *"16"*"max_storage"*"project quotas"*"envpod doctor"* ]]
	pod-mount doctor --json | jq -se 'any(.[]; .name == "storage limits" and .status == "warn" and (.hint | test("prjquota")))'
}

# Nothing but the limits of the storage wall can be undone here that tests/envpod cannot try.
@test "restrict and resize change what a pod that lives may write, and undo takes both back" {
	state_on ext4
	web 16MB
	envpod run -b web -- sleep 1000
	wait_for 30 eval '[ "$(envpod ls --json web | jq -r .status)" = running ]'
	envpod remote web restrict --disk 8MB
	[ "$(quota limit)" = $((8 << 20)) ]
	run fill
	[ "$status" -ne 0 ]
	is_full
	[ "$(quota bytes)" -le $(((8 << 20) + 65536)) ]
	envpod undo web --all
	[ "$(quota limit)" = $((16 << 20)) ]
	# Seen by who runs there, with other limits in one go, which is one record.
	records=$(envpod undo web --json | wc -l)
	envpod remote web restrict --payload '{"disk_bytes": 4194304, "max_pids": 50}'
	[ "$(quota limit) $(pod-limit usage --json web | jq .pids_max)" = "$((4 << 20)) 50" ]
	run fill 5M payload
	is_full
	[ "$(envpod undo web --json | wc -l)" = $((records + 1)) ]
	envpod undo web "$(envpod undo web --json | jq -rs '.[-1].id')"
	[ "$(quota limit) $(pod-limit usage --json web | jq .pids_max)" = "$((16 << 20)) null" ]
	envpod resize web --disk-size 12MB
	[ "$(quota limit)" = $((12 << 20)) ]
	expect 2 envpod remote web restrict --disk 4MB --cpus 4095
	[ "$(quota limit)" = $((12 << 20)) ]
	envpod undo web "$(envpod undo web --json | jq -r 'select(.what == "resize").id')"
	[ "$(quota limit)" = $((16 << 20)) ]
}
