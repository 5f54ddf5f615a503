#!/usr/bin/env bats
# A stranger follows docs/plugin-guide.md to the end, block by block.
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root overlay userns
	export ENVPOD_PLUGIN_PATH=$T/plugins
	mkdir "$ENVPOD_PLUGIN_PATH" "$T/work"
}
teardown() { envpod_teardown; }

# block NAME: what stands in the guide between "```LANGUAGE NAME" and the next fence.
block()
{
	awk -v name="$1" '/^```/ { on = !on && $2 == name; next } on' "$TOP/docs/plugin-guide.md"
}

@test "the guide's two plugins are written, built, looked at and used in a pod, as it says" {
	cd "$T/work"
	block program >gpu-toy
	chmod 755 gpu-toy
	block object >toy2.c
	block podfile >pod.yaml
	for b in install-program build-object look use; do
		block "$b" >"$b"
		[ -s "$b" ]
	done
	sed -i "s|^cc |cc -I$TOP/include |" build-object
	bash -euxo pipefail install-program
	bash -euxo pipefail build-object
	machine 'node /dev/nvidia-toy; node /dev/nvidia-toy2; cd work; bash -euo pipefail look; bash -euo pipefail use' >"$T/said"
	grep -q '^gpu-toy  *the toy card$' "$T/said"
	grep -q '^gpu-toy2  *the second toy card$' "$T/said"
	[ "$(grep -c '^  one toy card$' "$T/said")" = 2 ]
	grep -q '^{"need":"device","path":"/dev/nvidia-toy2"}$' "$T/said"
	[ "$(tail -n3 "$T/said" | tr '\n' ' ')" = "/dev/nvidia-toy /dev/nvidia-toy2 1 " ]
}

@test "without its card the pod does not run" {
	cd "$T/work"
	block program >gpu-toy
	bash -euo pipefail <(block install-program)
	printf 'devices: {plugins: [gpu-toy]}\n' >pod.yaml
	run -0 machine 'cd work; envpod init toy -c pod.yaml; envpod run toy -- true || echo "status $?"'
	[[ "$output" == *"devices.plugins: not on this machine"* ]]
	[ "${lines[-1]}" = "status 125" ]
}

@test "the guide's service is kept in its pod, as it says" {
	cd "$T/work"
	block service >desktop-clock
	chmod 755 desktop-clock
	block podfile-service >pod.yaml
	bash -euo pipefail <(block install-service) >"$T/plan"
	grep -q '"need":"service","name":"clock"' "$T/plan"
	timeout 60 bash -euo pipefail <(block use-service) >"$T/said" 2>&1
	grep -q "$(date +%Y)" "$T/said"
	refute grep -q 'pod-plugin:' "$T/said"
}
