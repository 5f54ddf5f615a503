#!/usr/bin/env bats
# pod-display doctor: whether there is a screen.
load ../lib/envpod
load display

setup() { envpod_setup; }
teardown() { display_teardown; envpod_teardown; }

@test "there is one, of that size" {
	xserver 640x480x24
	[[ $(pod-display doctor) == *"pass"*"640x480"* ]]
	pod-display doctor --json | jq -e '.name == "screen" and .status == "pass"'
}

@test "there is none: what to do is said" {
	unset DISPLAY
	pod-display doctor --json | jq -e '.status == "fail" and .hint != ""'
	DISPLAY=elsewhere:0 pod-display doctor | grep -q 'of this machine'
	DISPLAY=:4321 pod-display doctor | grep -q '/tmp/.X11-unix/X4321'
}

@test "a server that wants a cookie, and the right one, another one, none" {
	need xauth
	xserver 640x480x24 cookie
	pod-display doctor | grep -q pass
	XAUTHORITY=$T/none pod-display doctor | grep -q 'does not let us in'
}

@test "a screen of other depth is refused" {
	xserver 640x480x16
	pod-display doctor | grep -q '24 bits'
}
