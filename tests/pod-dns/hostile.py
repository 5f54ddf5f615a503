# SPDX-License-Identifier: Apache-2.0
"""What a hostile pod sends to its resolver: hostile.py ATTACK.  Status 0: the resolver took it as it should."""
import os
import random
import socket
import struct
import sys
import time

import dns.message
import dns.name

SERVER = ("127.0.0.1", 53)
random.seed(4)


def udp(timeout=2.0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(SERVER)
    s.settimeout(timeout)
    return s


def tcp(timeout=3.0):
    return socket.create_connection(SERVER, timeout)


def alive():
    """A good question is answered, whatever went before."""
    s = udp()
    query = dns.message.make_query("www.example.com", "A")
    for _ in range(3):
        s.send(query.to_wire())
        try:
            while True:
                answer = dns.message.from_wire(s.recv(4096))
                if answer.id == query.id:
                    assert answer.answer, answer
                    return
        except socket.timeout:
            pass
    sys.exit("it does not answer any more")


def exchange(data, timeout=0.3):
    s = udp(timeout)
    s.send(data)
    try:
        return s.recv(4096)
    except socket.timeout:
        return None


def header(n=1, flags=0x0100, ident=7):
    return struct.pack("!HHHHHH", ident, flags, n, 0, 0, 0)


def malformed():
    question = b"\3www\7example\3com\0\0\1\0\1"
    silent = [b"", b"\0", b"\0" * 11, struct.pack("!H", 1) * 5, header(1, 0x8180) + question]
    for data in silent:
        assert exchange(data, 0.1) is None, data
    formerr = [
        header(), header(0), header(2) + question * 2, header() + question[:-1], header() + b"\3ww",
        header() + b"\xc0\x0c\0\1\0\1",  # a name that is itself
        header() + b"\1a\xc0\x0e\0\1\0\1", header() + b"\xc0\xff\0\1\0\1",
        header() + b"\x40a\0\0\1\0\1", header() + b"\x80a\0\0\1\0\1",
        header() + b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 3 + b"\0\0\1\0\1",  # 257 bytes
        struct.pack("!HHHHHH", 7, 0x100, 1, 1, 0, 0) + question,
        struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 1) + question + b"\0\0\x29",  # half an OPT
        struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 2) + question + b"\0\0\x29\4\0\0\0\0\0\0\0" * 2,
        struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 9999) + question,
    ]
    for data in formerr:
        answer = exchange(data)
        assert answer and answer[3] & 15 == 1 and answer[:2] == b"\0\7", (data, answer)
    assert exchange(header(1, 0x2900) + question)[3] & 15 == 4  # NOTIFY


def garbage():
    good = dns.message.make_query("www.example.com", "A", use_edns=0).to_wire()
    s = udp()
    s.setblocking(False)
    for i in range(20000):
        data = bytearray(good if i % 2 else os.urandom(random.randrange(60)))
        for _ in range(random.randrange(1, 6)):
            if data:
                data[random.randrange(len(data))] = random.randrange(256)
        try:
            s.send(bytes(data))
            s.recv(4096)
        except (BlockingIOError, ConnectionRefusedError):
            pass


def flood():
    """New names as fast as they can be sent, to an upstream that says nothing (sub.silent.test)."""
    s = udp()
    s.setblocking(False)
    for i in range(20000):
        try:
            s.send(dns.message.make_query("n%d.d%d.silent.test" % (i, i % 50), "A").to_wire())
        except BlockingIOError:
            time.sleep(0.001)


def long_names():
    for _ in range(200):
        labels = [os.urandom(63) for _ in range(3)] + [os.urandom(40), b"example", b"com"]
        exchange(dns.message.make_query(dns.name.Name(labels + [b""]), "A").to_wire(), 0.05)


def tcp_pieces():
    """A question a byte at a time, then several at once, then a half one."""
    wire = dns.message.make_query("www.example.com", "A").to_wire()
    data = struct.pack("!H", len(wire)) + wire
    s = tcp()
    for i in range(len(data)):
        s.sendall(data[i:i + 1])
    assert len(s.recv(2)) == 2
    s.recv(4096)
    s.sendall(data * 40)
    got = b""
    while len(got) < 40 * 40:
        got += s.recv(65536)
    s.sendall(data[:5])
    s.shutdown(socket.SHUT_WR)
    while s.recv(4096):
        pass
    s = tcp()  # asked, and nothing more to say: still answered
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    assert len(s.recv(4096)) > 12


def tcp_bad():
    for data in (b"\0\0", b"\0\5abcde", b"\xff\xff" + b"x" * 70000, b"GET / HTTP/1.1\r\n\r\n"):
        s = tcp()
        try:
            s.sendall(data)
            while s.recv(4096):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass


def tcp_many():
    """Connections that say nothing do not keep others from UDP, and the last are turned away."""
    held = []
    for _ in range(500):
        try:
            held.append(tcp(0.5))
        except OSError:
            break
    alive()
    open_ones = 0
    for s in held:
        s.setblocking(False)
        try:
            open_ones += s.recv(1) != b""
        except BlockingIOError:
            open_ones += 1
        except OSError:
            pass
    assert open_ones <= 64 + 65, open_ones  # served, and those that wait in the listener's queue


def tcp_unread():
    """A client that asks and never reads."""
    wire = dns.message.make_query("big.example.com", "TXT").to_wire()
    s = tcp()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setblocking(False)
    for _ in range(20000):
        try:
            s.send(struct.pack("!H", len(wire)) + wire)
        except (BlockingIOError, ConnectionResetError, BrokenPipeError):
            break


globals()[sys.argv[1]]()
alive()
