"""Template filters that put what apps store into words: schedules, events, signals, deliveries. `{% load facts %}`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django import template

from alerts.models import AlertEvent, Delivery, DeliveryAttempt, DeliveryState
from dashboard.formats import duration
from dashboard.forms.maintenance import REPEATS
from monitors.models import DeploymentState
from signals.models import Signal, SignalType

register = template.Library()

_EVENT_WORDS: dict[str, str] = {
    AlertEvent.INCIDENT_OPEN: "opens",
    AlertEvent.INCIDENT_ACKNOWLEDGED: "is acknowledged",
    AlertEvent.INCIDENT_RESOLVED: "resolves",
    AlertEvent.INCIDENT_REMINDER: "is still open",
}
_PAST = {"send": "sent", "test": "tested", "roll": "rolled"}
_THINGS = {
    "apitoken": "token",
    "channel": "alert channel",
    "oauthapplication": "application",
    "rule": "alert action",
    "user": "person",
    "maintenancewindow": "maintenance window",
    "servicegroup": "service group",
    "reportschedule": "report schedule",
}
_SIGNAL_FACES = {SignalType.SUCCESS: "OK", SignalType.FAIL: "DOWN", SignalType.SUSPECT: "LATE"}
_DELIVERY_FACES = {DeliveryState.DELIVERED: "OK", DeliveryState.FAILED: "DOWN", DeliveryState.DISMISSED: "PAUSED"}
_DEPLOYMENT_FACES = {DeploymentState.ACTIVE: "LATE", DeploymentState.ENDED: "OK"}


@register.filter
def schedule(value: Mapping[str, Any]) -> str:
    """{"kind": "interval", "interval_seconds": 3600} is "Every 1 h"."""
    if value.get("kind") == "interval":
        return f"Every {duration(value['interval_seconds'])}"
    return f"{value.get('expression')} ({value.get('timezone', 'UTC')})"


@register.filter
def events(names: list[str]) -> str:
    """["incident_open", "incident_resolved"] is "opens, resolves"."""
    return ", ".join(_EVENT_WORDS.get(name, name) for name in names)


@register.filter
def signal_status(type: str) -> str:
    """The status whose face a signal's type wears."""
    return _SIGNAL_FACES.get(SignalType(type), "NEW")


@register.filter
def payload(signal: Signal) -> str:
    """What came with a signal, JSON with a line for each value."""
    if not signal.payload_is_json:
        return signal.payload
    return orjson.dumps(orjson.loads(signal.payload), option=orjson.OPT_INDENT_2).decode()


@register.filter
def delivery_status(state: str) -> str:
    """The status whose face a delivery's state wears."""
    return _DELIVERY_FACES.get(DeliveryState(state), "LATE")


@register.filter
def deployment_status(state: str) -> str:
    """The status whose face a deployment's state wears."""
    return _DEPLOYMENT_FACES.get(DeploymentState(state), "NEW")


@register.filter
def last_attempt(delivery: Delivery) -> DeliveryAttempt | None:
    """The newest try of a delivery whose attempts were fetched with it."""
    attempts = list(delivery.attempts.all())
    return attempts[-1] if attempts else None


@register.filter
def parsed(text: object) -> datetime | None:
    """An RFC 3339 instant of stored evidence as a moment; None for anything else."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


@register.filter
def full_stop(text: str) -> str:
    """The sentence with one full stop at its end, whether it has one already or not."""
    return f"{text.rstrip('. ')}."


@register.filter
def words(name: str) -> str:
    """ "status_code" is "status code"."""
    return name.replace("_", " ")


@register.filter
def listed(value: Any) -> str:
    """[200, 399] is "200, 399"."""
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)


@register.filter
def repeats(rule: str) -> str:
    """ "FREQ=WEEKLY" is "Every week"; a rule without a word of its own stays as it is."""
    return dict(REPEATS).get(rule, rule)


@register.filter
def did(verb: str) -> str:
    """The verb of an audit row in the past: "create" is "Created"."""
    past = _PAST.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")
    return past[:1].upper() + past[1:]


@register.filter
def thing(object_type: str) -> str:
    """What people call a kind of object of the audit log."""
    return _THINGS.get(object_type, object_type)


@register.filter
def changes(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """{"name": ["a", "b"], "settings": ["url"]} is [("name", "a → b"), ("settings", "url")]."""
    return [(str(name).replace("_", " "), _change(change)) for name, change in value.items()]


def _change(change: Any) -> str:
    if not isinstance(change, list) or len(change) != 2:
        return _short(change)
    before, after = (_short(one) for one in change)
    return after if change[0] in (None, "", []) else f"{before} → {after}"


def _short(value: Any) -> str:
    if value in (None, "", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
