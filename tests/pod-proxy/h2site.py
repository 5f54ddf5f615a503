#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server that speaks HTTP/2 as no decent one does: h2site.py ADDRESS CERT KEY LOG [MAX_STREAMS].

What it does is the path it is asked for; see SPECIAL, HEADS and FLOODS.  LOG gets a line a request,
when its head has come: "CONNECTION METHOD PATH FIELD=VALUE...", and when its body has:
"CONNECTION body PATH BYTES TRAILER=VALUE...".  The frames are hyperframe's, headers are packed by hpack."""
import socket
import ssl
import sys
import threading

from hpack import Decoder, Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame,
                              PingFrame, PushPromiseFrame, RstStreamFrame, SettingsFrame,
                              WindowUpdateFrame)

address, cert, key, log = sys.argv[1:5]
most = int(sys.argv[5]) if len(sys.argv) > 5 else 100
seen, lock, count = {}, threading.Lock(), 0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
OK = (":status", "200")


def write(*words):
    with lock, open(log, "a") as f:
        f.write(" ".join(str(w) for w in words) + "\n")


def times(path):
    """How often it was asked for, this one too."""
    with lock:
        seen[path] = seen.get(path, 0) + 1
        return seen[path]


class Gone(Exception):
    pass


class Peer:
    def __init__(self, sock, number):
        self.socket, self.number, self.read = sock, number, b""
        self.encoder, self.decoder = Encoder(), Decoder()
        self.path, self.fields, self.sizes, self.block = {}, {}, {}, b""
        self.send(SettingsFrame(0, {3: most}))
        self.take(len(PREFACE))

    def send(self, *frames):
        self.socket.sendall(b"".join(f.serialize() for f in frames))

    def take(self, n):
        while len(self.read) < n:
            data = self.socket.recv(65536)
            if not data:
                raise Gone
            self.read += data
        data, self.read = self.read[:n], self.read[n:]
        return data

    def head(self, stream, *fields, end=False):
        flags = ["END_HEADERS"] + (["END_STREAM"] if end else [])
        return HeadersFrame(stream, self.encoder.encode(fields, huffman=False), flags=flags)

    def data(self, stream, text, end=True):
        return DataFrame(stream, text, flags=["END_STREAM"] if end else [])

    def answer(self, stream, text, *fields):
        bare = self.fields[stream][":method"] == "HEAD"
        self.send(self.head(stream, OK, *fields, end=bare), *([] if bare else [self.data(stream, text)]))

    def serve(self):
        while True:
            frame, length = Frame.parse_frame_header(memoryview(self.take(9)))
            frame.parse_body(memoryview(self.take(length)))
            self.hear(frame)

    def hear(self, f):
        stream, end = f.stream_id, "END_STREAM" in f.flags
        if isinstance(f, SettingsFrame) and "ACK" not in f.flags:
            self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(f, PingFrame) and "ACK" not in f.flags:
            self.send(PingFrame(0, f.opaque_data, flags=["ACK"]))
        elif isinstance(f, (HeadersFrame, ContinuationFrame)):
            self.block += f.data
            if "END_HEADERS" in f.flags:
                fields, self.block = self.decoder.decode(self.block), b""
                self.hear_fields(stream, fields, end or (isinstance(f, ContinuationFrame) and self.ends))
            self.ends = end
        elif isinstance(f, DataFrame):
            self.sizes[stream] = self.sizes.get(stream, 0) + len(f.data)
            if f.flow_controlled_length:
                self.send(WindowUpdateFrame(0, f.flow_controlled_length),
                          WindowUpdateFrame(stream, f.flow_controlled_length))
            if end:
                self.whole(stream, [])

    def hear_fields(self, stream, fields, end):
        if stream in self.path:
            self.whole(stream, fields)
            return
        d = dict(fields)
        self.path[stream], self.fields[stream] = d[":path"], d
        write(self.number, d[":method"], d[":path"], *("%s=%s" % f for f in fields if f[0][0] != ":"))
        if d[":path"] in AT_ONCE:
            AT_ONCE[d[":path"]](self, stream)
        elif end:
            self.whole(stream, [])

    def whole(self, stream, trailers):
        path = self.path[stream]
        write(self.number, "body", path, self.sizes.get(stream, 0), *("%s=%s" % t for t in trailers))
        if path in AT_ONCE:
            return
        if path in HEADS:
            self.send(self.head(stream, *HEADS[path]), self.data(stream, b"xyz"))
        elif path in SPECIAL:
            SPECIAL[path](self, stream)
        else:
            self.answer(stream, b"path %s size %d\n" % (path.encode(), self.sizes.get(stream, 0)))


# --- the first time it is not done, or not at all ---

def refuse(p, s):
    if times("/refuse") % 2:
        p.send(RstStreamFrame(s, 7))
    else:
        p.answer(s, b"taken\n")


def refuse_always(p, s):
    p.send(RstStreamFrame(s, 7))


def goaway(p, s):
    if times("/goaway") > 1:
        p.answer(s, b"taken\n")
        return
    p.send(GoAwayFrame(0, s - 2 if s > 2 else 0, 0))


def gone(p, s):
    """It may have been done."""
    p.send(GoAwayFrame(0, s, 0))
    raise Gone


def reset(p, s):
    p.send(RstStreamFrame(s, 2))


def reset_late(p, s):
    p.send(p.head(s, OK), p.data(s, b"half", end=False), RstStreamFrame(s, 2))


def cut(p, s):
    p.send(p.head(s, OK), p.data(s, b"half", end=False))
    raise Gone


