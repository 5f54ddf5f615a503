#!/usr/bin/env bats
# What plugins need and the view lacks: looked up in the view, and nothing of it executed.
load ../lib/envpod
load ../pod-plugin/helper
bats_require_minimum_version 1.5.0

setup()
{
	envpod_setup
	need root overlay userns
	own_plugins
	shell_plugin desktop-toy 'for file in /usr/bin/env /usr/bin/toy-link /usr/bin/toy /bin/toy; do
		echo "{\"need\":\"package\",\"name\":\"of-${file##*/}\",\"file\":\"$file\"}"
	done'
	printf 'network: {mode: None}\ndevices: {plugins: [desktop-toy]}\n' >"$T/pod.yaml"
	run envpod init web -c "$T/pod.yaml"
	[[ "$output" == *"envpod setup web"* ]]
}
teardown() { envpod_teardown; }

lacking() { pod-mount enter --setup web -- pod-mount lacking web; }

@test "names, one a line, of what has no file; 1 where all are there" {
	[ "$(lacking | tr '\n' ' ')" = "of-toy-link of-toy " ]
	pod-mount enter --setup web -- pod-exec --user root web -- sh -c 'touch /usr/bin/toy; ln -s /nowhere /usr/bin/toy-link'
	run -1 lacking
	[ -z "$output" ]
	envpod run web -- true
}

@test "in the running pod it is the running pod's view that counts" {
	pod-mount enter --setup web -- pod-exec --user root web -- sh -c 'touch /usr/bin/toy /usr/bin/toy-link'
	printf 'start_command: [sleep, "1000"]\n' >>"$T/pod.yaml"
	envpod start web -- sleep 1000
	wait_for 20 test -s "$ENVPOD_RUN_DIR/web/init.pid"
	run -1 lacking
	[ -z "$output" ]
}
