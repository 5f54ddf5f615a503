#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# forge.py ENTRY...: an archive as pack writes them, of whatever entries: TYPE:PATH[:EXTRA] with EXTRA
# the content of a file, the target of a link, or "mode=0NNN", "size=N" (a lie), "map=A,B" (sparse,
# "real=N" its size).  "wait:FILE" waits until FILE is there; "cut" ends it without its end.
import os
import sys
import time

out = sys.stdout.buffer


def block(name, kind, size, mode):
    h = bytearray(512)

    def put(at, text):
        h[at:at + len(text)] = text

    put(0, name[:100])
    put(100, b"%07o\0" % mode)
    put(108, b"0000000\0")
    put(116, b"0000000\0")
    put(124, b"%011o\0" % min(size, 0o77777777777))
    put(136, b"00000000000\0")
    put(148, b"        ")
    put(156, kind)
    put(257, b"ustar\x0000")
    put(148, b"%06o\0 " % sum(h))
    out.write(h)


def pad(n):
    out.write(b"\0" * (-n % 512))


def record(key, value):
    n = len(key) + len(value) + 3
    total = n + len(str(n))
    total = n + len(str(total))
    return b"%d %s=%s\n" % (total, key, value)


def entry(kind, path, extras):
    mode, content, link, size, more = 0o644, b"", None, None, b""
    for x in extras:
        key, _, value = x.partition(b"=")
        if key == b"mode":
            mode = int(value, 8)
        elif key == b"size":
            size = int(value)
        elif key == b"map":
            more += record(b"GNU.sparse.map", value)
        elif key == b"real":
            more += record(b"GNU.sparse.size", value)
        elif kind in (b"1", b"2"):
            link = x
        else:
            content = x
    size = len(content) if size is None else size
    head = record(b"path", path) + record(b"uid", b"0") + record(b"gid", b"0") + record(b"size", b"%d" % size)
    head += record(b"mtime", b"1.000000000") + more + (record(b"linkpath", link) if link else b"")
    block(b"pax", b"x", len(head), 0o644)
    out.write(head)
    pad(len(head))
    block(path, kind, size, mode)
    out.write(content)
    pad(len(content))


for arg in (os.fsencode(a) for a in sys.argv[1:]):
    kind, _, rest = arg.partition(b":")
    if kind == b"wait":
        out.flush()
        while not os.path.exists(rest):
            time.sleep(0.01)
    elif kind == b"cut":
        sys.exit()
    else:
        path, *extras = rest.split(b":")
        entry({b"file": b"0", b"link": b"2", b"dir": b"5", b"hard": b"1", b"dev": b"3", b"fifo": b"6"}[kind], path, extras)
out.write(b"\0" * 1024)
