#!/usr/bin/env bats
# A pod with a desktop, in a browser: one pod for all of it, a link for each test.
load ../lib/envpod
load browser

pod_up()
{
	cat >"$T/desk.yaml" <<-END
		name: desk
		network: {mode: None}
		devices: {desktop_env: openbox}
		web_display: {type: novnc, resolution: 1024x640, audio: yes, clipboard: yes}
	END
	envpod init desk -c "$T/desk.yaml" >/dev/null
	envpod display desk >"$T/link"
}

setup_file()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	B=${B:-$TOP/build/plain}
	have_root && have_browser || return 0
	envpod_setup
	browser_start
	pod_up
}
teardown_file()
{
	browser_stop
	[ -z "${T:-}" ] || envpod destroy --force desk >/dev/null 2>&1 || true
	envpod_teardown
}
setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	B=${B:-$TOP/build/plain}
	need root overlay userns browser Xvfb openbox dbus-daemon pipewire wireplumber paplay xterm
}

desk() { browser_case desktop.mjs "$1" POD=desk LINK="$(pod-web link desk)"; }

@test "desktop: envpod display prints a link that opens once" {
	[[ $(cat "$T/link") =~ ^http://[a-z0-9]+\.localhost:[0-9]+/login/[A-Za-z0-9_-]{22,}$ ]]
	browser_case desktop.mjs 'the link' POD=desk LINK="$(cat "$T/link")"
}
@test "desktop: a window of the pod's is seen, without a complaint" { desk 'a window'; }
@test "desktop: what is typed arrives in the pod" { desk typing; }
@test "desktop: a file that is uploaded is in the pod" { desk upload; }
@test "desktop: what the pod plays is heard, by packets and as WebM" { desk sound; }
@test "desktop: view only sends no key" { desk 'view only'; }
@test "desktop: whoever takes over keeps the agent's hands off" { desk lease; }
@test "desktop: the clipboard, both ways" { desk clipboard; }
@test "desktop: no violation of accessibility rules" { desk accessible; }
@test "desktop: another site gets nothing, in the browser that is logged in" { desk 'another site'; }
@test "desktop: every service that is killed comes back, and the page with it" { desk 'services die'; }
@test "desktop: pod-web that is killed comes back with its logins" { desk 'pod-web dies'; }
