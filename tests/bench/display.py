# SPDX-License-Identifier: Apache-2.0
# display.py NAME PATH-OR-PORT SECONDS PID...: what tests/bench/display.sh measures of one server.
import json
import os
import random
import statistics
import sys
import threading
import time

import rfb
from rfb import CURSOR, LAST, RAW, TIGHT, Viewer
from xclient import X

name, where, seconds, pids = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
W, H = 1280, 720
TICK = os.sysconf("SC_CLK_TCK")
first_line = "viewer %d control" if where.startswith("/") else None
place = where if first_line else ("127.0.0.1", int(where))
numbers = iter(range(1, 10000))


class Counter(Viewer):  # nothing is decoded
    def draw(self, *_):
        pass

    def copy(self, *_):
        pass

    def tight_basic(self, x, y, w, h, control):
        kind = self.u8() if control & 4 else 0
        colours = self.u8() + 1 if kind == 1 else 0
        self.take(3 * colours)
        n = ((w + 7) // 8 if colours == 2 else w if colours else w * 3) * h
        self.take(n if n < 12 else self.compact())

    def tight(self, x, y, w, h):
        control = self.u8() >> 4
        if control == 8:
            self.take(3)
        elif control == 9:
            self.take(self.compact())
        else:
            self.tight_basic(x, y, w, h, control)


def viewer(encodings=(TIGHT, LAST, CURSOR, -26, -250)):
    end = time.monotonic() + 20
    while True:
        try:
            return Counter(place, first_line % next(numbers) if first_line else None, encodings)
        except (OSError, EOFError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def say(bench, **what):
    print(json.dumps({"bench": "display_" + bench, "name": name, **{k: round(v, 2) if isinstance(v, float) else v for k, v in what.items()}}), flush=True)


def cpu():
    total = 0
    for pid in pids:
        f = open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()
        total += int(f[11]) + int(f[12])
    return total / TICK


# Something like a photograph: smooth, with grain; eight of them, which differ everywhere.
def photos():
    random.seed(1)
    grain = random.randbytes(W * 4)
    rows = [bytes((grain[i] // 12 + (i // 8 + y // 2) % 200) & 255 for i in range(W * 4)) for y in range(0, H, 4)]
    out = []
    for k in range(8):
        shifted = [r[k * 320 :] + r[: k * 320] for r in rows[k * 20 :] + rows[: k * 20]]
        out.append(b"".join(r for r in shifted for _ in range(4)))
    return out


class Painter:
    def __init__(self, paint, rate):
        self.stop, self.n, self.paint, self.rate = False, 0, paint, rate
        self.pid = os.fork()
        if self.pid == 0:
            x = X()
            start = time.monotonic()
            n = 0
            while True:
                paint(x, n)
                n += 1
                x.sync()
                time.sleep(max(0, start + n / rate - time.monotonic()))

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def frames(v, until):
    n = 0
    v.request(False)
    while time.monotonic() < until:
        if v.message() == 0:
            n += 1
            v.request()
    return n


def watch(viewers):
    until, counts = time.monotonic() + seconds, [0] * len(viewers)
    threads = [threading.Thread(target=lambda i=i, v=v: counts.__setitem__(i, frames(v, until))) for i, v in enumerate(viewers)]
    before, began = cpu(), time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - began
    return statistics.median(counts) / took, (cpu() - before) / took, sum(counts) / took


PHOTOS = photos()
viewer().s.close()  # it is up
x = X()
x.image(PHOTOS[0], W)
x.sync()
times = []
for _ in range(15):
    began = time.monotonic()
    v = viewer()
    v.request(False)
    v.message()
    times.append((time.monotonic() - began) * 1000)
    v.s.close()
say("first", p50_ms=statistics.median(times), max_ms=max(times))

v = viewer()
p = Painter(lambda x, n: x.image(PHOTOS[n % 8], W), 60)
fps, share, _ = watch([v])
say("video", fps=fps, cpu=share, cpu_per_frame_ms=share * 1000 / fps, bytes_per_frame=v.counts["bytes"] // max(1, v.counts["updates"]))
v.s.close()
four = [viewer() for _ in range(4)]
fps, share, total = watch(four)
say("four", fps=fps, cpu=share, frames_per_second_in_all=total)
for v in four:
    v.s.close()
stuck = viewer((RAW,))
stuck.request(False)
v = viewer()
fps, share, _ = watch([v])
say("stuck", fps=fps, cpu=share)
stuck.s.close()
v.s.close()
p.end()

v = viewer()
p = Painter(lambda x, n: x.fill(0xFFFFFF if n % 2 else 0, n % 140 * 9, 100, 8, 14), 12)
fps, share, _ = watch([v])
say("typing", fps=fps, cpu=share)
p.end()
v.s.close()

# A program that answers each key with another colour.
p = os.fork()
if p == 0:
    n = 0
    while True:
        x.poll(1)
        for e in x.events:
            if e[0] == 2:
                n += 1
                x.fill(n * 70001 & 0xFFFFFF, 200, 200, 16, 16)
        x.events.clear()
v = viewer()
v.request(False)
v.message()
times = []
for _ in range(100):
    v.request()
    began = time.monotonic()
    v.key(ord("a"), 1)
    v.key(ord("a"), 0)
    while v.message() != 0:
        pass
    times.append((time.monotonic() - began) * 1000)
    time.sleep(0.03)
os.kill(p, 9)
os.waitpid(p, 0)
times.sort()
say("key", p50_ms=times[50], p95_ms=times[95])
v.s.close()

resident = 0
for pid in pids:
    resident += sum(int(line.split()[1]) for line in open("/proc/%s/status" % pid) if line.startswith("VmRSS"))
say("memory", resident_kib=resident, without_x_kib=sum(int(line.split()[1]) for line in open("/proc/%s/status" % pids[-1]) if line.startswith("VmRSS")))
