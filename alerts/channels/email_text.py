"""What an alert's email says: subject, text, HTML, and the headers that keep an incident's mails together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.template.loader import render_to_string

from alerts import links
from alerts.channels.email_report import report_context
from alerts.models import AlertEvent, Delivery
from alerts.sending.mail import Attachment, Mail, message_id
from alerts.words import differences, duration, instant, observed
from common.times import in_zone

_WORDS = {
    ("DOWNTIME", AlertEvent.INCIDENT_OPEN): "Down",
    ("LATENCY", AlertEvent.INCIDENT_OPEN): "Slow",
    ("SSL", AlertEvent.INCIDENT_OPEN): "Certificate",
    ("DNS", AlertEvent.INCIDENT_OPEN): "DNS",
    ("DEPENDENCY_DOWN", AlertEvent.INCIDENT_OPEN): "Dependency down",
    ("DOWNTIME", AlertEvent.INCIDENT_RESOLVED): "Up",
    ("DOWNTIME", AlertEvent.INCIDENT_REMINDER): "Still down",
}
_DEFAULT_WORDS = {
    AlertEvent.INCIDENT_OPEN: "Incident",
    AlertEvent.INCIDENT_ACKNOWLEDGED: "Acknowledged",
    AlertEvent.INCIDENT_RESOLVED: "Resolved",
    AlertEvent.INCIDENT_REMINDER: "Still open",
    AlertEvent.MONTHLY_REPORT: "Monthly report",
    AlertEvent.TEST: "Test",
}
# The colour of the bar on top; text never depends on it.
_COLOURS = {
    AlertEvent.INCIDENT_OPEN: "#c8372d",
    AlertEvent.INCIDENT_REMINDER: "#c8372d",
    AlertEvent.INCIDENT_ACKNOWLEDGED: "#b07d1a",
    AlertEvent.INCIDENT_RESOLVED: "#2c8a57",
    AlertEvent.MONTHLY_REPORT: "#5b5bd6",
    AlertEvent.TEST: "#5b5bd6",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """One reader; a member has an id and a time zone."""

    address: str
    user_id: int | None = None
    timezone: str = "UTC"


def mail_of(
    delivery: Delivery, reader: Addressee, *, opening: str | None, attachments: Sequence[Attachment] = ()
) -> Mail:
    """The mail of a delivery for one reader. `opening` is the Message-ID of the incident's first mail."""
    context = _context(delivery, reader)
    headers = {"Message-ID": message_id(delivery.message_id)}
    if opening:
        headers |= {"In-Reply-To": opening, "References": opening}
    template = "report" if delivery.event == AlertEvent.MONTHLY_REPORT else "alert"
    return Mail(
        to=reader.address,
        subject=context["subject"],
        text=render_to_string(f"alerts/email/{template}.txt", context),
        html=render_to_string(f"alerts/email/{template}.html", context),
        headers=headers,
        attachments=attachments,
    )


def subject_of(delivery: Delivery) -> str:
    """For example "Down: Shop — HTTP 500"; a report's is its title."""
    if delivery.event == AlertEvent.MONTHLY_REPORT:
        return str(delivery.payload["report"]["title"])
    incident, monitor = delivery.payload["incident"], delivery.payload["monitor"]
    word = _word(incident, delivery.event)
    if incident is None:
        return f"{word}: {monitor['name'] if monitor else delivery.workspace.name}"
    what, _, why = incident["title"].partition(": ")
    # A title starts with its monitor's name; a person may have written another.
    if monitor is None or what != monitor["name"] or not why:
        return f"{word}: {incident['title']}"
    if delivery.event == AlertEvent.INCIDENT_RESOLVED:
        return f"{word}: {what} — after {duration(incident['durationSeconds'])}"
    return f"{word}: {what} — {why}"


def _word(incident: dict[str, Any] | None, event: str) -> str:
    kind = incident["kind"] if incident else ""
    return _WORDS.get((kind, AlertEvent(event)), _DEFAULT_WORDS[AlertEvent(event)])


def _context(delivery: Delivery, reader: Addressee) -> dict[str, Any]:
    payload, incident = delivery.payload, delivery.payload["incident"]
    context = {
        "subject": subject_of(delivery),
        "word": _word(incident, delivery.event),
        "colour": _COLOURS[AlertEvent(delivery.event)],
        "monitor": payload["monitor"],
        "workspace": payload["workspace"],
        "message": in_zone(payload["message"], _zone(reader.timezone)),
        "incident": incident,
        "event": delivery.event,
    }
    if delivery.event == AlertEvent.MONTHLY_REPORT:
        return context | report_context(payload["report"])
    return context | (_incident_context(delivery, incident, reader) if incident else {})


def _incident_context(delivery: Delivery, incident: dict[str, Any], reader: Addressee) -> dict[str, Any]:
    zone, good, bad = _zone(reader.timezone), incident["lastGood"], incident["firstFailure"]
    can_acknowledge = incident["state"] == "OPEN"
    return {
        "incident": incident | {"title": in_zone(incident["title"], zone)},
        "since": instant(incident["startedAt"], zone),
        "lasted": duration(incident["durationSeconds"]),
        "resolved_at": instant(incident["resolvedAt"], zone) if incident["resolvedAt"] else "",
        "last_good": in_zone(observed(good), zone),
        "last_good_at": instant(good["checkedAt"], zone) if good.get("checkedAt") else "",
        "first_failure": in_zone(observed(bad), zone),
        "first_failure_at": instant(bad["checkedAt"], zone) if bad.get("checkedAt") else "",
        "differences": differences(good, bad),
        "url": links.incident_url(incident["id"]),
        "acknowledge_url": can_acknowledge
        and links.acknowledge_url(delivery_id=delivery.pk, user_id=reader.user_id, made_at=delivery.created_at),
    }


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
