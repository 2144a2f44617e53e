"""Real servers on loopback that behave as badly as asked: targets for probes, webhooks and journeys.

with Target() as target:
    target.url("/status/500")            # a path names a behaviour and its argument
    target.behave("/shop", "delay/50")   # or is given one, at any time, for the requests that follow
"""

import base64
import datetime as dt
import gzip
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote

import trustme

END = b"\r\n\r\n"
TLS_HELLO = b"\x16"
BROTLI_OF_64_MIB_OF_ZEROS = (
    "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+"
    "CYA4LADQvf/L//8//BMAcVgAoHv/Bw=="
)


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Connection:
    """One connection and the target's stop flag, for behaviours that never end by themselves."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping

    def answer(self, status: int = 200, body: bytes = b"ok", **headers: str) -> None:
        named = {"Content-Length": str(len(body)), "Connection": "close"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.sock.sendall(f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode("latin-1") + body)

    def send_until_closed(self, chunks: Iterator[bytes], pause: float = 0.0) -> None:
        for chunk in chunks:
            if self.stopping.wait(pause) if pause else self.stopping.is_set():
                return
            self.sock.sendall(chunk)


def forever(chunk: bytes) -> Iterator[bytes]:
    while True:
        yield chunk


def delay(connection: Connection, milliseconds: str) -> None:
    connection.stopping.wait(float(milliseconds) / 1000)
    connection.answer()


def hang(connection: Connection, _: str) -> None:
    connection.stopping.wait()


def reset(connection: Connection, _: str) -> None:
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection: Connection, _: str) -> None:
    """A byte every 50 ms: never idle, never done."""
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    connection.send_until_closed(forever(b"."), pause=0.05)


def drip_headers(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    connection.send_until_closed(forever(b"."), pause=0.05)


def endless(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    connection.send_until_closed(forever(b"x" * 65_536))


def header_bomb(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    connection.send_until_closed(f"X-Bomb-{number}: {'y' * 1000}\r\n".encode() for number in range(10**9))


def continue_bomb(connection: Connection, _: str) -> None:
    connection.send_until_closed(forever(b"HTTP/1.1 100 Continue\r\nX-Filler: zzzzzzzz\r\n\r\n"))


def gzip_bomb(connection: Connection, megabytes: str) -> None:
    bomb = gzip.compress(bytes(int(megabytes or 64) << 20))
    connection.answer(body=bomb, Content_Encoding="gzip")


def deflate_bomb(connection: Connection, megabytes: str) -> None:
    connection.answer(body=zlib.compress(bytes(int(megabytes or 64) << 20)), Content_Encoding="deflate")


def nested_bomb(connection: Connection, megabytes: str) -> None:
    """Compressed twice: a few hundred bytes that unfold twice."""
    bomb = gzip.compress(gzip.compress(bytes(int(megabytes or 64) << 20)))
    connection.answer(body=bomb, Content_Encoding="gzip, gzip")


def brotli_bomb(connection: Connection, _: str) -> None:
    connection.answer(body=base64.b64decode(BROTLI_OF_64_MIB_OF_ZEROS), Content_Encoding="br")


def zstd_bomb(connection: Connection, megabytes: str) -> None:
    """A frame of blocks that each repeat one byte 128 KiB long (RFC 8878 section 3.1.1)."""
    block, last = ((1 << 17 << 3 | 1 << 1 | is_last).to_bytes(3, "little") + b"\0" for is_last in (0, 1))
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + block * (int(megabytes or 64) * 8 - 1) + last
    connection.answer(body=frame, Content_Encoding="zstd")


def reset_body(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    connection.stopping.wait(0.02)
    reset(connection, _)


def broken_gzip(connection: Connection, _: str) -> None:
    connection.answer(body=b"this is not gzip at all", Content_Encoding="gzip")


def cut_short(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")


def garbage(connection: Connection, _: str) -> None:
    connection.sock.sendall(b"\x00\x01SSH-2.0-NotHTTP\r\n" + END)


def redirect(connection: Connection, rest: str) -> None:
    """`/redirect/302/<location, percent-encoded>`."""
    status, _, location = rest.partition("/")
    connection.answer(int(status), b"", Location=unquote(location))


def loop(connection: Connection, rest: str) -> None:
    connection.answer(302, b"", Location=f"/loop/{int(rest or 0) + 1}")


def large(connection: Connection, size: str) -> None:
    connection.answer(body=b"a" * int(size))


def text(connection: Connection, encoded: str) -> None:
    """`/text/<body, base64url>`."""
    connection.answer(body=base64.urlsafe_b64decode(encoded))


BEHAVIOURS: dict[str, Callable[[Connection, str], None]] = {
    "status": lambda connection, status: connection.answer(int(status)),
    "delay": delay,
    "hang": hang,
    "reset": reset,
    "drip": drip,
    "drip-headers": drip_headers,
    "endless": endless,
    "header-bomb": header_bomb,
    "continue-bomb": continue_bomb,
    "gzip-bomb": gzip_bomb,
    "deflate-bomb": deflate_bomb,
    "nested-bomb": nested_bomb,
    "brotli-bomb": brotli_bomb,
    "zstd-bomb": zstd_bomb,
    "reset-body": reset_body,
    "broken-gzip": broken_gzip,
    "cut-short": cut_short,
    "garbage": garbage,
    "redirect": redirect,
    "loop": loop,
    "large": large,
    "text": text,
    "invalid-utf8": lambda connection, _: connection.answer(body=b"caf\xe9 \xff\xfe ok"),
    "gzip": lambda connection, _: connection.answer(body=gzip.compress(b"zipped ok"), Content_Encoding="gzip"),
    "json": lambda connection, _: connection.answer(body=b'{"status": "up", "items": [1, 2, 3]}'),
}


class Target:
    """Answers each path with the behaviour it names, else with 200 `ok`, and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._context = context
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._host = host
        self._given: dict[str, str] = {}
        self._stopping = threading.Event()
        self.requests: list[Request] = []

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.refuse()

    def listen(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        address = (self._host, getattr(self, "port", 0))
        self._listener = socket.create_server(address, family=self._family, backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), name="target", daemon=True).start()

    def refuse(self) -> None:
        """From now on every new connection is refused, until `listen`."""
        with suppress(OSError):
            # Closing alone does not wake a thread that waits in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def url(self, path: str = "/", host: str | None = None) -> str:
        name = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{'https' if self._context else 'http'}://{name}:{self.port}{path}"

    def behave(self, path: str, behaviour: str) -> None:
        """From now on answer `path` as `behaviour` (`status/500`, `hang`, …)."""
        self._given[path] = behaviour

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), name="target-connection", daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            request = _read_request(sock)
            if request is not None:
                self.requests.append(request)
                self._behave(Connection(sock, self._stopping), request)
        except OSError:
            pass  # the other side went away or refused our certificate: what these targets are for
        finally:
            sock.close()

    def _behave(self, connection: Connection, request: Request) -> None:
        path = request.path.partition("?")[0]
        name, _, rest = self._given.get(path, path.lstrip("/")).partition("/")
        if name == "echo":
            echoed = {"method": request.method, "headers": request.headers, "body": request.body.decode()}
            connection.answer(body=json.dumps(echoed).encode())
        elif name == "guarded":
            _guarded(connection, request)
        else:
            BEHAVIOURS.get(name, lambda connection, _: connection.answer())(connection, rest)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _guarded(connection: Connection, request: Request) -> None:
    """Digest authentication (RFC 7616): challenges, and lets alice in who knows `secret`."""
    given = request.headers.get("authorization", "")
    said = dict(re.findall(r'(\w+)="?([^",]*)"?', given.removeprefix("Digest ")))
    whom = _md5(f"{said.get('username')}:r:secret")
    what = _md5(f"{request.method}:{request.path}")
    right = _md5(f"{whom}:n0:{said.get('nc')}:{said.get('cnonce')}:auth:{what}")
    if given.startswith("Digest ") and said.get("username") == "alice" and said.get("response") == right:
        connection.answer(body=b"welcome")
    else:
        connection.answer(401, b"", WWW_Authenticate='Digest realm="r", nonce="n0", qop="auth", algorithm=MD5')


