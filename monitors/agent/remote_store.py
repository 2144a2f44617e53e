"""The engine's store over HTTPS: checks come from a long poll, results go to disk and from there to the platform."""

import gzip
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from monitors.agent.link import BatchRefused, Link, LinkDown
from monitors.agent.spool import Spool
from monitors.agent.wire import check_from, result_json
from monitors.probes.base import Check, Claim, Result
from monitors.scheduling.reference import OwnNetwork

log = logging.getLogger(__name__)

WAIT_SECONDS = 10.0
PAUSE_SECONDS = 0.5
ANSWER_SECONDS = 15.0
FIRST_RETRY, LAST_RETRY = 0.1, 30.0
BATCH_BYTES = 256 * 1024
_OFTEN_SECONDS = 10.0


class RemoteStore:
    """`monitors.probes.base.Store` of an agent. `claim_forever` and `push_forever` each want a thread of their own."""

    def __init__(self, make_link: Callable[[], Link], spool: Spool, own_network: OwnNetwork) -> None:
        self._claims, self._pushes = make_link(), make_link()
        self._spool = spool
        self._own_network = own_network
        self._reference_hosts = ""
        self._inbox: deque[Check] = deque()
        self._arrived = threading.Event()
        self._stopping = threading.Event()
        self._run: int | None = None
        self._ahead = 0.0
        self.region = ""

    def claim(self, *, now: float, until: float, limit: int) -> Claim:
        taken = [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]
        return Claim(taken, more=bool(self._inbox))

    def record(self, results: Sequence[Result]) -> None:
        """Puts results on disk; they are sent from there."""
        self._own_network.use(self._reference_hosts)
        for batch in _batches(self._own_network.believable(results), self._ahead):
            self._spool.add(batch)
        self._arrived.set()

    def pass_on(self) -> None:
        """There is nobody to pass it to: what is left stays with the platform."""

    def close(self) -> None:
        """What is on disk stays there."""

    def say_hello(self) -> None:
        """Begins a run, and ends one that a killed agent left. Raises LinkDown or TokenRefused."""
        self._ask(limit=0, wait_seconds=0.0, ends=_number(self._spool.noted("run")))

    def claim_forever(self, room: Callable[[], int], wake: Callable[[], None]) -> None:
        """Asks for checks, a moment ahead of their time, until told to stop."""
        retry = FIRST_RETRY
        while not self._stopping.is_set():
            pause = PAUSE_SECONDS
            limit = room() - len(self._inbox)
            try:
                if limit > 0 and self._ask(limit=limit, wait_seconds=WAIT_SECONDS):
                    wake()
                retry = FIRST_RETRY
            except LinkDown as down:
                log.warning("The platform does not answer (%s); asking again in %.0f s", down, max(retry, 1))
                pause, retry = max(retry, PAUSE_SECONDS), min(retry * 2, LAST_RETRY)
            self._stopping.wait(pause)

    def push_forever(self) -> None:
        """Sends what is on disk, oldest first, until told to stop and all is sent, or the platform is away."""
        retry = FIRST_RETRY
        while True:
            self._arrived.clear()
            try:
                while self._push_oldest():
                    retry = FIRST_RETRY
            except LinkDown as down:
                if self._stopping.is_set():
                    log.warning("%d batches stay on disk: %s", len(self._spool), down)
                    return
                log.warning("%d batches wait on disk (%s); sending again in %.1f s", len(self._spool), down, retry)
                self._stopping.wait(retry)
                retry = min(retry * 2, LAST_RETRY)
                continue
            if self._stopping.is_set():
                return
            self._arrived.wait(_OFTEN_SECONDS)

    def stop(self) -> None:
        """Asks for no more checks; what is on disk is sent once more."""
        self._stopping.set()
        self._arrived.set()

    def say_goodbye(self) -> None:
        """Frees what is still claimed; for after both threads have ended."""
        try:
            if self._run is not None:
                self._claims.post("/api/agent/end", _json({"run": self._run}), timeout_seconds=2.0)
                self._spool.note("run", "")
        except (LinkDown, BatchRefused) as down:
            log.warning("The platform could not be told of the end: %s", down)
        finally:
            self._claims.close()
            self._pushes.close()

    def _ask(self, *, limit: int, wait_seconds: float, ends: int | None = None) -> int:
        body = {"run": self._run, "limit": limit, "waitSeconds": wait_seconds, "ends": ends}
        asked_at = time.time()
        timeout = wait_seconds + ANSWER_SECONDS
        try:
            answer = self._claims.post("/api/agent/claim", _json(body), timeout_seconds=timeout)
        except BatchRefused as refused:
            raise LinkDown(str(refused)) from refused
        self._set_clock(answer, asked_at, time.time())
        self.region, self._reference_hosts = answer["region"], answer["referenceHosts"]
        if answer["run"] != self._run:
            self._run = answer["run"]
            self._spool.note("run", str(self._run))
        checks = [check_from(one, ahead=self._ahead) for one in answer["checks"]]
        self._inbox.extend(checks)
        return len(checks)

    def _set_clock(self, answer: dict[str, Any], asked_at: float, answered_at: float) -> None:
        """How far the platform's clock is before ours, as NTP finds it (RFC 5905 section 8)."""
        before = self._ahead
        self._ahead = ((answer["receivedAt"] - asked_at) + (answer["answeredAt"] - answered_at)) / 2
        if abs(self._ahead) > 1 >= abs(before):
            log.warning("The clocks differ by %.1f s; times are corrected", self._ahead)

    def _push_oldest(self) -> bool:
        batch = self._spool.oldest()
        if batch is None:
            return False
        try:
            self._pushes.post(
                "/api/agent/results", batch.read_bytes(), timeout_seconds=ANSWER_SECONDS * 2, is_gzip=True
            )
        except BatchRefused as refused:
            log.error("A batch of results is dropped, for the platform will not take it: %s", refused)
        self._spool.remove(batch)
        return True


def _batches(results: Sequence[Result], ahead: float) -> Iterator[bytes]:
    """Bodies of about 256 KiB each before they are compressed."""
    texts: list[str] = []
    size = 0
    for result in results:
        texts.append(json.dumps(result_json(result, ahead=ahead), allow_nan=False))
        size += len(texts[-1])
        if size > BATCH_BYTES:
            yield _packed(texts)
            texts, size = [], 0
    if texts:
        yield _packed(texts)


def _packed(texts: Sequence[str]) -> bytes:
    return gzip.compress(f'{{"results": [{", ".join(texts)}]}}'.encode(), compresslevel=3)


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
