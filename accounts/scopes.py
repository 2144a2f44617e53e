"""Which scopes there are and what each includes."""

from collections.abc import Iterable

SCOPES = {
    "monitor.admin": "Everything about monitors, incidents, alerts and signals",
    "monitor.read": "Read monitors, incidents, alerts and signals",
    "incident.write": "Acknowledge, edit and resolve incidents, write notes",
    "signal.write": "Start and end deployments, report dependencies",
    "user.read": "Read the profile of the signed-in person",
    "user.create": "Create accounts",
}
_INCLUDES = {"monitor.admin": {"monitor.read", "incident.write", "signal.write"}}


def allows(granted: Iterable[str], needed: str) -> bool:
    """Whether the scopes `granted` include `needed`."""
    return any(scope == needed or needed in _INCLUDES.get(scope, ()) for scope in granted)
