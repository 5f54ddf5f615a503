#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-display wait-change: until the screen shows something else.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need xsetroot
	xserver 640x480x24
	unset WAYLAND_DISPLAY XDG_RUNTIME_DIR
	xsetroot -solid '#102030'
}
teardown() { display_teardown; envpod_teardown; }

# waiting OPTION...: in the background; its answer is in $T/WAIT.log.
waiting() { begin WAIT pod-display wait-change --json "$@"; }
# Changed again and again, since nobody knows when the other one has begun to look.
until_it_ends()
{
	local colour=0
	while kill -0 "$WAIT_PID" 2>/dev/null; do
		colour=$((colour + 1))
		xsetroot -solid "#$(printf %06x $colour)"
	done
	wait "$WAIT_PID"
}

@test "something changes: 0, and how much, and where" {
	waiting --timeout 60
	until_it_ends
	jq -e '.changed and .pixels == 307200 and .region == [0,0,640,480]' "$T/WAIT.log"
}

@test "nothing changes: 1 when the time is over" {
	expect 1 pod-display wait-change --timeout 0
	expect 1 pod-display wait-change --json --timeout 1
	jq -e '.changed == false and .pixels == 0 and .waited >= 1000' <<<"$output"
}

@test "only a region, only so many pixels, not where it is ignored" {
	waiting --timeout 60 --region 10,20,30,40 --min-pixels 1200
	until_it_ends
	jq -e '.pixels == 1200 and .region == [10,20,30,40]' "$T/WAIT.log"
	waiting --timeout 60 --ignore 0,0,640,470 --ignore 0,470,320,10
	until_it_ends
	jq -e '.pixels == 3200 and .region == [320,470,320,10]' "$T/WAIT.log"
	waiting --timeout 1 --min-pixels 307201
	refute until_it_ends
}

@test "wrong words: 64" {
	expect 64 pod-display wait-change --region 1,2
	expect 64 pod-display wait-change --timeout -1
	expect 64 pod-display wait-change --min-pixels 0
	expect 64 pod-display wait-change now
}
