"""The listeners of `bench/stream.py`, in a process of their own: one open stream a secret, all on one epoll.

    python bench/stream_clients.py PORT < secrets     # one a line, an empty line after the last

Prints `open` and the seconds it took once every stream is open. Then each line `FIRST LAST` on standard input is
answered with a line of JSON on the events of these numbers: what came, what is missing, what came twice, the delays.
"""

import json
import re
import resource
import select
import socket
import sys
import time

EVENT = re.compile(rb"number-(\d{7})-(\d+)")
AT_ONCE = 50


class Streams:
    """Open streams; notes which numbers reached which of them, and how long after they were sent."""

    def __init__(self, port, secrets):
        self.sockets, self.parts, self.heard = {}, {}, {}
        self.epoll = select.epoll()
        for start in range(0, len(secrets), AT_ONCE):
            self._open(port, secrets[start : start + AT_ONCE])

    def _open(self, port, secrets):
        sockets = [socket.create_connection(("127.0.0.1", port), 30) for _ in secrets]
        for one, secret in zip(sockets, secrets, strict=True):
            request = f"GET /api/signals/sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n"
            one.sendall(request.encode())
        for one in sockets:
            first = b""
            while b"retry:" not in first:
                chunk = one.recv(4096)
                if not chunk or not (first + chunk).startswith(b"HTTP/1.1 200"[: len(first + chunk)]):
                    raise SystemExit(f"a stream was refused: {(first + chunk)[:300]!r}")
                first += chunk
            one.setblocking(False)
            number = one.fileno()
            self.sockets[number], self.parts[number], self.heard[number] = one, b"", {}
            self.epoll.register(number, select.EPOLLIN)

    def read(self, number):
        """Takes what is there; False when the stream ended."""
        chunk = self.sockets[number].recv(1 << 16)
        now = time.monotonic_ns()
        if not chunk:
            self.epoll.unregister(number)
            return False
        text = self.parts[number] + chunk
        end = text.rfind(b"\n\n") + 2 if b"\n\n" in text else 0
        self.parts[number] = text[end:]
        heard = self.heard[number]
        for event, sent in EVENT.findall(text, 0, end):
            heard.setdefault(int(event), []).append(now - int(sent))
        return True

    def about(self, first, last):
        """What the streams heard of the events from `first` to before `last`; forgets it."""
        delays, lost, twice = [], 0, 0
        for heard in self.heard.values():
            for event in range(first, last):
                found = heard.pop(event, ())
                lost += not found
                twice += max(0, len(found) - 1)
                delays.extend(found[:1])
        delays.sort()
        at = lambda share: delays[min(int(len(delays) * share), len(delays) - 1)] / 1e6 if delays else None  # noqa: E731
        return {"delivered": len(delays), "lost": lost, "twice": twice, "p50": at(0.5), "p99": at(0.99), "max": at(1)}


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    secrets = []
    while line := sys.stdin.buffer.raw.readline().strip():
        secrets.append(line.decode())
    begun = time.monotonic()
    streams = Streams(int(sys.argv[1]), secrets)
    print(f"open {time.monotonic() - begun:.1f}", flush=True)
    streams.epoll.register(0, select.EPOLLIN)
    while True:
        for number, _ in streams.epoll.poll():
            if number:
                if not streams.read(number):
                    print(f"stream {number} ended", file=sys.stderr, flush=True)
                continue
            words = sys.stdin.buffer.raw.readline().split()
            if not words:
                return
            print(json.dumps(streams.about(*map(int, words))), flush=True)


if __name__ == "__main__":
    main()
