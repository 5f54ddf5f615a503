load ../lib/envpod
load pod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

# What every shape of a view must do; run in the namespace of the test.  /srv is a tmpfs there.
basics()
{
	pod web "$1"
	echo host >/srv/file
	mkdir -p /srv/dir
	chmod 2775 /srv/dir
	chown 33:33 /srv/dir
	echo 1 >/srv/dir/one
	hashes /srv >"$T/before"
	# Written in the view, it is there, and the host has nothing of it.
	in_view web 'cd srv && echo pod >file && rm dir/one && echo 2 >dir/two && mv dir dir2'
	hashes /srv | diff "$T/before" -
	in_view web 'cd srv && [ "$(cat file)" = pod ] && [ "$(ls dir2)" = two ] && [ ! -e dir ]'
	# Ids: the host's, seen through the map; what is written lies mapped.
	[ "$(as_pod web 0 'stat -c %u:%g:%a srv/dir2 etc/passwd | tr "\n" " "')" = "33:33:2775 0:0:644 " ]
	as_pod web 0 'echo root >srv/by-root'
	[ "$(stat -c %u "$(upper web)/_srv/by-root")" = 524288 ]
	# The mask holds.
	in_view web '[ ! -e etc/shadow ]'
	hashes /srv | diff "$T/before" -
}

@test "nested: state and root on one filesystem" {
	need tmpfs_ids
	apart 'mount -t tmpfs none /srv; . "$TOP/tests/lib/envpod.bash"; '"$(declare -f basics)"'; basics ""'
}

@test "flat: state on a tmpfs of its own" {
	need tmpfs_ids
	apart '. "$TOP/tests/lib/envpod.bash"; mount -t tmpfs none /mnt; mount -t tmpfs none /srv
		export ENVPOD_STATE_DIR=/mnt/state; '"$(declare -f basics)"'; basics ""
		pod-mount doctor | grep -q "shape.*flat"'
}

@test "the way of older kernels does the same" {
	need tmpfs_ids
	export ENVPOD_MOUNT_API=old
	apart 'mount -t tmpfs none /srv; . "$TOP/tests/lib/envpod.bash"; '"$(declare -f basics)"'; basics ""'
	apart '. "$TOP/tests/lib/envpod.bash"; mount -t tmpfs none /mnt; mount -t tmpfs none /srv; rm -rf "$T/run"
		export ENVPOD_STATE_DIR=/mnt/state; '"$(declare -f basics)"'; basics ""'
}

# on_disk TYPE SIZE: the same with state and the covered directory on that filesystem.
on_disk()
{
	need "mkfs.$1"
	grep -qw "$1" /proc/filesystems || modprobe "$1" 2>/dev/null || need "$1 in the kernel"
	truncate -s "$2" "$T/disk"
	"mkfs.$1" -q "$T/disk" 2>/dev/null >&2
	apart '. "$TOP/tests/lib/envpod.bash"; mount -o loop "$T/disk" /mnt; mkdir /mnt/srv
		mount --bind /mnt/srv /srv; export ENVPOD_STATE_DIR=/mnt/state
		'"$(declare -f basics)"'; basics ""'
}

@test "state and project on ext4" { on_disk ext4 64M; }
@test "state and project on xfs" { on_disk xfs 320M; }
@test "state and project on btrfs" { on_disk btrfs 128M; }

@test "every mount of the view is nodev and nosuid" {
	pod web
	run in_view web 'grep " $ENVPOD_RUN_DIR/web/root" /proc/self/mountinfo'
	[ "${#lines[@]}" -ge 3 ]
	for line in "${lines[@]}"; do
		[[ $line == *nosuid* && $line == *nodev* ]]
	done
}

@test "a device node in a lower tree does not open" {
	apart 'mount -t tmpfs none /srv; mknod -m 666 /srv/null c 1 3; echo x >/srv/null; pod web
		in_view web "test -c srv/null"
		! in_view web "echo x >srv/null" 2>/dev/null'
}

@test "directories keep the host's owner and mode under the mask" {
	pod web
	for dir in / /etc /var /var/tmp /var/lib /root; do
		[ "$(in_view web "stat -c %a .$dir")" = "$(stat -c %a $dir)" ]
		[ "$(as_pod web 0 "stat -c %u:%g .$dir")" = "$(stat -c %u:%g $dir)" ]
	done
	[ "$(in_view web 'stat -c %Y ./var/tmp')" = "$(stat -c %Y /var/tmp)" ]
}

@test "/tmp and /run are fresh: of pod root, and no socket of the host's" {
	pod web 'processor: {tmp_size: 5MB}'
	touch "$T/witness"
	in_view web '[ ! -e "./$T/witness" ] && [ "$(stat -c %a:%u tmp)" = 1777:524288 ] &&
		[ -z "$(find run -type s)" ] && [ -d run/envpod/bin ]'
	[ "$(in_view web 'df -B1 --output=size tmp | tail -1')" -eq $((5 * 1024 * 1024)) ]
}

@test "a further filesystem gets its own overlay, in order of depth" {
	apart '. "$TOP/tests/lib/envpod.bash"
		mount -t tmpfs none /srv; mkdir /srv/a; mount -t tmpfs none /srv/a; echo deep >/srv/a/file
		mkdir /srv/b; echo shallow >/srv/b/file
		pod web
		in_view web "cat srv/a/file srv/b/file >/dev/null; echo pod >srv/a/file; echo pod >srv/b/file"
		[ "$(cat /srv/a/file /srv/b/file | tr "\n" " ")" = "deep shallow " ]
		[ "$(cat "$(upper web)/_srv_a/file")" = pod ]
		[ "$(cat "$(upper web)/_srv/b/file")" = pod ]'
}

