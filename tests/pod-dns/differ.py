# SPDX-License-Identifier: Apache-2.0
"""Messages, and how dnspython reads them: a line each, "HEX VERDICT", for test_differ.c.

VERDICT is "bad", or its records in answer and authority, each as
owner/type/class/ttl/rdata in hexadecimal, names in lower case and written out, rdata of class IN only."""
import random
import sys

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

random.seed(int(sys.argv[1]))
COUNT = int(sys.argv[2])

RDATA = [
    ("A", "192.0.2.%d"), ("AAAA", "2001:db8::%d"), ("NS", "ns%d.example.com."), ("CNAME", "c%d.Example.COM."),
    ("PTR", "p%d.test."), ("MX", "%d mail.example.com."), ("TXT", '"text %d" "and more"'),
    ("SOA", "ns.example.com. root.example.com. %d 2 3 4 5"), ("SRV", "1 2 %d target.example.com."),
    ("NAPTR", '%d 2 "u" "sip" "!a!b!" next.example.com.'), ("CAA", '0 issue "ca%d.test"'),
    ("HTTPS", '%d . alpn="h2,h3" ipv4hint="192.0.2.1"'), ("DS", "%d 8 2 " + "ab" * 32), ("RP", "r%d.test. t.example.com."),
    ("AFSDB", "%d db.example.com."), ("DNAME", "d%d.example.com."), ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"),
    ("SSHFP", "%d 1 " + "cd" * 20), ("TYPE65280", "\\# 3 0102%02d"),
]


def name():
    if random.random() < 0.3:
        return "example.com."
    labels = ["".join(random.choice("abcXYZ019-_") for _ in range(random.randrange(1, 12))) for _ in range(random.randrange(1, 5))]
    return ".".join(labels) + random.choice([".example.com.", ".test.", "."])


def message():
    query = dns.message.make_query(name(), random.choice(RDATA)[0])
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    for section in (answer.answer, answer.authority):
        for _ in range(random.randrange(5)):
            kind, text = random.choice(RDATA)
            text = text.replace("%02d", "%02d" % random.randrange(99)).replace("%d", str(random.randrange(1, 99)))
            section.append(dns.rrset.from_text(name(), random.randrange(100000), "IN", kind, text))
    return bytearray(answer.to_wire())


def damaged(wire):
    for _ in range(random.randrange(1, 4)):
        how = random.random()
        at = random.randrange(len(wire))
        if how < 0.5:
            wire[at] = random.randrange(256)
        elif how < 0.7:
            wire[at:at + 2] = bytes([0xc0 | random.randrange(2), random.randrange(256)])
        elif how < 0.85:
            del wire[at:]
        else:
            wire[at:at] = bytes(random.randrange(256) for _ in range(random.randrange(1, 4)))
        if not wire:
            return wire
    return wire


def record(rrset):
    owner = rrset.name.canonicalize().to_wire().hex()
    rdata = rrset[0].to_wire().hex() if rrset.rdclass == dns.rdataclass.IN else "-"
    ttl = rrset.ttl if rrset.ttl <= 0x7fffffff else 0
    return "%s/%d/%d/%d/%s" % (owner, rrset.rdtype, rrset.rdclass, ttl, rdata)


def verdict(wire):
    try:
        m = dns.message.from_wire(bytes(wire), one_rr_per_rrset=True, ignore_trailing=True)
        if any(len(s) == 0 for s in m.answer + m.authority) or len(m.question) != 1 or m.opcode() != 0:
            return "bad"
        return " ".join(record(s) for s in m.answer + m.authority) or "none"
    except (dns.exception.DNSException, ValueError, IndexError, KeyError, AssertionError, AttributeError):
        return "bad"
    except Exception:  # its own mistakes judge nobody
        return "bad"


for i in range(COUNT):
    data = message()
    if i % 2:
        data = damaged(data)
    if data:
        print(data.hex(), verdict(data))
