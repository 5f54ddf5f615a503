#!/usr/bin/env bats
# A real GPU of the kernel's: virtio-gpu.  What it renders, it renders in software; the wall is what counts.
load ../lib/envpod
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	mkdir -p /srv/gpu
	cp "$B/tests/lib/drm" /srv/gpu/drm
}
teardown()
{
	rm -rf /srv/gpu
	envpod_teardown
}

# The root of the pod's init, once it is built.
root_stands()
{
	local pid
	read -r pid _ <"$ENVPOD_RUN_DIR/web/init.pid" && test -c "/proc/$pid/root/dev/null" && root=/proc/$pid/root
}

web()
{
	printf 'network: {mode: None}\n%s\n' "$1" >"$T/pod.yaml"
	envpod init -c "$T/pod.yaml" web
}

@test "the plugin finds it, and asks for its render node alone" {
	pod-plugin probe --json gpu-dri >"$T/out"
	jq -e '.here and (.found[0] | test("^renderD128: virtio"))' "$T/out"
	[ "$(pod-plugin plan --judge gpu-dri | jq -r .path)" = /dev/dri/renderD128 ]
	[ "$(pod-plugin plan --judge gpu-dri primary=yes | jq -r .path | tr '\n' ' ')" = "/dev/dri/renderD128 /dev/dri/card0 " ]
	run -1 pod-plugin plan gpu-dri id=7
}

@test "devices.gpu: the render node opens and its driver answers, in the pod; the primary node is not there" {
	web 'devices: {gpu: yes}'
	[ "$(envpod run web -- /srv/gpu/drm /dev/dri/renderD128)" = virtio_gpu ]
	[ "$(envpod run web -- ls /dev/dri)" = renderD128 ]
	# What user-space drivers look at.
	envpod run web -- sh -c 'cat /sys/class/drm/renderD128/device/uevent >/dev/null && ls /sys/dev/char/226:128/device/vendor'
}

@test "without it there is no node, and none that somebody makes there opens" {
	web ''
	run -1 envpod run web -- /srv/gpu/drm /dev/dri/renderD128
	[[ "$output" == *"No such file or directory"* ]]
	envpod run web -- sh -c 'until [ -e /dev/gpu ]; do sleep 0.1; done; /srv/gpu/drm /dev/gpu' >"$T/out" 2>&1 &
	wait_for 60 root_stands
	mknod -m 666 "$root/dev/.gpu" c 226 128
	mv "$root/dev/.gpu" "$root/dev/gpu"
	wait "$!" || true
	grep -q 'Operation not permitted' "$T/out"
}

@test "devices.gpu: [ID]: by its place on the bus" {
	bus=$(pod-plugin probe --json gpu-dri | jq -r '.found[0] | split(", ")[1]')
	web "devices: {gpu: ['$bus']}"
	[ "$(envpod run web -- /srv/gpu/drm /dev/dri/renderD128)" = virtio_gpu ]
}
