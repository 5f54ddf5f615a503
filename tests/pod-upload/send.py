#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# send.py SOCKET LINE [BYTES]: a line, then standard input (only BYTES of it, and then nothing more
# until it is killed), the answers on standard output.
import socket
import sys
import time

s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(sys.argv[1])
try:
    s.sendall(sys.argv[2].encode("utf-8", "surrogateescape") + b"\n")
    if len(sys.argv) > 3:
        s.sendall(sys.stdin.buffer.read(int(sys.argv[3])))
        print("sent", flush=True)
        time.sleep(600)
    while data := sys.stdin.buffer.read(65536):
        s.sendall(data)
except (BrokenPipeError, ConnectionResetError):
    pass
try:
    s.shutdown(socket.SHUT_WR)
except OSError:
    pass
try:
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
except ConnectionResetError:
    pass
