"""A pod-audio of our making: fake_audio.py SOCKET [MODE]

opus: three packets, the second without sound, cut into pieces; then it waits.  webm: some bytes, and more when
SOCKET.go is there, then the end.  flood: packets (or a stream) without end; lie: a packet that is too large;
silent: says nothing.
"""
import os, socket, struct, sys, threading, time

path, mode = sys.argv[1], (sys.argv[2:] or ["ok"])[0]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(100)
print("listens", flush=True)


def packet(us, data):
    return struct.pack(">HQ", len(data), us) + data


def opus(c):
    if mode == "lie":
        c.sendall(packet(1, b"a") + struct.pack(">HQ", 8193, 2) + b"x" * 8193)
        time.sleep(1000)
    while mode == "flood":
        c.sendall(packet(1, b"x" * 1000))
    everything = packet(1, b"first") + packet(2, b"") + packet(3, b"x" * 150)
    for i in range(0, len(everything), 7):
        c.sendall(everything[i:i + 7])
        time.sleep(0.001)


def webm(c):
    while mode == "flood":
        c.sendall(b"x" * 65536)
    c.sendall(b"\x1aE\xdf\xa3first")
    while not os.path.exists(path + ".go"):
        time.sleep(0.02)
    c.sendall(b"second")


def serve(c):
    try:
        first = c.makefile("rb", 0).readline().decode().strip()
        print(first, flush=True)
        if mode == "silent":
            c.recv(1)
        elif first == "opus":
            opus(c)
            c.recv(1)
        else:
            webm(c)
    except OSError as x:
        print("gone", x, flush=True)
    finally:
        c.close()
        print("ended", flush=True)


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
