#!/usr/bin/env bats
# pod-display serve: the agent's own socket, beside viewers.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need Xvfb python3
	xserver 320x240x24
}
teardown() { display_teardown; envpod_teardown; }

@test "the words for agents go there, and it is the user's alone" {
	serve
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/envpod-display")" = 600 ]
	env -u DISPLAY pod-display size --json | jq -e '. == {width: 320, height: 240}'
	env -u DISPLAY pod-display move 12 34
	env -u DISPLAY pod-display pointer --json | jq -e '. == {x: 12, y: 34}'
	env -u DISPLAY pod-display shot --format raw -o "$T/raw"
	[ "$(stat -c %s "$T/raw")" = $((320 * 240 * 4)) ]
}

@test "without a socket for viewers it serves agents alone" {
	mkdir -m 700 "$T/runtime"
	export XDG_RUNTIME_DIR=$T/runtime
	begin serve pod-display serve
	wait_for 20 test -S "$XDG_RUNTIME_DIR/envpod-display"
	env -u DISPLAY pod-display size --json | jq -e '.width == 320'
	kill "$serve_PID"
	wait "$serve_PID"
	# One that ended leaves its socket behind, which keeps nobody from the next.
	begin serve pod-display serve
	wait_for 20 env -u DISPLAY pod-display size
}

@test "a lease keeps agents from keyboard and pointer, and blanking from looking: 75" {
	serve
	viewers <<'EOF'
import subprocess
def pod_display(*words):
	env = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
	return subprocess.run(["pod-display", *words], env=env, capture_output=True).returncode
c = Control(SOCK)
v = Viewer(SOCK, "viewer a control")
assert pod_display("move", "5", "5") == 0
x = X()
# A wish that is under way when the lease begins ends with it.
p = subprocess.Popen(["pod-display", "drag", "1", "1", "200", "200", "--duration", "50000"], stderr=subprocess.PIPE)
end = time.monotonic() + 20
while not any(e[0] == 4 for e in x.events):
	assert time.monotonic() < end
	x.poll(0.05)
assert c.ask("lease", viewer="a", seconds=600)["ok"]
assert p.wait(20) == 75, p.stderr.read()
while not any(e[0] == 5 for e in x.events):
	assert time.monotonic() < end
	x.poll(0.05)
for words in (("move", "9", "9"), ("click",), ("type", "a"), ("key", "a"), ("scroll", "up")):
	assert pod_display(*words) == 75, words
assert pod_display("shot", "-o", "/dev/null", "--format", "raw") == 0
c.ask("lease", viewer="a", seconds=0)
assert pod_display("move", "9", "9") == 0
c.ask("blank", on=True)
for words in (("shot", "-o", "/dev/null", "--format", "raw"), ("wait-change",)):
	assert pod_display(*words) == 75, words
assert pod_display("move", "8", "8") == 0
c.ask("blank", on=False)
assert pod_display("shot", "-o", "/dev/null", "--format", "raw") == 0
EOF
}

@test "agents in crowds, with half lines, without ends, that do not read: a viewer notices nothing" {
	serve
	viewers <<'EOF'
path = os.environ["XDG_RUNTIME_DIR"] + "/envpod-display"
v = Viewer(SOCK, "viewer a control", (TIGHT, LAST))
x = X()
mute = [connect(path) for _ in range(4)]
for s in mute:
	s.sendall(b'{"do":"shot","format":"raw"}\n' * 50)
half = [connect(path) for _ in range(4)]
for s in half:
	s.sendall(b'{"do":"sh')
long = connect(path)
try:
	long.sendall(b"x" * 200000)
	assert long.recv(100) == b""
except ConnectionError:
	pass
for i in range(40):
	x.fill(i * 1000 + 1)
	x.sync()
	v.request(i > 0)
	before = time.monotonic()
	v.until(lambda: v.pixel(200, 100) == i * 1000 + 1)
	assert time.monotonic() - before < 2.5
for s in mute + half:
	s.close()
a = Control(path, None)
assert a.raw(b'{"do":"size"}')["width"] == 320
assert a.raw(b'nonsense')["ok"] is False
assert a.raw(b'{"do":"lease","viewer":"a","seconds":9}')["ok"] is False
EOF
}
