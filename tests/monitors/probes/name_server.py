"""A name server for tests: says over UDP and TCP what a table tells it, true or not."""

import socket
import struct
from contextlib import ExitStack, contextmanager

from tests.monitors.probes.scripted import tcp_server, udp_server

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257}
QUESTION = b"\xc0\x0c"  # a pointer to the question's name


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(kind, data, owner=QUESTION, ttl=300):
    return owner + struct.pack(">HHIH", TYPES[kind], 1, ttl, len(data)) + data


def reply(asked, *records, code=0, flags=0x8180):
    end = asked.index(b"\0", 12) + 5
    head = asked[:2] + struct.pack(">HHHHH", flags | code, 1, len(records), 0, 0)
    return head + asked[12:end] + b"".join(records)


@contextmanager
def name_server(over_udp, over_tcp=None):
    """`over_udp(question)` gives a list of datagrams, `over_tcp(question)` one message. Yields host:port."""

    def serve(connection):
        size = int.from_bytes(connection.recv(2))
        message = over_tcp(connection.recv(size))
        connection.sendall(struct.pack(">H", len(message)) + message)

    with ExitStack() as stack:
        if over_tcp is None:
            port = stack.enter_context(udp_server(over_udp))
        else:
            port = stack.enter_context(both(over_udp, serve))
        yield f"127.0.0.1:{port}"


@contextmanager
def both(over_udp, serve):
    with tcp_server(serve) as port, udp_server(over_udp, port) as same_port:
        assert port == same_port
        yield port


def address(text):
    return socket.inet_aton(text)
