# SPDX-License-Identifier: Apache-2.0
"""Some thousand questions, put to the upstream and to pod-dns: conform.py zone|compare.

`zone` prints the zone.  `compare` prints a line for each kind of difference, with how often it was
met; a kind that is not among EXPECTED ends with status 1."""
import collections
import random
import socket
import sys

import dns.flags
import dns.ipv4
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

random.seed(7)
NAMES = 500
UPSTREAM, POD = ("127.0.0.1", 5300), ("127.0.0.1", 53)
TYPES = ["A", "AAAA", "TXT", "MX", "CNAME", "NS", "SOA", "SRV", "CAA", "HTTPS", "PTR", "NAPTR", "SSHFP", "TYPE65400", "DS"]

# What is meant to differ, and why.
EXPECTED = {
    "private address left out": "an answer may not lead into the host's network",
    "ech, h3 or hints left out of HTTPS": "the relay must see the name, QUIC does not pass",
    "HTTPS for another name left out": "the client falls back to the addresses of this one",
    "24 of more addresses": "each address told is pinned",
    "DNAME left out": "the CNAME that was made from it stays",
}


def zone():
    print("$ORIGIN example.com.\n$TTL 300\n@ IN SOA ns.example.com. root.example.com. 1 2 3 4 60\n@ IN NS ns\nns IN A 192.0.2.53")
    print("@ IN MX 10 mail\nmail IN A 192.0.2.25\n*.wild IN A 192.0.2.99\n*.wild IN TXT \"any\"\ntree IN DNAME other\nleaf.other IN A 192.0.2.7")
    print("ent.below.here IN A 192.0.2.8")
    for i in range(NAMES):
        h = "h%d" % i
        kind = i % 10
        if kind == 0:
            print("%s IN CNAME h%d" % (h, i + 1))
        elif kind == 5:
            print("%s IN CNAME c%d.chain" % (h, i))
            print("c%d.chain IN CNAME h%d" % (i, i + 1))
        else:
            for k in range(random.randrange(1, 4)):
                print("%s IN A 192.0.2.%d" % (h, random.randrange(1, 250)))
            print("%s IN AAAA 2001:db8::%x" % (h, i + 1))
            print("%s IN TXT \"text %d\" \"%s\"" % (h, i, "x" * random.randrange(200)))
        if kind == 2:
            print("%s IN A 10.0.0.%d\n%s IN A 127.0.0.1\n%s IN AAAA fd00::%x" % (h, i % 250, h, h, i))
        if kind == 3:
            print("%s IN HTTPS 1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1,10.0.0.1 ech=AEn+DQ==" % h)
            print("%s IN MX 5 mail\n%s IN SRV 1 2 443 h%d\n%s IN CAA 0 issue \"ca.test\"" % (h, h, i, h))
        if kind == 4:
            print("%s IN HTTPS 1 svc.example.com. alpn=h2\n%s IN NAPTR 1 2 \"u\" \"x\" \"!a!b!\" h%d" % (h, h, i))
            print("%s IN SSHFP 1 1 %s\n%s IN TYPE65400 \\# 4 0102%04x" % (h, "ab" * 20, h, i))
        if kind == 6:
            for k in range(40):
                print("%s IN A 198.51.100.%d" % (h, k + 1))
        if kind == 7:
            print("%s IN PTR h%d\n%s IN TXT \"%s\" \"%s\" \"%s\"" % (h, i, h, "a" * 250, "b" * 250, "c" * 250))


def questions():
    for i in range(NAMES):
        for kind in ["A", "AAAA"] + random.sample(TYPES, 2):
            yield "h%d.example.com." % i, kind
    for i in range(60):
        yield "x%d.wild.example.com." % i, random.choice(["A", "TXT", "MX"])
        yield "nosuch%d.example.com." % i, random.choice(TYPES)
        yield random.choice(["leaf.tree.example.com.", "here.example.com.", "below.here.example.com.", "example.com.", "tree.example.com."]), random.choice(TYPES)


def ask(server, name, kind):
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    answer, _ = dns.query.udp_with_fallback(query, server[0], 5, server[1])
    return answer


def records(section):
    return {(rrset.name.to_text().lower(), rrset.rdtype, rdata.to_text().lower()) for rrset in section for rdata in rrset}


def is_private(text):
    return text.startswith(("10.", "127.", "fd"))


def reason(record, name):
    """Why the pod is not told this record."""
    _, kind, text = record
    if kind == dns.rdatatype.HTTPS:
        return "HTTPS for another name left out" if "svc.example.com" in text else "ech, h3 or hints left out of HTTPS"
    if kind == dns.rdatatype.DNAME:
        return "DNAME left out"
    if kind in (dns.rdatatype.A, dns.rdatatype.AAAA) and is_private(text):
        return "private address left out"
    if kind == dns.rdatatype.A and text.startswith(("198.51.100.", "192.0.2.")):
        return "24 of more addresses"
    return "lost: %s" % (record,)


def more(record):
    _, kind, text = record
    good = kind == dns.rdatatype.HTTPS and "ech" not in text and "h3" not in text and "10.0.0.1" not in text
    return "ech, h3 or hints left out of HTTPS" if good else "added: %s" % (record,)


def differences(name, kind):
    want, got = ask(UPSTREAM, name, kind), ask(POD, name, kind)
    if want.rcode() != got.rcode():
        yield "rcode %s for %s: %s %s" % (dns.rcode.to_text(got.rcode()), dns.rcode.to_text(want.rcode()), name, kind)
    a, b = records(want.answer), records(got.answer)
    capped = sum(r[1] == dns.rdatatype.A for r in b) == 24
    for record in a - b:
        why = reason(record, name)
        if why == "24 of more addresses" and not capped:
            why = "lost: %s" % (record,)
        yield why
    for record in b - a:
        yield more(record)
    if not want.answer and {r.rdtype for r in want.authority} != {r.rdtype for r in got.authority}:
        yield "authority of %s %s: %s" % (name, kind, got.authority)
    if got.flags & (dns.flags.AD | dns.flags.AA) or not got.flags & dns.flags.RA:
        yield "flags of %s" % name


def compare():
    met = collections.Counter()
    asked = 0
    for name, kind in questions():
        asked += 1
        found = set(differences(name, kind))
        if not found <= EXPECTED.keys():  # on a busy machine unbound itself may answer in another way now and then
            found = set(differences(name, kind))
        met.update(found)
    for what, n in sorted(met.items()):
        print("%5d %s: %s" % (n, what, EXPECTED.get(what, "NOT MEANT")))
    print("%5d questions" % asked)
    sys.exit(any(what not in EXPECTED for what in met) or len(met) < len(EXPECTED) - 1)


zone() if sys.argv[1] == "zone" else compare()
