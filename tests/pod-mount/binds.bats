load ../lib/envpod
load pod
setup() { envpod_setup; need root overlay userns; mkdir "$T/data"; echo host >"$T/data/file"; }
teardown() { envpod_teardown; }

# reason POD [OPTION...]: what --status-fd says about a failing enter.
reason()
{
	local pod=$1
	shift
	pod-mount enter --status-fd 5 "$@" "$pod" -- true 5>"$T/status" 2>"$T/err" && return 1
	jq -r .reason_status "$T/status"
}

@test "system safe: the system's directories are read-only, the rest is not" {
	pod web
	for dir in usr usr/bin bin sbin lib; do
		run in_view web "touch ./$dir/envpod-test"
		[ "$status" -ne 0 ]
		[[ $output == *"Read-only"* ]]
	done
	in_view web 'touch etc/envpod-test root/envpod-test'
	pod open 'filesystem: {system_access: advanced}'
	in_view open 'touch usr/bin/envpod-test'
	[ ! -e /usr/bin/envpod-test ]
	# Set-up commands install things under safe, too.
	pod-mount enter --setup web -- sh -c 'touch usr/bin/envpod-test'
	in_view web '[ -e usr/bin/envpod-test ]'
}

@test "mounts are read-only by default, and where the file says" {
	pod web "filesystem: {mounts: [{path: $T/data}, {path: $T/data/file, target: /srv/one/file}, {path: $T/data, target: /data here}]}"
	in_view web "[ \$(cat ./$T/data/file) = host ] && [ \$(cat srv/one/file) = host ] && [ \$(cat './data here/file') = host ]"
	run in_view web "echo x >./$T/data/file"
	[ "$status" -ne 0 ]
	[[ $output == *"Read-only"* ]]
	echo later >"$T/data/file"
	in_view web "[ \$(cat ./$T/data/file) = later ]"
	# The places they stand on are no change of the agent's.
	refute upper_has web data
}

upper_has() { find "$(upper "$1")" -name "$2*" | grep -q .; }

@test "a writable mount writes the host's files, ids as root knows them" {
	pod web "filesystem: {mounts: [{path: $T/data, permissions: ReadWrite}]}"
	as_pod web 0 "echo pod >./$T/data/new && [ \$(stat -c %u ./$T/data/file) = 0 ]"
	[ "$(stat -c %u "$T/data/new")" = 0 ]
}

@test "a writable mount asked for by a person leaves no file of the host's root" {
	chown 1000:1000 "$T/data" "$T/data/file"
	export SUDO_UID=1000 SUDO_GID=1000
	pod web "filesystem: {mounts: [{path: $T/data, permissions: ReadWrite}]}"
	as_pod web 1000 "echo pod >./$T/data/mine"
	chmod 777 "$T/data"
	as_pod web 0 "echo pod >./$T/data/roots; chmod 4755 ./$T/data/roots"
	[ "$(stat -c %u "$T/data/mine")" = 1000 ]
	[ "$(stat -c %u "$T/data/roots")" = 524288 ]
}

@test "cow: changes stay in the pod" {
	pod web "filesystem: {mounts: [{path: $T/data, cow: true, target: /srv/data}]}"
	in_view web "echo pod >srv/data/file; echo new >srv/data/new"
	[ "$(cat "$T/data/file")" = host ]
	[ ! -e "$T/data/new" ]
	in_view web "[ \$(cat srv/data/file) = pod ] && [ \$(cat srv/data/new) = new ]"
	find "$ENVPOD_STATE_DIR/layers" -name new | grep -q .
}

@test "cow with a target: one set of changes, seen at both paths" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/d /srv/e; echo host >/srv/d/f
		pod web "filesystem: {mounts: [{path: /srv/d, cow: true, target: /srv/e}]}"
		in_view web "echo pod >srv/e/f && [ \$(cat srv/d/f) = pod ] && echo two >srv/d/g && [ \$(cat srv/e/g) = two ]"
		[ "$(cat /srv/d/f)" = host ] && [ -e "$(upper web)/_srv_d/g" ]'
}

@test "cow of a directory the view shows anyway needs nothing of its own" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/d; echo host >/srv/d/f
		pod web "filesystem: {mounts: [{path: /srv/d, cow: true}]}"
		in_view web "echo pod >srv/d/f"; [ "$(cat /srv/d/f)" = host ]
		[ -e "$(upper web)/_srv/d/f" ]'
}

