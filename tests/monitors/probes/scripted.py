"""Small servers that say what a test tells them: TCP by a function per connection, UDP by one per datagram."""

import base64
import hashlib
import socket
import threading
from contextlib import contextmanager, suppress

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


@contextmanager
def tcp_server(script, context=None):
    """Run `script(connection)` for each connection; yields the port. `context` secures it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection):
        with suppress(OSError), connection:
            connection.settimeout(20)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                script(connection)

    def accept():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def udp_server(answers, port=0):
    """Send each datagram in `answers(datagram)` back; yields the port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", port))

    def serve():
        with suppress(OSError):
            while True:
                question, sender = server.recvfrom(65_535)
                if question == b"stop" and sender == server.getsockname():
                    return
                for answer in answers(question):
                    server.sendto(answer, sender)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.sendto(b"stop", server.getsockname())
        thread.join(5)
        server.close()


def hang(connection):
    """Say nothing until the other side has had enough."""
    with suppress(OSError):
        while connection.recv(65_536):
            pass


def forever(chunk, pause=0.0):
    """Send `chunk` again and again."""
    waiting = threading.Event()

    def script(connection):
        while True:
            connection.sendall(chunk)
            waiting.wait(pause) if pause else None

    return script


def closed_port(kind=socket.SOCK_STREAM):
    """A port that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def accept_then(*frames):
    """Accept a WebSocket handshake and send frames in the same packet."""

    def script(connection):
        lines = connection.recv(4_000).split(b"\r\n")
        key = next(line.split(b": ")[1] for line in lines if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        head = b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        connection.sendall(head + accept + b"\r\n\r\n" + b"".join(frames))
        hang(connection)

    return script
