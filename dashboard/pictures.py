"""Geometry of the drawings that the server renders: uptime bars and sparklines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from dashboard.faces import face
from dashboard.formats import MONTHS, percent

# Trouble stands above the skyline and "nobody looked" below it, so a bar reads without its colour.
HEIGHTS = {"is-ok": 75, "is-late": 88, "is-down": 100, "is-unknown": 25}
SLOT_USED = 0.7
MOST_PLANNED = 4


@dataclass(frozen=True)
class Day:
    """One day of an uptime bar; `x`, `y`, `width` and `height` are percentages of the drawing."""

    x: str
    width: str
    y: str
    height: str
    tone: str
    title: str
    href: str
    is_eventful: bool
    is_planned: bool


@dataclass(frozen=True)
class Bar:
    """An uptime bar; `summary` says it in a sentence to those who do not see it."""

    days: list[Day]
    first: str
    last: str
    summary: str
    has_planned: bool = False


def uptime_bar(days: Sequence[Mapping[str, Any]]) -> Bar:
    """Lay out day objects {date, availability, coverage, incident_count, state, href?, planned?}, oldest first."""
    slot = 100 / max(len(days), 1)
    drawn = [_day(entry, place * slot, slot) for place, entry in enumerate(days)]
    if not drawn:
        return Bar([], "", "", "No history yet")
    return Bar(
        drawn,
        _date(days[0]["date"]),
        _date(days[-1]["date"]),
        _summary([entry.get("availability") for entry in days], [day.tone for day in drawn]),
        any(day.is_planned for day in drawn),
    )


@dataclass(frozen=True)
class SmallBar:
    """A bar for a table's row: one path a tone, in a box of `width` × SMALL_HEIGHT."""

    width: int
    paths: tuple[tuple[str, str], ...]
    summary: str


SMALL_SLOT, SMALL_MARK, SMALL_HEIGHT = 4, 3, 20


def small_bar(tones: Sequence[str], shares: Sequence[float | None]) -> SmallBar:
    """A day is its tone and its availability, without a title and a link: a hundred of these stand on a page."""
    summary = _summary(shares, tones) if tones else "No history yet"
    return SmallBar(max(len(tones), 1) * SMALL_SLOT - 1, _small_paths(tuple(tones)), summary)


@lru_cache(maxsize=1024)
def _small_paths(tones: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Most rows of a list have had the same good days."""
    marks = defaultdict[str, list[str]](list)
    for place, tone in enumerate(tones):
        height = SMALL_HEIGHT * HEIGHTS[tone] // 100
        marks[tone].append(f"M{place * SMALL_SLOT} {SMALL_HEIGHT}v-{height}h{SMALL_MARK}v{height}z")
    return tuple((tone, "".join(drawn)) for tone, drawn in marks.items())


def _day(entry: Mapping[str, Any], x: float, slot: float) -> Day:
    tone = _tone(entry)
    return Day(
        x=f"{x + slot * (1 - SLOT_USED) / 2:.3f}%",
        width=f"{slot * SLOT_USED:.3f}%",
        y=f"{100 - HEIGHTS[tone]}%",
        height=f"{HEIGHTS[tone]}%",
        tone=tone,
        title=_title(entry),
        href=str(entry.get("href") or ""),
        is_eventful=bool(entry.get("incident_count")) or tone in {"is-late", "is-down"},
        is_planned=bool(entry.get("planned")),
    )


def _tone(entry: Mapping[str, Any]) -> str:
    return tone_of(entry.get("state"), entry.get("availability"))


def tone_of(state: str | None, availability: float | None) -> str:
    """The colour class of a day that was in `state`; one of which nothing was seen is unknown, whatever it was in."""
    return face(None if availability is None else state).tone


def _title(entry: Mapping[str, Any]) -> str:
    """ "3 Oct: 99.98 %, 1 incident", with the coverage when part of the day was not watched, and what was planned."""
    planned = [str(word) for word in entry.get("planned") or ()][:MOST_PLANNED]
    if entry.get("availability") is None:
        return f"{_date(entry['date'])}: {', '.join(['no data', *planned])}"
    told = [percent(entry["availability"]), _incidents(entry.get("incident_count") or 0)]
    coverage = entry.get("coverage")
    if coverage is not None and coverage < 0.995:
        told.append(f"{percent(coverage)} watched")
    return f"{_date(entry['date'])}: {', '.join([*told, *planned])}"


def _incidents(count: int) -> str:
    if not count:
        return "no incidents"
    return "1 incident" if count == 1 else f"{count} incidents"


def _date(value: date) -> str:
    return f"{value.day} {MONTHS[value.month - 1]}"


def _summary(shares: Sequence[float | None], tones: Sequence[str]) -> str:
    seen = [share for share in shares if share is not None]
    if not seen:
        return f"Uptime of {len(shares)} days: no data"
    troubled = tones.count("is-late") + tones.count("is-down")
    return f"Uptime of {len(shares)} days: {percent(sum(seen) / len(seen))}, trouble on {troubled}"


@dataclass(frozen=True)
class Line:
    """A sparkline in a box of 100 × 28: `path` its stroke, `area` what lies under it."""

    path: str
    area: str
    summary: str


SPARK_WIDTH, SPARK_HEIGHT, SPARK_PAD = 100.0, 28.0, 2.0


def sparkline(values: Iterable[float | None]) -> Line:
    """Lay out values oldest first; None leaves a gap. A flat line lies at the bottom, from 0 up."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    if len(known) < 2:
        return Line("", "", "Not enough results yet")
    runs = _runs(listed, top=max(known) or 1.0)
    path = " ".join(f"M{' L'.join(run)}" for run in runs)
    area = " ".join(_closed(run) for run in runs)
    return Line(path, area, f"From {known[0]:.0f} to {known[-1]:.0f}, at most {max(known):.0f}")


def _runs(values: Sequence[float | None], top: float) -> list[list[str]]:
    step = SPARK_WIDTH / (len(values) - 1)
    usable = SPARK_HEIGHT - 2 * SPARK_PAD
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{place * step:.1f} {SPARK_HEIGHT - SPARK_PAD - usable * value / top:.1f}")
    return [run for run in runs if run]


def _closed(run: Sequence[str]) -> str:
    first, last = run[0].split()[0], run[-1].split()[0]
    return f"M{first} {SPARK_HEIGHT:.0f} L{' L'.join(run)} L{last} {SPARK_HEIGHT:.0f} Z"