@test "the order in which mounts are written does not matter" {
	mkdir -p "$T/data/sub" "$T/inner"
	echo inner >"$T/inner/f"
	pod web "filesystem: {mounts: [{path: $T/inner, target: /srv/x/sub}, {path: $T/data, target: /srv/x}]}"
	in_view web '[ $(cat srv/x/file) = host ] && [ $(cat srv/x/sub/f) = inner ]'
}

@test "what can never be mounted: state and run directory, also with --unsafe" {
	for dir in "$T" "$T/state" "$T/state/pods" "$T/run" /; do
		rm -rf "$ENVPOD_STATE_DIR/pods/web"
		pod web "filesystem: {mounts: [{path: $dir, target: /srv/x}]}"
		[ "$(reason web)" = 3 ]
		[ "$(reason web --unsafe)" = 3 ]
		grep -q "never shown" "$T/err"
	done
}

@test "a link to the state directory is no way to it" {
	ln -s "$T/state" "$T/link"
	pod web "filesystem: {mounts: [{path: $T/link, target: /srv/x}]}"
	[ "$(reason web --unsafe)" = 3 ]
}

@test "another name of the same directory, by a bind mount of the host's, is no way to it" {
	apart 'mkdir "$T/holder" "$T/twin"; export ENVPOD_STATE_DIR=$T/holder/state
		mount --bind "$T/holder" "$T/twin"
		pod web "filesystem: {mounts: [{path: $T/twin, target: /srv/x}]}"
		! pod-mount enter --unsafe --status-fd 5 web -- true 5>"$T/status"
		jq -e ".reason_status == 3" "$T/status"'
	apart 'mkdir "$T/etc"; mount --bind /etc "$T/etc"
		pod twin "filesystem: {mounts: [{path: $T/etc/shadow, target: /srv/x}]}"
		! pod-mount enter --status-fd 5 twin -- true 5>"$T/status"
		jq -e ".reason_status == 3" "$T/status"'
}

@test "what a masked directory has bound into it is not masked itself" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/vault /srv/vault/d; mount --bind "$T/data" /srv/vault/d
		pod web "filesystem: {mask: [/srv/vault], mounts: [{path: $T/data, target: /srv/x}]}"
		in_view web "[ ! -e srv/vault ] && [ \$(cat srv/x/file) = host ]"'
}

@test "masked paths and what holds them are refused without --unsafe" {
	pod web 'filesystem: {mounts: [{path: /etc/shadow, target: /srv/x}]}'
	[ "$(reason web)" = 3 ]
	pod-mount enter --unsafe web -- sh -c 'test -s srv/x'
	pod holds 'filesystem: {mounts: [{path: /etc, target: /srv/x, permissions: ReadWrite}]}'
	[ "$(reason holds)" = 3 ]
	grep -q "masked paths" "$T/err"
}

@test "sockets that command the host are refused without --unsafe" {
	apart '. "$TOP/tests/lib/envpod.bash"; mount -t tmpfs none /run; mkdir -p "$T/run"; chmod 700 "$T/run"
		python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"/run/docker.sock\")"
		pod web "filesystem: {mounts: [{path: /run/docker.sock}]}"
		! pod-mount enter --status-fd 5 web -- true 5>"$T/status"
		jq -e ".reason_status == 3" "$T/status"
		pod-mount enter --unsafe web -- test -S run/docker.sock'
	for dir in /dev /proc/sys /sys; do
		rm -rf "$ENVPOD_STATE_DIR/pods/web"
		pod web "filesystem: {mounts: [{path: $dir, target: /srv/x}]}"
		[ "$(reason web)" = 3 ]
	done
}

@test "a source that is not there: said by name" {
	pod web "filesystem: {mounts: [{path: $T/nowhere, target: /srv/x}]}"
	[ "$(reason web)" = 2 ]
	grep -q "$T/nowhere" "$T/err"
}

@test "the working directory below /tmp has a cover of its own and is tracked" {
	mkdir "$T/proj"
	echo host >"$T/proj/f"
	chmod 2770 "$T/proj"
	chown 33:33 "$T/proj"
	pod web
	pod-mount enter -w "$T/proj" web -- sh -c "echo pod >./$T/proj/f"
	[ "$(cat "$T/proj/f")" = host ]
	[ "$(cat "$ENVPOD_STATE_DIR/pods/web/tracked")" = "$T/proj" ]
	[ "$(as_pod web 0 "stat -c %u:%g:%a ./$T/proj")" = 33:33:2770 ]
	# The way to it is there, what lies beside it is not.
	[ "$(in_view web "ls -A ./$T")" = proj ]
	in_view web "[ \$(cat ./$T/proj/f) = pod ]"
	pod-mount enter -w "$T/proj/../proj/." web -- true
	[ "$(wc -l <"$ENVPOD_STATE_DIR/pods/web/tracked")" -eq 1 ]
}

