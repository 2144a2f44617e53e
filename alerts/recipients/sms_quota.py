"""Counts text messages by workspace and month, and holds them to the plan."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from accounts.models import Workspace
from alerts.models import SmsMonth
from billing.limits import limits_of


@transaction.atomic
def take_quota(workspace: Workspace, count: int, *, now: datetime) -> bool:
    """Counts `count` messages as sent in this month when the plan allows them; else counts nothing."""
    month = SmsMonth.objects.in_workspace(workspace).filter(month=_month(now))
    SmsMonth.objects.bulk_create([SmsMonth(workspace=workspace, month=_month(now))], ignore_conflicts=True)
    most = limits_of(workspace).sms_per_month
    allowed = month if most is None else month.filter(sent__lte=most - count)
    return bool(allowed.update(sent=F("sent") + count))


def sent_this_month(workspace: Workspace, *, now: datetime) -> int:
    """How many text messages the workspace has used up."""
    found = SmsMonth.objects.in_workspace(workspace).filter(month=_month(now)).values_list("sent", flat=True)
    return found.first() or 0


def _month(now: datetime) -> date:
    return now.date().replace(day=1)
