#!/usr/bin/env bats
# Names and addresses by the thousands: each one that is told is open at once, and there is an end to them.
load ../lib/envpod
load ../lib/world

NAMES=3000

setup_file()
{
	local i j line
	world_setup
	in_world ip route add local 198.18.0.0/15 dev lo
	in_world nft 'add table ip many; add chain ip many c { type nat hook prerouting priority -100; }; add rule ip many c ip daddr 198.18.0.0/15 tcp dport 7000 redirect to :7000'
	start in_world python3 -c '
import socket
s = socket.create_server(("", 7000), backlog=1000)
while True:
    c, _ = s.accept()
    try: c.sendall(b"here")
    except OSError: pass
    c.close()'
	mapfile -t records < <(
		for ((i = 0; i < NAMES; i++)); do echo "h$i.many.example. 60 IN A 198.18.$((i / 250)).$((i % 250))"; done
		for ((i = 0; i < 400; i++)); do for ((j = 0; j < 24; j++)); do echo "w$i.many.example. 8 IN A 198.19.$((i / 10)).$((i % 10 * 24 + j))"; done; done
	)
	resolver "${records[@]}"
	wait_for 5 listening 0.0.0.0 7000
	cat >"$T/ask.py" <<-'END'
	import socket, struct, sys
	def question(i, name): # by TCP, or what is long is cut
	    q = struct.pack(">6H", i, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
	    return struct.pack(">H", len(q)) + q
	def whole(s, n):
	    d = b""
	    while len(d) < n:
	        x = s.recv(n - len(d))
	        if not x: raise OSError("cut off")
	        d += x
	    return d
	class Resolver:
	    def __init__(self): self.s = socket.create_connection(("127.0.0.1", 53), 10); self.s.settimeout(20)
	    def ask(self, name): # every address; None: refused
	        q = question(7, name); self.s.sendall(q)
	        d = whole(self.s, struct.unpack(">H", whole(self.s, 2))[0])
	        if d[3] & 15: return None
	        return [socket.inet_ntoa(d[at + 12:at + 16]) for at in range(len(q) - 2, len(q) - 2 + 16 * struct.unpack(">H", d[6:8])[0], 16)]
	def reach(address):
	    with socket.create_connection((address, 7000), 10) as c: return c.recv(10) == b"here"
	END
}
teardown_file() { world_teardown; }

many_pod() { net_pod "$1" 'dns: {allow: ["**.many.example:7000"], upstream: [203.0.113.53], pin_min: 1, budget: {queries: 1000000, names: 1000000, dense: 1000000}}'; }

@test "thousands of names, eight programs at once: each address is open when it is told" {
	many_pod web
	on_host timeout 100 envpod run web -- python3 - $NAMES <<-END
	$(cat "$T/ask.py")
	import threading
	n, bad = int(sys.argv[1]), []
	def work(k):
	    r = Resolver()
	    for i in range(k, n, 8):
	        if i % 400 == k: r = Resolver()
	        try:
	            a = r.ask("h%d.many.example" % i)
	            if a != ["198.18.%d.%d" % (i // 250, i % 250)] or not reach(a[0]): bad.append((i, a))
	        except OSError as e: bad.append((i, str(e)))
	threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
	for t in threads: t.start()
	for t in threads: t.join()
	assert not bad, (len(bad), bad[:5])
	END
}

@test "more addresses than a pod may have: those beyond are not told, the others work; there is room again when they end" {
	many_pod full
	on_host timeout 100 envpod run full -- python3 - <<-END
	$(cat "$T/ask.py")
	import time
	r = Resolver(); told = 0; refused = []
	for i in range(400):
	    a = r.ask("w%d.many.example" % i)
	    if a: told += len(a); last = a[-1]
	    else: refused.append(i); break
	assert told <= 8000 and refused, (told, refused)
	first = refused[0]
	assert reach(last)
	try: reach("198.19.%d.%d" % (first // 10, first % 10 * 24))
	except ConnectionRefusedError: pass
	else: raise SystemExit("open without an answer")
	end = time.monotonic() + 60
	while not (a := r.ask("w%d.many.example" % first)):
	    assert time.monotonic() < end, "no room again"
	    time.sleep(0.1)
	assert reach(a[0])
	END
}
