"""What a probe asks its driver to do. A probe is a generator of these: it knows neither loop nor thread.

A driver answers each operation by resuming the probe with its answer, or by throwing ProbeFailed into it.
The engine's loop is one driver, `once.py` the other.
"""

import select
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pycurl

READ, WRITE = select.EPOLLIN, select.EPOLLOUT


class Resolve(NamedTuple):
    """Look a name up. Answered with a tuple of addresses in dialling order."""

    host: str
    ip_version: int | None
    deadline: float  # time.monotonic()
    fresh: bool  # not out of a cache


class Transfer(NamedTuple):
    """Carry out one prepared libcurl transfer. Answered with its code and message, (0, "") if all is well."""

    curl: pycurl.Curl


class Aside(NamedTuple):
    """Do costly work where it holds nobody up. Answered with what it returns."""

    work: Callable[[], Any]


class Wait(NamedTuple):
    """Wait until a socket is ready. Answered with True, or with False when the deadline came first."""

    fd: int
    mask: int  # READ, WRITE or both
    deadline: float  # time.monotonic()
    is_timed_by_kernel: bool = False  # the kernel notes when what is waited for came: being told late changes no figure


Operation = Resolve | Transfer | Aside | Wait
Steps = Generator[Operation, Any, None]


@dataclass(slots=True)
class Deadline:
    """When a look must end (time.monotonic()), and whether it may believe what an earlier one learned."""

    at: float
    fresh: bool = False
