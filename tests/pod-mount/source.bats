load ../lib/envpod
load pod

# What a mount of the pod file shows, when the way to it may be the agent's.
setup()
{
	envpod_setup
	need root overlay userns
	mkdir -p "$T/data/a/b" "$T/out/b" "$T/at"
	echo host >"$T/out/b/secret"
}
teardown() { envpod_teardown; }

rw() { echo "{path: $T/data, permissions: ReadWrite}"; }

# The agent's link: what was data/a/b is out/b now.
plant() { as_pod "${1:-web}" 0 "mv ./$T/data/a ./$T/data/a2 && ln -s ../out ./$T/data/a"; }

@test "a commit never goes through a link that came into the way of a cow mount" {
	pod web "filesystem: {mounts: [$(rw), {path: $T/data/a/b, cow: true, target: $T/at}]}"
	in_view web "echo evil >./$T/at/new"
	plant
	expect 3 pod-mount commit --all web
	[[ $output == *"a symlink has come in its way"* ]]
	[ "$(ls "$T/out/b")" = secret ]
	pod-mount diff --all web | grep -q "data/a/b/new"
	rm "$T/data/a"
	mv "$T/data/a2" "$T/data/a"
	pod-mount commit --all web
	[ -e "$T/data/a/b/new" ]
}

@test "nor does a view show what such a link leads to, copy-on-write or not" {
	pod web "filesystem: {mounts: [$(rw)]}"
	plant
	for more in "cow: true" "permissions: ReadOnly" "permissions: ReadWrite"; do
		pod other "filesystem: {mounts: [{path: $T/data/a/b, target: $T/at, $more}]}" 2>"$T/err" || true
		refute in_view other "cat ./$T/at/secret" 2>>"$T/err"
		grep -q "where a pod may write past review" "$T/err"
		rm -rf "$ENVPOD_STATE_DIR/pods/other"
	done
}

@test "a place that a pod could write to once is remembered, under all its names" {
	apart 'mkdir "$T/twin"; mount --bind "$T/data" "$T/twin"
		pod web "filesystem: {mounts: [{path: $T/twin, permissions: ReadWrite}]}"
		as_pod web 0 "mv ./$T/twin/a ./$T/twin/a2 && ln -s ../out ./$T/twin/a"
		printf "filesystem: {mounts: [{path: %s, target: %s}]}" "$T/data/a/b" "$T/at" >"$T/web.yaml"
		pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --file "$T/web.yaml"
		in_view web true 2>"$T/err" && exit 1
		grep -q "where a pod may write past review" "$T/err"'
	[ "$(cat "$ENVPOD_STATE_DIR/pods/web/written")" = "$T/twin" ]
}

@test "nor does a working directory lead through such a link" {
	ln -s out "$T/mine"
	pod web "filesystem: {mounts: [$(rw)]}"
	plant
	expect 125 pod-mount enter -w "$T/data/a/b" web -- true
	[[ $output == *"where a pod may write past review"* ]]
	pod-mount enter -w "$T/mine/b" web -- true
	[ "$(cat "$ENVPOD_STATE_DIR/pods/web/tracked")" = "$T/out/b" ]
}

@test "a link of the person's is followed, also by cow" {
	ln -s out/b "$T/mine"
	pod web "filesystem: {mounts: [$(rw), {path: $T/mine, target: $T/at, cow: true}]}"
	in_view web "[ \$(cat ./$T/at/secret) = host ] && echo pod >./$T/at/new"
	[ "$(pod-mount diff --all -z web | tr '\0' ' ')" = "$T/out/b/new " ]
	ln -s mine "$T/loop"
	ln -sfn loop "$T/mine"
	refute in_view web true
}

@test "cow: of masked directories and of envpod's own, refused" {
	for dir in "$T/out/b" "$T/state" "$T/state/pods/web" "$T/run" /proc; do
		rm -rf "$ENVPOD_STATE_DIR/pods/web"
		expect 3 pod web "filesystem: {mask: [$T/out/b], mounts: [{path: $dir, target: $T/at, cow: true}]}"
	done
}

@test "a bind hides no copy-on-write mount below its target, nor the other way round" {
	mkdir -p "$T/data/in" "$T/cow/in"
	echo cow >"$T/cow/f"
	pod web "filesystem: {mounts: [{path: $T/cow, cow: true, target: $T/at/in}, {path: $T/data, target: $T/at}]}"
	in_view web "[ \$(cat ./$T/at/in/f) = cow ] && [ -d ./$T/at/a ]"
	pod owc "filesystem: {mounts: [{path: $T/out/b, target: $T/at/in}, {path: $T/cow, cow: true, target: $T/at}]}"
	in_view owc "[ \$(cat ./$T/at/in/secret) = host ] && [ \$(cat ./$T/at/f) = cow ]"
}

@test "system safe: what the host has mounted in a system directory is read-only, too" {
	apart 'mount -t tmpfs none /usr/local; echo x >/usr/local/f
		pod web
		in_view web "[ \$(cat usr/local/f) = x ]"
		in_view web "touch usr/local/g" 2>/dev/null && exit 1
		pod-mount enter --setup web -- sh -c "touch usr/local/g"'
}

@test "a pod that is busy says so, and no more" {
	pod web
	exec 5>"$ENVPOD_RUN_DIR/web/lock"
	flock 5
	expect 75 pod-mount diff web
	[[ $output == *"another envpod command is working on it; try again when it is done" ]]
	exec 5>&-
}
