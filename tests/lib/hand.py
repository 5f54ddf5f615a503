#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# hand.py PATH NAME COMMAND...: listen on the Unix socket PATH, and become COMMAND with it as
# descriptor 3, as a pod's session hands it in (sd_listen_fds).
import os
import socket
import sys

path, name, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(path + ".new")
s.listen(64)
os.chmod(path + ".new", 0o666)
os.rename(path + ".new", path)  # who finds it can connect
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=name)
os.execvp(argv[0], argv)
