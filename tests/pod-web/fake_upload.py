"""A pod-upload of our making: fake_upload.py SOCKET DIR [MODE]

Writes what comes to DIR/NAME.  refuse: says no at once; midway: says no after a megabyte; late: says no when all
is there; lie: answers with what is none; long: answers without a newline; early: is done before all is there;
vanish: ends after the head; slow: takes nothing until DIR/go is there.
"""
import json, os, socket, sys, threading, time

path, where, mode = sys.argv[1], sys.argv[2], (sys.argv[3:] or ["ok"])[0]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(100)
print("listens", flush=True)


def say(c, what):
    c.sendall(json.dumps(what).encode() + b"\n")


def no(c, code, message):
    say(c, {"ok": False, "error": code, "message": message})


def take(c, f, name):
    head = json.loads(f.readline())
    print("head", json.dumps(head), flush=True)
    if mode == "refuse":
        return no(c, "name", "no such names here \x1b[31m<b>")
    if mode == "lie":
        return c.sendall(b'{"ok":true,"path":[1,2],"x":')
    if mode == "long":
        while True:
            c.sendall(b"x" * 4096)
    if mode == "vanish":
        return
    say(c, {"ok": True})
    if mode == "early":
        return say(c, {"ok": True, "path": "/tmp/uploads/x", "size": 1})
    while mode == "slow" and not os.path.exists(where + "/go"):
        time.sleep(0.02)
    left = head["size"]
    with open(os.path.join(where, "got"), "wb") as out:
        while left > 0:
            d = f.read1(min(left, 65536))
            if not d:
                print("cut", left, flush=True)
                return
            out.write(d)
            left -= len(d)
            if mode == "midway" and head["size"] - left > 1 << 20:
                return no(c, "space", "there is no room left")
    if mode == "late":
        return no(c, "failed", "it could not be kept")
    say(c, {"ok": True, "path": "/tmp/uploads/" + head["name"], "size": head["size"], "more": [1, {"a": None}]})


def serve(c):
    try:
        take(c, c.makefile("rb"), None)
    except OSError as x:
        print("gone", x, flush=True)
    finally:
        c.close()
        print("ended", flush=True)


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
