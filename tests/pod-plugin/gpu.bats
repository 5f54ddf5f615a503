#!/usr/bin/env bats
# The plugins of GPUs, on machines that are made up: nodes in a /dev of the test's own.
load ../lib/envpod
load helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root
}
teardown() { envpod_teardown; }

paths() { jq -r .path | sort | tr '\n' ' '; }

@test "gpu-dri: none here is none, not a failure" {
	run -1 machine 'pod-plugin probe gpu-dri'
	[ "$output" = "gpu-dri: not on this machine" ]
	run -1 machine 'pod-plugin plan gpu-dri'
}

@test "gpu-nvidia: its nodes, and what the driver says of them" {
	machine "$nvidia"'
		pod-plugin probe gpu-nvidia >out
		pod-plugin plan gpu-nvidia >plan 2>notes
		pod-plugin plan gpu-nvidia caps=yes >caps
		pod-plugin plan gpu-nvidia id=0000:c1:00.0 >one
		pod-plugin plan gpu-nvidia id=0 >zero
		! pod-plugin plan gpu-nvidia id=7 >none || exit 1
		for f in plan caps one zero; do jq -r .path $f | sort | tr "\n" " "; echo; done
		cat out notes' >"$T/said"
	[ "$(sed -n 1p "$T/said")" = "/dev/nvidia-uvm /dev/nvidia0 /dev/nvidia1 /dev/nvidiactl " ]
	[ "$(sed -n 2p "$T/said")" = "/dev/nvidia-caps/nvidia-cap1 /dev/nvidia-uvm /dev/nvidia0 /dev/nvidia1 /dev/nvidiactl " ]
	[ "$(sed -n 3p "$T/said")" = "/dev/nvidia-uvm /dev/nvidia1 /dev/nvidiactl " ]
	[ "$(sed -n 4p "$T/said")" = "/dev/nvidia-uvm /dev/nvidia0 /dev/nvidiactl " ]
	grep -q '^  nvidia0: Toy A, 0000:01:00.0$' "$T/said"
	grep -q '^  nvidia1: Toy B, 0000:C1:00.0$' "$T/said"
	grep -q 'there is no libcuda.so.550.54.15' "$T/said"
}

@test "devices.gpu: the nodes are the pod's, and nothing else of the host's" {
	need overlay userns
	printf 'devices: {gpu: true}\nnetwork: {mode: None}\n' >"$T/pod.yaml"
	machine "$nvidia"'
		envpod init web -c pod.yaml
		envpod run web -- sh -c "cd /dev && find . -name \"nvidia*\" -type c | sort | tr \"\\n\" \" \"; stat -c %t:%T nvidia0"
	' >"$T/said"
	tail -n1 "$T/said" | grep -q '^./nvidia-uvm ./nvidia0 ./nvidia1 ./nvidiactl c3:0$'
}

@test "devices.gpu with ids: those; one that is not there fails the run, by its name" {
	need overlay userns
	printf 'devices: {gpu: ["1"]}\nnetwork: {mode: None}\n' >"$T/one.yaml"
	printf 'devices: {gpu: ["1", "0000:ff:00.0"]}\nnetwork: {mode: None}\n' >"$T/both.yaml"
	run -0 machine "$nvidia"'
		envpod init one -c one.yaml
		envpod init both -c both.yaml
		envpod run one -- sh -c "ls /dev | grep nvidia | tr \"\\n\" \" \""
		envpod run both -- true || echo "status $?"'
	[[ "$output" == *"nvidia-uvm nvidia1 nvidiactl "* ]]
	[[ "$output" == *"devices.gpu=0000:ff:00.0: not on this machine"* ]]
	[ "${lines[-1]}" = "status 125" ]
}

@test "devices.gpu on a machine without one fails the run" {
	need overlay userns
	printf 'devices: {gpu: yes}\nnetwork: {mode: None}\n' >"$T/pod.yaml"
	run -0 machine 'envpod init web -c pod.yaml; envpod run web -- true || echo "status $?"'
	[[ "$output" == *"devices.gpu: not on this machine (envpod plugins says what is"* ]]
	[ "${lines[-1]}" = "status 125" ]
}
