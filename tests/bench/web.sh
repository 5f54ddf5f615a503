#!/usr/bin/env bash
# What the front of a desktop costs: there and back of a small message (p50, p95), through pod-web, through
# websockify where it is installed, and straight to the program behind them; processor time for what goes to
# a viewer, and memory with ten of them.
. "$(dirname "$0")/lib.bash"
BATS_TEST_DIRNAME=$TOP/tests/pod-web
bench=$T
# shellcheck disable=SC1090
load() { . "$BATS_TEST_DIRNAME/$1.bash"; }
load helper
envpod_setup() { :; } # there is a state directory already
envpod_teardown() { bench_end; }
web_setup
trap 'set +e; web_teardown' EXIT
[ "$T" = "$bench" ]
pod
fake display fake_display.py
serve
login
cat >"$T/measure.py" <<'END'
import socket, sys, time
sys.path.insert(0, sys.argv[1])
from websocket import Client
what = sys.argv[2]

class Straight:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX); self.s.connect(path)
        self.send, self.got = self.s.sendall, 0
    def some(self):
        return len(self.s.recv(1 << 20))

class Front(Client):
    got = 0
    def some(self):
        op, data = self.read()
        return len(data) if op == 2 else 0

def take(c, n):
    while c.got < n:
        c.got += c.some()
    c.got -= n

c = Straight(sys.argv[3]) if what == "straight" else Front(*sys.argv[3:6])
if what != "pod-web":
    c.send(b"viewer 1 control\n")
take(c, 12); c.send(b"RFB 003.008\n"); take(c, 2)
times = []
for i in range(3000):
    t = time.perf_counter(); c.send(b"0123456789"); take(c, 10); times.append(time.perf_counter() - t)
times.sort()
print('{"bench":"web","what":"%s","p50_us":%.0f,"p95_us":%.0f}' % (what, times[1500] * 1e6, times[2850] * 1e6), flush=True)
END
measure() { python3 "$T/measure.py" "$BATS_TEST_DIRNAME" "$@"; }
if has websockify; then
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	websockify --unix-target="$R/desktop/sock/display" "127.0.0.1:$port" >/dev/null 2>&1 &
	PIDS+=($!)
	wait_for 10 python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$port" 2>/dev/null
fi
for _ in 1 2; do
	measure pod-web "$ORIGIN" /ws/display "$COOKIE"
	[ -z "${port:-}" ] || measure websockify "http://127.0.0.1:$port" / ''
	measure straight "$R/desktop/sock/display"
done
for i in 1 2 3 4 5 6 7 8 9 10; do viewer "$i"; done
awk '/^VmRSS/ {printf "{\"bench\":\"web\",\"what\":\"ten_viewers\",\"rss_kb\":%d}\n", $2}' "/proc/$WEB/status"
kill -9 "$FAKE"
: >"$T/fake.display"
fake display fake_display.py flood
cpu() { awk '{print $14 + $15}' "/proc/$WEB/stat"; }
before=$(cpu)
ws /ws/display read:1 "send:$GREETING" total:1000000000 >/dev/null
awk -v ticks=$(($(cpu) - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "{\"bench\":\"web\",\"what\":\"to_a_viewer\",\"cpu_s_per_gb\":%.2f}\n", ticks / hz }'
