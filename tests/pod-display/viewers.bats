#!/usr/bin/env bats
# pod-display serve: viewers beside each other, and those who mean no good.
load ../lib/envpod
load display

setup()
{
	envpod_setup
	need Xvfb python3
	xserver 320x240x24
	serve
}
teardown() { display_teardown; envpod_teardown; }

# It is the same process, and serves.
alive()
{
	kill -0 "$serve_PID"
	viewers <<'EOF'
v = Viewer(SOCK, "viewer last control")
v.request(False)
v.message()
EOF
}

@test "32 viewers, not 33; no two of one name" {
	viewers <<'EOF'
all = [Viewer(SOCK, "viewer v%d view" % i) for i in range(32)]
for first in ("viewer v33 view", "viewer v3 view"):
	try:
		Viewer(SOCK, first)
		assert False, first
	except (EOFError, ConnectionError):
		pass
for v in all:
	v.request(False)
for v in all:
	v.message()
x = X()
x.fill(0xabcdef)
x.sync()
for v in all:
	v.request()
for v in all:
	v.until(lambda: v.pixel(300, 200) == 0xabcdef)
EOF
	alive
}

@test "a viewer that never reads, and one that stops in the middle of a message, cost others nothing" {
	viewers <<'EOF'
x = X()
noise = os.urandom(320 * 240 * 4)
stuck = Viewer(SOCK, "viewer stuck control", (RAW,))
half = Viewer(SOCK, "viewer half control", (RAW,))
half.s.sendall(b"\5\0")  # of a pointer's six bytes
cut = Viewer(SOCK, "viewer cut control", (RAW,))
cut.s.sendall(b"\6\0\0\0\0\x0f\0\0" + b"x" * 1000)
v = Viewer(SOCK, "viewer good control", (TIGHT, LAST, -26))
v.request(False)
for _ in range(200):
	stuck.request(False)
worst = 0
for i in range(60):
	x.image(noise[i * 4:] + noise[: i * 4], 320)
	x.sync()
	before = time.monotonic()
	assert v.message() == 0
	worst = max(worst, time.monotonic() - before)
	v.request()
# Far from the five seconds for which libvncserver itself would wait for the stuck one.
assert worst < 2.5, worst
EOF
	alive
}

@test "whatever is no RFB ends that viewer alone" {
	viewers <<'EOF'
good = Viewer(SOCK, "viewer good control")
good.request(False)
good.message()
def dies(first, *pieces, hello=True):
	s = connect(SOCK)
	s.sendall(first)
	if hello:
		s.sendall(b"RFB 003.008\n\1\1")
		got = b""
		while len(got) < 18 + 24 + 3:
			got += s.recv(4096)
	try:
		for p in pieces:
			s.sendall(p)
		while s.recv(65536):
			pass
	except ConnectionError:
		pass
ok = b"viewer %d control\n"
dies(b"GET / HTTP/1.1\r\n\r\n", hello=False)
dies(b"x" * 200, hello=False)
dies(b"viewer ../../x control\n", hello=False)
dies(b"viewer a root\n", hello=False)
dies(ok % 1, b"RFB 003.003\n", hello=False)
dies(ok % 2, b"RFB 003.008\n\2", hello=False)
dies(ok % 3, b"\7")                                    # file transfer
dies(ok % 4, b"\x0b" + b"\0" * 11)                     # chat
dies(ok % 5, b"\x08\x02\0\0")                          # scaling
dies(ok % 6, b"\0\0\0\0\x20\x18\0\0" + b"\0" * 12)     # a palette
dies(ok % 7, b"\0\0\0\0\x20\x18\0\1" + b"\xff" * 12)   # shifts beyond a pixel
dies(ok % 8, b"\6\0\0\0\x7f\xff\xff\xff")              # a clipboard of 2 GiB
dies(ok % 9, b"\2\0\xff\xff")                          # 65535 encodings
dies(ok % 10, bytes(range(256)) * 100)
good.request(False)
assert good.message() == 0
EOF
	alive
}

@test "pixels as a viewer wants them: 8 and 16 bits, the other way round" {
	viewers <<'EOF'
x = X()
x.fill(0xff0000)
x.sync()
for i, (bits, depth, big, maxes, shifts, want) in enumerate((
		(16, 16, 0, (31, 63, 31), (11, 5, 0), b"\x00\xf8"),
		(16, 16, 1, (31, 63, 31), (11, 5, 0), b"\xf8\x00"),
		(8, 8, 0, (7, 7, 3), (0, 3, 6), b"\x07"),
		(32, 24, 1, (255, 255, 255), (16, 8, 0), b"\0\xff\0\0"))):
	v = Viewer(SOCK, "viewer p%d view" % i, (RAW, COPY))
	v.s.sendall(struct.pack(">B3xBBBBHHHBBB3x", 0, bits, depth, big, 1, *maxes, *shifts))
	end, got = time.monotonic() + 20, b""
	while got != want:
		assert time.monotonic() < end, (i, want, got)
		v.request(False, (5, 5, 1, 1))
		v.take(4 + 12)
		got = v.take(bits // 8)
EOF
	alive
}

@test "floods: connections, requests, keys" {
	viewers <<'EOF'
crowd = [connect(SOCK) for _ in range(60)]  # who say nothing
v = None
end = time.monotonic() + 20
while v is None:  # the first of them are shown out
	try:
		v = Viewer(SOCK, "viewer a control")
	except (EOFError, ConnectionError):
		assert time.monotonic() < end
		time.sleep(0.1)
for s in crowd:
	s.close()
v.s.sendall(struct.pack(">BBHHHH", 3, 1, 0, 0, 320, 240) * 20000)
v.s.sendall(struct.pack(">BBxxI", 4, 1, ord("a")) * 5000 + struct.pack(">BBxxI", 4, 0, ord("a")))
v.s.sendall(b"".join(struct.pack(">BBHH", 5, 0, i % 320, i % 240) for i in range(20000)))
x = X()
x.fill(0x777777)
x.sync()
v.request(False)
v.until(lambda: v.pixel(1, 1) == 0x777777)
EOF
	alive
}
