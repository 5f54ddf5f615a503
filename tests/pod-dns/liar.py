# SPDX-License-Identifier: Apache-2.0
"""An upstream that misbehaves: liar.py PORT BEHAVIOUR LOG.  Answers A questions with 192.0.2.PORT%256."""
import socket
import struct
import sys
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

PORT, HOW, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ADDRESS = "192.0.2.%d" % (PORT % 256)
lock = threading.Lock()


def note(what, query):
    with lock, open(LOG, "a") as f:
        f.write("%s %s %s\n" % (what, query.question[0].name.to_text(), query.id))


def good(query, address=ADDRESS):
    answer = dns.message.make_response(query, recursion_available=True)
    answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
    return answer


def many(query, count):
    answer = good(query)
    for i in range(count):
        answer.answer[0].add(dns.rrset.from_text("x.", 60, "IN", "A", "198.51.100.%d" % i)[0], 60)
    return answer


def error(query, rcode):
    answer = dns.message.make_response(query, recursion_available=True)
    answer.set_rcode(rcode)
    return answer


def changed_id(query):
    answer = good(query, "203.0.113.66")
    answer.id ^= 1
    return answer


def other_name(query):
    text = query.question[0].name.to_text()
    fake = dns.message.make_query("evil." + text, "A")
    fake.id = query.id
    return good(fake, "203.0.113.66")


def lowered(query):
    answer = good(query)
    answer.question[0].name = dns.name.from_text(query.question[0].name.to_text().lower())
    answer.answer[0].name = answer.question[0].name
    return answer


def broken_chain(query):
    """Says CNAME only, one step at a time: n3 -> n2 -> n1 -> address."""
    name = query.question[0].name
    first = name.labels[0].decode().lower()
    if not first.startswith("n") or first == "n0":
        return good(query)
    answer = dns.message.make_response(query, recursion_available=True)
    to = "n%d.elsewhere.test." % (int(first[1:]) - 1)
    answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", to))
    return answer


def poison(query):
    """A true answer, with more than was asked for beside it."""
    answer = good(query)
    for section in (answer.answer, answer.additional):
        section.append(dns.rrset.from_text("victim.example.com.", 9999, "IN", "A", "203.0.113.66"))
    answer.authority.append(dns.rrset.from_text(".", 9999, "IN", "NS", "evil.test."))
    return answer


def udp_answers(query):
    """What is sent back for a datagram: a list of byte strings."""
    if HOW == "good":
        return [good(query).to_wire()]
    if HOW == "lying":  # forged ones first, the true one last
        return [changed_id(query).to_wire(), other_name(query).to_wire(), b"", b"\0" * 12,
                changed_id(query).to_wire()[:20], good(query).to_wire()]
    if HOW == "only-lies":
        return [changed_id(query).to_wire(), other_name(query).to_wire()]
    if HOW == "folding":
        return [lowered(query).to_wire()]
    if HOW == "servfail":
        return [error(query, dns.rcode.SERVFAIL).to_wire()]
    if HOW == "no-edns" and query.edns >= 0:
        return [error(query, dns.rcode.FORMERR).to_wire()]
    if HOW == "no-edns":
        return [good(query).to_wire()]
    if HOW in ("truncating", "truncating-silent-tcp"):
        answer = dns.message.make_response(query, recursion_available=True)
        answer.flags |= dns.flags.TC
        return [answer.to_wire()]
    if HOW == "chain":
        return [broken_chain(query).to_wire()]
    if HOW == "poison":
        return [poison(query).to_wire()]
    if HOW == "many":
        return [many(query, 60).to_wire()]
    if HOW == "torn":
        return [good(query).to_wire()[:-13]]  # the OPT, and two bytes of the answer
    if HOW == "slow":
        time.sleep(0.7)
        return [good(query).to_wire()]
    return []  # silent


def tcp_answer(query):
    if HOW == "truncating":
        return many(query, 60).to_wire()
    if HOW == "folding":
        return lowered(query).to_wire()
    return good(query).to_wire()


def read_exactly(connection, n):
    data = b""
    while len(data) < n:
        more = connection.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def serve_connection(connection):
    try:
        while True:
            length, = struct.unpack("!H", read_exactly(connection, 2))
            query = dns.message.from_wire(read_exactly(connection, length))
            note("tcp", query)
            if HOW == "truncating-silent-tcp":
                continue
            wire = tcp_answer(query)
            data = struct.pack("!H", len(wire)) + wire
            connection.sendall(data[:3])  # in pieces, as networks do
            connection.sendall(data[3:])
    except (EOFError, OSError):
        connection.close()


def serve_tcp():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection,), daemon=True).start()


def answer_datagram(sock, data, client):
    query = dns.message.from_wire(data)
    note("udp", query)
    for wire in udp_answers(query):
        sock.sendto(wire, client)


def main():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", PORT))
    threading.Thread(target=serve_tcp, daemon=True).start()
    open(LOG, "w").close()
    while True:
        data, client = sock.recvfrom(4096)
        threading.Thread(target=answer_datagram, args=(sock, data, client), daemon=True).start()


main()
