"""Makes one request through libcurl: over TLS, with bodies, logins, proxies, HTTP/2, and whatever is odd."""

import time
from collections.abc import Generator
from typing import Any

import pycurl

from common.curl import failure_class
from monitors.probes.base import EXCERPT_BYTES, Phases, ProbeFailed, Result
from monitors.probes.certificates import leaf_of
from monitors.probes.dialling import NotConnected
from monitors.probes.handles import Handle, Handles
from monitors.probes.operations import Deadline, Operation, Transfer
from monitors.probes.request import HttpRequest

_TIMES = (
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.APPCONNECT_TIME_T,
    pycurl.POSTTRANSFER_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
    pycurl.TOTAL_TIME_T,
)


def fetch_by_libcurl(
    request: HttpRequest, address: str, result: Result, handles: Handles, deadline: Deadline, keep_body: bool
) -> Generator[Operation, Any, tuple[float, bytes]]:
    """Make the request to `address`. Returns how long it took (ms) and the body.

    Writes status, headers, phases and certificate into `result`. Raises ProbeFailed.
    """
    handle = handles.take()
    try:
        handle.prepare(request, address, deadline.at - time.monotonic(), keep_body)
        code, message = yield Transfer(handle.curl)
        spent_ms = _note(request, result, handle)
        if code != 0:
            raise _failed(request, result, handle, code, message)
        _must_be_wanted_version(request, handle)
        return spent_ms, b"".join(handle.body)
    finally:
        handles.give_back(handle)


def _note(request: HttpRequest, result: Result, handle: Handle) -> float:
    """Write down what a transfer, finished or broken, has shown. Returns its total time in ms."""
    curl = handle.curl
    result.status_code = curl.getinfo(pycurl.RESPONSE_CODE) or None
    result.headers = handle.headers.pairs()
    result.body_excerpt = b"".join(handle.body)[:EXCERPT_BYTES]
    lookup, connect, secured, sent, first, total = [curl.getinfo(name) for name in _TIMES]
    answered = handle.headers.has_begun
    spent = Phases(
        connect=_ms(connect - lookup, connect),
        tls=_ms(secured - connect, secured),
        first_byte=_ms(first - sent, answered),
        transfer=_ms(total - first, answered),
    )
    result.phases = result.phases.plus(spent)
    if request.to.scheme == "https":
        result.certificate = leaf_of(curl.getinfo(pycurl.INFO_CERTINFO))
    # The address is given: what libcurl calls a lookup is its own work.
    return float(total - lookup) / 1000


def _must_be_wanted_version(request: HttpRequest, handle: Handle) -> None:
    if request.shape.http_version == "2":
        spoken = handle.curl.getinfo(pycurl.INFO_HTTP_VERSION)
        if spoken != pycurl.CURL_HTTP_VERSION_2_0:
            raise ProbeFailed("assertion", f"{request.to.host} answered in HTTP/1, not in HTTP/2.")


def _ms(microseconds: int, reached: int | bool) -> float | None:
    """A duration of one hop; libcurl says 0 for what was not reached."""
    return max(microseconds, 0) / 1000 if reached else None


def _failed(request: HttpRequest, result: Result, handle: Handle, code: int, message: str) -> ProbeFailed:
    failure = _failure(request, result, handle, code, message)
    return NotConnected(failure.failure_class, failure.detail) if code == pycurl.E_COULDNT_CONNECT else failure


def _failure(request: HttpRequest, result: Result, handle: Handle, code: int, message: str) -> ProbeFailed:
    if handle.overflowed:
        what = "headers" if handle.headers.overflowed else "body"
        return ProbeFailed("too_large", f"The answer's {what} exceeded what a check reads.")
    name = failure_class(code, handle.curl.getinfo(pycurl.OS_ERRNO))
    if handle.guard.refused is not None and code == pycurl.E_COULDNT_CONNECT:
        return ProbeFailed("blocked", f"{handle.guard.refused}; it may not be checked from here.")
    server = f"{request.to.host} ({result.address}) port {request.to.port}"
    return ProbeFailed(name, _SENTENCES[name].format(server=server, message=message.rstrip(".")))


_SENTENCES = {
    "dns": "The name of {server} could not be resolved.",
    "refused": "{server} refused the connection.",
    "timeout": "{server} did not answer in time: {message}.",
    "reset": "The connection to {server} broke before the answer was complete: {message}.",
    "unreachable": "{server} cannot be reached: {message}.",
    "tls": "No secure connection to {server}: {message}.",
    "too_large": "The answer of {server} exceeded what a check reads: {message}.",
}
