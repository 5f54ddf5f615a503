"""Bytes to a front, and what comes back: raw.py PORT [WORD]...

send:TEXT (with \\r \\n \\xNN), file:PATH, drip:TEXT (a byte every quarter of a second until the other end is gone),
statuses (of all answers until the end or until nothing comes for two seconds), end (wait until it is closed),
idle:N (N more connections that say nothing and stay), half:N (N that say half of a head).
"""
import re, select, socket, sys

port = int(sys.argv[1])
kept = []


def connect():
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(60)
    return s


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def drip(s, text):
    for b in unescape(text):
        try:
            s.sendall(bytes([b]))
        except OSError:
            break
        if select.select([s], [], [], 0.25)[0] and not s.recv(65536):
            break
    else:
        print("taken", flush=True)
        return
    print("cut", flush=True)


def take(s, wait):
    got = b""
    while not wait or select.select([s], [], [], wait)[0]:
        try:
            d = s.recv(65536)
        except ConnectionResetError:
            d = b""
        if not d:
            return got, True
        got += d
    return got, False


s = connect()
for w in sys.argv[2:]:
    word, _, arg = w.partition(":")
    if word == "send":
        s.sendall(unescape(arg))
    elif word == "file":
        try:
            s.sendall(open(arg, "rb").read())
        except OSError:
            pass
    elif word == "drip":
        drip(s, arg)
    elif word == "statuses":
        got, ended = take(s, 2)
        print(*(x.decode() for x in re.findall(rb"^HTTP/1\.1 (\d+)", got, re.M)), "end" if ended else "open", flush=True)
    elif word == "end":
        take(s, None)
        print("ended", flush=True)
    elif word in ("idle", "half"):
        for _ in range(int(arg)):
            c = connect()
            if word == "half":
                c.sendall(b"GET / HTTP/1.1\r\nHost: ")
            kept.append(c)
        print("kept", flush=True)
        sys.stdin.readline()
