#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-display record: a film that others can play.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need xsetroot ffmpeg
	xserver 640x480x24
	unset WAYLAND_DISPLAY XDG_RUNTIME_DIR
	xsetroot -solid '#ff0000'
}
teardown() { display_teardown; envpod_teardown; }

# at SECONDS: the colour of the middle then, each part to its first digit.
at() { ffmpeg -v error -ss "$1" -i "$T/a.webm" -frames:v 1 -vf crop=2:2:300:200 -f rawvideo -pix_fmt rgb24 - | od -An -tx1 -N3 | tr -d ' ' | sed 's/\(.\)./\1/g'; }
frames() { ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$1"; }
entry() { ffprobe -v error -show_entries "$1" -of csv=p=0 "$2"; }
is_of_size() { [ "$(stat -c %s "$T/a.webm" 2>/dev/null || echo 0)" -gt "$1" ]; }

@test "it is VP8 in WebM, of that length, and shows what was to be seen when" {
	begin REC pod-display record -o "$T/a.webm" --seconds 3
	wait_for 10 is_of_size 600
	xsetroot -solid '#0000ff'
	wait "$REC_PID"
	[ "$(entry stream=codec_name,width,height "$T/a.webm")" = vp8,640,480 ]
	[ "$(entry format=duration "$T/a.webm")" = 3.000000 ]
	[[ $(at 0) == f00 ]]
	[[ $(at 2.9) == 00[ef] ]]
	# What does not change is not encoded: the first frame, the change (in one or two pieces), the end.
	[ "$(frames "$T/a.webm")" -le 5 ]
	ffmpeg -v error -i "$T/a.webm" -f null - 2>"$T/errors"
	[ ! -s "$T/errors" ]
}

@test "a signal ends it, and the file is whole; so does its size" {
	begin REC pod-display record -o "$T/a.webm" --seconds 3600
	wait_for 10 is_of_size 600
	kill -INT "$REC_PID"
	wait "$REC_PID"
	[ "$(entry stream=codec_name "$T/a.webm")" = vp8 ]
	[[ $(entry format=duration "$T/a.webm") == [0-9]*.* ]]
	pod-display record -o "$T/b.webm" --seconds 3600 --max-size 100
	[ "$(stat -c %s "$T/b.webm")" -lt 20000 ]
	[ "$(entry stream=codec_name "$T/b.webm")" = vp8 ]
}

@test "to a pipe, which cannot be gone back in" {
	pod-display record -o - --seconds 1 | cat >"$T/p.webm"
	[ "$(entry stream=codec_name,width "$T/p.webm")" = vp8,640 ]
	[ "$(frames "$T/p.webm")" -ge 1 ]
}

@test "wrong words: 64; no room: 2" {
	expect 64 pod-display record
	expect 64 pod-display record -o "$T/a" --fps 31
	expect 64 pod-display record -o "$T/a" --seconds 0
	expect 2 pod-display record -o /dev/full --seconds 1
}
