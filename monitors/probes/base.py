"""What goes into a probe and what comes out of it: the vocabulary every other part of checking shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

EXCERPT_BYTES = 4096
FAILURE_CLASSES = (
    "dns",
    "refused",
    "timeout",
    "reset",
    "unreachable",
    "tls",
    "http_status",
    "assertion",
    "too_large",
    "blocked",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One execution of a monitor in one region."""

    monitor_id: int
    region_id: int
    type: str
    settings: Mapping[str, Any]
    scheduled_at: float  # epoch seconds
    timeout_ms: int
    second_look: bool = False  # repeat a failure once, at once, before it is reported
    context: Any = None  # the store's own snapshot, carried back untouched


@dataclass(slots=True, kw_only=True)
class Phases:
    """Durations in ms, summed over redirects; None means not reached. They add up to the latency.

    `first_byte` runs from the request being sent to the first byte of the answer.
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    transfer: float | None = None

    @property
    def total_ms(self) -> float:
        """The sum of what was reached."""
        parts = (self.dns, self.connect, self.tls, self.first_byte, self.transfer)
        return sum(part for part in parts if part is not None)

    def plus(self, other: "Phases") -> "Phases":
        """These and those of another hop."""
        return Phases(
            dns=_sum(self.dns, other.dns),
            connect=_sum(self.connect, other.connect),
            tls=_sum(self.tls, other.tls),
            first_byte=_sum(self.first_byte, other.first_byte),
            transfer=_sum(self.transfer, other.transfer),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    if one is None:
        return other
    return one if other is None else one + other


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The leaf certificate a server showed, verified or not."""

    subject: str
    issuer: str
    names: tuple[str, ...]  # subject alternative names: DNS names and addresses
    not_before: datetime
    not_after: datetime
    fingerprint: str  # SHA-256 of the DER form, lower-case hex
    serial: str  # lower-case hex
    key: str = ""  # kind and size: "RSA 2048", "EC secp256r1", "Ed25519"


@dataclass(slots=True, kw_only=True)  # not frozen: that triples what making one costs, and each check makes some
class AssertionOutcome:
    """How one assertion of a monitor went. `actual` is None when there was nothing to compare."""

    source: str
    property: str | None
    comparison: str
    target: Any
    actual: Any
    ok: bool


@dataclass(slots=True, kw_only=True)
class Result:
    """What one check found. Filled in as the probe goes, so a failure keeps all that was learned before."""

    check: Check
    started_at: float  # epoch seconds
    finished_at: float
    lag_ms: float  # late start against scheduled_at
    loop_lag_ms: float  # the longest turn of the loop while this ran: how far its times may be off
    ok: bool = True
    failure_class: str | None = None
    detail: str = ""  # one sentence for a person, empty when ok
    status_code: int | None = None
    address: str | None = None  # the one dialled last
    latency_ms: float | None = None  # until the last byte, all hops; None when no answer came
    phases: Phases = field(default_factory=Phases)
    certificate: Certificate | None = None
    assertions: tuple[AssertionOutcome, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body_excerpt: bytes = b""  # the decoded body's first 4 KiB
    redirects: tuple[str, ...] = ()  # the URLs that were followed
    first_look: str | None = None  # failure class of the failed first look, when a second was made
    facts: dict[str, Any] = field(default_factory=dict)  # what else its type learned: banner, records, loss; JSON
    objection: str | None = None  # SSL or DNS: it answers, but not with the certificate or records expected

    def fail(self, failure_class: str, detail: str) -> None:
        """Mark this result as failed, for a reason out of FAILURE_CLASSES."""
        self.ok, self.failure_class, self.detail = False, failure_class, detail


class ProbeFailed(Exception):
    """The target failed its check; raised inside a probe, becomes the result's class and detail."""

    def __init__(self, failure_class: str, detail: str, *, objection: str | None = None) -> None:
        super().__init__(detail)
        self.failure_class = failure_class
        self.detail = detail
        self.objection = objection


class Claim(NamedTuple):
    """Checks that now belong to the claimer. `more`: due ones were left for somebody else."""

    checks: list[Check]
    more: bool


class Store(Protocol):
    """Where checks come from and results go. Called in the engine's database thread, and only there."""

    def claim(self, *, now: float, until: float, limit: int) -> Claim:
        """Take up to `limit` checks that fall due before `until` (epoch seconds)."""

    def record(self, results: Sequence[Result]) -> None:
        """Store results in one transaction. Raises when nothing was stored; they are then offered again."""

    def pass_on(self) -> None:
        """Tell another worker that due checks were left."""

    def close(self) -> None:
        """Give back what the database thread holds; nothing is called afterwards."""
