#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# hear.py SOCKET opus PACKETS [SECONDS]: take so many packets (or for so long at most), decode them with libopus,
#	and print {"packets","states","hertz","peak","late_us","gaps"} as JSON.
# hear.py SOCKET webm SECONDS FILE: write what comes to FILE.
# hear.py SOCKET control LINE...: send lines, print the answers.
# hear.py FILE pcm: the frequency of a file of samples.
# hear.py SOCKET raw TEXT: send it, print what comes back until the end.
import array
import ctypes
import ctypes.util
import json
import socket
import struct
import sys
import time


def connect(path, first):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    s.sendall(first)
    return s


def exactly(s, n, end):
    data = b""
    while len(data) < n:
        s.settimeout(max(0.01, end - time.monotonic()))
        piece = s.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


class Decoder:
    def __init__(self):
        self.lib = ctypes.CDLL(ctypes.util.find_library("opus") or "libopus.so.0")
        self.lib.opus_decoder_create.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.lib.opus_decoder_create(48000, 2, None))

    def decode(self, packet):
        out = (ctypes.c_int16 * (5760 * 2))()
        n = self.lib.opus_decode(self.state, packet, len(packet), out, 5760, 0)
        if n != 960:
            sys.exit("a packet of %d samples" % n)
        return out[0:2 * n:2]


# How often it crosses zero upwards, gaps of a busy machine left out.
def hertz(pcm):
    ups = [i for i in range(1, len(pcm)) if pcm[i - 1] < 0 <= pcm[i]]
    periods = sorted(b - a for a, b in zip(ups, ups[1:]))
    if len(periods) < 10:
        return 0
    middle = periods[len(periods) // 2]
    whole = [p for p in periods if abs(p - middle) <= 0.1 * middle + 1]
    return 48000 * len(whole) / sum(whole)


def opus(path, packets, seconds):
    s, decoder = connect(path, b"opus\n"), Decoder()
    end, pcm, states, late, gaps, n, last = time.monotonic() + seconds, [], 0, [], 0, 0, 0
    try:
        while n < packets:
            size, usec = struct.unpack(">HQ", exactly(s, 10, end))
            if not size:
                states += 1
                continue
            pcm += decoder.decode(exactly(s, size, end))
            late.append(time.monotonic_ns() // 1000 - usec - 20000)
            gaps += bool(last) and not 15000 < usec - last < 25000
            last, n = usec, n + 1
    except (EOFError, TimeoutError, socket.timeout):
        pass
    loud = pcm[len(pcm) // 4:]
    print(json.dumps({"packets": n, "states": states, "hertz": round(hertz(loud), 1), "peak": max(map(abs, pcm), default=0),
                      "late_us": sorted(late)[len(late) // 2] if late else 0, "gaps": gaps}))


def webm(path, seconds, name):
    s, end = connect(path, b"webm\n"), time.monotonic() + seconds
    with open(name, "wb") as out:
        try:
            while (left := end - time.monotonic()) > 0:
                s.settimeout(left)
                if not (data := s.recv(65536)):
                    break
                out.write(data)
        except (TimeoutError, socket.timeout):
            pass


path, kind, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
if kind == "opus":
    opus(path, int(rest[0]), float(rest[1]) if len(rest) > 1 else 20)
elif kind == "pcm":
    print(hertz(array.array("h", open(path, "rb").read())[9600:]))
elif kind == "webm":
    webm(path, float(rest[0]), rest[1])
elif kind == "control":
    s = connect(path, b"control\n")
    f = s.makefile("rw")
    for line in rest:
        f.write(line + "\n")
        f.flush()
        print(f.readline(), end="")
else:
    s = connect(path, rest[0].encode("utf-8", "surrogateescape"))
    s.settimeout(20)
    try:
        while data := s.recv(65536):
            sys.stdout.buffer.write(data)
    except ConnectionResetError:
        pass
