"""A WebSocket client that can do what no browser would.

websocket.py [OPTION]... ORIGIN PATH COOKIE [WORD]...
    Words are done in turn; what comes is printed as "open", "binary HEX", "close CODE", "end".
    send:HEX        a binary message            text:TEXT      a text message
    frag:HEX,HEX    one message in two frames   ping:HEX       a ping
    raw:HEX         bytes as they are           unmasked:HEX   a frame without a mask
    big:N           the head of a frame of N    rsv:HEX        a frame with a reserved bit
    fill:N          a message of N zeros        total:N        read until N bytes of messages have come (bytes:N: show them)
    read:N          wait for N frames           stdin          wait for a line
    close           say goodbye                 end            wait for the end
A '-' alone: lines of such words on standard input, one after the other.
Options: --header K:V (more, or another), --without K, --method M, --version V, --connect HOST:PORT, --behind HEX
"""
import base64, hashlib, os, shlex, socket, struct, sys


def frame(opcode, payload, fin=True, mask=True, rsv=0):
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    n = len(payload)
    m = 0x80 if mask else 0
    if n < 126:
        head += bytes([m | n])
    elif n < 65536:
        head += bytes([m | 126]) + struct.pack(">H", n)
    else:
        head += bytes([m | 127]) + struct.pack(">Q", n)
    if not mask:
        return head + payload
    key = os.urandom(4)
    if n == 0:
        return head + key
    stream = int.from_bytes((key * (n // 4 + 1))[:n], "big")
    return head + key + (int.from_bytes(payload, "big") ^ stream).to_bytes(n, "big")


class Client:
    def __init__(self, origin, path, cookie, headers=(), without=(), connect=None, method="GET", version="HTTP/1.1", rcvbuf=None, behind=b""):
        host = origin.split("//")[1]
        port = int((connect or host).rsplit(":", 1)[1])
        self.s = socket.socket()
        if rcvbuf:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(rcvbuf))
        self.s.connect(("127.0.0.1", port))
        self.s.settimeout(30)
        self.key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": host, "Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Key": self.key,
                "Sec-WebSocket-Version": "13", "Origin": origin}
        if cookie:
            head["Cookie"] = cookie
        given = {k for k, _ in headers}
        lines = [(k, v) for k, v in head.items() if k not in without and k not in given] + list(headers)
        self.s.sendall((f"{method} {path} {version}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines) + "\r\n").encode() + behind)
        self.buf = b""
        while b"\r\n\r\n" not in self.buf:
            d = self.s.recv(65536)
            if not d:
                break
            self.buf += d
        self.head, _, self.buf = self.buf.partition(b"\r\n\r\n")
        self.status = int(self.head.split(b" ")[1]) if self.head else 0
        self.fields = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in self.head.decode().split("\r\n")[1:])}
        if self.status == 101 and "Sec-WebSocket-Key" not in given:
            want = base64.b64encode(hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            assert self.fields["sec-websocket-accept"] == want, self.fields

    def need(self, n):
        while len(self.buf) < n:
            try:
                d = self.s.recv(1 << 20)
            except ConnectionResetError:
                d = b""
            if not d:
                return False
            self.buf += d
        return True

    def read(self):
        """(opcode, payload), None at the end."""
        if not self.need(2):
            return None
        n, at = self.buf[1] & 0x7f, 2
        assert not self.buf[1] & 0x80, "a server masks nothing"
        assert not self.buf[0] & 0x70, "no extension was agreed to"
        if n >= 126:
            size = 2 if n == 126 else 8
            if not self.need(2 + size):
                return None
            n, at = int.from_bytes(self.buf[2:2 + size], "big"), 2 + size
        if not self.need(at + n):
            return None
        op, payload = self.buf[0] & 0xf, self.buf[at:at + n]
        self.buf = self.buf[at + n:]
        return op, payload

    def send(self, payload, opcode=2, **kw):
        self.s.sendall(frame(opcode, payload, **kw))


def show(f):
    if f is None:
        print("end", flush=True)
        return False
    op, payload = f
    if op == 8:
        print("close", int.from_bytes(payload[:2], "big") if payload else "-", flush=True)
    else:
        print({1: "text", 2: "binary", 9: "ping", 10: "pong"}.get(op, op), payload.hex() if len(payload) < 200 else len(payload), flush=True)
    return True


def total(c, n, shown):
    while n > 0:
        f = c.read()
        if f is None or f[0] == 8 or shown:
            if not show(f):
                return False
        n -= len(f[1]) if f and f[0] == 2 else 0
    print("total", flush=True)
    return True


def do(c, word, arg):
    if word == "send":
        c.send(bytes.fromhex(arg))
    elif word == "text":
        c.send(arg.encode(), 1)
    elif word == "frag":
        a, b = arg.split(",")
        c.send(bytes.fromhex(a), 2, fin=False)
        c.send(b"in between", 9)
        c.send(bytes.fromhex(b), 0)
    elif word == "ping":
        c.send(bytes.fromhex(arg), 9)
    elif word == "raw":
        c.s.sendall(bytes.fromhex(arg))
    elif word == "unmasked":
        c.send(bytes.fromhex(arg), mask=False)
    elif word == "rsv":
        c.send(bytes.fromhex(arg), rsv=4)
    elif word == "big":
        c.s.sendall(bytes([0x82, 0xff]) + struct.pack(">Q", int(arg)) + bytes(4))
    elif word == "fill":
        c.send(bytes(int(arg)))
    elif word == "read":
        return all(show(c.read()) for _ in range(int(arg)))
    elif word in ("total", "bytes"):
        return total(c, int(arg), word == "bytes")
    elif word == "stdin":
        sys.stdin.readline()
    elif word == "close":
        c.send(struct.pack(">H", 1000), 8)
    elif word == "end":
        while show(c.read()):
            pass
    return True


def main(argv):
    headers, without, kw = [], [], {}
    while argv and argv[0].startswith("--"):
        if argv[0] == "--header":
            k, _, v = argv[1].partition(":")
            headers.append((k, v))
        elif argv[0] == "--without":
            without.append(argv[1])
        elif argv[0] == "--behind":
            kw["behind"] = bytes.fromhex(argv[1])
        else:
            kw[argv[0][2:]] = argv[1]
        argv = argv[2:]
    origin, path, cookie, *words = argv
    c = Client(origin, path, cookie, headers, without, **kw)
    if c.status != 101:
        print(c.status)
        return
    print("open", c.fields.get("sec-websocket-protocol", "-"), flush=True)
    for w in words:
        word, _, arg = w.partition(":")
        if not do(c, word, arg):
            return


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        for line in sys.stdin:
            main(shlex.split(line))
    else:
        main(sys.argv[1:])
