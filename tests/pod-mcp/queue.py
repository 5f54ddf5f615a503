# SPDX-License-Identifier: Apache-2.0
"""A queue of the test's own: queue.py SOCKET LOG.  Lines of LOG are the requests as they came."""
import json
import os
import socket
import sys
import threading

path, log = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(path + ".new")
server.listen(64)
os.rename(path + ".new", path)
ended = threading.Event()
write = threading.Lock()


def answer(q):
    kind, name = q["type"], q.get("action", q.get("name"))
    if kind == "list_actions":
        return {"ok": True, "actions": [{"name": "file_create", "tier": "immediate"}]}
    if kind == "diff":
        return {"ok": True, "cut": False, "lines": [{"path": "a\u00e4\n", "kind": "A"}]}
    if kind == "wait":
        if q["id"] == "slow00000000000a":
            ended.wait()
        return {"ok": True, "id": q["id"], "status": "executed", "result": {"n": 1}}
    if kind == "submit":
        return {"ok": True, "id": "slow00000000000a", "status": "queued"}
    if name == "refused":
        return {"ok": False, "error": "blocked", "id": "x", "status": "blocked", "message": "no"}
    if name == "denied":
        return {"ok": True, "id": "y", "status": "denied", "reason": "not today"}
    return {"ok": True, "id": "fast00000000000a", "status": "queued"}


def serve(peer):
    for line in peer.makefile("rb"):
        q = json.loads(line)
        with write, open(log, "a") as f:
            f.write(line.decode())
        kind = q.get("action")
        if kind == "hangup":
            break
        text = json.dumps(answer(q)).encode() + b"\n"
        if kind == "garbage":
            text = b"not json\n"
        if kind == "endless":
            text = b"x" * (5 << 20)
        try:
            for i in range(0, len(text), 1000 if kind == "slowly" else len(text)):
                peer.sendall(text[i:i + (1000 if kind == "slowly" else len(text))])
        except OSError:
            break
    peer.close()


while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
