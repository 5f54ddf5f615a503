#!/usr/bin/env bats
# The devices wall: a pod has the nodes it was given, and opens no others, however they come in.
load ../lib/envpod
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root overlay userns
	[ -c /dev/fuse ] && [ -c /dev/kmsg ] || { echo "this machine lacks /dev/fuse or /dev/kmsg"; return 1; }
}
teardown() { envpod_teardown; }

web()
{
	printf 'network: {mode: None}\n%s\n' "$1" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
}

# opens NODE: what open(2) says to the pod: nothing, or why not.
opens='import os, sys
try: os.close(os.open(sys.argv[1], os.O_RDWR)); print("opened")
except OSError as e: print(e.strerror)'

# The root of the pod's init, once it is built; the file of one before it may still be there.
root_stands()
{
	local pid
	read -r pid _ <"$ENVPOD_RUN_DIR/web/init.pid" && test -c "/proc/$pid/root/dev/null" && root=/proc/$pid/root
}

# with_node MAJOR MINOR: what a pod that lives gets to hear of a node that the host makes in its /dev.
with_node()
{
	local root=
	envpod run web -- timeout 30 sh -c 'until [ -e /dev/planted ]; do sleep 0.05; done; exec python3 -c "$0" /dev/planted' "$opens" >"$T/out" &
	wait_for 10 root_stands
	mknod -m 666 "$root/dev/.planted" c "$1" "$2"
	mv "$root/dev/.planted" "$root/dev/planted"
	wait "$!"
	cat "$T/out"
}

@test "devices.extra: the node is there, with the host's numbers, for the pod's user" {
	web 'devices: {extra: [fuse]}'
	[ "$(envpod run web -- stat -c '%t:%T %U %a' /dev/fuse)" = "$(stat -c %t:%T /dev/fuse) root 666" ]
	[ "$(envpod run web -- python3 -c "$opens" /dev/fuse)" = opened ]
	[ "$(cat "$ENVPOD_RUN_DIR/web/needs")" = "device /dev/fuse c 10 229" ]
}

@test "without it there is none, and one of before is forgotten" {
	web 'devices: {extra: [fuse]}'
	envpod run web -- test -c /dev/fuse
	envpod destroy -f web
	web ''
	run -1 envpod run web -- test -e /dev/fuse
	[ ! -e "$ENVPOD_RUN_DIR/web/needs" ]
	[ "$(with_node 10 229)" = "Operation not permitted" ]
}

@test "a node that was not given opens in no way; one that was, and what each pod has, do" {
	web 'devices: {extra: [fuse]}'
	[ "$(with_node 1 11)" = "Operation not permitted" ]
	[ "$(with_node 10 229)" = opened ]
	[ "$(with_node 1 5)" = opened ]
}

@test "who joins has them, too, and the variables of plugins" {
	web 'devices: {extra: [fuse], plugins: [null say=hello]}'
	envpod start web -- sleep 1000
	[ "$(envpod run web -- sh -c 'test -c /dev/fuse && echo "$POD_NULL"')" = hello ]
	[ "$(envpod run -e POD_NULL=mine web -- sh -c 'echo "$POD_NULL"')" = mine ]
}

@test "what commands the host is refused by its name, and given with --unsafe" {
	web 'devices: {extra: [kmsg]}'
	run -125 envpod run web -- true
	[[ "$output" == *"devices.extra: /dev/kmsg is the kernel's log"* ]]
	[ "$(envpod run --unsafe web -- stat -c %t:%T /dev/kmsg)" = 1:b ]
	envpod destroy -f web
	web 'devices: {extra: [loop0]}'
	[ ! -b /dev/loop0 ] || {
		run -125 envpod run web -- true
		[[ "$output" == *"/dev/loop0 is a disk of the host"* ]]
	}
}

@test "a path that is no device, leads away or is not there fails the run" {
	local path
	for path in fd/0 shm nothing-of-that-name; do
		web "devices: {extra: [$path]}"
		run -125 envpod run web -- true
		[[ "$output" == *"devices.extra: "*"/dev/$path"* ]]
		envpod destroy -f web
	done
	web 'devices: {extra: [/etc/passwd]}'
	run -125 envpod run web -- true
	[[ "$output" == *"does not lie below /dev"* ]]
}

@test "files can be removed all the same: what overlayfs makes for that is made, not opened" {
	web ''
	mkdir "$T/p"
	echo x >"$T/p/file"
	[ "$(envpod run -w "$T/p" web -- sh -c 'rm file && ls')" = "" ]
}
