"""What a monitor's checks have learned, as its page shows it: figures, lists, and the chart of its pings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitors.models import Facts, LearnedAnswer, Monitor
from monitors.results.facts import facts_since

PING_WINDOW = timedelta(hours=2)
# What a type's card is called, and its facts in order: (name, label).
_CARDS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "dns": ("Answer", (("resolver", "Name server"), ("ttl", "TTL, seconds"), ("dnssec", "Validated (DNSSEC)"))),
    "domain": (
        "Registration",
        (("registrar", "Registrar"), ("days_left", "Days left"), ("status", "Status"), ("dnssec", "Signed (DNSSEC)")),
    ),
    "ssh": ("Server", (("banner", "Banner"), ("host_key_type", "Kind of key"), ("host_key", "Host key"))),
    "smtp": ("Server", (("banner", "Greeting"), ("extensions", "Extensions"))),
    "imap": ("Server", (("banner", "Greeting"), ("capabilities", "Capabilities"))),
    "sql": ("Server", (("version", "Version"), ("rows", "Rows"))),
    "redis": ("Server", (("answer", "Answer"),)),
    "grpc": ("Server", (("serving", "Health"), ("grpc_status", "gRPC status"))),
    "udp": ("Server", (("answered", "Answered"),)),
    "icmp": (
        "Last pings",
        (("received", "Answered"), ("sent", "Sent"), ("loss_percent", "Lost, %"), ("min_ms", "Fastest, ms"),
         ("mean_ms", "Mean, ms"), ("max_ms", "Slowest, ms"), ("jitter_ms", "Jitter, ms")),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card; several values stand below each other."""

    label: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """What one region learned last."""

    region: str
    observed_at: datetime
    title: str
    lines: list[Line]
    records: list[str]
    certificate: dict[str, Any] | None
    verdicts: list[tuple[str, bool, str]]
    ends_at: str | None


def cards(monitor: Monitor) -> list[Card]:
    """What holds now, a card for each region."""
    found = Facts.objects.filter(monitor=monitor, is_current=True).select_related("region").order_by("region_id")
    return [_card(monitor.type, one) for one in found]


def _card(kind: str, facts: Facts) -> Card:
    title, names = _CARDS.get(kind, ("", ()))
    data = facts.data
    values = [(label, data.get(name)) for name, label in names]
    servers = data.get("name_servers") or []
    verdicts = data.get("verdicts") or {}
    return Card(
        region=facts.region.name,
        observed_at=facts.observed_at,
        title=title,
        lines=[Line(label, _told(value)) for label, value in values if value not in (None, "", [])]
        + ([Line("Name servers", [str(one) for one in servers])] if servers else []),
        records=[str(one) for one in data.get("records") or []],
        certificate=data.get("certificate"),
        verdicts=[(name.replace("_", " ").capitalize(), said == "ok", said) for name, said in verdicts.items()],
        ends_at=data.get("expires_at"),
    )


def _told(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [", ".join(map(str, value))] if isinstance(value, list) else [str(value)]


def answers(monitor: Monitor) -> Sequence[LearnedAnswer]:
    """The confirmed answers, and those that wait for a person."""
    found = LearnedAnswer.objects.filter(monitor=monitor).select_related("region", "confirmed_by")
    return list(found.order_by("region_id"))


def ping_charts(monitor: Monitor, *, now: datetime) -> list[dict[str, Any]]:
    """Loss and jitter of the last two hours; none for another type and with fewer than two checks."""
    if monitor.type != "icmp":
        return []
    found = [one for one in facts_since(monitor, now - PING_WINDOW) if "loss_percent" in one.data]
    if len(found) < 2:
        return []
    times = [int(one.observed_at.timestamp()) for one in found]
    charts = (("loss", "Lost pings", "%", "loss_percent"), ("jitter", "Jitter", "ms", "jitter_ms"))
    return [
        {
            "id": name,
            "label": label,
            "times": times,
            "unit": unit,
            "series": [{"label": label, "values": [one.data.get(fact) for one in found]}],
            "marks": [],
        }
        for name, label, unit, fact in charts
    ]
