"""A pod-display of our making: fake_display.py SOCKET [MODE]

Prints the first line of each connection.  rfb: greets, and echoes what comes after the viewer's greeting in
capital letters; flood: never stops after the greeting, but for those who only view; lie: greets with something
else; stall: greets, and takes nothing; long: answers without end; bytewise: greets byte by byte.
"""
import json, os, socket, sys, threading, time

path, mode = sys.argv[1], (sys.argv[2:] or ["rfb"])[0]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(100)
print("listens", flush=True)


def line(c):
    got = b""
    while not got.endswith(b"\n"):
        d = c.recv(1)
        if not d:
            return None
        got += d
    return got.decode().strip()


def exactly(c, n):
    got = b""
    while len(got) < n:
        d = c.recv(n - len(got))
        if not d:
            raise EOFError
        got += d
    return got


def greet(c):
    if mode == "lie":
        c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        exactly(c, 1)
    elif mode == "bytewise":
        for b in b"RFB 003.008\n":
            c.sendall(bytes([b]))
            time.sleep(0.01)
        c.sendall(b"\x01\x01")
    else:
        c.sendall(b"RFB 003.008\n\x01\x01")


def serve(c):
    try:
        first = line(c)
        print(first, flush=True)
        if first == "control":
            control(c)
            return
        greet(c)
        if mode == "stall":
            time.sleep(1000)
        print("viewer says", exactly(c, 12), flush=True)
        while mode == "flood" and not first.endswith(" view"):
            c.sendall(b"x" * 65536)
        while True:
            d = c.recv(65536)
            if not d:
                break
            c.sendall(d.upper())
    except (EOFError, OSError) as x:
        print("gone", x, flush=True)
    finally:
        print("ended", flush=True)
        c.close()


def control(c):
    while True:
        text = line(c)
        if text is None:
            return
        print("control", text, flush=True)
        q = json.loads(text)
        while mode == "long":
            c.sendall(b"x" * 65536)
        if mode == "stall":
            time.sleep(1000)
        if mode == "lie":
            c.sendall(b'{"ok":true,"message":"<script>","extra":[[[[{}]]]]} trailing\n')
        elif q.get("do") == "resize" and q.get("width") == 7:
            c.sendall(b'{"ok":false,"error":"size","message":"not so \\u001b[31msmall"}\n')
        else:
            c.sendall(b'{"ok":true}\n')


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
