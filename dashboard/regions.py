"""Regions as pages show them: what a form offers, and what each says of a monitor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from monitors import status
from monitors.fields import DEFAULTS
from monitors.models import Monitor, Region, RegionState, Status


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region's word on a monitor; `status` is the one whose face it wears."""

    name: str
    status: str
    word: str
    checked_at: datetime | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class RegionCard:
    """All regions of a monitor, and how many of them must say down."""

    rows: list[RegionRow]
    needed: int


def offered_regions(kept: Iterable[str] = ()) -> list[Region]:
    """Regions that probe, and those of the keys `kept`; none where there is nothing to choose."""
    found = list(Region.objects.filter(Q(is_enabled=True) | Q(key__in=list(kept))).order_by("pk"))
    return [] if [one.key for one in found] == DEFAULTS["regions"] else found


def region_card(monitor: Monitor, *, now: datetime) -> RegionCard | None:
    """What each region says; None where the one region that there is from the start says it all."""
    states = list(RegionState.objects.filter(monitor=monitor).select_related("region").order_by("region_id"))
    if [one.region.key for one in states] == DEFAULTS["regions"]:
        return None
    return RegionCard([_row(one, now) for one in states], status.quorum_of(len(states), monitor.quorum))


def _row(state: RegionState, now: datetime) -> RegionRow:
    face, word = _face(state, now)
    return RegionRow(state.region.name, face, word, state.last_checked_at, state.last_latency_ms)


def _face(state: RegionState, now: datetime) -> tuple[str, str]:
    if not state.region.is_enabled:
        return Status.PAUSED, "Disabled"
    if state.last_checked_at is None or state.is_down is None:
        return Status.NEW, "No result yet"
    if state.fresh_until is None or not status.is_fresh(state.fresh_until, now=now):
        return Status.UNKNOWN, "Nothing heard lately"
    return (Status.DOWN, "Says down") if state.is_down else (Status.OK, "Says OK")
