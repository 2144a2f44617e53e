"""Whether what a monitor depends on is down: other monitors here, and whatever higher apps know of."""

from typing import Any, NamedTuple, Protocol

from django.db.models import Prefetch, QuerySet

from common.registry import Registry
from monitors.models import Monitor, Status


class Judge(Protocol):
    """Whether something impairs the monitor, from what is at hand with it."""

    def __call__(self, monitor: Any) -> bool: ...


class Impairment(NamedTuple):
    """What has to be at hand of a monitor, and who judges it. Nothing is asked for a list without dependencies."""

    at_hand: Prefetch[Any]
    is_impairing: Judge


impairments: Registry[Impairment] = Registry("What impairs a monitor?")
_DEPENDS_ON: Prefetch[Any] = Prefetch(
    "depends_on", Monitor.objects.only("pk", "state__status").select_related("state").order_by("pk"), "shown_depends_on"
)


def with_impact(found: "QuerySet[Monitor]") -> "QuerySet[Monitor]":
    """`found` with what `is_impacted` reads; `shown_depends_on` are the monitors that each depends on, by id."""
    return found.prefetch_related(_DEPENDS_ON, *(one.at_hand for _, one in impairments))


def is_impacted(monitor: Any) -> bool:
    """Whether something that this monitor `with_impact` depends on is down; asks nothing of the database."""
    if any(one.state.status == Status.DOWN for one in monitor.shown_depends_on):
        return True
    return any(one.is_impairing(monitor) for _, one in impairments)
