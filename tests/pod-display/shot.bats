#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-display shot, size, pointer: what is on the screen, decoded by others.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need ffmpeg xsetroot
	xserver 640x480x24
	unset WAYLAND_DISPLAY XDG_RUNTIME_DIR
	xsetroot -solid '#ff0000'
}
teardown() { display_teardown; envpod_teardown; }

# rgb FILE X Y: the colour of that pixel.
rgb() { ffmpeg -v error -i "$1" -vf "format=rgb24,crop=1:1:$2:$3" -frames:v 1 -f rawvideo -pix_fmt rgb24 - | od -An -tx1 | tr -d ' \n'; }
size_of() { ffprobe -v error -show_entries stream=width,height,codec_name -of csv=p=0 "$1"; }

@test "PNG: of the screen's size, of its very colours" {
	pod-display shot -o "$T/a.png"
	[ "$(size_of "$T/a.png")" = png,640,480 ]
	[ "$(rgb "$T/a.png" 300 200)" = ff0000 ]
	xsetroot -solid '#0102fe'
	pod-display shot >"$T/b"
	[ "$(rgb "$T/b" 639 479)" = 0102fe ]
}

@test "JPEG and raw; the file's name says which" {
	pod-display shot -o "$T/a.jpg"
	[ "$(size_of "$T/a.jpg")" = mjpeg,640,480 ]
	[[ $(rgb "$T/a.jpg" 300 200) == f[ef]000[01] ]]
	pod-display shot --format jpeg -o - | cmp - "$T/a.jpg"
	pod-display shot --format raw --region 0,0,3,2 -o "$T/raw"
	[ "$(od -An -tx1 "$T/raw" | tr -d ' \n' | sed 's/\(......\)../\1/g')" = "$(printf '0000ff%.0s' 1 2 3 4 5 6)" ]
}

@test "a region, which ends where the screen does; none outside of it" {
	[ "$(pod-display shot -o "$T/r.png" --json --region 600,400,100,100 | jq -c '[.x,.y,.width,.height,.format]')" = '[600,400,40,80,"png"]' ]
	[ "$(size_of "$T/r.png")" = png,40,80 ]
	[ "$(stat -c %s "$T/r.png")" = "$(pod-display shot -o "$T/r.png" --json --region 600,400,100,100 | jq .bytes)" ]
	expect 2 pod-display shot -o "$T/no" --region 640,0,1,1
	[[ $output == *"outside of the screen, which is 640x480"* ]]
	[ ! -e "$T/no" ]
}

@test "wrong words: 64; a file that cannot be written: 2" {
	expect 64 pod-display shot -o "$T/a" --format gif
	expect 64 pod-display shot -o "$T/a" --region 1,2,3
	expect 64 pod-display shot -o "$T/a" --region 1,2,3,4,5
	expect 64 pod-display shot -o "$T/a" --region 1,2,0,4
	expect 64 pod-display shot -o - --json
	expect 2 pod-display shot -o /dev/full
	expect 2 pod-display shot -o "$T/nosuch/a.png"
}

@test "size and pointer" {
	[ "$(pod-display size)" = "640 480" ]
	pod-display size --json | jq -e '. == {"width":640,"height":480}'
	pod-display move 17 33
	[ "$(pod-display pointer)" = "17 33" ]
	pod-display pointer --json | jq -e '. == {"x":17,"y":33}'
}

@test "no desktop: 77, and what would give one" {
	unset DISPLAY
	expect 77 pod-display size
	[[ $output == *"devices.desktop_env"* ]]
	expect 2 env DISPLAY=:4321 "$B/bin/pod-display" size
}
