#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pod-audio serve: what a pod plays is heard, as packets and as WebM; silence is nothing; nobody waits for anybody.

load ../lib/envpod
load trio

setup()
{
	envpod_setup
	need root setpriv pipewire wireplumber pipewire-pulse pactl pw-play dbus-daemon ffmpeg
	! sanitized pod-audio || not_here "libraries that leak on purpose"
	trio_setup
}
teardown() { trio_end; envpod_teardown; }

# play HERTZ [SECONDS]: in the background.
play() { tone "$1" "${2:-30}" "$T/$1.wav"; keep pw-play --target pod-speaker "$T/$1.wav"; PLAYER=$KEPT; }
# listen FILE PACKETS [SECONDS]: in the background; $LISTENER
listen() { python3 "$TOP/tests/pod-audio/hear.py" "$X/sock" opus "$2" "${3:-60}" >"$1" 3>&- & LISTENER=$!; PIDS+=" $LISTENER"; }
state() { hear control '{"do":"state"}' | jq -r ".$1"; }
near() { jq -e --argjson want "$2" '.hertz > $want * 0.95 and .hertz < $want * 1.05' "$1"; }
has_listeners() { [ "$(state listeners)" = "$1" ]; }
more_frames() { [ "$(state frames)" -gt "$1" ]; }
front() { pgrep -P "$SERVER" -f "^$X/bin/pod-audio" | while read -r p; do [ "$(cat /proc/$p/comm)" != "$1" ] || echo "$p"; done; }
has_capture() { [ -n "$(front pod-audio-hear)" ]; }
no_capture() { [ -z "$(front pod-audio-hear)" ]; }

@test "a tone is heard: packets of 20 ms that decode to it, in time" {
	trio_start
	serve
	play 1000
	hear opus 100 >"$T/heard"
	jq -e '.packets == 100 and .peak > 1000' "$T/heard"
	near "$T/heard" 1000
	kill $PLAYER
	play 440
	listen "$T/other" 100
	wait $LISTENER
	near "$T/other" 440
}

@test "WebM: any player knows it, and what it plays is the tone" {
	trio_start
	serve
	play 800
	hear webm 3 "$T/a.webm"
	ffprobe -v error -of json -show_streams -show_format "$T/a.webm" |
		jq -e '.streams[0].codec_name == "opus" and .streams[0].sample_rate == "48000" and .streams[0].channels == 2 and (.format.format_name | contains("webm"))'
	ffmpeg -v error -i "$T/a.webm" -f s16le -ac 1 - >"$T/pcm" 2>"$T/said.ffmpeg"
	[ ! -s "$T/said.ffmpeg" ]
	[ "$(stat -c %s "$T/pcm")" -gt 96000 ]
	python3 "$TOP/tests/pod-audio/hear.py" "$T/pcm" pcm | jq -e '. > 760 and . < 840'
}

@test "silence sends nothing and costs nothing: no frame is captured while nothing plays" {
	trio_start
	serve
	listen "$T/heard" 10
	wait_for 20 has_listeners 1
	wait_for 20 has_capture
	wait_for 20 grep -q envpod-capture <(as_user pw-cli ls Node)
	for _ in 1 2 3 4 5; do as_user pactl info >/dev/null; done
	[ "$(state frames)" = 0 ] && [ "$(state sounds)" = false ]
	play 1000
	wait $LISTENER
	jq -e '.packets == 10 and .states >= 1' "$T/heard"
}

@test "a program that plays silence is captured, and not sent" {
	trio_start
	serve
	ffmpeg -v error -f lavfi -i anullsrc=r=48000:cl=stereo -t 30 "$T/null.wav"
	listen "$T/heard" 10 60
	keep pw-play --target pod-speaker "$T/null.wav"
	wait_for 20 more_frames 50
	[ "$(state packets)" = 0 ]
	[ "$(state sounds)" = false ]
}

@test "without listeners, or muted, nothing is captured at all" {
	trio_start
	serve
	play 1000
	no_capture
	listen "$T/heard" 100000
	wait_for 20 more_frames 20
	has_capture
	[ "$(hear control '{"do":"mute","on":true}' | jq -r .muted)" = true ]
	wait_for 20 no_capture
	wait_for 20 sh -c "[ \$(python3 '$TOP/tests/pod-audio/hear.py' '$X/sock' control '{\"do\":\"state\"}' | jq .sounds) = false ]"
	hear control '{"do":"mute","on":false}'
	wait_for 20 more_frames "$(state frames)"
	kill $LISTENER
	wait_for 20 no_capture
}

