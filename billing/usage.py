"""How much of each limit a workspace uses: higher apps know their own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Workspace
from billing.limits import Limits
from common.registry import Registry

# By the name of a field of Limits.
counters: Registry[Callable[[Workspace, datetime], int]] = Registry("How much of this limit is used?")
LABELS = {
    "members": "Members",
    "monitors": "Monitors",
    "regions": "Regions of a monitor",
    "status_pages": "Status pages",
    "sms_per_month": "SMS this month",
}


@dataclass(frozen=True, slots=True)
class Use:
    """One limit and what is used of it; `most` is None without limit."""

    label: str
    used: int
    most: int | None

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.used >= self.most


def usage_of(workspace: Workspace, limits: Limits, *, now: datetime) -> list[Use]:
    """What is counted, in a constant order."""
    counted = {name: count(workspace, now) for name, count in counters}
    return [Use(LABELS[name], counted[name], getattr(limits, name)) for name in LABELS if name in counted]
