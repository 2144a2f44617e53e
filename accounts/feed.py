"""The change feed of a workspace: what happened, in an order in which a reader who keeps its place misses nothing."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import FeedEvent, FeedHead, Workspace
from common.bulk import insert_rows, update_rows

NUMBERED_AT_ONCE = 10_000
TYPES = (
    "monitor_created",
    "monitor_updated",
    "monitor_deleted",
    "monitor_status_changed",
    "incident_opened",
    "incident_acknowledged",
    "incident_resolved",
    "incident_updated",
    "incident_deleted",
    "note_written",
    "deployment_started",
    "deployment_ended",
    "delivery_failed",
)


class Entry(NamedTuple):
    """One thing that happened; `data` in the API's camelCase."""

    workspace_id: int
    type: str
    data: Mapping[str, Any]


class Page(NamedTuple):
    """Events after a place, where to go on, and whether some before were dropped unread."""

    events: list[FeedEvent]
    cursor: int
    has_missed: bool


def tell(entries: Sequence[Entry], *, now: datetime) -> None:
    """Writes what happened, in one statement, in the transaction of what it tells of."""
    rows = [(one.workspace_id, one.type, dict(one.data), now) for one in entries]
    insert_rows(FeedEvent, ("workspace", "type", "data", "created_at"), rows)


def page(workspace: Workspace, *, after: int | None, limit: int, types: Sequence[str] = ()) -> Page:
    """Up to `limit` events after the place `after`, oldest first; None is before the oldest that is kept."""
    _number(workspace)
    last = FeedHead.objects.filter(workspace=workspace).values_list("last_number", flat=True).first() or 0
    kept = FeedEvent.objects.in_workspace(workspace).filter(number__lte=last).order_by("number")
    found: QuerySet[FeedEvent] = kept.filter(number__gt=after or 0)
    events = list((found.filter(type__in=types) if types else found)[:limit])
    oldest = kept.values_list("number", flat=True).first() or last + 1
    cursor = events[-1].number if len(events) == limit else max(last, after or 0)
    return Page(events, cursor or 0, has_missed=after is not None and after + 1 < oldest)


def last_places(workspace_ids: Collection[int]) -> dict[int, float]:
    """The place of each workspace's last event; infinite where an event has no number yet. Two queries for all."""
    heads = FeedHead.objects.filter(workspace__in=workspace_ids).values_list("workspace_id", "last_number")
    waiting = FeedEvent.objects.filter(workspace__in=workspace_ids, number__isnull=True).distinct()
    return {**dict(heads), **dict.fromkeys(waiting.values_list("workspace_id", flat=True), math.inf)}


def _number(workspace: Workspace) -> None:
    """Gives every event that is committed and has no number the next ones.

    An id comes from a sequence, and a transaction that began early may commit late: whoever had read past its id would
    never see it. A number is given after the commit, one reader at a time, so numbers appear in their own order.
    """
    waiting = FeedEvent.objects.in_workspace(workspace).filter(number__isnull=True)
    if not waiting.exists():
        return
    with transaction.atomic():
        FeedHead.objects.get_or_create(workspace=workspace)
        head = FeedHead.objects.select_for_update(no_key=True).get(workspace=workspace)
        ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:NUMBERED_AT_ONCE])
        update_rows(FeedEvent, "id", ("number",), [(pk, head.last_number + place) for place, pk in enumerate(ids, 1)])
        head.last_number += len(ids)
        head.save(update_fields=["last_number"])
