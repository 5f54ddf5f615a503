#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client that would compress its messages, at wss://a.example: what became of it, a line each."""
import asyncio
import ssl

import websockets


async def main():
    context = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
    async with websockets.connect("wss://a.example/", ssl=context, compression="deflate") as socket:
        print("extensions", socket.extensions)
        for said in "offers", "leak":
            await socket.send(said)
            print(await socket.recv())
        long = "0123456789" * 30000
        await socket.send(long)
        print("echo of 300000:", await socket.recv() == long)


asyncio.run(main())
