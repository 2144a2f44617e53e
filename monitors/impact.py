"""Whether what a monitor depends on is down: other monitors here, and whatever higher apps know of."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from django.db.models import QuerySet

from common.at_hand import put_at_hand
from common.registry import Registry
from monitors.models import Monitor, Status


class Judge(Protocol):
    """Whether something impairs the monitor, from what is at hand with it."""

    def __call__(self, monitor: Any) -> bool: ...


class Impairment(NamedTuple):
    """Rows that have to be at hand of a monitor, by the name they have there; `key` is their column with its id."""

    name: str
    rows: "QuerySet[Any, Any]"
    key: str
    is_impairing: Judge


impairments: Registry[Impairment] = Registry("What impairs a monitor?")


def put_impact_at_hand(monitors: Sequence[Any]) -> None:
    """Reads what `is_impacted` needs of all of them; `known_needs` has the monitors that each depends on, by id."""
    needs: Any = Monitor.depends_on.through.objects
    rows = needs.values_list("from_monitor_id", "to_monitor_id", "to_monitor__state__status", named=True)
    put_at_hand(monitors, "known_needs", rows.order_by("to_monitor_id"), "from_monitor_id")
    for _, one in impairments:
        put_at_hand(monitors, one.name, one.rows, one.key)


def is_impacted(monitor: Any) -> bool:
    """Whether something that this monitor depends on is down; asks nothing of the database."""
    if any(one.to_monitor__state__status == Status.DOWN for one in monitor.known_needs):
        return True
    return any(one.is_impairing(monitor) for _, one in impairments)
