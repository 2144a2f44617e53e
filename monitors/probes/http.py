"""The HTTP probe: one request, its redirects hop by hop, and the judgement of the last answer."""

import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from common.resolve import is_address
from monitors.probes.assertions import NEED_BODY, Answer, judge, sentence
from monitors.probes.base import AssertionOutcome, ProbeFailed, Result
from monitors.probes.dialling import NotConnected, allowed
from monitors.probes.handles import Handles
from monitors.probes.http_answer import BadAnswer
from monitors.probes.http_direct import fetch_direct, is_direct
from monitors.probes.http_libcurl import fetch_by_libcurl
from monitors.probes.judging import QUICK_BYTES
from monitors.probes.operations import Aside, Deadline, Operation, Resolve, Steps
from monitors.probes.request import HttpRequest, redirected, request_of


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
    spent_ms, fetch = dns_ms, _fetch_direct if _goes_direct(request, handles) else fetch_by_libcurl
    for position, address in enumerate(dialled, start=1):
        result.address, started = address, time.monotonic()
        try:
            fetch_ms, body = yield from fetch(request, address, result, handles, deadline, keep_body)
            return spent_ms + fetch_ms, body
        except NotConnected:
            if position == len(dialled):
                raise
            spent_ms += (time.monotonic() - started) * 1000
    raise AssertionError("unreachable: the last address returns or raises")


def _goes_direct(request: HttpRequest, handles: Handles) -> bool:
    return is_direct(request) and (request.to.host, request.to.port) not in handles.left_to_libcurl


def _fetch_direct(
    request: HttpRequest, address: str, result: Result, handles: Handles, deadline: Deadline, keep_body: bool
) -> Generator[Operation, Any, tuple[float, bytes]]:
    phases, certificate = result.phases, result.certificate
    try:
        return (yield from fetch_direct(request, address, result, handles, deadline, keep_body))
    except BadAnswer:
        # libcurl forgives more, and has words for what it does not. GET and HEAD may be made twice; one counts.
        result.phases, result.certificate = phases, certificate
        return (yield from fetch_by_libcurl(request, address, result, handles, deadline, keep_body))


def _addresses(request: HttpRequest, deadline: Deadline) -> Generator[Operation, Any, tuple[float, tuple[str, ...]]]:
    proxy = request.shape.proxy
    host = request.to.host if proxy is None else proxy.host
    if is_address(host):
        return 0.0, (host,)
    started = time.monotonic()
    addresses = yield Resolve(host, request.ip_version, deadline.at, deadline.fresh)
    return (time.monotonic() - started) * 1000, addresses


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
