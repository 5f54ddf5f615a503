#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ask.py SOCKET: each line of standard input to the queue, each answer to standard output."""
import socket
import sys

s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(sys.argv[1])
f = s.makefile("rb")
for line in sys.stdin.buffer:
    s.sendall(line)
    answer = f.readline()
    if not answer:
        sys.exit("the queue hung up")
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
