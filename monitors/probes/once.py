"""Carries out a single check here and now, for "test this URL" and "check now"."""

import select
import time
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

import pycurl

from common.addresses import AddressPolicy
from common.resolve import ResolveFailed, resolve
from monitors.probes.base import Check, ProbeFailed, Result
from monitors.probes.handles import Handles
from monitors.probes.looks import carry_out
from monitors.probes.operations import Aside, Operation, Resolve, Wait


def run_once(check: Check, policy: AddressPolicy, *, verify_with: str | None = None) -> Result:
    """Run `check` in this thread and return its result, within its timeout (and a second, if it looks twice).

    `verify_with` is a file of certificate authorities in place of the system's. Any thread may call this;
    nothing is stored.
    """
    handles = Handles(policy, verify_with=verify_with, keep=1)
    try:
        return drive(check, handles)
    finally:
        handles.close()


def drive(check: Check, handles: Handles) -> Result:
    """Run `check` in this thread with handles that others may have used, and return its result."""
    steps = carry_out(check, handles)
    advance: Callable[[], Operation] = partial(next, steps)
    while True:
        try:
            operation = advance()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            advance = partial(steps.send, _perform(operation))
        except ProbeFailed as failure:
            advance = partial(steps.throw, failure)


def _perform(operation: Operation) -> Any:
    if isinstance(operation, Resolve):
        return _resolve(operation)
    if isinstance(operation, Aside):
        return operation.work()
    if isinstance(operation, Wait):
        return _wait(operation)
    try:
        operation.curl.perform()
    except pycurl.error as error:
        return error.args
    return 0, ""


def _wait(operation: Wait) -> bool:
    poll = select.poll()
    poll.register(operation.fd, operation.mask)
    milliseconds = ceil((operation.deadline - time.monotonic()) * 1000)
    return bool(poll.poll(max(milliseconds, 0)))


def _resolve(operation: Resolve) -> tuple[str, ...]:
    seconds = operation.deadline - time.monotonic()
    try:
        return resolve(operation.host, ip_version=operation.ip_version, timeout_seconds=seconds)
    except ResolveFailed as error:
        raise ProbeFailed("dns", str(error)) from error
