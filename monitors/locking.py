"""The one order in which rows of a monitor are locked, so that no two writers wait for each other.

Monitor (FOR NO KEY UPDATE, which lets results and history of it be inserted) → RegionState by id → MonitorState by id
→ HeartbeatState by id → Dependency by id → Incident. A writer may leave out any of them, never go back. Whoever only
records takes no lock of Monitor; whoever changes or deletes one holds its states before it writes the row itself.
"""

from common.invalid import Conflict
from monitors.models import Monitor, MonitorState, RegionState


def hold_monitor(monitor_id: int) -> tuple[Monitor, MonitorState]:
    """The monitor with its workspace and its state, locked with all its region states until the transaction ends.

    Raises Conflict when it has been deleted meanwhile.
    """
    rows = Monitor.objects.select_for_update(of=("self",), no_key=True).select_related("workspace")
    monitor = rows.filter(pk=monitor_id).first()
    state = hold_states(monitor_id)
    if monitor is None or state is None:
        raise Conflict("The monitor has been deleted.")
    return monitor, state


def hold_states(monitor_id: int) -> MonitorState | None:
    """The state of a monitor, locked with all its region states; None when it is gone."""
    list(
        RegionState.objects.filter(monitor=monitor_id).order_by("pk").select_for_update(of=("self",)).values_list("pk")
    )
    return MonitorState.objects.select_for_update(of=("self",)).filter(pk=monitor_id).first()
