"""The load generator of `bench/pings.py`: kept-alive sockets on one epoll, one ping in flight on each.

    python bench/ping_load.py PORT CLIENTS SECONDS HEARTBEATS

Prints: acknowledged, errors, pings a second, p50 and p99 in ms.
"""

import select
import socket
import sys
import time

from ping_tokens import token


def request(number):
    return f"GET /api/signals/ping/{token(number)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def open_sockets(port, clients):
    sockets = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(clients)]
    for one in sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setblocking(False)
    return {one.fileno(): one for one in sockets}


def is_complete(answer):
    """Whether a whole answer is there; it has a Content-Length, or ends with the last chunk."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    _, found, rest = head.lower().partition(b"content-length: ")
    return len(body) >= int(rest.split(b"\r\n", 1)[0]) if found else body.endswith(b"0\r\n\r\n")


def load(port, clients, seconds, heartbeats):
    # One ping of each heartbeat at a time, the whole round before the next: two within a second would be one signal.
    requests = [request(number) for number in range(heartbeats)]
    sockets = open_sockets(port, clients)
    epoll = select.epoll()
    sent_at, parts, taken, errors, latencies = {}, {}, 0, 0, []
    clock = time.perf_counter
    for number, one in sockets.items():
        epoll.register(number, select.EPOLLIN)
        sent_at[number] = clock()
        one.send(requests[taken % heartbeats])
        taken += 1
    started = clock()
    until = started + seconds
    pending = set(sockets)
    while pending and clock() < until + 15:
        for number, _ in epoll.poll(1):
            chunk = sockets[number].recv(65536)
            answer = parts.pop(number, b"") + chunk
            if chunk and not is_complete(answer):
                parts[number] = answer
                continue
            now = clock()
            pending.discard(number)
            if answer.startswith(b"HTTP/1.1 200"):
                latencies.append(now - sent_at[number])
            else:
                errors += 1
                if not chunk:
                    epoll.unregister(number)
                    continue
            if now < until:
                sent_at[number] = now
                sockets[number].send(requests[taken % heartbeats])
                taken += 1
                pending.add(number)
    elapsed = clock() - started
    latencies.sort()
    at = lambda share: latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 if latencies else 0  # noqa: E731
    print(len(latencies), errors + len(pending), len(latencies) / elapsed, at(0.5), at(0.99))


if __name__ == "__main__":
    load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
