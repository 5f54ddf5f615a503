#!/usr/bin/env bats
# The page of a desktop, in a browser, against a stand-in for pod-web (stub.mjs).
load ../lib/envpod
load browser

setup_file()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP B=${B:-$TOP/build/plain}
	! have_browser || browser_start
}
teardown_file() { browser_stop; }
setup() { envpod_setup; need browser; }
teardown() { envpod_teardown; }

page() { browser_case page.mjs "$1"; }

@test "page: it connects by itself and shows the desktop, without a complaint" { page connects; }
@test "page: it asks nothing of any other place" { page 'nothing from elsewhere'; }
@test "page: keys and pointer go to the pod, from the start" { page input; }
@test "page: three keys lead out of the desktop, and nothing stays pressed" { page leaving; }
@test "page: while services start, it tells which" { page progress; }
@test "page: a service that dies and comes back is told, and the desktop shown again" { page 'a service dies'; }
@test "page: a connection that breaks comes back, again and again" { page 'the connection breaks'; }
@test "page: a server that goes and comes back is found again" { page 'the server comes back'; }
@test "page: a login that ended says how to get another" { page 'the login ends'; }
@test "page: tabs share one stream of events" { page 'one stream for all tabs'; }
@test "page: view only is a connection of its own, and sends nothing" { page 'view only'; }
@test "page: a link for looking alone looks alone" { page 'a link for looking'; }
@test "page: taking over, its banner, giving back, and somebody else's" { page lease; }
@test "page: blanking for the agent" { page blank; }
@test "page: a refusal is told, and its text is text" { page 'a refusal is told'; }
@test "page: quality goes to the encoder" { page quality; }
@test "page: uploads, their progress, their names and their errors" { page upload; }
@test "page: a file dropped onto the desktop" { page drop; }
@test "page: the clipboard, both ways, where it is switched on" { page clipboard; }
@test "page: what the pod file does not switch on has no button" { page 'what is off'; }
@test "page: sound by packets is heard, and comes back" { page sound; }
@test "page: sound that came late is dropped, and what nobody needs goes" { node "$TOP/tests/browser/ring.mjs"; }
@test "page: sound by the WebM stream, where the browser decodes no packets" { page 'sound without WebCodecs'; }
@test "page: no violation of accessibility rules, light and dark" { page accessible; }
@test "page: it fits a narrow window" { page narrow; }
