"""The server that bench/probes.py probes: a process of its own, so that its CPU counts for nobody.

    python bench/probe_target.py [certificate.pem key.pem]

Prints its port, the same on each of ADDRESSES: one address has 28,000 ports for its callers, and a port that was used
rests for a minute. Answers at once, or after 50 ms under /slow, and closes.
"""

import asyncio
import ssl
import sys

import uvloop

BODY = b'{"status": "up", "service": "shop", "checks": [1, 2, 3]}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(BODY), BODY)
)
SLOW_SECONDS = 0.05
ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 17))


class Answering(asyncio.Protocol):
    """One connection, one answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        if self._received.startswith(b"GET /slow"):
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(ANSWER)
        self._transport.close()


async def serve(context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    first = await loop.create_server(Answering, ADDRESSES[0], 0, ssl=context, backlog=4096)
    port = first.sockets[0].getsockname()[1]
    others = await loop.create_server(Answering, ADDRESSES[1:], port, ssl=context, backlog=4096)
    print(port, flush=True)
    await asyncio.gather(first.serve_forever(), others.serve_forever())


def main() -> None:
    context = None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    uvloop.run(serve(context))


if __name__ == "__main__":
    main()
