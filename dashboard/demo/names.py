"""The name server of the examples: one address for every name, another one for a minute in seven."""

import socketserver
import threading
import time

_AS_EVER, _MOVED = bytes([192, 0, 2, 10]), bytes([198, 51, 100, 7])
_ANSWER = b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4"  # the question's name, type A, class IN, 30 s, four bytes


def serve_names() -> str:
    """Starts it in a thread of its own and returns its host:port."""
    server = socketserver.UDPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, name="demo names", daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        asked, server = self.request
        end = asked.find(b"\0", 12) + 5
        if len(asked) >= end > 16:
            address = _MOVED if time.time() % 420 < 60 else _AS_EVER
            head = asked[:2] + b"\x81\x80" + b"\0\1\0\1\0\0\0\0"
            server.sendto(head + asked[12:end] + _ANSWER + address, self.client_address)
