"""Forgets the address of a person who has left."""

from django.db.models import Value
from django.db.models.functions import Replace

from accounts.leaving import NOBODY
from accounts.models import Workspace
from monitors.models import StatusChange


def on_user_deleted(*, address: str, workspaces: list[Workspace], **_: object) -> None:
    """Histories keep what was paused and resumed, without the address of who did."""
    changes = StatusChange.objects.filter(monitor__workspace__in=workspaces, reason__contains=address)
    changes.update(reason=Replace("reason", Value(address), Value(NOBODY)))
