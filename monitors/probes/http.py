"""The HTTP probe: one request, its redirects hop by hop, and the judgement of the last answer."""

import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pycurl

from common.curl import failure_class
from common.resolve import is_address
from monitors.probes.assertions import NEED_BODY, Answer, judge, sentence
from monitors.probes.base import EXCERPT_BYTES, AssertionOutcome, ProbeFailed, Result
from monitors.probes.certificates import leaf_of
from monitors.probes.dialling import allowed
from monitors.probes.handles import Handle, Handles
from monitors.probes.judging import QUICK_BYTES
from monitors.probes.operations import Aside, Deadline, Operation, Resolve, Steps, Transfer
from monitors.probes.request import HttpRequest, redirected, request_of

_TIMES = (
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.APPCONNECT_TIME_T,
    pycurl.POSTTRANSFER_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
    pycurl.TOTAL_TIME_T,
)


def probe_http(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Fetch the check's URL and fill in `result`. Raises ProbeFailed when the target fails."""
    assertions = result.check.settings.get("assertions") or ()
    keep_body = any(assertion["source"] in NEED_BODY for assertion in assertions)
    request: HttpRequest | None = request_of(result.check.settings)
    spent_ms = 0.0
    while request is not None:
        hop_ms, body = yield from hop(request, result, handles, deadline, keep_body)
        spent_ms += hop_ms
        request = _next(request, result)
    result.latency_ms = spent_ms
    answer = Answer(
        result.status_code,
        result.headers,
        body,
        spent_ms,
        result.certificate,
        datetime.fromtimestamp(result.started_at, UTC),
    )
    if keep_body and len(body) > QUICK_BYTES:
        result.assertions = yield Aside(lambda: judge(assertions, answer))
    elif assertions:
        result.assertions = judge(assertions, answer)
    _conclude(result)


def _next(request: HttpRequest, result: Result) -> HttpRequest | None:
    status_code = result.status_code or 0
    if not 300 <= status_code < 400:
        return None
    location = next((value for name, value in result.headers if name.lower() == "location"), "")
    following = redirected(request, status_code, location)
    if following is not None:
        result.redirects += (following.to.url,)
    return following


def hop(
    request: HttpRequest, result: Result, handles: Handles, deadline: Deadline, keep_body: bool
) -> Generator[Operation, Any, tuple[float, bytes]]:
    """One request to the first address that takes it. Returns how long it took (ms) and the body.

    Writes address, status, headers, phases and certificate into `result`. Raises ProbeFailed.
    """
    dns_ms, addresses = yield from _addresses(request, deadline)
    result.phases.dns = (result.phases.dns or 0.0) + dns_ms
    dialled = allowed(addresses, handles.policy)
    spent_ms = dns_ms
    for position, address in enumerate(dialled, start=1):
        handle = handles.take()
        try:
            result.address = address
            handle.prepare(request, address, deadline.at - time.monotonic(), keep_body)
            code, message = yield Transfer(handle.curl)
            spent_ms += _note(request, result, handle)
            if code == 0:
                _must_be_wanted_version(request, handle)
                return spent_ms, b"".join(handle.body)
            if code != pycurl.E_COULDNT_CONNECT or position == len(dialled):
                raise _failed(request, result, handle, code, message)
        finally:
            handles.give_back(handle)
    raise AssertionError("unreachable: the last address returns or raises")


def _addresses(request: HttpRequest, deadline: Deadline) -> Generator[Operation, Any, tuple[float, tuple[str, ...]]]:
    proxy = request.shape.proxy
    host = request.to.host if proxy is None else proxy.host
    if is_address(host):
        return 0.0, (host,)
    started = time.monotonic()
    addresses = yield Resolve(host, request.ip_version, deadline.at, deadline.fresh)
    return (time.monotonic() - started) * 1000, addresses


def _note(request: HttpRequest, result: Result, handle: Handle) -> float:
    """Write down what a transfer, finished or broken, has shown. Returns its total time in ms."""
    curl = handle.curl
    result.status_code = curl.getinfo(pycurl.RESPONSE_CODE) or None
    result.headers = handle.headers.pairs()
    result.body_excerpt = b"".join(handle.body)[:EXCERPT_BYTES]
    lookup, connect, secured, sent, first, total = [curl.getinfo(name) for name in _TIMES]
    phases = result.phases
    phases.connect = _plus(phases.connect, connect - lookup, connect)
    phases.tls = _plus(phases.tls, secured - connect, secured)
    answered = handle.headers.has_begun
    phases.first_byte = _plus(phases.first_byte, first - sent, answered)
    phases.transfer = _plus(phases.transfer, total - first, answered)
    if request.to.scheme == "https":
        result.certificate = leaf_of(curl.getinfo(pycurl.INFO_CERTINFO))
    return float(total) / 1000


def _must_be_wanted_version(request: HttpRequest, handle: Handle) -> None:
    if request.shape.http_version == "2":
        spoken = handle.curl.getinfo(pycurl.INFO_HTTP_VERSION)
        if spoken != pycurl.CURL_HTTP_VERSION_2_0:
            raise ProbeFailed("assertion", f"{request.to.host} answered in HTTP/1, not in HTTP/2.")


def _plus(before: float | None, microseconds: int, reached: int | bool) -> float | None:
    """Add a duration of one hop; libcurl says 0 for what was not reached."""
    return (before or 0.0) + max(microseconds, 0) / 1000 if reached else before


def _failed(request: HttpRequest, result: Result, handle: Handle, code: int, message: str) -> ProbeFailed:
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


def _conclude(result: Result) -> None:
    """Fail by the first assertion that does not hold; without one about the status code, expect 200–399."""
    failed = [outcome for outcome in result.assertions if not outcome.ok]
    failed.sort(key=lambda outcome: outcome.source != "status_code")
    if failed:
        raise ProbeFailed(_class_of(failed[0]), sentence(failed[0]))
    expected = any(outcome.source == "status_code" for outcome in result.assertions)
    status_code = result.status_code or 0
    if not expected and not 200 <= status_code <= 399:
        raise ProbeFailed("http_status", f"The server answered with status {status_code}.")


def _class_of(outcome: AssertionOutcome) -> str:
    return "http_status" if outcome.source == "status_code" else "assertion"
