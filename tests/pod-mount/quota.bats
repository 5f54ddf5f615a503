#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a pod may write, as far as this kernel can be asked; that the limit itself holds is
# tests/vm/quota.bats.
load ../lib/envpod

setup()
{
	envpod_setup
	mkdir -p "$T/srv"
	cd "$T/srv" || return
}
teardown()
{
	umount -l "$T/state" 2>/dev/null || true
	envpod_teardown
}

# state_on TYPE: the state directory, on a sized image, as envpod(7) says.
state_on()
{
	local options=loop
	[ "$1" = xfs ] || options=loop,resuid=65534
	truncate -s 320M "$T/image"
	"mkfs.$1" -q "$T/image"
	mount -o $options "$T/image" "$T/state"
	chmod 700 "$T/state"
	rm -rf "$T/state/lost+found"
}

fill() { envpod run -w web -- fallocate -l "$1" fill; }

web()
{
	printf '%s\n' "$@" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
}

@test "a filesystem without quotas: a pod with a limit does not run, and it is said why" {
	state_on xfs
	web 'budget: {max_storage: 1GB}' 'processor: {disk_size: 2MB}'
	run envpod run web -- true
	[ "$status" -eq 125 ]
	[[ $output = *"pod web within 2.0M"*"max_storage"*"$T/state keeps no project quotas"*"envpod doctor"* ]]
	run pod-mount quota web 1GB
	[ "$status" -eq 77 ]
	pod-mount doctor --json | jq -se 'any(.[]; .name == "storage limits" and .status == "warn" and (.hint | test("prjquota")))'
}

@test "quota: shown without a limit, sizes are sizes" {
	web
	[ "$(pod-mount quota web)" = "0B of no limit" ]
	pod-mount quota --json web | jq -e '.pod == "web" and .bytes == 0 and .limit == 0'
	for size in 0 ten -1 1XB; do
		expect 64 pod-mount quota web $size
	done
	pod-mount quota web none
	expect 2 pod-mount quota nobody
}

# Everything the pod wrote belongs to a project that its directories hand on, as quotas make it: here by hand.
@test "layers of several projects are merged, committed, rolled back and brought back" {
	local project=1879050000 layer id
	command -v xfs_io >/dev/null || need xfs_io
	state_on xfs
	web 'snapshots: {max_keep: 2}'
	envpod run -w web -- sh -c 'mkdir d; echo 1 >d/one; ln -s one d/link; echo a >a'
	pod-mount seal web auto
	for layer in "$T"/state/layers/*/; do
		find "$layer/tree" -type d -exec xfs_io -c 'chattr +P' -c "chproj $project" {} \;
	done
	echo $((project + 1)) >"$T/state/pods/web/project"
	for id in 2 3 4 5 6 7; do envpod run -w web -- sh -c "echo $id >d/$id; rm -f d/link; ln -s $id d/link"; done
	[ "$(ls "$T/state/layers" | wc -l)" -lt 7 ]
	[ "$(envpod run -w web -- cat d/one d/2 d/7 d/link a | tr '\n' ' ')" = "1 2 7 7 a " ]
	envpod commit web "$T/srv/a"
	[ "$(cat "$T/srv/a")" = a ]
	envpod undo web
	envpod undo web "$(envpod undo --json web | jq -rs 'map(select(.what == "commit")) | .[0].id')"
	[ ! -e "$T/srv/a" ]
	envpod rollback web "$T/srv/d"
	[ "$(envpod run -w web -- sh -c 'ls d 2>/dev/null || echo gone')" = gone ]
	envpod undo web "$(envpod undo --json web | jq -rs 'map(select(.what == "rollback")) | .[0].id')"
	[ "$(envpod run -w web -- cat d/one a | tr '\n' ' ')" = "1 a " ]
}

# ext4 could do it mounted, too, by a root that may use the reserve.
grow()
{
	case $1 in
	ext4)
		umount "$T/state"
		# The device lets go of the image a moment later, with what it still has to write.
		wait_for 10 eval '[ -z "$(losetup -j "$T/image")" ]'
		truncate -s +64M "$T/image"
		e2fsck -fy "$T/image" >/dev/null 2>&1 || [ $? -eq 1 ]
		resize2fs "$T/image" 2>/dev/null
		mount -o loop "$T/image" "$T/state"
		;;
	xfs)
		truncate -s +64M "$T/image"
		losetup -c "$(findmnt -no SOURCE "$T/state")"
		xfs_growfs "$T/state" >/dev/null
		;;
	esac
}

bounded()
{
	local before
	state_on "$1"
	web
	before=$(df --output=avail -B1M "$T" | tail -1)
	run fill 1G
	[ "$status" -ne 0 ]
	[[ $output = *"No space left on device"* ]]
	# The host has room, and the image can be given more.
	[ $((before - $(df --output=avail -B1M "$T" | tail -1))) -lt 400 ]
	head -c 1M /dev/zero >"$T/srv/of-the-host"
	grow "$1"
	envpod rollback --all web
	envpod run -w web -- sh -c 'echo well >note'
	envpod commit web "$T/srv/note"
	[ "$(cat "$T/srv/note")" = well ]
}

@test "a state directory on a sized image bounds all pods together: ext4" { bounded ext4; }

@test "a state directory on a sized image bounds all pods together: xfs" { bounded xfs; }
