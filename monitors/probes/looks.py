"""Carries out one check: the first look, and a second when the first failed and the check asks for it."""

import time
from collections.abc import Generator
from typing import Any

from monitors.probes.base import Check, ProbeFailed, Result
from monitors.probes.catalogue import PROBES
from monitors.probes.echoes import hide_secrets
from monitors.probes.handles import Handles
from monitors.probes.operations import Deadline, Operation

# A second look may make the whole check this much longer than its timeout.
EXTRA_SECONDS = 0.8
LEAST_SECONDS = 0.5
_NOT_REPEATED = frozenset({None, "blocked"})


Look = Generator[Operation, Any, Result]


def carry_out(check: Check, handles: Handles, *, lag_ms: float = 0.0) -> Look:
    """Probe as the check says and return what was found; a failing target is a result, not an exception."""
    timeout = check.timeout_ms / 1000
    first = yield from _look(check, handles, Deadline(time.monotonic() + timeout), lag_ms)
    if not check.second_look or first.failure_class in _NOT_REPEATED:
        return first
    spent = first.finished_at - first.started_at
    seconds = max(LEAST_SECONDS, min(timeout, timeout + EXTRA_SECONDS - spent))
    second = yield from _look(check, handles, Deadline(time.monotonic() + seconds, fresh=True), lag_ms)
    second.first_look = first.failure_class
    return second


def _look(check: Check, handles: Handles, deadline: Deadline, lag_ms: float) -> Look:
    started, now = time.monotonic(), time.time()
    result = Result(check=check, started_at=now, finished_at=now, lag_ms=lag_ms, loop_lag_ms=0.0)
    probe = PROBES[check.type]
    try:
        yield from probe.probe(result, handles, deadline)
    except ProbeFailed as failure:
        result.fail(failure.failure_class, failure.detail)
        result.objection = failure.objection
    hide_secrets(probe.fields, result)
    result.finished_at = now + time.monotonic() - started
    return result
