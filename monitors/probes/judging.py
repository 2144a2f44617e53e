"""Judges what a probe has received by its monitor's assertions, aside when that may take long."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any

from monitors.probes.assertions import NEED_BODY, Answer, judge, sentence
from monitors.probes.base import EXCERPT_BYTES, ProbeFailed, Result
from monitors.probes.operations import Aside, Operation

# Judging more than this would hold up the loop.
QUICK_BYTES = 8_192


def conclude(result: Result, body: bytes = b"", records: Sequence[str] = ()) -> Generator[Operation, Any, None]:
    """Note the latency (the sum of the phases), the excerpt, and each assertion's outcome.

    Raises ProbeFailed (`assertion`) for the first assertion that does not hold.
    """
    result.latency_ms = result.phases.total_ms
    result.body_excerpt = body[:EXCERPT_BYTES]
    assertions = result.check.settings.get("assertions") or ()
    if not assertions:
        return
    answer = Answer(
        result.status_code,
        result.headers,
        body,
        result.latency_ms,
        result.certificate,
        datetime.fromtimestamp(result.started_at, UTC),
        records,
    )
    if len(body) > QUICK_BYTES and any(assertion["source"] in NEED_BODY for assertion in assertions):
        result.assertions = yield Aside(lambda: judge(assertions, answer))
    else:
        result.assertions = judge(assertions, answer)
    for outcome in result.assertions:
        if not outcome.ok:
            raise ProbeFailed("assertion", sentence(outcome))
