#!/usr/bin/env bats
# pod-display serve: control lines.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need Xvfb python3 xclip
	xserver 640x480x24
}
teardown() { display_teardown; envpod_teardown; }

@test "size, pointer, viewers; whatever is wrong is said" {
	serve
	viewers <<'EOF'
c = Control(SOCK)
v = Viewer(SOCK, "viewer a-1 control")
w = Viewer(SOCK, "viewer b view")
assert c.ask("size") == {"ok": True, "width": 640, "height": 480}
v.pointer(12, 34)
end = time.monotonic() + 20
while c.ask("pointer") != {"ok": True, "x": 12, "y": 34}:
	assert time.monotonic() < end
a = c.ask("viewers")
assert sorted((v["id"], v["mode"]) for v in a["viewers"]) == [("a-1", "control"), ("b", "view")], a
assert a["lease"] == "" and a["blank"] is False and a["clipboard"] is False and a["screen"] is True
w.s.close()
while len(c.ask("viewers")["viewers"]) != 1:
	assert time.monotonic() < end
for line in (b"", b"{}", b"[]", b"nonsense", b'{"do":"size"', b'{"do":"nothing"}', b'{"do":"size"} x', b'{"do":"lease","seconds":"x"}',
		b'{"do":"lease","viewer":"nobody","seconds":5}', b'{"do":"lease","viewer":"a-1","seconds":-1}', b'{"do":"lease","viewer":"a-1","seconds":99999}',
		b'{"do":"blank"}', b'{"do":"clipboard","on":7}', b'{"do":"resize","width":70000,"height":5}', b'{"do":"resize","width":10,"height":10}'):
	a = c.raw(line)
	assert a["ok"] is False and a["message"] and a["error"] and a["status"] > 0, (line, a)
try:
	c.s.sendall(b"x" * 10000)
	assert c.f.readline() == b""
except ConnectionError:
	pass
assert Control(SOCK).ask("size")["ok"]
EOF
}

@test "lease: the input of one viewer alone, until it ends by itself, is given back, or its viewer leaves" {
	serve
	viewers <<'EOF'
c = Control(SOCK)
x = X()
a, b = Viewer(SOCK, "viewer a control"), Viewer(SOCK, "viewer b control")
look = Viewer(SOCK, "viewer c view")
assert not c.ask("lease", viewer="c", seconds=5)["ok"]
def typed(n):
	end = time.monotonic() + 20
	while len(x.typed()) < n:
		assert time.monotonic() < end, x.typed()
		x.poll(0.05)
	return "".join(chr(k) for k in x.typed())
# What the other holds is let go of when the lease begins.
b.key(ord("h"), 1)
assert typed(1) == "h"
assert c.ask("lease", viewer="a", seconds=600)["lease"] == "a"
while not any(e[0] == 3 for e in x.events):
	x.poll(0.05)
b.type("no")
b.request(False)
b.message()  # what it typed has been read by now
a.type("yes")
assert typed(4) == "hyes"
s = c.ask("viewers")
assert s["lease"] == "a" and 590 < s["seconds"] <= 600
c.ask("lease", viewer="a", seconds=0)
assert c.ask("viewers")["lease"] == ""
b.type("b")
assert typed(5) == "hyesb"
# By itself.
c.ask("lease", viewer="a", seconds=1)
end = time.monotonic() + 20
while c.ask("viewers")["lease"]:
	assert time.monotonic() < end
	time.sleep(0.05)
b.type("c")
assert typed(6) == "hyesbc"
# With its viewer.
c.ask("lease", viewer="a", seconds=600)
a.s.close()
while c.ask("viewers")["lease"]:
	assert time.monotonic() < end
	time.sleep(0.05)
EOF
}

