#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The same words on a screen of Wayland: a headless sway, a terminal in it.
load ../lib/envpod
load display

setup() { envpod_setup; }
teardown() { display_teardown; envpod_teardown; }

terminal()
{
	compositor "exec foot sh -c \"stty -echo; echo >'$T/way/up'; cat >'$T/way/typed'\""
	window
}
# The shell in it runs before it is shown, and so before it has the keyboard.
window() { wait_for 20 test -s "$T/way/up" && wait_for 20 is_shown; }
is_shown() { pod-display shot --format raw --region 320,460,1,1 >"$T/pixel" && [ "$(od -An -tx1 -N3 "$T/pixel" | tr -d ' \n')" != 604020 ]; }
has_size() { pod-display size >/dev/null 2>&1; }
typed() { [ "$(cat "$T/way/typed")" = "$1" ]; }
rgb() { ffmpeg -v error -i "$1" -vf "format=rgb24,crop=1:1:$2:$3" -frames:v 1 -f rawvideo -pix_fmt rgb24 - | od -An -tx1 | tr -d ' \n'; }
shows() { pod-display shot -o "$T/a.png" && [ "$(rgb "$T/a.png" "$1" "$2")" = "$3" ]; }

@test "shot, size" {
	need ffmpeg
	compositor
	[ "$(pod-display size)" = "640 480" ]
	wait_for 10 shows 630 470 204060
	pod-display doctor | grep -q 640x480
}

@test "type in any script; key" {
	terminal
	pod-display type 'Hé€漢字🙂ß you, "{}" \ ~
second'
	pod-display key shift+1 Return
	wait_for 10 typed 'Hé€漢字🙂ß you, "{}" \ ~
second!'
	pod-display key ctrl+d
	wait_for 10 refute pgrep -P "$SWAY_PID" -x foot
}

@test "a text of more characters than there are keys to lend" {
	terminal
	local text
	text=$(python3 -c 'print("".join(chr(0x4e00 + i) for i in range(300)), end="")')
	pod-display type "$text" '
'
	wait_for 30 typed "$text "
}

@test "the pointer: where it is put, what it clicks on and drags" {
	# The title bar of a floating window is dragged: the window goes along.
	terminal
	pod-display move 300 200
	begin WAIT pod-display wait-change --json --timeout 60 --region 0,0,640,480 --min-pixels 20
	while kill -0 "$WAIT_PID" 2>/dev/null; do
		pod-display drag 20 60 200 60
		pod-display click --count 2 20 60
	done
	wait "$WAIT_PID"
}

@test "wait-change and record see what is typed" {
	need ffmpeg
	compositor "exec foot sh -c \"echo >'$T/way/up'; exec cat\""
	window
	begin REC pod-display record -o "$T/a.webm" --seconds 3
	begin WAIT pod-display wait-change --json --timeout 60
	while kill -0 "$WAIT_PID" 2>/dev/null; do pod-display type x; done
	wait "$WAIT_PID"
	jq -e '.changed and .pixels > 0' "$T/WAIT.log"
	wait "$REC_PID"
	[ "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$T/a.webm")" = vp8,640,480 ]
	[ "$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$T/a.webm")" -ge 2 ]
}

@test "serve: locked down, it types, looks, and reads the clipboard" {
	need wl-copy
	terminal
	# As the same user: it gives up root's powers, and the socket's directory is the user's.
	cp "$B/bin/pod-display" "$T/"
	begin SERVE setpriv --reuid=64321 --regid=64321 --clear-groups "$T/pod-display" serve --clipboard
	wait_for 20 test -S "$T/way/envpod-display"
	wait_for 20 has_size
	pod-display type 'é漢字 served
'
	wait_for 10 typed 'é漢字 served'
	begin COPY wl-copy -f copied
	for _ in 1 2 3; do pod-display shot -o "$T/a.png"; done
	pod-display type 'on
'
	wait_for 10 typed $'é漢字 served\non'
	kill -0 "$SERVE_PID"
}

@test "what is no compositor: 2, and its name" {
	need sway
	unset DISPLAY
	expect 2 env WAYLAND_DISPLAY="$T/nosuch" "$B/bin/pod-display" size
	[[ $output == *"$T/nosuch"* ]]
}
