"""When the kernel received something, so that a busy loop makes no target look slow."""

import socket
import struct
import time

SO_TIMESTAMPNS = 35  # linux/asm-generic/socket.h; the socket module does not name it
ANCILLARY_BYTES = socket.CMSG_SPACE(16)
Ancillary = list[tuple[int, int, bytes]]


def ask_for_arrivals(sock: socket.SocketType) -> None:
    """Have `recvmsg` tell the time at which the kernel received what it returns."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def arrived_at(ancillary: Ancillary, not_before: float) -> float:
    """The arrival as time.monotonic(), never before `not_before`; now when the kernel did not say."""
    now = time.monotonic()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= 16:
            seconds, nanoseconds = struct.unpack_from("qq", data)
            ago: float = time.time() - (seconds + nanoseconds / 1e9)
            return min(max(now - ago, not_before), now)
    return now