@test "the size: by a viewer, by control, in a storm; others are told, and who cannot be told is let go" {
	serve
	viewers <<'EOF'
c = Control(SOCK)
a, b = Viewer(SOCK, "viewer a control"), Viewer(SOCK, "viewer b view")
old = Viewer(SOCK, "viewer old view", (RAW,))
for v in (a, b, old):
	v.request(False)
	v.message()
for v in (a, b):
	v.request()
a.resize(400, 300)
a.until(lambda: (a.width, a.height) == (400, 300))
b.until(lambda: (b.width, b.height) == (400, 300))
assert (400, 300, 1, 0) in a.sizes and (400, 300, 2, 0) in b.sizes, (a.sizes, b.sizes)
try:
	while old.message() >= 0:
		pass
except (EOFError, ConnectionError):
	pass
x = X()
x.fill(0x00aa00)
x.sync()
a.until(lambda: a.pixel(399, 299) == 0x00aa00)
# One who only looks, and what is no size.
b.resize(500, 400)
b.until(lambda: b.sizes[-1][3] != 0)
a.resize(5000, 5000)
a.until(lambda: a.sizes[-1][3] != 0)
assert c.ask("resize", width=320, height=200)["ok"]
a.until(lambda: (a.width, a.height) == (320, 200))
for i in range(300):
	a.resize(200 + i, 150 + i)
a.resize(640, 480)
a.until(lambda: (a.width, a.height) == (640, 480))
x.fill(0xaa0000)
x.sync()
a.until(lambda: a.pixel(639, 479) == 0xaa0000)
assert len(a.sizes) < 40, len(a.sizes)
EOF
	modes=$(xrandr 2>/dev/null | grep -c envpod-) || true
	[ "${modes:-0}" -le 16 ]
}

@test "--size: the screen becomes that at first" {
	serve --size 320x200
	viewers <<'EOF'
c = Control(SOCK)
end = time.monotonic() + 20
while c.ask("size").get("width") != 320:
	assert time.monotonic() < end
v = Viewer(SOCK, "viewer a control")
v.request(False)
v.message()
EOF
}

@test "clipboard: none by default; switched on, both ways; off again" {
	serve
	viewers <<'EOF'
c = Control(SOCK)
a = Viewer(SOCK, "viewer a control", (RAW, EXT_CLIPBOARD))
b = Viewer(SOCK, "viewer b control", (RAW,))
w = Viewer(SOCK, "viewer w view", (RAW,))
def hear(v, true):
	end = time.monotonic() + 20
	while not true():
		assert time.monotonic() < end
		v.request(False, (0, 0, 1, 1))
		while v.message() != 0:
			pass
def again(v):
	n = v.counts["updates"] + 2
	hear(v, lambda: v.counts["updates"] >= n)
a.cut("secret")
a.provide("secret")
again(a)
again(b)
assert a.caps == 0 and b.clip is None
c.ask("clipboard", on=True)
hear(a, lambda: a.caps != 0)
# From one viewer to the others by the form that each of them has.
a.provide("Gr\u00fc\u00dfe \u20ac\r\n2")
hear(b, lambda: b.clip == "Gr\xfc\xdfe ?\n2")
b.cut("caf\xe9")
hear(a, lambda: a.clip == "caf\xe9")
a.provide("more", end=False)
hear(b, lambda: b.clip == "more")
w.cut("not mine")
again(w)
assert w.clip is None and b.clip == "more"
# Asked for what it says it has.
a.requested = False
a.extended(NOTIFY | TEXT)
hear(a, lambda: a.requested)
c.ask("clipboard", on=False)
a.provide("too late")
again(a)
again(b)
assert b.clip == "more"
EOF
}

@test "clipboard: of the pod's programs, and floods of it" {
	serve --clipboard
	viewers <<'EOF'
c = Control(SOCK)
a = Viewer(SOCK, "viewer a control", (RAW, EXT_CLIPBOARD))
b = Viewer(SOCK, "viewer b control", (RAW, EXT_CLIPBOARD))
import zlib
for i in range(30):
	a.provide("x" * 1000000 + str(i))
bomb = zlib.compress(struct.pack(">I", 0x7fffffff) + b"\0" * 10000000)
a.extended(PROVIDE | TEXT, bomb)
a.extended(PROVIDE | TEXT, b"no zlib at all")
a.extended(PROVIDE | TEXT, zlib.compress(struct.pack(">I", 100) + b"short"))
b.request(False, (0, 0, 1, 1))
b.until(lambda: b.clip == "x" * 1000000 + "29")
a.request(False, (0, 0, 1, 1))
a.until(lambda: a.counts["updates"] > 0)
EOF
	printf 'of the pod' | xclip -selection clipboard
	viewers <<'EOF'
b = Viewer(SOCK, "viewer c control", (RAW, EXT_CLIPBOARD))
b.extended(REQUEST | TEXT)
end = time.monotonic() + 20
while b.clip != "of the pod":
	b.extended(REQUEST | TEXT)
	b.request(False, (0, 0, 1, 1))
	b.message()
	assert time.monotonic() < end
b.provide("for the pod")
import subprocess
while subprocess.run(["xclip", "-o", "-selection", "clipboard"], capture_output=True).stdout != b"for the pod":
	assert time.monotonic() < end
EOF
}
