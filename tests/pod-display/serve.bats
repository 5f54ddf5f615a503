#!/usr/bin/env bats
# pod-display serve: what viewers see and do.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need Xvfb python3
}
teardown() { display_teardown; envpod_teardown; }

@test "a viewer sees the screen, and what changes" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
x = X()
x.fill(0xff8000)
x.fill(0x0000ff, 10, 20, 30, 40)
x.sync()
v = Viewer(SOCK, "viewer a control")
assert (v.width, v.height) == (320, 240)
v.request(False)
v.until(lambda: v.pixel(10, 20) == 0xff and v.pixel(39, 59) == 0xff and v.pixel(40, 60) == 0xff8000)
x.fill(0x00ff00, 300, 200, 20, 40)
x.sync()
v.until(lambda: v.pixel(319, 239) == 0x00ff00)
EOF
}

@test "every encoding: Tight is exact without a quality and JPEG with one, ZRLE comes, others do not" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
noise = os.urandom(320 * 240 * 4)
x = X()
x.image(noise, 320)
x.sync()
want = bytes(b if i % 4 < 3 else 0 for i, b in enumerate(noise))
def plain(v):
	return bytes(b if i % 4 < 3 else 0 for i, b in enumerate(v.pixels))
def seen(*encodings):
	global n
	n += 1
	v = Viewer(SOCK, "viewer v%d control" % n, encodings + (CURSOR,))
	v.request(False)
	v.message()
	return v
n = 0
v = seen(RAW)
v.until(lambda: plain(v) == want)
v = seen(TIGHT, LAST)
assert plain(v) == want and v.counts["jpeg"] == 0
assert seen(TIGHT, LAST, -26).counts["jpeg"] > 0
assert seen(ZRLE).counts["zrle"] > 0
# libvncserver's own, and one that nobody has: raw instead.
v = seen(9, -260, 12345)
assert plain(v) == want
EOF
}

@test "nothing is sent while nothing changes, and the same again is no change" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
x = X()
x.fill(0x123456)
x.sync()
v = Viewer(SOCK, "viewer a control", (RAW,))
v.request(False)
v.until(lambda: v.pixel(5, 5) == 0x123456)
v.request(False)
v.message()
v.request()
n = v.counts["bytes"]
for _ in range(20):
	x.fill(0x123456)
	x.sync()
x.fill(0xffffff, 0, 0, 1, 1)
x.sync()
v.until(lambda: v.pixel(0, 0) == 0xffffff)
assert v.counts["bytes"] - n < 64 * 16 * 4 + 100, v.counts
EOF
}

@test "keys and pointer of a viewer arrive; those of one who only looks do not" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
x = X()
v = Viewer(SOCK, "viewer a control")
w = Viewer(SOCK, "viewer b view")
for u in (w, v):
	u.request(False)
	u.message()
	u.pointer(100, 50, 0)
	u.pointer(100, 50, 1)
	u.pointer(100, 50, 0)
	u.type("aB\u20ac" if u is v else "zzz")
end = time.monotonic() + 20
while len(x.typed()) < 3 and time.monotonic() < end:
	x.poll(0.05)
assert x.typed() == [ord("a"), ord("B"), 0x10020ac], x.typed()
assert [e[1:4] for e in x.events if e[0] == 4] == [(1, 100, 50)]
EOF
}

@test "what a viewer holds is let go when it leaves" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
x = X()
v = Viewer(SOCK, "viewer a control")
v.pointer(10, 10, 1)
v.key(0xffe3, 1)
v.key(ord("x"), 1)
end = time.monotonic() + 20
while sum(e[0] in (2, 4) for e in x.events) < 3 and time.monotonic() < end:
	x.poll(0.05)
v.s.close()
while sum(e[0] in (3, 5) for e in x.events) < 3 and time.monotonic() < end:
	x.poll(0.05)
assert sorted(e[0] for e in x.events if e[0] in (3, 5)) == [3, 3, 5], x.events
EOF
}

@test "the cursor's shape, and the pointer that another moved" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
x = X()
v = Viewer(SOCK, "viewer a control", (RAW, CURSOR, POSITION))
w = Viewer(SOCK, "viewer b control", (RAW,))
v.request(False)
v.until(lambda: v.cursor and v.cursor[0] > 0)
w.pointer(77, 66)
v.until(lambda: v.position == (77, 66))
EOF
}

@test "the X server is killed and another one comes: viewers stay" {
	xserver 320x240x24
	serve
	viewers <<EOF
import signal, subprocess
x = X()
x.fill(0x111111)
x.sync()
v = Viewer(SOCK, "viewer a control")
v.request(False)
v.until(lambda: v.pixel(1, 1) == 0x111111)
os.kill($X_PID, signal.SIGKILL)
x.s.close()
def another(): return subprocess.Popen(["Xvfb", os.environ["DISPLAY"], "-screen", "0", "400x300x24", "-nolisten", "tcp", "-noreset"], stderr=subprocess.DEVNULL)
p = another()
try:
	end = time.monotonic() + 20
	while True:
		# it refuses to begin while the dead one is not reaped, and keeps its number
		if p.poll() is not None:
			p = another()
		try:
			x = X()
			break
		except OSError:
			assert time.monotonic() < end
			time.sleep(0.05)
	x.fill(0x222222)
	x.sync()
	v.request()
	v.until(lambda: (v.width, v.height) == (400, 300) and v.pixel(399, 299) == 0x222222)
	v.pointer(5, 6, 1)
	while not any(e[0] == 4 for e in x.events):
		assert time.monotonic() < end
		x.poll(0.05)
finally:
	p.kill()
	p.wait()
EOF
}

@test "a viewer who comes before the X server waits for it" {
	xserver 320x240x24
	kill "$X_PID"
	wait "$X_PID" || true
	serve
	viewers <<'EOF'
import subprocess
s = connect(SOCK)
s.sendall(b"viewer early control\nRFB 003.008\n\1\1")
got = b""
while len(got) < 18:
	got += s.recv(18 - len(got))
assert got == b"RFB 003.008\n\1\1\0\0\0\0", got
p = subprocess.Popen(["Xvfb", os.environ["DISPLAY"], "-screen", "0", "400x300x24", "-nolisten", "tcp", "-noreset"], stderr=subprocess.DEVNULL)
try:
	assert struct.unpack(">HH", s.recv(4)) == (400, 300)
finally:
	p.kill()
	p.wait()
EOF
	grep -q 'waiting for it' "$T/serve.log"
}

@test "it is locked down, and ends on SIGTERM with 0" {
	xserver 320x240x24
	serve
	viewers <<'EOF'
v = Viewer(SOCK, "viewer a control")
v.request(False)
v.message()
EOF
	grep -qx 'Seccomp:	2' "/proc/$serve_PID/status"
	grep -qx 'NoNewPrivs:	1' "/proc/$serve_PID/status"
	grep -qx 'CapEff:	0*' "/proc/$serve_PID/status"
	kill "$serve_PID"
	wait "$serve_PID"
}

@test "no socket of the right name, a size that is none: refused, with words" {
	xserver 320x240x24
	expect 64 pod-display serve --size 10x10
	expect 64 pod-display serve --size wide
	expect 64 python3 "$TOP/tests/lib/hand.py" "$T/sock" audio pod-display serve
	DISPLAY=far:1 expect 2 pod-display serve
	[[ $output == *"of this machine"* ]]
}
