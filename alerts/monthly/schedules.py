"""Writes of report schedules, and reports asked for by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from alerts.models import (
    Delivery,
    MonthlyReport,
    MonthlyReportState,
    ReportCovers,
    ReportPurpose,
    ReportSchedule,
)
from alerts.monthly.fields import DEFAULTS, Named, checked
from alerts.monthly.months import last_month, moved_due_at, next_due_at
from alerts.rules.services import changes
from alerts.sending.nudge import nudge_reports
from common.invalid import Conflict

MOST_SCHEDULES = 50
MOST_WAITING = 5
_COVER = {"covers", "service_group_id", "monitor_ids"}
_PLAIN = ("name", "covers", "timezone", "is_enabled")


@transaction.atomic
def create_report_schedule(
    *, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]
) -> ReportSchedule:
    """A schedule of `name`, `covers` with `monitor_ids` or `service_group_id`, `channel_id` (None: the owners by
    email), `timezone` and `is_enabled`. Raises Invalid naming every wrong field, Conflict when there are too many.
    """
    if ReportSchedule.objects.in_workspace(workspace).count() >= MOST_SCHEDULES:
        raise Conflict(f"A workspace has at most {MOST_SCHEDULES} report schedules.")
    wanted = {"name": None, **DEFAULTS, **fields}
    schedule = ReportSchedule(workspace=workspace)
    _fill(schedule, wanted, checked(workspace, wanted), now)
    audit.record(by=by, workspace=workspace, verb="create", target=schedule)
    return schedule


@transaction.atomic
def edit_report_schedule(
    *, schedule: ReportSchedule, by: Actor, now: datetime, fields: Mapping[str, Any]
) -> ReportSchedule:
    """Changes what `fields` names. Another `covers` lets go of what the old one named. A month that passed while it
    was off is not sent later. Raises Invalid naming every wrong field, Conflict when it is gone.
    """
    schedule = _held(schedule)
    before = shown(schedule)
    wanted = before | dict(fields)
    if fields.get("covers", before["covers"]) != before["covers"]:
        wanted = before | {"monitor_ids": [], "service_group_id": None} | dict(fields)
    named = checked(schedule.workspace, wanted, is_cover_new=not _COVER.isdisjoint(fields))
    schedule.version += 1
    _fill(schedule, wanted, named, now, before)
    audit.record(
        by=by, workspace=schedule.workspace, verb="edit", target=schedule, changes=changes(before, shown(schedule))
    )
    return schedule


@transaction.atomic
def delete_report_schedule(*, schedule: ReportSchedule, by: Actor) -> None:
    """Removes it with its reports, and what of them had still to be sent. Raises Conflict when it is gone."""
    schedule = _held(schedule)
    audit.record(by=by, workspace=schedule.workspace, verb="delete", target=schedule)
    Delivery.objects.filter(monthly_report__schedule=schedule, next_attempt_at__isnull=False).delete()
    schedule.delete()


@transaction.atomic
def ask_for_report(*, schedule: ReportSchedule, purpose: ReportPurpose, by: Actor, now: datetime) -> MonthlyReport:
    """The last month that is over, made soon: BY_HAND goes to the channel, PREVIEW is only kept to be looked at.

    Raises Conflict when the channel is disabled, or while 5 reports of the workspace are being made.
    """
    schedule = _held(schedule)
    if purpose == ReportPurpose.BY_HAND and schedule.channel is not None and not schedule.channel.is_enabled:
        raise Conflict(f"The channel is disabled. {schedule.channel.disabled_reason}".strip())
    waiting = MonthlyReport.objects.in_workspace(schedule.workspace).filter(state=MonthlyReportState.WAITING)
    if waiting.count() >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} reports of this workspace are being made; wait for one of them.")
    report = MonthlyReport.objects.create(
        workspace=schedule.workspace,
        schedule=schedule,
        month=last_month(now, schedule.timezone).first,
        timezone=schedule.timezone,
        purpose=purpose,
        requested_by=by.user,
        created_at=now,
    )
    verb = "send" if purpose == ReportPurpose.BY_HAND else "preview"
    audit.record(by=by, workspace=schedule.workspace, verb=verb, target=schedule)
    transaction.on_commit(nudge_reports, robust=True)
    return report


def shown(schedule: ReportSchedule) -> dict[str, Any]:
    """Its fields as they are given, which is what the audit log compares."""
    return {name: getattr(schedule, name) for name in (*_PLAIN, "service_group_id", "channel_id")} | {
        "monitor_ids": sorted(one.pk for one in schedule.monitors.all())
    }


def _fill(
    schedule: ReportSchedule,
    wanted: Mapping[str, Any],
    named: Named,
    now: datetime,
    before: Mapping[str, Any] | None = None,
) -> None:
    schedule.next_due_at = _due_at(schedule.next_due_at, before, wanted, now)
    for name in _PLAIN:
        setattr(schedule, name, wanted[name])
    schedule.name = schedule.name.strip()
    schedule.service_group, schedule.channel = named.group, named.channel
    schedule.save()
    schedule.monitors.set(named.monitors if schedule.covers == ReportCovers.MONITORS else [])


def _due_at(
    due_at: datetime | None, before: Mapping[str, Any] | None, wanted: Mapping[str, Any], now: datetime
) -> datetime | None:
    """Another clock moves the month that is next, and leaves none out."""
    if not wanted["is_enabled"]:
        return None
    if before is None or due_at is None:
        return next_due_at(now, wanted["timezone"])
    if before["timezone"] == wanted["timezone"]:
        return due_at
    return moved_due_at(due_at, before["timezone"], wanted["timezone"])


def _held(schedule: ReportSchedule) -> ReportSchedule:
    rows = ReportSchedule.objects.select_for_update(of=("self",), no_key=True)
    found = rows.select_related("workspace", "channel", "service_group").filter(pk=schedule.pk).first()
    if found is None:
        raise Conflict("The report schedule has been deleted.")
    return found
