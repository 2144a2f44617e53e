"""Servers that stall, drip, flood, babble and hang up in the middle, for every type that speaks over TCP.

As a program it runs all of them, says their ports, and ends with its input.
"""

import json
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path

from tests.monitors.probes.scripted import forever, hang, tcp_server

ROOT = Path(__file__).parents[3]

GARBAGE = bytes(range(256))
MYSQL_GREETING = b"\x0a8.0\0" + bytes(4) + b"12345678\0" + b"\xff\xf7\x2d\x02\0\xff\xff\x15" + bytes(10) + b"x" * 13
# How each is asked, and what a server of its kind says first.
TYPES = {
    "tcp": ({"expect": "right"}, b"wrong"),
    "tls": ({}, b"\x16\x03\x03\x40\x00\x02"),
    "smtp": ({"tls": "none"}, b"220 mail.example ESMTP\r\n"),
    "imap": ({"tls": "none"}, b"* OK ready\r\n"),
    "ssh": ({}, b"SSH-2.0-server\r\n"),
    "redis": ({}, b"+PO"),
    "grpc": ({"tls": "none"}, bytes(3) + b"\x04" + bytes(5)),
    "postgresql": ({"engine": "postgresql", "username": "u", "tls": "none"}, b"R" + struct.pack(">II", 8, 0)),
    "mysql": (
        {"engine": "mysql", "username": "u", "tls": "none"},
        len(MYSQL_GREETING).to_bytes(3, "little") + b"\0" + MYSQL_GREETING,
    ),
    "websocket": ({"expect": "right"}, b"HTTP/1.1 101 Yes\r\n"),
    "http": ({}, b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"),
    "domain": ({"hostname": "shop.example"}, b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"),
}


def drip(data):
    """A byte every 30 ms: never silent for long, never done."""

    def script(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            wait(connection, 0.03)
        forever(b"\0", pause=0.03)(connection)

    return script


def wait(connection, seconds):
    """So long, unless the other side hangs up."""
    connection.settimeout(seconds)
    with suppress(TimeoutError):
        if not connection.recv(65_536):
            raise ConnectionError


def half_closed(said):
    """Say something and that nothing more will come, and keep listening."""

    def script(connection):
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        hang(connection)

    return script


def say(said, then=hang):
    def script(connection):
        connection.sendall(said)
        then(connection)

    return script


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


BROKEN = {"reset", "assertion", "tls", "http_status"}
BEHAVIOURS = {
    "never answers": (lambda said: hang, {"timeout"}),
    "says its first word and no more": (say, {"timeout"}),
    # What a byte at a time spells may be wrong before the time is over.
    "drips": (drip, {"timeout", *BROKEN}),
    "babbles": (lambda said: forever(GARBAGE), {"too_large", *BROKEN}),
    "babbles after its first word": (lambda said: say(said, forever(GARBAGE)), {"too_large", *BROKEN}),
    "says its first word for ever": (forever, {"too_large", "timeout", *BROKEN}),
    "sends a line without an end": (lambda said: forever(b"220 " * 1_000), {"too_large", "timeout", *BROKEN}),
    "hangs up at once": (lambda said: lambda connection: None, {"reset"}),
    "hangs up after its first word": (lambda said: lambda connection: connection.sendall(said), BROKEN),
    "resets": (lambda said: reset, {"reset"}),
    "closes its half at once": (lambda said: half_closed(b""), BROKEN),
    "closes its half after its first word": (half_closed, BROKEN),
}


def question(type, port):
    """The probe that asks a server of this type, and its settings."""
    settings, _ = TYPES[type]
    place = {"host": "127.0.0.1", "port": port}
    if type in ("http", "websocket"):
        place = {"url": f"{'ws' if type == 'websocket' else type}://127.0.0.1:{port}/"}
    elif type == "domain":
        place = {"server": f"http://127.0.0.1:{port}/"}
    return ("sql" if "engine" in settings else type), settings | place


def misbehave(type, behaviour):
    """A script for `tcp_server`, and the classes in which a check of it may end."""
    script, classes = BEHAVIOURS[behaviour]
    return script(TYPES[type][1]), classes


@contextmanager
def hostile_ports():
    """The port of each (type, behaviour), in a process of their own: theirs is not the time of who checks them."""
    command = [sys.executable, "-m", "tests.monitors.probes.hostile"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield dict(zip(product(TYPES, BEHAVIOURS), json.loads(process.stdout.readline()), strict=True))
    finally:
        process.communicate(timeout=20)


def main():
    with ExitStack() as stack:
        servers = [tcp_server(misbehave(*one)[0]) for one in product(TYPES, BEHAVIOURS)]
        print(json.dumps([stack.enter_context(server) for server in servers]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
