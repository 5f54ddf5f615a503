# SPDX-License-Identifier: Apache-2.0
# A viewer of a pod's desktop by the link of `envpod display`: logs in as a browser would, opens the
# WebSocket, and speaks RFB through it.  Words on standard input, a line each, answered by a line:
#	see RRGGBB	waits until the pixel at 600,300 has that colour
#	type TEXT	types it
#	enter		presses Return
import http.client
import os
import sys
import urllib.parse

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here + "/../lib", here + "/../pod-web"]
import rfb  # noqa: E402
import websocket  # noqa: E402


def login(link):
    u = urllib.parse.urlsplit(link)
    c = http.client.HTTPConnection("127.0.0.1", u.port, timeout=20)
    c.request("GET", u.path, headers={"Host": u.netloc})
    r = c.getresponse()
    assert r.status == 303, r.status
    cookie = r.getheader("Set-Cookie").split(";")[0]
    r.read()
    c.request("GET", "/", headers={"Host": u.netloc, "Cookie": cookie})
    r = c.getresponse()
    assert r.status == 200 and b"<html" in r.read().lower(), r.status
    return "http://" + u.netloc, cookie


class Socket:
    """What rfb.py takes for one."""

    def __init__(self, client):
        self.c = client
        self.rest = b""

    def recv(self, n):
        while not self.rest:
            frame = self.c.read()
            if frame is None or frame[0] == 8:
                return b""
            if frame[0] in (0, 2):
                self.rest = frame[1]
        piece, self.rest = self.rest[:n], self.rest[n:]
        return piece

    def sendall(self, data):
        self.c.s.sendall(websocket.frame(2, data))


def colour(v):
    at = (300 * v.width + 600) * 4
    b, g, r = v.pixels[at : at + 3]
    return "%02x%02x%02x" % (r, g, b)


origin, cookie = login(sys.argv[1])
client = websocket.Client(origin, "/ws/display", cookie)
assert client.status == 101, client.head
rfb.connect = lambda path, seconds=20: Socket(client)
v = rfb.Viewer(None)
v.request(incremental=False)
print("%dx%d" % (v.width, v.height), flush=True)
for line in sys.stdin:
    word, _, rest = line.rstrip("\n").partition(" ")
    if word == "type":
        v.type(rest)
    if word == "enter":
        v.key(0xFF0D, 1)
        v.key(0xFF0D, 0)
    while word == "see" and colour(v) != rest:
        if v.message() == 0:
            v.request()
    print(word, flush=True)
