# SPDX-License-Identifier: Apache-2.0
# A program on an X display for tests, which speaks the protocol itself: one window over all of the
# screen, in which it draws, and whose keys and buttons it is told.
import os
import select
import socket
import struct


class X:
    def __init__(self, display=None):
        number = (display or os.environ["DISPLAY"]).lstrip(":").split(".")[0]
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect("/tmp/.X11-unix/X" + number)
        self.s.sendall(struct.pack("<BxHHHHxx", 0x6C, 11, 0, 0, 0))
        ok, n = struct.unpack("<BxxxxxH", self.take(8))
        setup = self.take(n * 4)
        assert ok == 1, setup
        self.base, _, _, vendor = struct.unpack("<IIIH", setup[4:18])
        formats, at = setup[21], 32 + (vendor + 3) // 4 * 4
        self.min_key, self.max_key = setup[26], setup[27]
        screen = setup[at + formats * 8 :]
        self.root = struct.unpack("<I", screen[:4])[0]
        self.width, self.height = struct.unpack("<HH", screen[20:24])
        self.window, self.gc = self.base + 1, self.base + 2
        events = 1 | 2 | 4 | 8  # keys, buttons
        self.send(1, 0, struct.pack("<IIhhHHHHIIIII", self.window, self.root, 0, 0, 4000, 4000, 0, 1, 0, 0x0A02, 0, 1, events))
        self.send(8, 0, struct.pack("<I", self.window))
        self.send(55, 0, struct.pack("<III", self.gc, self.window, 0))
        self.events = []
        self.sync()

    def take(self, n):
        b = b""
        while len(b) < n:
            piece = self.s.recv(n - len(b))
            if not piece:
                raise EOFError
            b += piece
        return b

    def send(self, op, detail, body):
        self.s.sendall(struct.pack("<BBH", op, detail, 1 + len(body) // 4) + body)

    def reply(self):
        while True:
            b = self.take(32)
            if b[0] == 1:
                return b, self.take(struct.unpack("<I", b[4:8])[0] * 4)
            self.note(b)

    def note(self, b):
        kind = b[0] & 0x7F
        if kind in (2, 3, 4, 5):
            x, y = struct.unpack("<hh", b[20:24])
            state = struct.unpack("<H", b[28:30])[0]
            self.events.append((kind, b[1], x, y, state))

    def poll(self, seconds=0.0):
        while select.select([self.s], [], [], seconds)[0]:
            self.note(self.take(32))
            seconds = 0

    def sync(self):
        self.send(43, 0, b"")
        self.reply()

    def fill(self, colour, x=0, y=0, w=4000, h=4000):
        self.send(56, 0, struct.pack("<III", self.gc, 4, colour))
        self.send(70, 0, struct.pack("<IIhhHH", self.window, self.gc, x, y, w, h))

    # data: lines of width pixels of 4 bytes, in pieces that fit a request
    def image(self, data, width, x=0, y=0):
        rows = max(1, 240000 // (width * 4))
        for at in range(0, len(data) // (width * 4), rows):
            piece = data[at * width * 4 : (at + rows) * width * 4]
            n = len(piece) // (width * 4)
            self.send(72, 2, struct.pack("<IIHHhhBBxx", self.window, self.gc, width, n, x, y + at, 0, 24) + piece)

    def keysyms(self):
        self.send(101, 0, struct.pack("<BBxx", self.min_key, self.max_key - self.min_key + 1))
        head, body = self.reply()
        per = head[1]
        return {self.min_key + i: struct.unpack("<%dI" % per, body[i * per * 4 : (i + 1) * per * 4]) for i in range(len(body) // (per * 4))}

    # The symbols of the keys that were pressed, by Shift; Shift itself left out.
    def typed(self):
        table = self.keysyms()
        out = []
        for kind, code, _, _, state in self.events:
            if kind == 2 and not 0xFFE1 <= table[code][0] <= 0xFFE2:
                out.append(table[code][1 if state & 1 else 0] or table[code][0])
        return out