# --- proper, if rare ---

def early(p, s):
    p.send(p.head(s, (":status", "413")), p.data(s, b"too big\n"), RstStreamFrame(s, 0))


def hints(p, s):
    p.send(p.head(s, (":status", "103"), ("link", "</a>")))
    p.answer(s, b"after hints\n")


def trailers(p, s):
    p.send(p.head(s, OK), p.data(s, b"body\n", end=False),
           p.head(s, ("x-sum", "42"), ("set-cookie", "a=b"), end=True))


def leak(p, s):
    auth = p.fields[s].get("authorization", "none")
    p.send(p.head(s, OK, ("x-echo", auth)),
           *(p.data(s, c.encode(), end=False) for c in auth), p.head(s, ("x-trailer", auth), end=True))


def gzip(p, s):
    p.answer(s, b"0123", ("grpc-encoding", "gzip"))


# --- what is none ---

def hints_endless(p, s):
    for _ in range(100):
        p.send(p.head(s, (":status", "103")))
    p.answer(s, b"x")


def data_first(p, s):
    p.send(p.data(s, b"x"))


def trailer_pseudo(p, s):
    p.send(p.head(s, OK), p.data(s, b"body", end=False), p.head(s, OK, end=True))


def push(p, s):
    p.send(PushPromiseFrame(s, 2, p.encoder.encode([(":method", "GET"), (":path", "/"), (":scheme", "https"),
                            (":authority", "c.example")]), flags=["END_HEADERS"]))
    p.answer(s, b"x")


def overflow(p, s):
    p.send(p.head(s, OK))
    for _ in range(2000):
        p.send(p.data(s, b"x" * 16384, end=False))


def huge_head(p, s):
    block = b"".join(p.encoder.encode([("x-%d" % i, "y" * 1000)], huffman=False) for i in range(100))
    status = p.encoder.encode([OK])
    p.send(HeadersFrame(s, status))
    for at in range(0, len(block), 16000):
        p.send(ContinuationFrame(s, block[at:at + 16000]))
    p.send(ContinuationFrame(s, b"", flags=["END_HEADERS"]), p.data(s, b"x"))


def bomb(p, s):
    p.send(p.head(s, (":status", "103"), ("x", "y" * 3900)))
    head = p.head(s, OK)
    head.data += b"\xbe" * 16000
    p.send(head, p.data(s, b"x"))


def rubbish(p, s):
    p.socket.sendall(b"\0" * 9 + b"\xff" * 2000)


def flood(make):
    def run(p, s):
        while True:
            p.send(*([make()] * 100))
    return run


def continuations(p, s):
    p.send(HeadersFrame(s, p.encoder.encode([OK])))
    while True:
        p.send(ContinuationFrame(s, b""))


AT_ONCE = {"/early": early, "/refuse-early": refuse_always}
SPECIAL = {
    "/refuse": refuse, "/refuse-always": refuse_always, "/goaway": goaway, "/gone": gone, "/reset": reset,
    "/reset-late": reset_late, "/cut": cut, "/hints": hints, "/trailers": trailers, "/leak": leak, "/gzip": gzip,
    "/hints-endless": hints_endless, "/data-first": data_first, "/trailer-pseudo": trailer_pseudo, "/push": push,
    "/overflow": overflow, "/huge-head": huge_head, "/bomb": bomb, "/rubbish": rubbish, "/continuations": continuations,
    "/pings": flood(lambda: PingFrame(0, b"12345678")), "/settings": flood(lambda: SettingsFrame(0, {3: 100})),
    "/empties": lambda p, s: (p.send(p.head(s, OK)), flood(lambda: p.data(s, b"", end=False))(p, s)),
}
HEADS = {
    "/no-status": [("x", "y")],
    "/status-text": [(":status", "fine")],
    "/status-two": [OK, OK],
    "/status-late": [("x", "y"), OK],
    "/status-101": [(":status", "101")],
    "/status-600": [(":status", "600")],
    "/method": [OK, (":method", "GET")],
    "/upper": [OK, ("X-Upper", "y")],
    "/connection": [OK, ("connection", "close")],
    "/transfer-encoding": [OK, ("transfer-encoding", "chunked")],
    "/crlf": [OK, ("x", "y\r\nset-cookie: a=b")],
    "/nul": [OK, ("x", "y\0z")],
    "/name": [OK, ("x y", "z")],
    "/length-less": [OK, ("content-length", "2")],
    "/length-more": [OK, ("content-length", "9")],
    "/length-two": [OK, ("content-length", "3"), ("content-length", "3")],
    "/length-odd": [OK, ("content-length", "+3")],
    "/grpc-two": [OK, ("grpc-encoding", "identity"), ("grpc-encoding", "gzip")],
    "/grpc-twice": [OK, ("grpc-encoding", "identity"), ("grpc-encoding", "identity")],
    "/packed-two": [OK, ("content-encoding", "identity"), ("content-encoding", "gzip")],
    "/no-body-204": [(":status", "204"), ("content-length", "3")],
}


def serve(sock, number):
    try:
        sock = ctx.wrap_socket(sock, server_side=True)
        if sock.selected_alpn_protocol() == "h2":
            Peer(sock, number).serve()
    except (Gone, OSError, ValueError, KeyError):
        pass
    finally:
        sock.close()


ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert, key)
ctx.set_alpn_protocols(["h2"])
listener = socket.create_server((address, 443), backlog=64)
while True:
    peer, _ = listener.accept()
    count += 1
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(peer, count), daemon=True).start()
