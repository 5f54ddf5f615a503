#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls of grpc_site.py as a program in a pod makes them: grpc_client.py HOST CALL [ARG].
Prints what came of it, a line each."""
import queue
import sys

import grpc

CA = "/etc/ssl/certs/ca-certificates.crt"
WAIT = 20


def channel():
    with open(CA, "rb") as f:
        return grpc.secure_channel(sys.argv[1] + ":443", grpc.ssl_channel_credentials(f.read()))


def unary(c, text="hello"):
    said, call = c.unary_unary("/t.T/Unary").with_call(
        text.encode(), timeout=WAIT, metadata=(("authorization", "Bearer dummy"), ("mine", "kept")))
    print(said.decode(), *("%s=%s" % (k, v) for k, v in call.trailing_metadata()))


def fail(c):
    try:
        c.unary_unary("/t.T/Fail")(b"", timeout=WAIT)
    except grpc.RpcError as e:
        print(e.code().name, e.details())


def down(c, n="3"):
    got = [len(a) for a in c.unary_stream("/t.T/Down")(n.encode(), timeout=WAIT)]
    print(len(got), sum(got))


def up(c, n="3"):
    print(c.stream_unary("/t.T/Up")((b"x" * 1000 for _ in range(int(n))), timeout=WAIT).decode())


def both(c, n="3"):
    """The next is said when the one before was answered."""
    to = queue.Queue()
    answers = c.stream_stream("/t.T/Both")(iter(to.get, None), timeout=WAIT)
    for i in range(int(n)):
        to.put(b"%d" % i)
        print(next(answers).decode())
    to.put(None)
    print("end", *answers)


def cancel(c):
    """Given up in the middle."""
    to = queue.Queue()
    answers = c.stream_stream("/t.T/Both")(iter(to.get, None), timeout=WAIT)
    to.put(b"x")
    print(next(answers).decode())
    answers.cancel()
    to.put(None)
    unary(c)


def large(c, n="3000000"):
    """A message each way that no window takes at once."""
    print(c.unary_unary("/t.T/Unary")(b"x" * int(n), timeout=WAIT) == b"X" * int(n))


def many(c, n="50"):
    """All at once, on one connection."""
    calls = [c.unary_unary("/t.T/Unary").future(b"%d" % i * 1000, timeout=WAIT) for i in range(int(n))]
    print(sum(call.result() == b"%d" % i * 1000 for i, call in enumerate(calls)))


with channel() as c:
    globals()[sys.argv[2]](c, *sys.argv[3:])
