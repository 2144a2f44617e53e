"""Answers that are learned rather than given: the first is, another one waits until a person confirms it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from common.invalid import Conflict
from monitors.locking import hold_monitor
from monitors.models import Finding, LearnedAnswer, Monitor, RegionState
from monitors.probes.base import Result
from monitors.results.counting import Counted
from monitors.results.findings import answer_of
from monitors.results.settling import judge_anew

Learned = dict[tuple[int, int], Any]
# What a monitor asks; another question has other answers.
_QUESTION = ("hostname", "record_type", "host", "port", "key_type")


def learned_of(results: Sequence[Result]) -> Learned:
    """The confirmed answers that these results are compared with, by monitor and region; mostly no query at all."""
    asked = {result.check.monitor_id for result in results if answer_of(result) is not None}
    if not asked:
        return {}
    rows = LearnedAnswer.objects.filter(monitor__in=asked).values_list("monitor_id", "region_id", "answer")
    return {(monitor, region): answer for monitor, region, answer in rows}


def keep_answers(counted: Sequence[Counted], known: Mapping[tuple[int, int], Any]) -> None:
    """Stores first answers, and those that differ from the confirmed one; the caller holds the region states.

    `known` is what was confirmed before these results.
    """
    for one in counted:
        answer = answer_of(one.result)
        if answer is None or one.facts_mark == one.before.facts_mark:
            continue
        place = {"monitor_id": one.before.monitor_id, "region_id": one.before.region_id}
        if (one.before.monitor_id, one.before.region_id) not in known:
            first = {"answer": answer, "learned_at": one.checked_at}
            LearnedAnswer.objects.get_or_create(**place, defaults=first)
        row = LearnedAnswer.objects.get(**place)
        waiting = None if answer == row.answer else answer
        if waiting != row.waiting:
            row.waiting, row.waiting_since = waiting, one.checked_at if waiting is not None else None
            row.save(update_fields=["waiting", "waiting_since"])


@transaction.atomic
def accept_answer(*, monitor: Monitor, by: Actor, now: datetime) -> Monitor:
    """Confirms what was seen last as right, in every region; its warning is gone at once.

    Raises Conflict when no other answer waits, or the monitor is gone.
    """
    monitor, state = hold_monitor(monitor.pk)
    rows = list(LearnedAnswer.objects.filter(monitor=monitor, waiting__isnull=False))
    if not rows:
        raise Conflict("No other answer waits to be confirmed.")
    changes = {"answer": [rows[0].answer, rows[0].waiting]}
    for row in rows:
        row.answer, row.learned_at, row.confirmed_by = row.waiting, now, by.user
        row.waiting = row.waiting_since = None
        row.save()
    regions = [row.region_id for row in rows]
    Finding.objects.filter(monitor=monitor, region__in=regions).delete()
    RegionState.objects.filter(monitor=monitor, region__in=regions).update(findings_mark=None)
    audit.record(by=by, workspace=monitor.workspace, verb="accept", target=monitor, changes=changes)
    judge_anew(monitor, state, now=now, reason=f"The new answer was accepted by {by.label}")
    return monitor


def forget_answers(monitor: Monitor, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Drops what was learned where an edit asks something else."""
    if any(before.get(name) != after.get(name) for name in _QUESTION):
        LearnedAnswer.objects.filter(monitor=monitor).delete()
