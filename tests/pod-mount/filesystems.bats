load ../lib/envpod
load pod
# The main path where host and state lie on other filesystems: ext4, xfs, btrfs on loop devices, tmpfs.
setup() { envpod_setup; need root overlay userns loop; }
teardown() { envpod_teardown; }

have_fuse() { [ -c /dev/fuse ]; }
have_loop() { [ -e /dev/loop-control ]; }
# User attributes on a tmpfs: from Linux 6.6.
have_tmpfs_xattrs() { [ "$(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -1)" = 6.6 ]; }
have_xfs() { modprobe -q xfs; grep -qw xfs /proc/filesystems && command -v mkfs.xfs >/dev/null; }
have_btrfs() { modprobe -q btrfs; grep -qw btrfs /proc/filesystems && command -v mkfs.btrfs >/dev/null; }

# on HOST STATE SCRIPT: $host and $state are such filesystems (one and the same where they are equal);
# the script has the helpers, and a pod "web" with a project.
on()
{
	unshare -m --propagation private bash -euo pipefail -c '
		load() { :; }
		. "$TOP/tests/lib/envpod.bash"; . "$TOP/tests/pod-mount/pod.bash"; . "$TOP/tests/pod-mount/review.bash"
		mount -t tmpfs none "$T"
		filesystem()
		{
			mkdir "$T/$2"
			if [ "$1" = tmpfs ]; then
				mount -t tmpfs none "$T/$2"
				return
			fi
			truncate -s "$([ "$1" = xfs ] && echo 320M || echo 128M)" "$T/$2.img"
			"mkfs.$1" -q "$T/$2.img" >/dev/null 2>&1
			mount -o loop "$T/$2.img" "$T/$2"
		}
		filesystem "$1" host
		state=$T/host
		[ "$1" = "$2" ] || { filesystem "$2" state; state=$T/state; }
		top=$T T=$T/host
		export ENVPOD_STATE_DIR=$state/envpod ENVPOD_RUN_DIR=$top/run
		PATH=$PATH:$B/tests/lib
		project
		pod web
		cd "$T/proj"
		eval "$3"
		umount -R "$top/run/web/ns" 2>/dev/null || true' bash "$@"
}

# What a human does all day, and everything a commit can meet.
# shellcheck disable=SC2016
main_path='
	mkdir -p moved/deep gone/in meta
	for f in moved/m moved/deep/n gone/in/g attr names type; do echo "$f of the host" >$f; done
	truncate -s 1M holes; echo end >>holes
	setfattr -n user.old -v 1 attr
	tree . >"$top/before"
	agent "echo new >src/one; rm src/two; mkdir -p made/deep; echo f >made/deep/f; ln -s nowhere link; chmod 700 meta
		rm -r gone; rm type; mkdir type; echo in >type/in; setfattr -n user.new -v v attr; echo more >>holes"
	agent "mv moved elsewhere; echo more >>elsewhere/m; ln made/deep/f hard; rm -r made/deep; mkdir made/deep; echo g >made/deep/g"
	agent "tree -p ." >"$top/view"
	[ "$(pod_diff web --no-fold | wc -l)" -ge 15 ]
	pod_commit web src elsewhere
	[ "$(cat src/one)" = new ] && [ ! -e src/two ] && [ -e elsewhere/deep/n ] && [ -e moved/m ]
	agent "tree -p ." | diff "$top/view" -
	pod_commit web
	[ -z "$(pod_diff web)" ]
	tree -p . | diff "$top/view" -
	tree . >"$top/after"
	agent "tree -p ." | diff "$top/view" -
	pod-mount undo --all --cwd "$T/proj" web
	tree . | diff "$top/before" -
	agent "tree -p ." | diff "$top/view" -
	agent "echo again >made/again; chmod 711 src"
	pod_rollback web made/again type src
	agent "[ \"\$(stat -c %a src)\" = 755 ]"
	[ ! -d type ] && agent "[ ! -d type ] && [ ! -e made/again ] && [ -e made/deep/g ]"
	pod_commit web
	[ -e made/deep/g ] && [ ! -e moved ] && [ -f type ] && [ -z "$(pod_diff web)" ]
	echo human >src/one
	agent "echo agent >src/one; : >new"
	echo later >src/one
	status=0; pod_commit web 2>/dev/null || status=$?
	[ "$status" -eq 3 ]
	[ "$(cat src/one)" = later ] && [ ! -e new ]
	pod_rollback web
	agent "[ \"\$(cat src/one)\" = later ]"'

@test "ext4" { on ext4 ext4 "$main_path"; }
@test "xfs" { need xfs && on xfs xfs "$main_path"; }
@test "btrfs" { need btrfs && on btrfs btrfs "$main_path"; }
@test "tmpfs" { need tmpfs_xattrs && on tmpfs tmpfs "$main_path"; }
@test "a project on btrfs, state on xfs" { need xfs btrfs && on btrfs xfs "$main_path"; }
@test "a project on xfs, state on ext4" { need xfs && on xfs ext4 "$main_path"; }
@test "a project on tmpfs, state on btrfs" { need tmpfs_xattrs btrfs && on tmpfs btrfs "$main_path"; }

# In user space: it maps no ids, and no two files change places there.
@test "a project on a filesystem in user space: runs and diff, a commit is refused before anything happens" {
	need bindfs fuse
	SUDO_UID=1000 SUDO_GID=1000 apart '
		mount -t tmpfs none /mnt
		mkdir -p /mnt/l/p/d; echo one >/mnt/l/p/one; echo two >/mnt/l/p/two; echo x >/mnt/l/p/d/x
		chown -R 1000:1000 /mnt/l/p
		bindfs -f /mnt/l /srv </dev/null >/dev/null 2>&1 3>&- 4>&- & fuse=$!
		trap "umount -l /srv; kill $fuse 2>/dev/null || true; wait $fuse 2>/dev/null || true" EXIT
		for ((i = 0; i < 500; i++)); do [ ! -e /srv/p ] || break; sleep 0.02; done
		pod-mount doctor | grep -q "warn.*ids on /srv"
		pod web
		# shellcheck disable=SC2016
		mine() { pod-mount enter -w /srv/p web -- sh -c "exec nsenter --user=\"\$0\" --wd=./srv/p setpriv --reuid=1000 --regid=1000 --clear-groups sh -ec \"\$1\"" "$ENVPOD_RUN_DIR/web/ns/user" "$1"; }
		mine "echo more >>one; rm two; mkdir n; echo f >n/f; mv d e"
		pod-mount diff --cwd /srv/p web >"$T/diff"
		printf "%s\n" "D  d/x" "A  e/x" "A  n/f" "M  one" "D  two" | diff - "$T/diff"
		(cd /mnt/l && find . -ls) >"$T/before"
		status=0; pod-mount commit --cwd /srv/p web 2>"$T/err" || status=$?
		[ "$status" = 77 ] && grep -q "cannot change places.*--output" "$T/err"
		(cd /mnt/l && find . -ls) | diff "$T/before" -
		pod-mount diff --cwd /srv/p web | diff "$T/diff" -
		mkdir "$T/out"
		pod-mount commit --cwd /srv/p --output "$T/out" web
		[ "$(find "$T/out" -name one -exec cat {} + | tr "\n" " ")" = "one more " ]
		pod-mount rollback --cwd /srv/p web
		mine "[ \"\$(cat one)\" = one ] && [ -e two ] && [ ! -e n ]"
		umount -R "$ENVPOD_RUN_DIR/web/ns" 2>/dev/null || true'
}
