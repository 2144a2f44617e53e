"""The one order in which rows of a monitor are locked, so that no two writers wait for each other.

Monitor (FOR NO KEY UPDATE, which lets results and history of it be inserted) → RegionState by id → MonitorState by id
→ HeartbeatState by id → Dependency by id → Incident. A writer may leave out any of them, never go back. Whoever only
records takes no lock of Monitor; whoever changes or deletes one holds its states before it writes the row itself.
"""

from collections.abc import Iterable

from common.bulk import numbers
from common.invalid import Conflict
from monitors.models import Monitor, MonitorState, RegionState

Held = tuple[Monitor, MonitorState]


def hold_monitor(monitor_id: int) -> Held:
    """The monitor with its workspace and its state, locked with all its region states until the transaction ends.

    Raises Conflict when it has been deleted meanwhile.
    """
    for held in hold_monitors([monitor_id]):
        return held
    raise Conflict("The monitor has been deleted.")


def hold_monitors(monitor_ids: Iterable[int]) -> list[Held]:
    """The same of many, by id, in three statements; left out is what has been deleted meanwhile."""
    ids = sorted(set(monitor_ids))
    if not ids:
        return []
    rows = Monitor.objects.select_for_update(of=("self",), no_key=True).select_related("workspace")
    monitors = {monitor.pk: monitor for monitor in rows.filter(pk__in=numbers(ids)).order_by("pk")}
    held = [(monitors[state.pk], state) for state in hold_all_states(ids) if state.pk in monitors]
    for monitor, state in held:
        monitor.state = state
    return held


def hold_all(monitor_ids: Iterable[int]) -> None:
    """Locks monitors with all their states, for a change of many: each kind of row in order of id.

    One that has been deleted meanwhile is left out.
    """
    ids = sorted(set(monitor_ids))
    if not ids:
        return
    held = Monitor.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    list(held.values_list("pk"))
    for state in (RegionState, MonitorState):
        rows = state._default_manager.filter(monitor__in=ids).order_by("pk").select_for_update(of=("self",))
        list(rows.values_list("pk"))


def hold_states(monitor_id: int) -> MonitorState | None:
    """The state of a monitor, locked with all its region states; None when it is gone."""
    return next(iter(hold_all_states([monitor_id])), None)


def hold_all_states(monitor_ids: Iterable[int]) -> list[MonitorState]:
    """The same of many, by id; left out is what has been deleted meanwhile."""
    ids = list(monitor_ids)
    regions = RegionState.objects.filter(monitor__in=numbers(ids)).order_by("pk").select_for_update(of=("self",))
    list(regions.values_list("pk"))
    return list(MonitorState.objects.select_for_update(of=("self",)).filter(pk__in=numbers(ids)).order_by("pk"))
