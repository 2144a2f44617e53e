"""The pages' template tags: thin names over formats, faces, pictures and fragments. `{% load ui %}`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.times import in_zone
from dashboard import faces, formats, fragments, pictures

register = template.Library()
for fragment in (fragments.icon, fragments.menu, fragments.small_uptime_bar, fragments.sparkline):
    register.simple_tag(fragment, name=fragment.__name__)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """{{ 192|duration }} is "3 min 12 s"."""
    return formats.duration(value)


@register.filter
def percent(share: float | None) -> str:
    """{{ 0.9998|percent }} is "99.98 %"; None is a dash."""
    return formats.percent(share)


@register.filter
def ms(value: float | None) -> str:
    """{{ 84.2|ms }} is "84 ms"."""
    return formats.milliseconds(value)


@register.filter
def number(value: float | None) -> str:
    """{{ 10000|number }} is "10,000"."""
    return formats.number(value)


@register.filter
def told(sentence: str | None) -> str:
    """A stored sentence with its instants in the reader's time zone; empty where there is none."""
    return "" if sentence is None else in_zone(str(sentence), timezone.get_current_timezone())


@register.filter
def status_word(status: str | None) -> str:
    """{{ "DEGRADED"|status_word }} is "Degraded"."""
    return faces.face(status).word


@register.filter
def status_shape(status: str | None) -> str:
    """circle, triangle, square or ring."""
    return faces.face(status).shape


@register.filter
def status_class(status: str | None) -> str:
    """is-ok, is-late, is-down or is-unknown."""
    return faces.face(status).tone


@register.filter
def initials(name: str) -> str:
    """One or two letters for an avatar: "Ada Lovelace" is "AL", "ada@example.com" is "A"."""
    words = str(name).split("@")[0].split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.filter
def name_and_text(label: str) -> tuple[str, str]:
    """ "Machine: acts by itself" is ("Machine", "Acts by itself"); without a colon the second is empty."""
    name, _, text = str(label).partition(": ")
    return name, text[:1].upper() + text[1:]


@register.simple_tag
@lru_cache(maxsize=4096, typed=True)
def drawn(component: str, **given: Any) -> SafeString:
    """{% drawn "components/status.html" status="OK" %}: an `include` of what shows nothing but what it is given.

    Rendered once for the same: a list has its few statuses and tags a hundred times, and an include costs 50 µs.
    """
    return SafeString(get_template(component).render(given))


@register.simple_tag(takes_context=True)
def when(context: Mapping[str, Any], moment: datetime | None) -> SafeString:
    """A <time> element with relative text, the exact moment on hover; `now` of the context counts."""
    if moment is None:
        return format_html('<span class="text-faint">{}</span>', formats.NOTHING)
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" data-relative title="{}">{}</time>',
        formats.iso(moment),
        formats.exact(local),
        formats.relative(local, context.get("now") or timezone.now()),
    )


@register.simple_tag(takes_context=True)
def lasting(context: Mapping[str, Any], since: datetime, until: datetime | None = None) -> SafeString:
    """How long it lasted, or a <time> element that goes on counting while it lasts."""
    if until is not None:
        return format_html("{}", formats.duration(until - since))
    now = context.get("now") or timezone.now()
    return format_html(
        '<time datetime="{}" data-elapsed title="Since {}">{}</time>',
        formats.iso(since),
        formats.exact(timezone.localtime(since)),
        formats.duration(max(now - since, timedelta())),
    )


@register.simple_tag(takes_context=True)
def clock(context: Mapping[str, Any], moment: datetime) -> SafeString:
    """A <time> element for timelines: the time of day, with its date unless that is today."""
    local, now = timezone.localtime(moment), timezone.localtime(context.get("now") or timezone.now())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        formats.iso(moment),
        formats.exact(local),
        formats.clock(local, now),
    )


@register.simple_tag
def exactly(moment: datetime | None) -> SafeString:
    """A <time> element with the exact moment as text."""
    if moment is None:
        return format_html('<span class="text-faint">{}</span>', formats.NOTHING)
    return format_html('<time datetime="{}">{}</time>', formats.iso(moment), formats.exact(timezone.localtime(moment)))


@register.simple_tag
def exactly_there(moment: datetime) -> SafeString:
    """The same on the moment's own clock instead of the reader's."""
    return format_html('<time datetime="{}">{}</time>', formats.iso(moment), formats.exact(moment))


@register.simple_tag
def uptime_bar(days: Sequence[Mapping[str, Any]]) -> pictures.Bar:
    """{% uptime_bar days as bar %}: geometry for components/uptime_bar.html."""
    return pictures.uptime_bar(days)


@dataclass(frozen=True)
class NavItem:
    """One way through the product; `key` is what a view gives as `nav_section`."""

    key: str
    label: str
    icon: str
    href: str


NAV = [
    ("home", "Home", "house"),
    ("monitors", "Monitors", "activity"),
    ("heartbeats", "Heartbeats", "heart-pulse"),
    ("incidents", "Incidents", "siren"),
    ("alerts", "Alerts", "bell"),
    ("dependencies", "Dependencies", "link"),
    ("maintenance", "Maintenance", "wrench"),
    ("settings", "Settings", "settings"),
]


@register.simple_tag
def nav_items() -> list[NavItem]:
    """The sections whose address exists; each is the URL named like its key."""
    items = []
    for key, label, icon_name in NAV:
        with suppress(NoReverseMatch):
            items.append(NavItem(key, label, icon_name, reverse(key)))
    return items


@register.simple_tag
def chart_rows(chart: Mapping[str, Any]) -> list[tuple[datetime, list[float | None]]]:
    """A chart's data turned into table rows, newest first: (moment, a value for each series)."""
    columns = [series["values"] for series in chart["series"]]
    rows = [
        (datetime.fromtimestamp(at, UTC), [column[place] for column in columns])
        for place, at in enumerate(chart["times"])
    ]
    return rows[::-1]


@register.simple_tag
def chart_marks(chart: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """A chart's marks for its legend: (kind, label, how many), each label once."""
    counts = Counter((mark["kind"], mark["label"]) for mark in chart.get("marks", ()))
    return [(kind, label, count) for (kind, label), count in counts.items()]
