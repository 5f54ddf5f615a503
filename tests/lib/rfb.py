# SPDX-License-Identifier: Apache-2.0
# A viewer of RFB 3.8 for tests: raw, copied and Tight rectangles are drawn into .pixels (JPEG is
# counted, not decoded), cursors, sizes and clipboards noted.
import socket
import struct
import time
import zlib

RAW, COPY, HEXTILE, TIGHT, ZRLE = 0, 1, 5, 7, 16
CURSOR, POSITION, LAST, SIZE, EXT_SIZE, EXT_CLIPBOARD = -239, -232, -224, -223, -308, -0x3F5E1A32
CAPS, REQUEST, PEEK, NOTIFY, PROVIDE, TEXT = 1 << 24, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1


def connect(path, seconds=20):
    s = socket.socket(socket.AF_INET if isinstance(path, tuple) else socket.AF_UNIX)
    s.settimeout(seconds)
    s.connect(path)
    return s


class Viewer:
    def __init__(self, path, first=None, encodings=(RAW, COPY, CURSOR, LAST, EXT_SIZE, SIZE), seconds=20):
        self.s = connect(path, seconds)
        self.buf = bytearray()
        self.at = 0
        self.counts = {"updates": 0, "jpeg": 0, "bytes": 0, "zrle": 0}
        self.cursor = self.position = self.clip = None
        self.sizes = []
        self.caps = self.notified = 0
        self.streams = [zlib.decompressobj() for _ in range(4)]
        if first:
            self.s.sendall(first.encode() + b"\n")
        assert self.take(12) == b"RFB 003.008\n"
        self.s.sendall(b"RFB 003.008\n")
        n = self.take(1)[0]
        assert 1 in self.take(n)
        self.s.sendall(b"\1")
        assert self.u32() == 0
        self.s.sendall(b"\1")
        self.width, self.height = self.u16(), self.u16()
        self.format = self.take(16)
        self.name = self.take(self.u32())
        self.pixels = bytearray(self.width * self.height * 4)
        self.set_format()
        self.set_encodings(encodings)

    # --- bytes ---
    def take(self, n):
        while len(self.buf) - self.at < n:
            if self.at > 1 << 20:
                del self.buf[: self.at]
                self.at = 0
            piece = self.s.recv(1 << 18)
            if not piece:
                raise EOFError("the display ended the connection")
            self.buf += piece
            self.counts["bytes"] += len(piece)
        b = bytes(self.buf[self.at : self.at + n])
        self.at += n
        if self.at == len(self.buf):
            self.buf.clear()
            self.at = 0
        return b

    def waiting(self):
        return len(self.buf) > self.at

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    # --- what a viewer says ---
    def set_format(self):
        self.s.sendall(struct.pack(">B3xBBBBHHHBBB3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))

    def set_encodings(self, encodings):
        self.s.sendall(struct.pack(">BxH", 2, len(encodings)) + b"".join(struct.pack(">i", e) for e in encodings))

    def request(self, incremental=True, rect=None):
        x, y, w, h = rect or (0, 0, self.width, self.height)
        self.s.sendall(struct.pack(">BBHHHH", 3, incremental, x, y, w, h))

    def key(self, keysym, down):
        self.s.sendall(struct.pack(">BBxxI", 4, down, keysym))

    def type(self, text):
        for c in text:
            self.key(ord(c) if ord(c) < 256 else 0x1000000 | ord(c), 1)
            self.key(ord(c) if ord(c) < 256 else 0x1000000 | ord(c), 0)

    def pointer(self, x, y, buttons=0):
        self.s.sendall(struct.pack(">BBHH", 5, buttons, x, y))

    def cut(self, text):
        b = text.encode("latin-1")
        self.s.sendall(struct.pack(">B3xI", 6, len(b)) + b)

    def extended(self, flags, data=b""):
        self.s.sendall(struct.pack(">B3xiI", 6, -(4 + len(data)), flags) + data)

    def provide(self, text, end=True):
        b = text.encode() + b"\0"
        z = zlib.compressobj()
        packed = z.compress(struct.pack(">I", len(b)) + b) + z.flush(zlib.Z_FINISH if end else zlib.Z_FULL_FLUSH)
        self.extended(PROVIDE | TEXT, packed)

    def resize(self, w, h):
        self.s.sendall(struct.pack(">BxHHBxIHHHHI", 251, w, h, 1, 1, 0, 0, w, h, 0))

    # --- what the display says ---
    def message(self):
        kind = self.u8()
        if kind == 0:
            self.update()
        elif kind == 3:
            self.take(3)
            n = struct.unpack(">i", self.take(4))[0]
            if n >= 0:
                self.clip = self.take(n).decode("latin-1")
            else:
                self.extended_cut(self.take(-n))
        elif kind != 2:
            raise ValueError("message %d" % kind)
        return kind

    def extended_cut(self, data):
        flags = struct.unpack(">I", data[:4])[0]
        if flags & CAPS:
            self.caps = flags
        elif flags & NOTIFY:
            self.notified += 1
            self.extended(REQUEST | TEXT)
        elif flags & REQUEST:
            self.requested = True
        elif flags & PROVIDE:
            raw = zlib.decompress(data[4:])
            n = struct.unpack(">I", raw[:4])[0]
            self.clip = raw[4 : 4 + n].rstrip(b"\0").decode()

    def update(self):
        self.take(1)
        n = self.u16()
        self.counts["updates"] += 1
        while n:
            x, y, w, h, encoding = struct.unpack(">HHHHi", self.take(12))
            if encoding == LAST:
                break
            self.rectangle(x, y, w, h, encoding)
            n -= 1

    def rectangle(self, x, y, w, h, encoding):
        if encoding == RAW:
            self.draw(x, y, w, h, self.take(w * h * 4))
        elif encoding == COPY:
            self.copy(self.u16(), self.u16(), x, y, w, h)
        elif encoding == TIGHT:
            self.tight(x, y, w, h)
        elif encoding == ZRLE:
            self.counts["zrle"] += 1
            self.take(self.u32())
        elif encoding == CURSOR:
            data = self.take(w * h * 4)
            self.cursor = (w, h, x, y, data, self.take((w + 7) // 8 * h))
        elif encoding == POSITION:
            self.position = (x, y)
        elif encoding == SIZE:
            self.sized(w, h, 0, 0)
        elif encoding == EXT_SIZE:
            screens = self.u8()
            self.take(3 + 16 * screens)
            self.sized(w, h, x, y)
        else:
            raise ValueError("encoding %d" % encoding)

    def sized(self, w, h, why, error):
        self.sizes.append((w, h, why, error))
        if (w, h) != (self.width, self.height):
            self.width, self.height = w, h
            self.pixels = bytearray(w * h * 4)

    def draw(self, x, y, w, h, data):
        assert x + w <= self.width and y + h <= self.height, "a rectangle beyond the screen"
        for i in range(h):
            to = ((y + i) * self.width + x) * 4
            self.pixels[to : to + w * 4] = data[i * w * 4 : (i + 1) * w * 4]

    def copy(self, fx, fy, x, y, w, h):
        rows = [self.pixels[((fy + i) * self.width + fx) * 4 :][: w * 4] for i in range(h)]
        self.draw(x, y, w, h, b"".join(rows))

    def compact(self):
        n = shift = 0
        for i in range(3):
            b = self.u8()
            n |= (b & 0x7F if i < 2 else b) << shift
            shift += 7
            if i < 2 and not b & 0x80:
                break
        return n

    def tight(self, x, y, w, h):
        control = self.u8()
        for i in range(4):
            if control >> i & 1:
                self.streams[i] = zlib.decompressobj()
        control >>= 4
        if control == 8:
            r, g, b = self.take(3)
            self.draw(x, y, w, h, bytes((b, g, r, 0)) * (w * h))
        elif control == 9:
            self.counts["jpeg"] += 1
            self.take(self.compact())
        else:
            self.tight_basic(x, y, w, h, control)

    def tight_data(self, stream, n):
        if n < 12:
            return self.take(n)
        return self.streams[stream].decompress(self.take(self.compact()), n)

    def tight_basic(self, x, y, w, h, control):
        kind = self.u8() if control & 4 else 0
        palette = []
        if kind == 1:
            palette = [self.take(3) for _ in range(self.u8() + 1)]
        line = (w + 7) // 8 if len(palette) == 2 else w if palette else w * 3
        data = self.tight_data(control & 3, line * h)
        out = bytearray()
        for row in range(h):
            d = data[row * line : (row + 1) * line]
            for i in range(w):
                if len(palette) == 2:
                    r, g, b = palette[d[i // 8] >> (7 - i % 8) & 1]
                elif palette:
                    r, g, b = palette[d[i]]
                else:
                    r, g, b = d[i * 3 : i * 3 + 3]
                out += bytes((b, g, r, 0))
        if kind != 2:
            self.draw(x, y, w, h, out)

    # --- for tests ---
    def pixel(self, x, y):
        b, g, r, _ = self.pixels[(y * self.width + x) * 4 :][:4]
        return r << 16 | g << 8 | b

    def until(self, true, seconds=20):
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError("it never came true")
            self.s.settimeout(max(0.05, end - time.monotonic()))
            if self.message() == 0:
                self.request()


class Control:
    def __init__(self, path, first="control"):
        import json

        self.json = json
        self.s = connect(path)
        if first:
            self.s.sendall(first.encode() + b"\n")
        self.f = self.s.makefile("rb")

    def raw(self, line):
        self.s.sendall(line + b"\n")
        return self.json.loads(self.f.readline())

    def ask(self, what, **members):
        return self.raw(self.json.dumps({"do": what, **members}).encode())
