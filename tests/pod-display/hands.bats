#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-display move, click, drag, scroll, type, key: what programs get to see of it.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need xev xterm
	xserver 640x480x24
	unset WAYLAND_DISPLAY XDG_RUNTIME_DIR
}
teardown() { display_teardown; envpod_teardown; }

# A window over the left half that writes down its events.
listen()
{
	# Appended to: what was written before can be taken away.
	begin EV sh -c "exec stdbuf -oL xev -geometry 320x480+0+0 -event button -event mouse -event keyboard >>'$T/events'"
	wait_for 10 grep -q 'Outer window' "$T/events"
	wait_for 10 window_is_there
}
window_is_there() { pod-display move 5 5 && pod-display move 6 6 && grep -q MotionNotify "$T/events"; }
# heard EVENT N: so many of them.
heard() { [ "$(grep -c "^$1" "$T/events")" = "$2" ]; }

# A terminal that has the keyboard, and what is typed into it.
terminal()
{
	begin TERM env LC_ALL=C.UTF-8 xterm -geometry 80x24+0+0 -e sh -c "stty -echo; echo >'$T/up'; cat >'$T/typed'"
	wait_for 10 test -s "$T/up"
	pod-display move 100 100
}
typed() { [ "$(cat "$T/typed")" = "$1" ]; }

@test "click: there, with that button, so often, with what is held" {
	listen
	pod-display click 20 30
	wait_for 5 grep -q ButtonRelease "$T/events"
	grep -A2 '^ButtonPress' "$T/events" | grep -q '(20,30)'
	: >"$T/events"
	pod-display click --button right --count 2 --modifiers ctrl+shift 40 40
	wait_for 5 heard KeyRelease 2
	[ "$(grep -A2 '^ButtonPress' "$T/events" | grep -c 'state 0x5, button 3')" = 2 ]
	expect 64 pod-display click 20
	expect 64 pod-display click --button fourth 20 20
	expect 64 pod-display click --count 0 20 20
	expect 64 pod-display click 640 20
	[[ $output == *"outside of the screen, which is 640x480"* ]]
}

@test "drag: press at the first place, through the others, release at the last" {
	listen
	: >"$T/events"
	pod-display drag 10 10 100 10 100 90
	wait_for 5 grep -q '^ButtonRelease' "$T/events"
	grep -A2 '^ButtonPress' "$T/events" | grep -q '(10,10)'
	grep -A2 '^ButtonRelease' "$T/events" | grep -q '(100,90)'
	grep -A2 '^MotionNotify' "$T/events" | grep -q '(100,10)'
	[ "$(grep -c '^MotionNotify' "$T/events")" -ge 12 ]
	expect 64 pod-display drag 10 10 20
	expect 64 pod-display drag 10 10
}

@test "a drag that is cut short lets go of the button" {
	listen
	: >"$T/events"
	"$B/bin/pod-display" drag --duration 60000 10 10 300 400 3>&- &
	wait_for 5 grep -q '^ButtonPress' "$T/events"
	kill -TERM $!
	wait $! || true
	wait_for 5 grep -q '^ButtonRelease' "$T/events"
}

@test "scroll: a notch each, where the pointer is or there" {
	listen
	: >"$T/events"
	pod-display scroll --x 50 --y 60 down 2
	pod-display scroll left 1
	wait_for 5 heard ButtonRelease 3
	[ "$(grep -A2 '^ButtonPress' "$T/events" | grep -o 'button [0-9]' | tr -d '\n')" = 'button 5button 5button 6' ]
	grep -A2 '^ButtonPress' "$T/events" | grep -q '(50,60)'
	expect 64 pod-display scroll sideways
}

@test "key: names as people write them, chords" {
	listen
	: >"$T/events"
	pod-display key ctrl+shift+t Return F5
	wait_for 5 heard KeyRelease 5
	[ "$(grep -A2 '^KeyPress' "$T/events" | grep -oE 'keysym [^)]*' | sed 's/.*, //' | tr '\n' ' ')" = 'Control_L Shift_L T Return F5 ' ]
	expect 64 pod-display key nosuch
	[[ $output == *'"nosuch" is no key'* ]]
}

@test "type: any script, lines, what the keyboard lacks; standard input" {
	terminal
	pod-display type 'Hé€漢字🙂ß you, "{}" \ ~
second'
	echo ' and more' | pod-display type -
	wait_for 10 typed 'Hé€漢字🙂ß you, "{}" \ ~
second and more'
	expect 64 pod-display type "$(printf '\001')"
	expect 64 pod-display type "$(printf '\377')"
	expect 64 pod-display type "$(printf 'x%.0s' {1..20000})"
	pod-display type ''
}

@test "a text of more characters than there are keys to lend" {
	terminal
	local text
	text=$(python3 -c 'print("".join(chr(0x4e00 + i) for i in range(300)), end="")')
	pod-display type "$text" '
'
	wait_for 30 typed "$text "
}
