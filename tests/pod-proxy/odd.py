#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An upstream that answers byte for byte what a test wants, by the path it is asked for:
odd.py ADDRESS PORT CERT KEY LOG.  What it is asked is written to LOG, a request a line, and its head to
LOG.heads, [METHOD, TARGET, [[NAME, VALUE]...]] a line; how long it took to LOG.took, [TARGET, MILLISECONDS]."""
import hashlib, json, socket, ssl, sys, threading, time, base64

address, port, cert, key, log = sys.argv[1:6]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert, key)


class Gone(Exception):
    pass


class Conn:
    def __init__(self, c):
        self.c, self.buf, self.trailers = c, b"", []

    def more(self):
        d = self.c.recv(65536)
        if not d:
            raise Gone
        self.buf += d

    def line(self):
        while b"\r\n" not in self.buf:
            self.more()
        l, self.buf = self.buf.split(b"\r\n", 1)
        return l

    def body(self, h):
        """How long it was, and its hash: it may be larger than memory."""
        sum, size = hashlib.md5(), 0

        def eat(n):
            nonlocal size
            size += n
            while n:
                if not self.buf:
                    self.more()
                d, self.buf = self.buf[:n], self.buf[n:]
                sum.update(d)
                n -= len(d)

        if h.get("transfer-encoding") == "chunked":
            while n := int(self.line(), 16):
                eat(n)
                self.line()
            self.trailers = list(iter(self.line, b""))
        else:
            eat(int(h.get("content-length", 0)))
        return size, sum.hexdigest()

    def send(self, d):
        self.c.sendall(d)


def plain(d, extra=b""):
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(d), d)


def chunk(d):
    return b"%x\r\n%s\r\n" % (len(d), d)


RAW = {
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\nall of it",
    "/http10": b"HTTP/1.0 200 OK\r\n\r\nold",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "/both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "/fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nab",
    "/bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
    "/bare-cr": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\nab",
    "/nul": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nab",
    "/space-colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
    "/te-gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "/te-x": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "/negative": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "/huge-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab",
    "/chunk-ext": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\n\r\n",
    "/chunk-lf": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n",
    "/status": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nab",
    "/http2": b"HTTP/2 200\r\ncontent-length: 2\r\n\r\nab",
    "/switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nraw",
    "/big-head": b"HTTP/1.1 200 OK\r\n" + b"X-Much: " + b"a" * 70000 + b"\r\nContent-Length: 2\r\n\r\nab",
    "/many": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 300 + b"Content-Length: 2\r\n\r\nab",
    "/garbage": b"\x16\x03\x01 what?\r\n\r\n",
    "/no-body-204": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nab",
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all of it",
    "/cut-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nnot all of it",
    "/nothing": b"",
}


def websocket(c, h):
    accept = base64.b64encode(hashlib.sha1(h["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    c.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept)
    while True:
        try:
            if not c.buf:
                c.more()
        except Gone:
            c.send(b"bye")
            return
        d, c.buf = c.buf, b""
        c.send(b"echo " + d)
        if b"quit" in d:
            return


def answer(c, method, target, h):
    """False: the connection ends here."""
    path = target.partition("?")[0]
    if path in RAW:
        c.send(RAW[path])
        return False
    if path == "/ws":
        websocket(c, h)
        return False
    if path == "/early":
        c.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo big\n")
        return False
    size, sum = c.body(h)
    with open(log, "a") as f:
        f.write("%s %s %d %s %s\n" % (method, target, size, sum, b" ".join(c.trailers).decode()))
    c.trailers = []
    if path == "/silent":
        while True:
            c.more()
    elif path == "/sse":
        c.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(int(h.get("x-events", 3))):
            c.send(chunk(b"data: %d\n\n" % i))
            if "x-step" in h:  # the next one when the client has heard this one
                open(h["x-step"]).read()
        c.send(b"0\r\n\r\n")
    elif path == "/hints":
        c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + plain(b"after hints\n"))
    elif path == "/trailers":
        c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + chunk(b"body\n") + b"0\r\nX-Sum: 42\r\nContent-Length: 9\r\n\r\n")
    elif path == "/head":
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-A: b\r\n\r\n")
    elif path == "/304":
        c.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n")
    elif path == "/204":
        c.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    elif path == "/split":  # a secret the request brought, in pieces
        auth = h["authorization"].encode()
        c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(len(auth)):
            c.send(chunk(auth[i:i + 1]))
        c.send(b"0\r\n\r\n")
    elif path == "/bye":  # the end of TLS right behind the answer, TCP's only with the client's
        c.send(plain(b"once\n"))
        c.c.unwrap()
        return False
    elif path == "/no-more":  # another request would be cut off
        c.send(plain(b"once\n", b"Keep-Alive: timeout=0\r\n"))
        c.more()
        return False
    elif path == "/then-close":
        c.send(plain(b"once\n"))
        return False
    elif path == "/more":
        c.send(plain(b"one\n") + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nevil!\n")
    elif path.startswith("/loud/"):  # the credential, so often
        c.send(plain((h["authorization"].encode() + b"\n") * int(path[6:])))
    elif path.startswith("/bytes/"):
        n, d = int(path[7:]), bytes(range(256)) * 256
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
        while n:
            c.send(d[:min(n, len(d))])
            n -= min(n, len(d))
    else:
        c.send(plain(("%s %s %s\n" % (method, target, " ".join("%s=%s" % i for i in sorted(h.items())))).encode()))
    return True


def serve(s):
    try:
        s = ctx.wrap_socket(s, server_side=True)
        c = Conn(s)
        while True:
            method, path, _ = c.line().decode().split(" ")
            fields = []
            while l := c.line():
                k, v = l.decode().split(":", 1)
                fields.append((k.lower(), v.strip()))
            h = dict(fields)
            with open(log + ".heads", "a") as f:
                f.write(json.dumps([method, path, fields]) + "\n")
            began = time.monotonic()
            more = answer(c, method, path, h)
            with open(log + ".took", "a") as f:
                f.write(json.dumps([path, int((time.monotonic() - began) * 1000)]) + "\n")
            if not more:
                break
        s.unwrap()
    except (Gone, OSError, ValueError, KeyError):
        pass
    finally:
        s.close()


l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind((address, int(port)))
l.listen(128)
while True:
    a, _ = l.accept()
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(a,), daemon=True).start()