@test "a working directory that the view shows is tracked without a cover" {
	apart 'mount -t tmpfs none /srv; mkdir /srv/p; pod web
		pod-mount enter -w /srv/p web -- sh -c "echo x >srv/p/f"
		[ -e "$(upper web)/_srv/p/f" ] && grep -qx /srv/p "$ENVPOD_STATE_DIR/pods/web/tracked"'
}

@test "mount_cwd brings in the captured directory, --no-cwd does not" {
	mkdir "$T/proj"
	echo host >"$T/proj/f"
	mkdir "$ENVPOD_STATE_DIR/pods" && mkdir "$ENVPOD_STATE_DIR/pods/web"
	echo 'filesystem: {mount_cwd: true}' >"$T/web.yaml"
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --cwd "$T/proj" --file "$T/web.yaml"
	pod-mount prepare web
	in_view web "[ \$(cat ./$T/proj/f) = host ]"
	pod-mount enter --no-cwd web -- sh -c "[ ! -e ./$T/proj ]"
	in_view web "[ \$(cat ./$T/proj/f) = host ]"
}

@test "working directories that cannot be: the pod's own and envpod's" {
	pod web
	mkdir -p "$T/state/x"
	[ "$(reason web -w /proc)" = 3 ]
	[ "$(reason web -w /dev/shm)" = 3 ]
	[ "$(reason web -w "$T/state/x")" = 3 ]
	[ "$(reason web -w /etc/passwd)" = 2 ]
	newline=$T/$(printf 'new\nline')
	mkdir "$newline"
	[ "$(reason web -w "$newline")" = 3 ]
	[ ! -s "$ENVPOD_STATE_DIR/pods/web/tracked" ]
}

@test "hostile directory names as working directory" {
	pod web
	for name in 'a,b:c' 'blank here' 'back\slash' '%41_x' "$(printf '\377\376')"; do
		mkdir "$T/$name"
		echo host >"$T/$name/f"
		pod-mount enter -w "$T/$name" web -- sh -c "cd \"./\$1\" && [ \$(cat f) = host ] && echo pod >f" sh "$T/$name"
		ENVPOD_MOUNT_API=old pod-mount enter -w "$T/$name" web -- sh -c "[ \$(cat \"./\$1/f\") = pod ]" sh "$T/$name"
		[ "$(cat "$T/$name/f")" = host ]
	done
}

@test "the agent replaced what is mounted on by a link: no mount outside, and said" {
	mkdir "$T/x"
	pod web "filesystem: {mounts: [{path: $T/data, target: /srv/data}]}"
	pod-mount remove web && pod-mount prepare web
	mkdir -p "$(upper web)/_/srv"
	ln -s /etc "$(upper web)/_/srv/data"
	[ "$(reason web)" = 2 ]
	grep -q "/srv/data" "$T/err"
}

@test "a source that the agent led elsewhere by a link, from a writable mount: refused" {
	mkdir -p "$T/data/a/b" "$T/out/b" "$T/at" "$T/real/b"
	ln -s real "$T/link"
	yaml="filesystem: {mounts: [{path: $T/data, permissions: ReadWrite},
		{path: $T/data/a/b, target: $T/at, permissions: ReadWrite}, {path: $T/link/b, target: $T/file2}]}"
	mkdir "$T/file2"
	pod web "$yaml"
	as_pod web 0 "echo fine >./$T/at/x && mv ./$T/data/a ./$T/data/a2 && ln -s ../out ./$T/data/a"
	[ -e "$T/data/a2/b/x" ]
	[ "$(reason web)" = 3 ]
	grep -q "a symlink is on the way" "$T/err"
	[ -z "$(ls "$T/out/b")" ]
	rm "$T/data/a"
	ln -s "$T/out/b" "$T/data/a2/c"
	rm -r "$T/data/a2/b"
	mv "$T/data/a2/c" "$T/data/a2/b"
	mv "$T/data/a2" "$T/data/a"
	[ "$(reason web)" = 3 ]
}
