#!/usr/bin/env bats
# What pod-display promises: viewers and control by a socket that is handed in, words for agents, statuses, a doctor.
load contract
load ../pod-display/display

setup() { contract_setup pod-display; }
teardown() { display_teardown; envpod_teardown; }

@test "doctor: a check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "serve: a greeting for viewers, lines of JSON for control, 0 after SIGTERM" {
	xserver 640x480x24
	serve
	python3 - "$T/sock" >"$T/said" <<'EOF'
import socket
import sys
def say(text):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    s.sendall(text)
    return s.makefile("rb")
assert say(b"viewer 1 view\n").read(12) == b"RFB 003.008\n"
f = say(b"viewer 2 control\nRFB 003.008\n\1\1")
assert f.read(22)[12:] == b"\1\1\0\0\0\0\x02\x80\x01\xe0"
f = say(b'control\n{"do":"size"}\n{"do":"viewers"}\n{"do":"what"}\n')
for _ in range(3):
    sys.stdout.write(f.readline().decode())
EOF
	jq -se '.[0] == {ok: true, width: 640, height: 480} and (.[1].viewers | type) == "array" and .[2].ok == false and .[2].status == 64' "$T/said"
	kill "$serve_PID"
	wait "$serve_PID"
}

@test "no desktop: 77" {
	unset DISPLAY WAYLAND_DISPLAY XDG_RUNTIME_DIR
	for word in size pointer 'move 1 1' click 'drag 1 1 2 2' 'scroll up' 'type a' 'key a' wait-change 'shot -o -' 'record -o /dev/null'; do
		# shellcheck disable=SC2086
		expect 77 "$TOOL" $word
	done
}

@test "words" {
	helps serve shot size pointer move click drag scroll type key wait-change record doctor
}
