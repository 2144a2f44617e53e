"""Regions that nobody looks from: their word ends where checks are missed, and operators are told once."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, Q, QuerySet

from common.times import spoken
from monitors.models import OperatorNotice, Region, RegionState

BATCH = 5000


def watch_regions(*, now: datetime) -> int:
    """Notices regions that fell silent and those heard again, each once; returns how many.

    A region is silent when monitors are watched from it and no engine was heard for REGION_SILENT_SECONDS.
    """
    limit = now - timedelta(seconds=settings.REGION_SILENT_SECONDS)
    quiet = Q(silent_since=None, last_seen_at__lt=limit) | Q(silent_since=None, last_seen_at=None)
    fallen = [_fall_silent(pk, limit, now) for pk in _ids(Region.objects.filter(quiet, is_enabled=True))]
    back = Q(last_seen_at__gt=F("silent_since")) | Q(is_enabled=False)
    risen = [_be_heard(pk, now) for pk in _ids(Region.objects.filter(back, silent_since__isnull=False))]
    for pk in _ids(silent_regions()):
        _end_words(pk, limit, now)
    return sum(fallen) + sum(risen)


def silent_regions() -> "QuerySet[Region]":
    """Enabled regions that operators know to be silent, in the order in which they fell so."""
    return Region.objects.filter(is_enabled=True, silent_since__isnull=False).order_by("silent_since")


def admin_label(request: object) -> list[str] | None:
    """What stands at the head of every admin page while a region is silent."""
    names = ", ".join(region.name for region in silent_regions())
    return [f"Silent: {names}", "danger"] if names else None


def _ids(regions: "QuerySet[Region]") -> list[int]:
    return list(regions.values_list("pk", flat=True))


@transaction.atomic
def _fall_silent(region_id: int, limit: datetime, now: datetime) -> bool:
    region = Region.objects.select_for_update().get(pk=region_id)
    watched = RegionState.objects.filter(region=region, claimable_at__isnull=False)
    since = region.last_seen_at or watched.aggregate(at=Min("next_check_at"))["at"]
    if since is None or since > limit or region.silent_since is not None or not watched.exists():
        return False
    Region.objects.filter(pk=region.pk).update(silent_since=since)
    _tell(
        region,
        f"Region {region.name} is silent",
        f"No engine of the region {region.name} ({region.key}) was heard since {spoken(since)}. "
        f"Of {watched.count()} monitors that are watched from there, those that no other region sees become UNKNOWN; "
        "nobody is alerted of them one by one.\n\n"
        f"Is a worker or an agent of this region running? manage.py worker --region {region.key}",
        now,
    )
    return True


@transaction.atomic
def _be_heard(region_id: int, now: datetime) -> bool:
    region = Region.objects.select_for_update().get(pk=region_id)
    since, region.silent_since = region.silent_since, None
    if since is None:
        return False
    region.save(update_fields=["silent_since"])
    if not region.is_enabled:
        return False
    text = f"An engine of the region {region.name} ({region.key}) is heard again, after silence since {spoken(since)}."
    _tell(region, f"Region {region.name} is heard again", text, now)
    return True


def _tell(region: Region, subject: str, text: str, now: datetime) -> None:
    OperatorNotice.objects.create(region=region, subject=subject, text=text, created_at=now, next_attempt_at=now)


def _end_words(region_id: int, limit: datetime, now: datetime) -> None:
    """The region's last word no longer speaks for monitors whose check it has missed; the others are not due yet."""
    while True:
        with transaction.atomic():
            missed = RegionState.objects.filter(
                region=region_id, claimable_at__isnull=False, next_check_at__lt=limit, fresh_until__gt=now
            ).order_by("pk")
            if connection.features.has_select_for_update_skip_locked:
                missed = missed.select_for_update(skip_locked=True, of=("self",))
            ids = list(missed.values_list("pk", flat=True)[:BATCH])
            RegionState.objects.filter(pk__in=ids).update(fresh_until=now)
        if len(ids) < BATCH:
            return
