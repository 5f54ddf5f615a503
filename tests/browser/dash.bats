#!/usr/bin/env bats
# The dashboard in a browser.
load ../lib/envpod
load browser

setup_file()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP B=${B:-$TOP/build/plain}
	! have_browser || browser_start
}
teardown_file() { browser_stop; }
setup()
{
	envpod_setup
	need root overlay userns browser
	mkdir "$T/proj"
	echo one >"$T/proj/a"
	printf 'network: {mode: None}\nqueue: {socket: yes}\nfilesystem: {mount_cwd: yes}\n' >"$T/pod.yaml"
	(cd "$T/proj" && envpod init web -c "$T/pod.yaml" && envpod run -w web -- sh -c 'echo two >>a; echo new >b; echo more >c')
	envpod queue web add --tier staged --description '<b>please</b>'
	LINK=$(timeout 20 pod-dash serve --port 0 --daemon --role admin 3>&-)
}
teardown()
{
	timeout 20 pod-dash stop >/dev/null 2>&1 || true
	envpod_teardown
}

dash() { browser_case dash.mjs "$1" LINK="$LINK" PROJECT="$T/proj" "${@:2}"; }

@test "dashboard: all pods, live, what waits, a filter" { dash 'the fleet'; }
@test "dashboard: two files of three are committed, by boxes" {
	dash 'two files of three'
	[ "$(tail -1 "$T/proj/a")" = two ]
	[ "$(cat "$T/proj/b")" = new ]
	[ ! -e "$T/proj/c" ]
}
@test "dashboard: an action is approved, and its text is text" { dash 'an action'; }
@test "dashboard: a pod is made of a file that is checked as it is typed, and destroyed by its name" {
	dash 'a pod is made and destroyed'
	[ "$(envpod ls -z | tr '\0' ' ')" = "web " ]
}
@test "dashboard: every tab of a pod" { dash 'every tab'; }
@test "dashboard: the keyboard" { dash 'the keyboard'; }
@test "dashboard: no violation of accessibility rules, light and dark" { dash accessible LINK2="$(pod-dash link)"; }
@test "dashboard: small, and fit for a phone" { dash small; }
