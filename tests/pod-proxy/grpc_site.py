#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server of gRPC, without any .proto: grpc_site.py ADDRESS CERT KEY LOG.

/t.T/Unary   what was sent, upper case; trailer "done"
/t.T/Fail    status 8, as a trailer alone
/t.T/Down    sent "N": N answers of a KiB
/t.T/Up      many sent: how many, and how long together
/t.T/Both    each one back, as it comes

LOG gets a JSON object a call: {"method", "metadata"}, and {"method", "ended"} for /t.T/Both."""
import json
import sys
from concurrent import futures

import grpc

address, cert, key, log = sys.argv[1:5]


def write(said):
    with open(log, "a") as f:
        f.write(json.dumps(said) + "\n")


def unary(request, context):
    context.set_trailing_metadata((("done", "yes"), ("told-bin", b"\0\1")))
    return request.upper()


def fail(request, context):
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more: 100% of it")


def down(request, context):
    for i in range(int(request)):
        yield b"%8d" % i + b"x" * 1016


def up(requests, context):
    sizes = [len(r) for r in requests]
    return b"%d %d" % (len(sizes), sum(sizes))


def both(requests, context):
    context.add_callback(lambda: write({"method": "Both", "ended": True}))
    for r in requests:
        yield b"echo " + r


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Down": grpc.unary_stream_rpc_method_handler(down),
    "Up": grpc.stream_unary_rpc_method_handler(up),
    "Both": grpc.stream_stream_rpc_method_handler(both),
}


class Handler(grpc.GenericRpcHandler):
    def service(self, call):
        said = {k: v if isinstance(v, str) else v.hex() for k, v in call.invocation_metadata}
        write({"method": call.method, "metadata": said})
        return METHODS.get(call.method.rpartition("/")[2])


def read(path):
    with open(path, "rb") as f:
        return f.read()


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
server.add_generic_rpc_handlers((Handler(),))
server.add_secure_port(address, grpc.ssl_server_credentials([(read(key), read(cert))]))
server.start()
server.wait_for_termination()