@test "volume scales what is heard" {
	trio_start
	serve
	play 1000
	hear opus 50 >"$T/full"
	[ "$(hear control '{"do":"volume","percent":25}' | jq -r .volume)" = 25 ]
	hear opus 50 >"$T/quarter"
	jq -se '.[1].peak > .[0].peak / 6 and .[1].peak < .[0].peak / 3' "$T/full" "$T/quarter"
	hear control '{"do":"volume","percent":101}' '{"do":"volume"}' '{"do":"mute","on":3}' '{"do":"dance"}' 'x' '{}' |
		jq -se 'length == 6 and all(.[]; .ok == false and (.message | length > 0))'
	[ "$(state volume)" = 25 ]
}

@test "PipeWire ends and begins again: who listened hears on" {
	trio_start
	serve
	play 1000
	listen "$T/heard" 100000
	wait_for 20 more_frames 20
	trio_stop
	trio_start
	play 1000
	wait_for 30 more_frames "$(($(state frames) + 20))"
	kill -0 $LISTENER
	# And before there is any: it waits for it.
	trio_stop
	serve
	listen "$T/later" 20
	wait_for 20 has_listeners 1
	trio_start
	play 440
	wait $LISTENER
	near "$T/later" 440
}

@test "a capture that is killed begins again; when the front is, the service ends" {
	trio_start
	serve
	play 1000
	listen "$T/heard" 100000
	wait_for 20 more_frames 20
	kill -KILL "$(front pod-audio-hear)"
	wait_for 20 more_frames "$(($(state frames) + 20))"
	kill -KILL "$(front pod-audio-front)"
	local got=0
	wait $SERVER || got=$?
	[ $got = 2 ]
	wait_for 10 no_capture
}

@test "twenty listeners hear the same, and one who never reads holds up nobody" {
	trio_start
	serve
	python3 - "$X/sock" 3>&- <<-'END' &
	import socket, sys, time
	s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"opus\n")
	w = socket.socket(socket.AF_UNIX); w.connect(sys.argv[1]); w.sendall(b"webm\n")
	time.sleep(100)
	END
	PIDS+=" $!"
	play 1000
	local n all=
	for n in $(seq 20); do listen "$T/heard.$n" 100; all+=" $LISTENER"; done
	# shellcheck disable=SC2086
	wait $all
	jq -se 'length == 20 and all(.[]; .packets == 100 and .hertz > 900 and .hertz < 1100)' "$T"/heard.*
	wait_for 20 has_listeners 2
}

@test "no more than so many at a time; the next one is turned away, and nobody else" {
	trio_start
	serve
	python3 - "$X/sock" <<-'END'
	import socket, sys
	all = []
	for n in range(32):
	    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"opus\n"); assert len(s.recv(10)) == 10; all.append(s)
	s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
	assert s.recv(1) == b""
	all.pop().close()
	while True:
	    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
	    try:
	        s.sendall(b"opus\n")
	        if s.recv(10): break
	    except OSError: pass
	END
}

@test "attack: first lines that are none, and who says nothing" {
	trio_start
	serve
	local line
	for line in $'GET / HTTP/1.1\r\n' $'OPUS\n' $'opus \n' $'\n' $'\x80\xff\n' "$(head -c 10000 /dev/zero | tr '\0' x)" x; do
		[ -z "$(hear raw "$line")" ]
	done
	hear control "$(head -c 400 /dev/zero | tr '\0' '[')" "{\"do\":\"$(head -c 300 /dev/zero | tr '\0' x)\"}" | jq -se 'all(.[]; .ok == false)'
	play 1000
	hear opus 20 | jq -e '.packets == 20'
}

@test "both processes are locked down; the front before it hears anybody" {
	trio_start
	serve
	[ "$(state frames)" = 0 ]
	grep -q '^Seccomp:.2$' "/proc/$(front pod-audio-front)/status"
	play 1000
	listen "$T/heard" 100000
	wait_for 20 more_frames 20
	local task
	for task in /proc/"$(front pod-audio-hear)"/task/*/status; do grep -q '^Seccomp:.2$' "$task"; done
}

@test "without a socket handed in it says what is missing" {
	expect 64 pod-audio serve
	[[ $output = *sd_listen_fds* ]]
}