@test "what is mounted over is not a cover, a bind shows what it binds" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/x; mount -t tmpfs none /srv/x; echo under >/srv/x/f
		mount -t tmpfs none /srv; mkdir /srv/y; echo top >/srv/y/f; mkdir /srv/z; mount --bind /srv/y /srv/z
		pod web
		in_view web "[ ! -e srv/x ] && [ \"\$(cat srv/z/f)\" = top ]"'
}

@test "a directory bound onto itself is no filesystem of its own" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/d; echo x >/srv/d/f; mount --bind /srv/d /srv/d; pod web
		in_view web "echo y >srv/d/f"
		[ "$(cat "$(upper web)/_srv/d/f")" = y ] && [ ! -e "$(upper web)/_srv_d" ]
		pod-mount enter -w /srv/d web -- sh -c "[ \$(cat srv/d/f) = y ]"
		[ ! -e "$(upper web)/_srv_d" ]'
}

@test "a read-only filesystem is shown read-only" {
	apart 'mount -t tmpfs none /srv; echo x >/srv/f; mount -o remount,ro /srv; pod web
		[ "$(in_view web "cat srv/f")" = x ]
		! in_view web "echo y >srv/f" 2>/dev/null'
}

@test "a working directory on a read-only filesystem can be written in the pod" {
	need tmpfs_ids
	apart 'mount -t tmpfs none /mnt; mkdir /mnt/p; echo x >/mnt/p/f; mount -o remount,ro /mnt
		pod web "filesystem: {mounts: [{path: /mnt/p, cow: true, target: /srv/p}]}"
		in_view web "echo y >srv/p/f && [ \$(cat srv/p/f) = y ]"'
}

@test "a filesystem that cannot map ids: the owner's own files are usable" {
	SUDO_UID=1000 SUDO_GID=1000 apart '
		mount -t tmpfs none /mnt; mkdir /mnt/l /mnt/u /mnt/w; chown 1000:1000 /mnt/u
		echo mine >/mnt/l/mine; chown 1000:1000 /mnt/l /mnt/l/mine; echo root >/mnt/l/root
		mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w none /srv
		pod-mount doctor | grep -q "warn.*ids on /srv"
		pod web
		as_pod web 1000 "[ \$(stat -c %u srv/mine) = 1000 ] && echo changed >srv/mine && echo new >srv/new"
		[ "$(as_pod web 1000 "cat srv/mine srv/new srv/root" | tr "\n" " ")" = "changed new root " ]
		# Everybody else is nobody there, to pod root too.
		[ "$(as_pod web 0 "stat -c %u srv/root")" = 65534 ]
		! as_pod web 0 "echo x >srv/root" 2>/dev/null
		[ "$(cat /srv/mine)" = mine ]'
}

@test "a host that is an overlay with the state on it: 77 and what to do" {
	run apart '
		mount -t tmpfs none /mnt; mkdir /mnt/u /mnt/w /mnt/r
		mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt/r
		mount --rbind /proc /mnt/r/proc; mount --rbind /dev /mnt/r/dev
		cp -r "$B/bin" /mnt/r/bin-of-test; mkdir -p /mnt/r/state /mnt/r/run-of-test; chmod 700 /mnt/r/state /mnt/r/run-of-test
		export ENVPOD_STATE_DIR=/state ENVPOD_RUN_DIR=/run-of-test ENVPOD_DATA_DIR=$TOP/share
		mkdir -p -m 700 /mnt/r/state/pods/web
		chroot /mnt/r /bin-of-test/pod-config compile --name web --into /state/pods/web --file /dev/null
		{ chroot /mnt/r /bin-of-test/pod-mount doctor || true; } | grep "fail.*state filesystem" && echo doctor says so
		chroot /mnt/r /bin-of-test/pod-mount prepare web || echo "status $?"'
	[[ $output == *"doctor says so"* ]]
	[[ $output == *"cannot hold whiteouts"*"volume"* ]]
	[[ $output == *"status 77"* ]]
}

@test "a long state path" {
	long=$T/$(printf 'a%.0s' {1..120})/$(printf 'b%.0s' {1..120})/c
	mkdir -p "$long"
	export ENVPOD_STATE_DIR=$long/state
	pod web
	in_view web 'echo x >root/made'
	[ "$(in_view web 'cat root/made')" = x ]
	[ "$(ENVPOD_MOUNT_API=old in_view web 'cat root/made')" = x ]
}

@test "a lower directory that vanishes: said by name" {
	mkdir "$T/work"
	pod web
	in_view web true
	pod-mount enter -w "$T/work" web -- sh -c "echo x >./$T/work/f"
	rm -r "$T/work"
	expect 125 pod-mount enter -w "$T/work" web -- true
	[[ $output == *"$T/work"* ]]
	# Without asking for it, the pod runs.
	in_view web true
}

@test "doctor: text and NDJSON, nothing fails here" {
	pod-mount doctor
	pod-mount doctor --json | jq -es 'all(.[]; has("name") and has("group") and has("hint") and (.status | IN("pass", "warn", "fail")))'
	pod-mount doctor --json | jq -es 'map(.name) | index("kernel") and index("overlayfs") and index("ids on /")'
	chmod 755 "$ENVPOD_STATE_DIR"
	expect 1 pod-mount doctor
	[[ $output == *"fail"*"state directory"* ]]
}
