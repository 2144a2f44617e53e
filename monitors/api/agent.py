"""What agents call: claim with a long poll, push a batch of results, end a run. Not part of the public API.

Known by a token of their region. Secrets of monitors are answered, so only over TLS or to this very machine.
"""

import json
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from common import clock
from common.api.problems import Problem, problem_response
from common.api.renderers import to_json
from common.client_address import client_address, resolve_client
from monitors.agent.wire import Malformed
from monitors.models import Region
from monitors.regions.agent_work import begin, end, hand_out, take_in
from monitors.regions.agents import agent_of

LONGEST_WAIT_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.5
MOST_BYTES = 16 * 1024 * 1024
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="agent"'}
Work = Callable[[Region, dict[str, Any], datetime], dict[str, Any]]


def _endpoint(work: Work) -> Callable[[HttpRequest], HttpResponse]:
    """A POST by an agent: who it is, what it sent, and every refusal as a problem."""

    @csrf_exempt
    @never_cache
    @wraps(work)
    def view(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return problem_response(request, Problem(405, headers={"Allow": "POST"}))
        if not _is_private(request):
            return problem_response(request, Problem(403, "Agents speak over https only."))
        now = clock.now()
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        token = agent_of(secret.strip(), address=client_address(request), now=now) if scheme == "Bearer" else None
        if token is None:
            return problem_response(request, Problem(401, "No enabled agent has this token.", headers=_CHALLENGE))
        try:
            answer = work(token.region, _body(request), now)
        except Malformed as wrong:
            return problem_response(request, Problem(400, str(wrong)[:300]))
        return HttpResponse(to_json(answer), content_type="application/json")

    return view


@_endpoint
def claim(region: Region, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Checks that fall due soon; waits until there are some, at most `waitSeconds`."""
    run, limit = begin(region, _id(body, "run"), ends=_id(body, "ends"), now=now), _number(body, "limit")
    give_up_at = time.monotonic() + min(_number(body, "waitSeconds"), LONGEST_WAIT_SECONDS)
    while True:
        checks = hand_out(region, run, limit=int(limit), now=clock.now()) if region.is_enabled else []
        if checks or time.monotonic() + LOOK_EVERY_SECONDS > give_up_at:
            break
        _rest()
        region.refresh_from_db(fields=["is_enabled"])
        run = begin(region, run, ends=None, now=clock.now())
    return {
        "run": run,
        "region": region.key,
        "referenceHosts": region.reference_hosts,
        "checks": checks,
        "receivedAt": now.timestamp(),
        "answeredAt": time.time(),
    }


@_endpoint
def results(region: Region, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Stores a batch; sent twice it counts once."""
    sent = body.get("results")
    if not isinstance(sent, list):
        raise Malformed("no list of results")
    return {"counted": take_in(region, sent, now=now)}


@_endpoint
def finish(region: Region, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What this run had claimed is free."""
    run = _id(body, "run")
    if run is not None:
        end(region, run, now=now)
    return {}


def _rest() -> None:
    """Waits without a connection of the pool; inside a transaction it stays, for it is not ours to end."""
    if not connection.in_atomic_block:
        connection.close()
    time.sleep(LOOK_EVERY_SECONDS)


def _is_private(request: HttpRequest) -> bool:
    """Whether nobody on the way reads along: TLS, also up to a trusted proxy, or the same machine."""
    if request.is_secure():
        return True
    address = client_address(request)
    if address is not None and ip_address(address).is_loopback:
        return True
    peer = request.META.get("REMOTE_ADDR", "")
    is_trusted = resolve_client(peer, "192.0.2.1", settings.TRUSTED_PROXIES) == "192.0.2.1"
    return is_trusted and request.headers.get("X-Forwarded-Proto") == "https"


def _body(request: HttpRequest) -> dict[str, Any]:
    raw = request.body
    try:
        if request.headers.get("Content-Encoding") == "gzip":
            raw = _unpacked(raw)
        body = json.loads(raw)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as wrong:
        raise Malformed("no JSON") from wrong
    if not isinstance(body, dict):
        raise Malformed("no object")
    return body


def _unpacked(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(raw, MOST_BYTES)
    if unpacker.unconsumed_tail:
        raise Malformed(f"more than {MOST_BYTES} bytes")
    if not unpacker.eof:
        raise Malformed("cut short")
    return found


def _id(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63):
        raise Malformed(f"{name} is no id")
    return value


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise Malformed(f"{name} is no number")
    return value
