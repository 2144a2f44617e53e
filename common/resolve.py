"""A blocking name look-up with a time limit the operating system's own does not have."""

import socket
from functools import lru_cache
from ipaddress import ip_address
from threading import BoundedSemaphore, Event, Thread

FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
# A look-up that outlives its limit keeps its thread until the system gives up; this bounds how many can.
_threads = BoundedSemaphore(64)


class ResolveFailed(Exception):
    """A name has no address, or none was learned in time; the text says which, for a person."""


def is_address(host: str) -> bool:
    """Whether `host` is an IP address and needs no look-up."""
    return (":" in host or host[-1:].isdigit()) and _is_address(host)


@lru_cache(maxsize=4096)
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def in_dialling_order(addresses: set[str]) -> tuple[str, ...]:
    """IPv4 first: a host without a working IPv6 route must not make every target look slow."""
    return tuple(sorted(addresses, key=lambda address: (":" in address, address)))


def resolve(host: str, *, ip_version: int | None = None, timeout_seconds: float) -> tuple[str, ...]:
    """Return the addresses of `host`, IPv4 first. Raises ResolveFailed when the time is over."""
    if not _threads.acquire(timeout=max(timeout_seconds, 0)):
        raise ResolveFailed(f"Too many name look-ups are waiting; {host} was not tried.")
    answer: list[tuple[str, ...] | OSError | UnicodeError] = []
    done = Event()
    Thread(target=_look_up, args=(host, ip_version, answer, done), name="resolve", daemon=True).start()
    if not done.wait(max(timeout_seconds, 0)):
        raise ResolveFailed(f"The name {host} could not be resolved in time.")
    if not isinstance(answer[0], tuple):
        raise ResolveFailed(f"The name {host} could not be resolved: {_reason(answer[0])}.")
    return answer[0]


def _look_up(
    host: str,
    ip_version: int | None,
    answer: list[tuple[str, ...] | OSError | UnicodeError],
    done: Event,
) -> None:
    try:
        found = socket.getaddrinfo(host, None, FAMILIES[ip_version], socket.SOCK_STREAM)
        answer.append(in_dialling_order({str(entry[4][0]) for entry in found}))
    except (OSError, UnicodeError) as error:
        answer.append(error)
    finally:
        _threads.release()
        done.set()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
