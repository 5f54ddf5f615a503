#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server of WebSockets that compresses their messages where the client can read that: websocket_site.py ADDRESS CERT KEY.

It echoes; "offers" is answered with the extensions that the client has offered, "leak" with its credential."""
import asyncio
import ssl
import sys

import websockets

address, cert, key = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


async def serve(socket):
    async for message in socket:
        if message == "offers":
            message = "server saw %s" % socket.request_headers.get("Sec-WebSocket-Extensions")
        elif message == "leak":
            message = "said %s" % socket.request_headers["Authorization"]
        await socket.send(message)


async def main():
    async with websockets.serve(serve, address, 443, ssl=context, compression="deflate"):
        await asyncio.Future()


asyncio.run(main())
