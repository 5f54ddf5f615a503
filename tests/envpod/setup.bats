load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

pod_file()
{
	printf 'filesystem:\n  system_access: advanced\nsetup:\n' >"$T/pod.yaml"
	printf -- '  - %s\n' "$@" >>"$T/pod.yaml"
}

@test "setup commands run as root of the pod at init, with progress, into a sealed layer" {
	pod_file 'id -u >/opt/who' 'echo two >>/opt/who'
	run envpod init web -c "$T/pod.yaml"
	[ "$status" -eq 0 ]
	[[ $output == *"[1/2] id -u"*"[2/2] echo two"* ]]
	[ "$(envpod run web cat /opt/who | tr '\n' ' ')" = "0 two " ]
	[ ! -e /opt/who ]
	envpod diff --all --exit-code web
	[ "$(envpod diff --all --setup -z web | tr '\0' '\n' | grep -c '^/opt/who$')" = 1 ]
}

@test "a failed setup fails init with its output and leaves the pod for envpod setup" {
	pod_file 'echo to be seen; test -e /opt/there-now' 'echo second'
	expect 2 envpod init web -c "$T/pod.yaml"
	[[ $output == *"to be seen"* ]]
	[[ $output == *"envpod setup web"* ]]
	[[ $output != *"[2/2]"* ]]
	grep -q 'to be seen' "$ENVPOD_STATE_DIR/pods/web/log/setup.log"
	envpod run --root web touch /opt/there-now
	run envpod setup web
	[ "$status" -eq 0 ]
	[[ $output == *"[2/2] echo second"* ]]
}

@test "a setup script runs after the commands" {
	pod_file 'echo one >/opt/order'
	printf '#!/bin/bash\necho script >>/opt/order\n' >"$T/prepare.sh"
	mkdir -p /opt/envpod-test.$$ && cp "$T/prepare.sh" /opt/envpod-test.$$/
	echo "setup_script: /opt/envpod-test.$$/prepare.sh" >>"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml"
	rm -r /opt/envpod-test.$$
	[ "$(envpod run web cat /opt/order | tr '\n' ' ')" = "one script " ]
}
