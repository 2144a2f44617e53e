"""A gRPC health service in as much HTTP/2 as one call takes."""

DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STATUS_200, STATUS_404 = b"\x88", b"\x8d"  # of HPACK's static table (RFC 7541 appendix A)


def frame(kind, flags, payload, stream=1):
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def field(name, value):
    """A header as a literal without indexing (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def message(body):
    return b"\0" + len(body).to_bytes(4) + body


def health(body=b"\x08\x01", grpc_status="0", status=STATUS_200, type="application/grpc", note="", asked=None):
    """A script that answers one call."""

    def script(connection):
        with connection.makefile("rb") as stream:
            if stream.read(len(PREFACE)) != PREFACE:
                return
            connection.sendall(frame(SETTINGS, 0, b"", 0))
            question = read_call(stream)
            if asked is not None:
                asked.append(question)
            trailers = field("grpc-status", grpc_status) + field("grpc-message", note)
            connection.sendall(
                frame(HEADERS, END_HEADERS, status + field("content-type", type))
                + frame(DATA, 0, message(body) if body is not None else b"")
                + frame(HEADERS, END_HEADERS | END_STREAM, trailers)
            )
            stream.read(1)

    return script


def read_call(stream):
    data = b""
    while True:
        head = stream.read(9)
        if len(head) < 9:
            raise ConnectionError
        payload = stream.read(int.from_bytes(head[:3]))
        data += payload if head[3] == DATA else b""
        if head[3] in (DATA, HEADERS) and head[4] & END_STREAM:
            return data