def _read_request(sock: socket.socket) -> Request | None:
    received = b""
    while END not in received:
        chunk = sock.recv(65_536)
        if not chunk:
            return None
        received += chunk
        if received[:1] == TLS_HELLO:
            return None
    head, _, body = received.partition(END)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += sock.recv(65_536)
    return Request(method, path, headers, body)


@contextmanager
def refusing_url() -> Iterator[str]:
    """A URL whose port nobody listens on, and nobody else gets: it is bound, and not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/"


class Authority:
    """A certificate authority for one test run; `file` is what a client is to trust."""

    def __init__(self) -> None:
        self._authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        descriptor, name = tempfile.mkstemp(suffix=".pem")
        os.close(descriptor)
        self.file = name
        Path(name).write_bytes(self._authority.cert_pem.bytes())

    def context(self, *names: str, not_after: dt.datetime | None = None) -> ssl.SSLContext:
        """A server's context with a certificate for `names` (default: localhost and 127.0.0.1)."""
        issued = self._authority.issue_cert(*(names or ("localhost", "127.0.0.1")), not_after=not_after)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        return context

    def expired_context(self) -> ssl.SSLContext:
        return self.context(not_after=dt.datetime.now(dt.UTC) - dt.timedelta(days=1))

    def close(self) -> None:
        Path(self.file).unlink(missing_ok=True)
